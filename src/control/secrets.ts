/**
 * The secrets of TLS contexts: those of the bootstrap, and those that files bring (SDS by path_config_source), which are
 * read again when they, or the files that they name, are replaced. What gRPC brings comes through set().
 */
import { createHash } from "node:crypto";
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { isTree, type Tree } from "./check/typing.ts";
import type { Resources } from "./resource_file.ts";

export type SecretFault = { readonly name: string; readonly path: string; readonly reason: string };

/** "sds.NAME." */
export type SecretStats = {
  count(stat: "update_attempt" | "update_success" | "update_failure" | "update_rejected"): void;
};

export type SecretsOptions = {
  /** Gives it to native code, which builds every context that uses it anew. */
  readonly setSecret: (name: string, secret: Tree) => readonly SecretFault[];
  readonly statsOf: (name: string) => SecretStats;
  readonly readFile: (path: string) => Promise<Resources>;
  readonly warn: (text: string) => void;
};

type FileSource = { readonly name: string; readonly path: string; readonly directory: string | undefined };

const text = (value: unknown) => (typeof value === "string" ? value : "");
const child = (tree: Tree, name: string): Tree => (isTree(tree[name]) ? (tree[name] as Tree) : {});

/** Every SdsSecretConfig below `value` that names a file. */
export function fileSources(value: unknown, found: FileSource[] = []): FileSource[] {
  if (Array.isArray(value)) for (const item of value) fileSources(item, found);
  if (!isTree(value)) return found;
  const config = value["sds_config"];
  if (isTree(config)) {
    const source = child(config, "path_config_source");
    const path = text(source["path"]) || text(config["path"]);
    const directory = text(child(source, "watched_directory")["path"]) || undefined;
    if (path !== "") found.push({ name: text(value["name"]), path, directory });
    return found;
  }
  for (const item of Object.values(value)) if (typeof item === "object") fileSources(item, found);
  return found;
}

/** The files that a secret names, and the directories where a change of them shows. */
function filesOf(secret: Tree): {
  readonly files: readonly string[];
  readonly directories: readonly string[];
} {
  const files: string[] = [];
  const directories: string[] = [];
  for (const kind of ["tls_certificate", "validation_context"]) {
    const body = child(secret, kind);
    const watched = text(child(body, "watched_directory")["path"]);
    const named = Object.values(body).flatMap((source) =>
      isTree(source) && typeof source["filename"] === "string" ? [source["filename"]] : [],
    );
    files.push(...named);
    directories.push(...(watched !== "" ? [watched] : named.map(dirname)));
  }
  return { files, directories: [...new Set(directories)] };
}

function digestOf(secret: Tree, files: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(secret));
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex");
}

/** One secret from a file. */
class FileSecret {
  readonly #options: SecretsOptions;
  readonly #source: FileSource;
  readonly #stats: SecretStats;
  readonly #watchers = new Map<string, FSWatcher>();
  #digest = "";
  #secret: Tree | undefined;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: SecretsOptions, source: FileSource) {
    this.#options = options;
    this.#source = source;
    this.#stats = options.statsOf(source.name);
  }

  async start(): Promise<void> {
    const { path, directory } = this.#source;
    await this.#load();
    this.#watch(directory ?? dirname(path), directory === undefined ? basename(path) : undefined);
  }

  /** Envoy sees files that were moved into place, not those that are being written. */
  #watch(directory: string, name?: string): void {
    const key = `${directory}\0${name ?? ""}`;
    if (this.#watchers.has(key)) return;
    try {
      const watcher = watch(directory, { persistent: false }, (event, changed) => {
        if (event !== "rename" || (name !== undefined && changed !== name)) return;
        this.#queue = this.#queue.then(() => this.#load());
      });
      watcher.on("error", (error) => this.#options.warn(`${directory}: ${error.message}`));
      this.#watchers.set(key, watcher);
    } catch (error) {
      this.#options.warn(`${directory} cannot be watched: ${(error as Error).message}`);
    }
  }

  async #load(): Promise<void> {
    const { name, path } = this.#source;
    this.#stats.count("update_attempt");
    let secret: Tree | undefined;
    let digest: string;
    try {
      const { resources } = await this.#options.readFile(path);
      secret = resources.find((resource) => resource["name"] === name);
      if (secret === undefined) throw new Error(`there is no secret ${name} in it`);
      digest = digestOf(secret, filesOf(secret).files);
    } catch (error) {
      return this.#refuse("update_rejected", error instanceof Error ? error.message : String(error));
    }
    if (digest === this.#digest) return;
    const [fault] = this.#options.setSecret(name, secret);
    if (fault !== undefined) return this.#refuse("update_rejected", `${fault.path}: ${fault.reason}`);
    this.#digest = digest;
    this.#secret = secret;
    this.#stats.count("update_success");
    for (const directory of filesOf(this.#secret).directories) this.#watch(directory);
  }

  #refuse(stat: "update_rejected", reason: string): void {
    this.#stats.count(stat);
    this.#options.warn(
      `secret ${this.#source.name} of ${this.#source.path} keeps its last version: ${reason}`,
    );
  }
}

export class Secrets {
  readonly #options: SecretsOptions;
  readonly #files = new Map<string, FileSecret>();
  readonly #held = new Map<string, Tree>();

  constructor(options: SecretsOptions) {
    this.#options = {
      ...options,
      setSecret: (name, secret) => {
        const faults = options.setSecret(name, secret);
        if (faults.length === 0) this.#held.set(name, secret);
        return faults;
      },
    };
  }

  /** As it is in use; undefined: there is none. */
  get(name: string): Tree | undefined {
    return this.#held.get(name);
  }

  /** One entry for every source but files: the contexts that use it are built anew. */
  set(name: string, secret: Tree): readonly SecretFault[] {
    return this.#options.setSecret(name, secret);
  }

  /** The secrets that listeners or clusters ask for by file; resolves when each was read once. */
  async follow(config: unknown): Promise<void> {
    await Promise.all(
      fileSources(config).map(async (source) => {
        if (this.#files.has(source.name)) return;
        const secret = new FileSecret(this.#options, source);
        this.#files.set(source.name, secret);
        await secret.start();
      }),
    );
  }
}
