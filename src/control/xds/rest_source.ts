/** Resources by polling over HTTP (api_type REST): the request and the answer are proto JSON. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Tree } from "../check/typing.ts";
import { everything, type Feed } from "./feed.ts";
import type { GrpcTarget } from "./grpc_client.ts";
import { arrivalsOf } from "./tree_response.ts";

/** Longer answers are given up. */
const ANSWER_BYTES_MAX = 1 << 28;

export type RestSourceOptions = {
  /** Asked for each poll. Undefined: nowhere yet. */
  readonly target: () => GrpcTarget | undefined;
  readonly node: Tree;
  readonly refreshMs: number;
  readonly timeoutMs: number;
  readonly warn: (text: string) => void;
  readonly random?: () => number;
};

export class RestSource {
  readonly #options: RestSourceOptions;
  readonly #feed: Feed;
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  #again = false;
  #stopped = false;

  constructor(options: RestSourceOptions, feed: Feed) {
    this.#options = options;
    this.#feed = feed;
  }

  /** New names are asked for at once. */
  ask(): void {
    clearTimeout(this.#timer);
    this.#again = this.#polling;
    if (!this.#polling) void this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    const { warn } = this.#options;
    try {
      const text = await this.#fetch();
      if (text !== undefined && !this.#stopped) this.#take(text);
    } catch (error) {
      warn(`${this.#feed.kind.rest}: ${(error as Error).message}`);
      this.#feed.fail();
    }
    this.#polling = false;
    if (this.#stopped || this.#feed.idle) return;
    if (this.#again) return this.ask();
    const { refreshMs, random = Math.random } = this.#options;
    // As Envoy spreads the polls of many proxies.
    this.#timer = setTimeout(() => this.ask(), refreshMs * (1 + random()));
    this.#timer.unref();
  }

  #take(text: string): void {
    const read = arrivalsOf(JSON.parse(text), this.#feed.kind);
    if (typeof read === "string") throw new Error(read);
    const { arrivals, version } = read;
    for (const { reason } of this.#feed.deliver(arrivals, [], version, "all"))
      this.#options.warn(`${this.#feed.kind.rest}: ${reason}`);
  }

  /** Undefined where nothing is new (304). */
  #fetch(): Promise<string | undefined> {
    const { target, node, timeoutMs } = this.#options;
    const { kind, version } = this.#feed;
    const where = target();
    if (where === undefined) return Promise.reject(new Error("no endpoint"));
    const names = this.#feed.names().filter((name) => name !== everything);
    const body = JSON.stringify({
      version_info: version,
      node,
      ...(names.length > 0 && { resource_names: names }),
      type_url: kind.url,
    });
    const { address, authority, tls, metadata } = where;
    const options = {
      ...("path" in address ? { socketPath: address.path } : { host: address.host, port: address.port }),
      ...tls,
      method: "POST",
      path: kind.rest,
      timeout: timeoutMs,
      headers: {
        ...Object.fromEntries(metadata),
        host: authority,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
    };
    return new Promise((resolve, reject) => {
      const request = (tls === undefined ? httpRequest : httpsRequest)(options, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes > ANSWER_BYTES_MAX) request.destroy(new Error(`more than ${ANSWER_BYTES_MAX} bytes`));
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 304) resolve(undefined);
          else if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString("utf8"));
          else reject(new Error(`HTTP status ${response.statusCode}`));
        });
      });
      request.on("timeout", () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
      request.on("error", reject);
      request.end(body);
    });
  }
}
