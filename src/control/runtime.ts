// Runtime values: layers from the bootstrap (static), from files (disk), from a control plane (rtds) and from the
// admin interface, later ones over earlier ones; one snapshot of them all that changes as a whole.
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { MainScope } from "../observability/stats/main_scope.ts";
import { plain } from "../observability/stats/numbers.ts";
import type { runtime as runtimeTemplate } from "../observability/stats/templates.ts";

export type Struct = { readonly [key: string]: StructValue };
export type StructValue = number | string | boolean | null | Struct | readonly StructValue[];

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

export type Denominator = "HUNDRED" | "TEN_THOUSAND" | "MILLION";

export interface Fraction {
  readonly numerator: number;
  readonly denominator: Denominator;
}

/** What a value means to those who ask: the first of these that its text can be read as. */
export type RuntimeValue = number | boolean | Fraction | string;

interface Entry {
  /** As it was written. */
  readonly text: string;
  readonly value: RuntimeValue;
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

const denominators: readonly string[] = ["HUNDRED", "TEN_THOUSAND", "MILLION"];
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

/** What is wrong with the layers of a bootstrap, each with the path below `layered_runtime`. */
export function runtimeIssues(
  layers: readonly RuntimeLayer[],
): { path: (string | number)[]; reason: string }[] {
  const issues: { path: (string | number)[]; reason: string }[] = [];
  layers.forEach((layer, i) => {
    const path = ["layers", i];
    if (layers.findIndex((other) => other.name === layer.name) < i) {
      issues.push({ path: [...path, "name"], reason: `Duplicate layer name: ${layer.name}` });
    }
    if (layer.admin_layer !== undefined && layers.findIndex((other) => other.admin_layer !== undefined) < i) {
      const reason = "Too many admin layers specified in LayeredRuntime, at most one may be specified";
      issues.push({ path: [...path, "admin_layer"], reason });
    }
    for (const key of unusable(layer.static_layer ?? {})) {
      const reason = `Invalid runtime entry value for ${key}`;
      issues.push({ path: [...path, "static_layer"], reason });
    }
  });
  return issues;
}

function unusable(values: Struct, prefix = ""): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (value === null || Array.isArray(value)) return [prefix + key];
    if (!isStruct(value) || isLeaf(value)) return [];
    return unusable(value, `${prefix + key}.`);
  });
}

const isStruct = (value: StructValue): value is Struct =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A message such as FractionalPercent is one value; other objects are a deeper level of keys. */
function isLeaf(value: Struct): boolean {
  const keys = Object.keys(value);
  return keys.length === 0 || keys.includes("numerator") || keys.includes("denominator");
}

function flatten(values: Struct, prefix = "", into = new Map<string, Entry>()): Map<string, Entry> {
  for (const [key, value] of Object.entries(values)) {
    const name = prefix + key;
    if (isStruct(value) && !isLeaf(value)) flatten(value, `${name}.`, into);
    else into.set(name, entryOfStruct(value));
  }
  return into;
}

function entryOfStruct(value: StructValue): Entry {
  if (typeof value === "number") return { text: plain(value), value };
  if (typeof value === "boolean") return { text: String(value), value };
  if (isStruct(value)) {
    const text = textProto(value);
    return { text, value: fractionOf(value) ?? text };
  }
  return entryOf(String(value));
}

/** Reads text as Envoy does: a number, then a boolean, then a FractionalPercent, else just text. */
export function entryOf(text: string): Entry {
  const trimmed = text.trim();
  const number = Number(trimmed);
  if (trimmed !== "" && !Number.isNaN(number) && /^[-+.\d]/.test(trimmed) && !/^[-+]?0x/i.test(trimmed)) {
    return { text, value: number };
  }
  if (/^(?:true|false)$/i.test(trimmed)) return { text, value: trimmed.toLowerCase() === "true" };
  return { text, value: fractionOf(fieldsOf(trimmed)) ?? text };
}

/** The fields of a flat YAML or JSON mapping, e.g. `{numerator: 5, denominator: HUNDRED}` or one on each line. */
function fieldsOf(text: string): Struct {
  const body = text.startsWith("{") && text.endsWith("}") ? text.slice(1, -1) : text;
  const fields: Record<string, string> = {};
  for (const part of body.split(/[,\n]/)) {
    const match = /^\s*["']?(\w+)["']?\s*:\s*["']?(\w+)["']?\s*$/.exec(part);
    if (match !== null) fields[match[1]!] = match[2]!;
    else if (part.trim() !== "") return {};
  }
  return fields;
}

function fractionOf(fields: Struct): Fraction | null {
  const { numerator = 0, denominator = "HUNDRED", ...others } = fields;
  if (Object.keys(others).length > 0 || !isLeaf(fields) || Object.keys(fields).length === 0) return null;
  const count = Number(numerator);
  if (!Number.isInteger(count) || count < 0 || count > 0xffffffff) return null;
  if (!denominators.includes(String(denominator))) return null;
  return { numerator: count, denominator: denominator as Denominator };
}

/** google.protobuf.Struct as text proto, which is how Envoy shows such values. */
function textProto(value: Struct, indent = ""): string {
  return Object.keys(value)
    .sort()
    .map((key) => {
      const inner = valueProto(value[key]!, `${indent}    `);
      return `${indent}fields {\n${indent}  key: ${JSON.stringify(key)}\n${indent}  value {\n${inner}${indent}  }\n${indent}}\n`;
    })
    .join("");
}

function valueProto(value: StructValue, indent: string): string {
  if (typeof value === "number") return `${indent}number_value: ${plain(value)}\n`;
  if (typeof value === "boolean") return `${indent}bool_value: ${value}\n`;
  if (typeof value === "string") return `${indent}string_value: ${JSON.stringify(value)}\n`;
  if (isStruct(value)) return `${indent}struct_value {\n${textProto(value, `${indent}  `)}${indent}}\n`;
  return `${indent}null_value: NULL_VALUE\n`;
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
