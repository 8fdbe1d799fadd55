// Runtime values: layers from the bootstrap (static), from files (disk), from a control plane (rtds) and from the
// admin interface, later ones over earlier ones; one snapshot of them all that changes as a whole.
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { MainScope } from "../observability/stats/main_scope.ts";
import type { runtime as runtimeTemplate } from "../observability/stats/templates.ts";
import { type Entry, entryOf, flatten, type RuntimeValue, type Struct } from "./runtime_value.ts";

/** envoy.config.bootstrap.v3.RuntimeLayer */
export interface RuntimeLayer {
  readonly name: string;
  readonly static_layer?: Struct;
  readonly disk_layer?: {
    readonly symlink_root?: string;
    readonly subdirectory?: string;
    readonly append_service_cluster?: boolean;
  };
  readonly rtds_layer?: Struct;
  readonly admin_layer?: Struct;
}

type Entries = ReadonlyMap<string, Entry>;

export interface RuntimeDump {
  readonly layers: readonly string[];
  readonly entries: Readonly<Record<string, { final_value: string; layer_values: string[] }>>;
}

export interface RuntimeOptions {
  readonly layers: readonly RuntimeLayer[];
  readonly serviceCluster?: string;
  readonly scope?: MainScope<typeof runtimeTemplate>;
  /** Told of each new snapshot but the first. */
  readonly onChange?: (values: Readonly<Record<string, RuntimeValue>>) => void;
  readonly warn?: (text: string) => void;
}

const depth_max = 16;

export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #admin = new Map<string, Entry>();
  readonly #rtds = new Map<string, Entries>();
  readonly #watchers: FSWatcher[] = [];
  #layers: { readonly name: string; readonly entries: Entries }[] = [];
  #final = new Map<string, Entry>();

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#load();
  }

  /** Watches the disk layers: a new `symlink_root` moved over the old one is read at once. */
  start(): void {
    for (const { disk_layer } of this.#options.layers) {
      const root = disk_layer?.symlink_root ?? "";
      if (root === "") continue;
      try {
        const watcher = watch(dirname(root), (_event, name) => {
          if (name === basename(root)) this.#reload();
        });
        watcher.on("error", (error) => this.#warn(`runtime: ${root} is watched no more: ${error.message}`));
        watcher.unref();
        this.#watchers.push(watcher);
      } catch (error) {
        this.#warn(`runtime: cannot watch ${root}: ${(error as Error).message}`);
      }
    }
  }

  close(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  get(key: string): RuntimeValue | undefined {
    return this.#final.get(key)?.value;
  }

  /** All values, as native code takes them. */
  values(): Readonly<Record<string, RuntimeValue>> {
    return Object.fromEntries([...this.#final].map(([key, entry]) => [key, entry.value]));
  }

  /** For GET /runtime. */
  dump(): RuntimeDump {
    const keys = [...this.#final.keys()].sort();
    return {
      entries: Object.fromEntries(
        keys.map((key) => [
          key,
          {
            final_value: this.#final.get(key)!.text,
            layer_values: this.#layers.map(({ entries }) => entries.get(key)?.text ?? ""),
          },
        ]),
      ),
      layers: this.#layers.map(({ name }) => name),
    };
  }

  /** Overrides of the admin layer; an empty text takes one back. False: there is no admin layer. */
  modify(changes: ReadonlyMap<string, string>): boolean {
    if (!this.#options.layers.some((layer) => layer.admin_layer !== undefined)) return false;
    for (const [key, text] of changes) {
      if (text === "") this.#admin.delete(key);
      else this.#admin.set(key, entryOf(text));
    }
    this.#reload();
    return true;
  }

  /** What a control plane sent for the rtds layer of this name. */
  setRtds(layer: string, values: Struct): void {
    this.#rtds.set(layer, flatten(values));
    this.#reload();
  }

  #reload(): void {
    this.#load();
    this.#options.onChange?.(this.values());
  }

  #load(): void {
    let disks = 0;
    let errors = 0;
    const layers: { name: string; entries: Entries }[] = [];
    for (const layer of this.#options.layers) {
      const entries = this.#entriesOf(layer);
      if (entries instanceof Error) {
        errors += 1;
        this.#warn(`error loading runtime values for layer ${layer.name}: ${entries.message}`);
      } else if (entries !== null) {
        if (layer.disk_layer !== undefined) disks += 1;
        layers.push({ name: layer.name, entries });
      }
    }
    this.#layers = layers;
    this.#final = new Map(layers.flatMap(({ entries }) => [...entries]));
    const { scope } = this.#options;
    scope?.add(errors === 0 ? "load_success" : "load_error");
    scope?.add(disks > 1 ? "override_dir_exists" : "override_dir_not_exists");
    scope?.set("num_keys", this.#final.size);
    scope?.set("num_layers", layers.length);
    scope?.set("admin_overrides_active", this.#admin.size > 0 ? 1 : 0);
  }

  /** Null: the layer is not there (a disk layer without its directory). */
  #entriesOf(layer: RuntimeLayer): Entries | null | Error {
    if (layer.static_layer !== undefined) return flatten(layer.static_layer);
    if (layer.rtds_layer !== undefined) return this.#rtds.get(layer.name) ?? new Map();
    if (layer.admin_layer !== undefined) return new Map(this.#admin);
    const { symlink_root = "", subdirectory = "", append_service_cluster = false } = layer.disk_layer ?? {};
    const cluster = append_service_cluster ? (this.#options.serviceCluster ?? "") : "";
    return readDisk(join(symlink_root, subdirectory, cluster));
  }

  #warn(text: string): void {
    this.#options.warn?.(text);
  }
}

function readDisk(root: string): Entries | null | Error {
  if (!(statSync(root, { throwIfNoEntry: false })?.isDirectory() ?? false)) return null;
  try {
    const entries = new Map<string, Entry>();
    readFolder(root, "", entries, 0);
    return entries;
  } catch (error) {
    return error as Error;
  }
}

/** A file's path with dots for slashes is its key; lines that begin with # are comments. */
function readFolder(folder: string, prefix: string, into: Map<string, Entry>, depth: number): void {
  if (depth > depth_max) throw new Error(`${folder}: deeper than ${depth_max} folders`);
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      readFolder(path, `${prefix + name}.`, into, depth + 1);
      continue;
    }
    const lines = readFileSync(path, "utf8").split("\n");
    const text = lines.filter((line) => !line.startsWith("#")).join("\n");
    into.set(prefix + name, entryOf(text.trimEnd()));
  }
}
