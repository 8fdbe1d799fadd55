/** Resources that several ask for by name: each is watched once, whoever asks, and let go with the last of them. */
import type { Tree } from "../check/typing.ts";
import type { SubscriptionStats } from "./feed.ts";
import { type ResourceReader, refusals } from "./reader.ts";
import type { Arrival, ResourceKind } from "./resource.ts";
import type { Sources, Subscription } from "./sources.ts";

/** Something that a resource waits for before it serves, and gives back when it goes. */
export type Use = { readonly ready: Promise<void>; release(): void };
/** `key` tells apart what is asked for, by name and source. */
export type KeyedUse = Use & { readonly key: string };

/** `source`: envoy.config.core.v3.ConfigSource */
export type Wanted = { readonly name: string; readonly source: Tree };

/** What native code refused; the first is told. */
export type Faults = readonly { readonly path: string; readonly reason: string }[];

/** Who takes the resource. Made when it is first asked for. */
export interface Taker {
  readonly stats: SubscriptionStats;
  take(resource: Tree): Faults;
  /** Nobody asks any more. */
  release?(): void;
}

type Shared = {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly subscription: Subscription;
  readonly taker: Taker;
  users: number;
};

export class SharedResources {
  readonly #kind: ResourceKind;
  readonly #sources: Sources;
  readonly #reader: ResourceReader;
  readonly #shared = new Map<string, Shared>();

  constructor(kind: ResourceKind, sources: Sources, reader: ResourceReader) {
    this.#kind = kind;
    this.#sources = sources;
    this.#reader = reader;
  }

  /** Somebody uses the resource until it says otherwise. */
  use(wanted: Wanted, taker: (key: string) => Taker): KeyedUse {
    const key = `${wanted.name}\n${JSON.stringify(wanted.source)}`;
    const shared = this.#shared.get(key) ?? this.#open(wanted, taker(key));
    this.#shared.set(key, shared);
    shared.users++;
    let released = false;
    return {
      key,
      ready: shared.ready,
      release: () => {
        if (released) return;
        released = true;
        if (--shared.users > 0) return;
        shared.subscription.stop();
        this.#shared.delete(key);
        shared.taker.release?.();
      },
    };
  }

  /** For /config_dump. */
  feeds(): readonly { readonly name: string; readonly subscription: Subscription }[] {
    return [...this.#shared.values()];
  }

  #open({ name, source }: Wanted, taker: Taker): Shared {
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const onUpdate = ([arrival]: readonly Arrival[]) => {
      const refused = refusals(this.#reader, this.#kind, arrival, ({ resolved }) => {
        const [fault] = taker.take(resolved);
        return fault === undefined ? undefined : `${fault.path}: ${fault.reason}`;
      });
      if (refused.length === 0) resolve();
      return refused;
    };
    const watcher = { onUpdate, onTimeout: () => resolve() };
    const subscription = this.#sources.watch(source, this.#kind, name, watcher, taker.stats);
    return { name, ready, subscription, taker, users: 0 };
  }
}
