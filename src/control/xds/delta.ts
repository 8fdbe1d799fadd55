/** Incremental: an answer holds what has changed, each resource with a version of its own. */

import { isTree, type Tree } from "../check/typing.ts";
import { durationMs } from "../duration_ms.ts";
import { everything, type Feed } from "./feed.ts";
import type { Arrival } from "./resource.ts";
import { anyOf } from "./sotw.ts";
import { type Dialogue, type Protocol, reasonOf } from "./stream.ts";

class DeltaDialogue implements Dialogue {
  readonly feed: Feed;
  /** The names that the server knows of, on this stream. */
  #asked = new Set<string>();
  #first = true;
  #changed = true;
  readonly #replies: Tree[] = [];

  constructor(feed: Feed) {
    this.feed = feed;
  }

  restart(): void {
    this.#asked = new Set();
    this.#first = true;
    this.#changed = !this.feed.idle;
    this.#replies.length = 0;
  }

  ask(): void {
    this.#changed = true;
  }

  request(): Tree | undefined {
    if (this.#changed) {
      this.#changed = false;
      const asked = this.#names();
      if (asked !== undefined) return { ...asked, ...this.#replies.shift() };
    }
    return this.#replies.shift();
  }

  #names(): Tree | undefined {
    const now = new Set(this.feed.names());
    const more = [...now].filter((name) => !this.#asked.has(name));
    const fewer = [...this.#asked].filter((name) => !now.has(name));
    this.#asked = now;
    if (!this.#first && more.length === 0 && fewer.length === 0) return undefined;
    const versions = this.#first
      ? Object.fromEntries([...this.feed.known].map(([k, v]) => [k, v.version]))
      : {};
    const wild = now.has(everything);
    // A first request without names asks for everything.
    const subscribe = this.#first && wild && now.size === 1 ? [] : more;
    this.#first = false;
    return {
      ...(subscribe.length > 0 && { resource_names_subscribe: subscribe }),
      ...(fewer.length > 0 && { resource_names_unsubscribe: fewer }),
      ...(Object.keys(versions).length > 0 && { initial_resource_versions: versions }),
    };
  }

  answer(response: Tree): void {
    const reply: Tree = { response_nonce: String(response["nonce"] ?? "") };
    const fault = this.#take(response);
    if (fault !== "") reply["error_detail"] = { code: 13, message: fault };
    this.#replies.push(reply);
  }

  #take(response: Tree): string {
    const arrivals: Arrival[] = [];
    for (const resource of Array.isArray(response["resources"]) ? response["resources"] : []) {
      if (!isTree(resource)) continue;
      const name = String(resource["name"] ?? "");
      const ttlMs = resource["ttl"] === undefined ? undefined : durationMs(resource["ttl"], 0);
      if (resource["resource"] === undefined) {
        if (ttlMs !== undefined) this.feed.refresh(name, ttlMs);
        continue;
      }
      const { url, bytes } = anyOf(resource["resource"]);
      if (url !== this.feed.kind.url) {
        this.feed.reject();
        return `type URL ${url} in an answer of ${this.feed.kind.url}`;
      }
      const version = String(resource["version"] ?? "");
      const payload = { form: "bytes", bytes } as const;
      arrivals.push({ name, version, payload, ...(ttlMs !== undefined && { ttlMs }) });
    }
    const removed = Array.isArray(response["removed_resources"])
      ? response["removed_resources"].map(String)
      : [];
    const version = String(response["system_version_info"] ?? "");
    return reasonOf(this.feed.deliver(arrivals, removed, version, "some"));
  }
}

export const delta: Protocol = {
  requestType: "envoy.service.discovery.v3.DeltaDiscoveryRequest",
  responseType: "envoy.service.discovery.v3.DeltaDiscoveryResponse",
  dialogue: (feed) => new DeltaDialogue(feed),
};
