/** The state of the world: every answer holds all that was asked for, and is acknowledged by its version. */

import { isTree, type Tree } from "../check/typing.ts";
import { durationMs } from "../duration_ms.ts";
import { everything, type Feed } from "./feed.ts";
import type { Arrival } from "./resource.ts";
import { nameOfBytes } from "./resource.ts";
import { type Dialogue, type Protocol, reasonOf } from "./stream.ts";

const wrapperUrl = "type.googleapis.com/envoy.service.discovery.v3.Resource";

/** An Any that was left as it came. */
export function anyOf(value: unknown): { readonly url: string; readonly bytes: Uint8Array } {
  const any = isTree(value) ? value : {};
  const bytes = any["value"];
  return {
    url: String(any["type_url"] ?? ""),
    bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
  };
}

class SotwDialogue implements Dialogue {
  readonly feed: Feed;
  readonly #unwrap: (bytes: Uint8Array) => Tree;
  #version = "";
  #nonce = "";
  #due = true;
  #fault = "";

  constructor(feed: Feed, unwrap: (bytes: Uint8Array) => Tree) {
    this.feed = feed;
    this.#unwrap = unwrap;
  }

  restart(): void {
    this.#nonce = "";
    this.#fault = "";
    this.#due = !this.feed.idle;
  }

  ask(): void {
    this.#due = true;
  }

  request(): Tree | undefined {
    if (!this.#due) return undefined;
    this.#due = false;
    const names = this.feed.names().filter((name) => name !== everything);
    const request: Tree = {
      version_info: this.#version,
      ...(names.length > 0 && { resource_names: names }),
      response_nonce: this.#nonce,
      ...(this.#fault !== "" && { error_detail: { code: 13, message: this.#fault } }),
    };
    this.#fault = "";
    return request;
  }

  answer(response: Tree): void {
    const version = String(response["version_info"] ?? "");
    this.#nonce = String(response["nonce"] ?? "");
    this.#due = true;
    const arrivals: Arrival[] = [];
    for (const resource of Array.isArray(response["resources"]) ? response["resources"] : []) {
      const fault = this.#read(resource, version, arrivals);
      if (fault === undefined) continue;
      this.#fault = fault;
      this.feed.reject();
      return;
    }
    const refusals = this.feed.deliver(arrivals, [], version, "all");
    if (refusals.length === 0) this.#version = version;
    else this.#fault = reasonOf(refusals);
  }

  #read(resource: unknown, version: string, into: Arrival[]): string | undefined {
    const { url, bytes } = anyOf(resource);
    if (url !== wrapperUrl) return this.#take(url, bytes, "", version, undefined, into);
    let wrapper: Tree;
    try {
      wrapper = this.#unwrap(bytes);
    } catch (error) {
      return `is no serialized envoy.service.discovery.v3.Resource: ${(error as Error).message}`;
    }
    const inner = anyOf(wrapper["resource"]);
    const name = String(wrapper["name"] ?? "");
    const ttlMs = wrapper["ttl"] === undefined ? undefined : durationMs(wrapper["ttl"], 0);
    if (wrapper["resource"] !== undefined)
      return this.#take(inner.url, inner.bytes, name, version, ttlMs, into);
    // A heartbeat: the resource is there as it was.
    const known = this.feed.known.get(name);
    if (known !== undefined) into.push({ name, ...known, ...(ttlMs !== undefined && { ttlMs }) });
    return undefined;
  }

  #take(
    url: string,
    bytes: Uint8Array,
    name: string,
    version: string,
    ttlMs: number | undefined,
    into: Arrival[],
  ): string | undefined {
    if (url !== this.feed.kind.url) return `type URL ${url} in an answer of ${this.feed.kind.url}`;
    const payload = { form: "bytes", bytes } as const;
    const own = name === "" ? nameOfBytes(bytes) : name;
    if (own === "") return `a resource that is no ${this.feed.kind.type}, or has no name`;
    into.push({ name: own, version, payload, ...(ttlMs !== undefined && { ttlMs }) });
    return undefined;
  }
}

/** @param unwrap reads envoy.service.discovery.v3.Resource */
export function sotw(unwrap: (bytes: Uint8Array) => Tree): Protocol {
  return {
    requestType: "envoy.service.discovery.v3.DiscoveryRequest",
    responseType: "envoy.service.discovery.v3.DiscoveryResponse",
    dialogue: (feed) => new SotwDialogue(feed, unwrap),
  };
}
