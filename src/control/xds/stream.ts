/**
 * A gRPC stream to a control plane, of one kind of resources or of all (ADS): opens it, opens it again after a back-off,
 * sends what is due in one go, and hands answers to the protocol, which is the state of the world or incremental.
 */
import type { Schema } from "../api/schema.ts";
import type { Tree } from "../check/typing.ts";
import type { BackOff, TokenBucket } from "./back_off.ts";
import { encodeMessage } from "./encode.ts";
import type { Feed, Refusal } from "./feed.ts";
import { GrpcCall, type GrpcTarget } from "./grpc_client.ts";

/** Envoy cuts the reason of a NACK, too. */
const REASON_CHARS_MAX = 4_096;

export function reasonOf(refusals: readonly Refusal[]): string {
  return refusals
    .map(({ reason }) => reason)
    .join("; ")
    .slice(0, REASON_CHARS_MAX);
}

/** What one protocol does; one object a feed and stream. */
export interface Dialogue {
  readonly feed: Feed;
  /** A request that is due, or undefined. */
  request(): Tree | undefined;
  /** A new stream: everything is asked for anew. */
  restart(): void;
  /** The names have changed. */
  ask(): void;
  /** An answer to this kind. */
  answer(response: Tree): void;
}

export type Protocol = {
  readonly requestType: string;
  readonly responseType: string;
  readonly dialogue: (feed: Feed) => Dialogue;
};

/** "control_plane." */
export interface ControlPlaneStats {
  set(name: "connected_state" | "pending_requests", value: number): void;
  setText(name: "identifier", value: string): void;
  add(name: "rate_limit_enforced"): void;
}

export type StreamOptions = {
  readonly schema: Schema;
  readonly protocol: Protocol;
  readonly method: string;
  /** Where to connect; asked for each attempt. Undefined: nowhere yet. */
  readonly target: () => GrpcTarget | undefined;
  readonly node: Tree;
  readonly nodeOnFirstOnly: boolean;
  readonly backOff: BackOff;
  readonly bucket: TokenBucket | undefined;
  readonly stats: ControlPlaneStats;
  readonly warn: (text: string) => void;
  readonly decode: (type: string, bytes: Uint8Array) => Tree;
};

export class XdsStream {
  readonly #options: StreamOptions;
  readonly #dialogues = new Map<string, Dialogue>();
  #call: GrpcCall | undefined;
  #sentNode = false;
  #retry: NodeJS.Timeout | undefined;
  #flushing: NodeJS.Timeout | true | undefined;
  #stopped = false;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  attach(feed: Feed): void {
    this.#dialogues.set(feed.kind.url, this.#options.protocol.dialogue(feed));
  }

  /** The names of a feed have changed. */
  ask(feed: Feed): void {
    this.#dialogues.get(feed.kind.url)?.ask();
    if (this.#call === undefined && this.#retry === undefined) this.#open();
    this.#flushSoon();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#call?.close();
  }

  #open(): void {
    if (this.#stopped) return;
    this.#retry = undefined;
    const { target, method } = this.#options;
    const where = target();
    if (where === undefined) return this.#failed("no endpoint");
    this.#sentNode = false;
    for (const dialogue of this.#dialogues.values()) dialogue.restart();
    let opened = false;
    const open = () => {
      if (opened) return;
      opened = true;
      this.#options.stats.set("connected_state", 1);
    };
    const call = new GrpcCall(where, method, {
      onOpen: open,
      onMessage: (bytes) => {
        open();
        this.#onMessage(bytes);
      },
      onEnd: (reason) => {
        if (this.#call === call) this.#failed(reason);
      },
    });
    this.#call = call;
    this.#flushSoon();
  }

  #failed(reason: string): void {
    const { stats, warn, backOff, method } = this.#options;
    this.#call = undefined;
    stats.set("connected_state", 0);
    warn(`${method} stream closed: ${reason}`);
    for (const { feed } of this.#dialogues.values()) feed.fail();
    if (this.#stopped) return;
    this.#retry = setTimeout(() => this.#open(), backOff.next());
    // A control plane that does not answer keeps no process alive.
    this.#retry.unref();
  }

  #onMessage(bytes: Uint8Array): void {
    const { decode, protocol, backOff, warn, stats } = this.#options;
    backOff.reset();
    let response: Tree;
    try {
      response = decode(protocol.responseType, bytes);
    } catch (error) {
      return warn(`an answer that is none: ${(error as Error).message}`);
    }
    const identifier = (response["control_plane"] as Tree | undefined)?.["identifier"];
    if (typeof identifier === "string") stats.setText("identifier", identifier);
    this.#dialogues.get(String(response["type_url"] ?? ""))?.answer(response);
    this.#flushSoon();
  }

  /** After all that happens now has had its say: one answer may bring many new names. */
  #flushSoon(): void {
    if (this.#flushing !== undefined) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const { bucket, stats, schema, protocol, node, nodeOnFirstOnly } = this.#options;
    if (this.#call === undefined) return;
    const type = schema.message(protocol.requestType);
    for (const [type_url, dialogue] of this.#dialogues) {
      for (;;) {
        const waitMs = bucket?.take() ?? 0;
        if (waitMs > 0) {
          stats.add("rate_limit_enforced");
          const later = setTimeout(() => {
            this.#flushing = undefined;
            this.#flush();
          }, waitMs);
          later.unref();
          this.#flushing = later;
          return;
        }
        const request = dialogue.request();
        if (request === undefined) break;
        const withNode = !(this.#sentNode && nodeOnFirstOnly);
        this.#sentNode = true;
        this.#call.send(encodeMessage(schema, type, { ...request, ...(withNode && { node }), type_url }));
      }
    }
  }
}
