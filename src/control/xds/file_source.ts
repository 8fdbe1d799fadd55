/**
 * Resources from a file (path_config_source): a DiscoveryResponse in YAML, JSON, text or binary, read again when a new
 * one is moved over it, or when something is moved into watched_directory.
 */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Schema } from "../api/schema.ts";
import { openFile, readSource } from "../read/source.ts";
import { SyntaxFaults } from "../read/syntax.ts";
import type { Feed } from "./feed.ts";
import { arrivalsOf } from "./tree_response.ts";

const responseType = "envoy.service.discovery.v3.DiscoveryResponse";

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
    const read = arrivalsOf(response, this.#feed.kind);
    if (typeof read === "string") {
      warn(`${path}: ${read}`);
      return this.#feed.fail();
    }
    const { arrivals, version } = read;
    for (const { reason } of this.#feed.deliver(arrivals, [], version, "file")) warn(`${path}: ${reason}`);
  }
}
