/** Secrets that TLS contexts of listeners and clusters ask a control plane for; each is there once, however many ask. */
import { isTree, type Tree } from "../check/typing.ts";
import type { SubscriptionStats } from "./feed.ts";
import type { ResourceReader } from "./reader.ts";
import { kinds } from "./resource.ts";
import { type Faults, SharedResources, type Use, type Wanted } from "./shared.ts";
import type { Sources } from "./sources.ts";

export type SdsOptions = {
  readonly sources: Sources;
  readonly reader: ResourceReader;
  /** Every context that uses the secret is built anew. Answers why it is refused. */
  readonly setSecret: (name: string, secret: Tree) => Faults;
  readonly statsFor: (name: string) => SubscriptionStats;
};

/** Every SdsSecretConfig below `value` whose secret comes over a stream. */
export function streamedSecrets(value: unknown, found: Wanted[] = []): Wanted[] {
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

export class Sds {
  readonly #options: SdsOptions;
  readonly #secrets: SharedResources;

  constructor(options: SdsOptions) {
    this.#options = options;
    this.#secrets = new SharedResources(kinds.sds, options.sources, options.reader);
  }

  /** The secrets that a listener or a cluster asks for, until it gives them back. */
  use(config: unknown): readonly Use[] {
    const { setSecret, statsFor } = this.#options;
    return streamedSecrets(config).map((wanted) => {
      const { name } = wanted;
      return this.#secrets.use(wanted, () => ({
        stats: statsFor(name),
        take: (secret) => setSecret(name, secret),
      }));
    });
  }

  feeds() {
    return this.#secrets.feeds();
  }
}
