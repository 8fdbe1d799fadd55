/** Secrets that TLS contexts of listeners and clusters ask a control plane for; each is there once, however many ask. */
import { isTree, type Tree } from "../check/typing.ts";
import type { Refusal, SubscriptionStats } from "./feed.ts";
import type { ResourceReader } from "./reader.ts";
import { type Arrival, kinds } from "./resource.ts";
import type { Sources, Subscription } from "./sources.ts";

/** Something that a resource waits for before it serves, and gives back when it goes. */
export type Use = { readonly ready: Promise<void>; release(): void };

export type SdsOptions = {
  readonly sources: Sources;
  readonly reader: ResourceReader;
  /** Every context that uses the secret is built anew. Answers why it is refused. */
  readonly setSecret: (
    name: string,
    secret: Tree,
  ) => readonly { readonly path: string; readonly reason: string }[];
  readonly statsFor: (name: string) => SubscriptionStats;
};

type SecretSource = { readonly name: string; readonly source: Tree };

/** Every SdsSecretConfig below `value` whose secret comes over a stream. */
export function streamedSecrets(value: unknown, found: SecretSource[] = []): SecretSource[] {
  if (Array.isArray(value)) for (const item of value) streamedSecrets(item, found);
  if (!isTree(value)) return found;
  const source = value["sds_config"];
  if (isTree(source)) {
    const streamed = "ads" in source || "api_config_source" in source;
    if (streamed) found.push({ name: String(value["name"] ?? ""), source });
    return found;
  }
  for (const item of Object.values(value)) if (typeof item === "object") streamedSecrets(item, found);
  return found;
}

class SecretProvider {
  readonly ready: Promise<void>;
  users = 0;
  readonly subscription: Subscription;
  #ready: () => void = () => {};

  constructor({ name, source }: SecretSource, options: SdsOptions) {
    this.ready = new Promise((resolve) => {
      this.#ready = resolve;
    });
    const watcher = {
      onUpdate: ([arrival]: readonly Arrival[]) => this.#update(arrival, options),
      onTimeout: () => this.#ready(),
    };
    this.subscription = options.sources.watch(source, kinds.sds, name, watcher, options.statsFor(name));
  }

  #update(arrival: Arrival | undefined, { reader, setSecret }: SdsOptions): readonly Refusal[] {
    if (arrival !== undefined) {
      const { name } = arrival;
      const read = reader.read(kinds.sds, arrival.payload);
      if (!read.ok) return [{ name, reason: `${name}: ${read.reason}` }];
      const [fault] = setSecret(name, read.resolved);
      if (fault !== undefined) return [{ name, reason: `${name}: ${fault.path}: ${fault.reason}` }];
    }
    this.#ready();
    return [];
  }
}

export class Sds {
  readonly #options: SdsOptions;
  readonly #providers = new Map<string, SecretProvider>();

  constructor(options: SdsOptions) {
    this.#options = options;
  }

  /** The secrets that a listener or a cluster asks for, until it gives them back. */
  use(config: unknown): readonly Use[] {
    const wanted = new Map(
      streamedSecrets(config).map((one) => [`${one.name}\n${JSON.stringify(one.source)}`, one]),
    );
    return [...wanted].map(([key, secret]) => this.#use(key, secret));
  }

  /** For /config_dump. */
  feeds(): readonly { readonly name: string; readonly subscription: Subscription }[] {
    return [...this.#providers].map(([key, { subscription }]) => ({
      name: key.slice(0, key.indexOf("\n")),
      subscription,
    }));
  }

  #use(key: string, secret: SecretSource): Use {
    const provider = this.#providers.get(key) ?? new SecretProvider(secret, this.#options);
    this.#providers.set(key, provider);
    provider.users++;
    let released = false;
    return {
      ready: provider.ready,
      release: () => {
        if (released) return;
        released = true;
        if (--provider.users > 0) return;
        provider.subscription.stop();
        this.#providers.delete(key);
      },
    };
  }
}
