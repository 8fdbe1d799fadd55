/**
 * Resources from a file (path_config_source): a DiscoveryResponse in YAML, JSON, text or binary, read again when a new
 * one is moved over it, or when something is moved into watched_directory.
 */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Schema } from "../api/schema.ts";
import { anyTypeName, isTree, type Tree } from "../check/typing.ts";
import { openFile, readSource } from "../read/source.ts";
import { SyntaxFaults } from "../read/syntax.ts";
import type { Feed } from "./feed.ts";
import { type Arrival, nameOfTree } from "./resource.ts";

const responseType = "envoy.service.discovery.v3.DiscoveryResponse";
const wrapperType = "envoy.service.discovery.v3.Resource";

export type FileSourceOptions = {
  readonly schema: Schema;
  readonly path: string;
  /** Empty: the file itself is watched. */
  readonly directory: string;
  readonly warn: (text: string) => void;
};

export class FileSource {
  readonly #options: FileSourceOptions;
  readonly #feed: Feed;
  #watcher: FSWatcher | undefined;
  #reading = false;
  #again = false;

  constructor(options: FileSourceOptions, feed: Feed) {
    this.#options = options;
    this.#feed = feed;
  }

  /** Names were added, or are watched for the first time. */
  ask(): void {
    this.#watcher ??= this.#watch();
    this.#read();
  }

  stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #watch(): FSWatcher | undefined {
    const { path, directory, warn } = this.#options;
    const where = directory === "" ? dirname(path) : directory;
    try {
      const watcher = watch(where, (event, name) => {
        if (event === "rename" && (directory !== "" || name === basename(path))) this.#read();
      });
      watcher.on("error", (error) => warn(`${where} is watched no more: ${error.message}`));
      watcher.unref();
      return watcher;
    } catch (error) {
      warn(`cannot watch ${where}: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** One at a time; what changes while it is read is read after it. */
  #read(): void {
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    void this.#take().finally(() => {
      this.#reading = false;
      if (this.#again) this.#read();
    });
  }

  async #take(): Promise<void> {
    const { path, schema, warn } = this.#options;
    let response: unknown;
    try {
      response = (await readSource(openFile(path), schema, schema.message(responseType))).value;
    } catch (error) {
      if (!(error instanceof SyntaxFaults)) throw error;
      warn(`${path}: ${error.faults.map(({ message }) => message).join("; ")}`);
      return this.#feed.fail();
    }
    const tree = isTree(response) ? response : {};
    const version = String(tree["version_info"] ?? tree["versionInfo"] ?? "");
    const resources = Array.isArray(tree["resources"]) ? tree["resources"] : [];
    const arrivals: Arrival[] = [];
    for (const resource of resources) {
      const fault = this.#arrival(resource, version, arrivals);
      if (fault === undefined) continue;
      warn(`${path}: ${fault}`);
      return this.#feed.fail();
    }
    for (const { reason } of this.#feed.deliver(arrivals, [], version, "file")) warn(`${path}: ${reason}`);
  }

  #arrival(resource: unknown, version: string, into: Arrival[]): string | undefined {
    const { kind } = this.#feed;
    const type = isTree(resource) ? anyTypeName(String(resource["@type"] ?? "")) : "";
    if (!isTree(resource) || type !== kind.type) {
      const inner = isTree(resource) && type === wrapperType ? resource["resource"] : undefined;
      if (inner !== undefined) return this.#arrival(inner, version, into);
      return `a resource of type ${type === "" ? "(none)" : type}, not ${kind.type}`;
    }
    const { "@type": _, ...fields } = resource as Tree;
    into.push({ name: nameOfTree(fields), version, payload: { form: "tree", text: JSON.stringify(fields) } });
    return undefined;
  }
}
