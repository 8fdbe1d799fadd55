/** Clusters from a control plane or a file. */
import type { Tree } from "../check/typing.ts";
import type { ClusterManager } from "../cluster_manager.ts";
import { everything, type Refusal, type SubscriptionStats } from "./feed.ts";
import type { ResourceReader } from "./reader.ts";
import { type Arrival, kinds } from "./resource.ts";
import type { Sources, Subscription } from "./sources.ts";

export type CdsOptions = {
  readonly source: Tree;
  readonly sources: Sources;
  readonly reader: ResourceReader;
  readonly stats: SubscriptionStats;
  readonly clusters: ClusterManager;
  /** Clusters of the bootstrap stay as they are. */
  readonly isStatic: (name: string) => boolean;
};

export class Cds {
  readonly subscription: Subscription;
  readonly #options: CdsOptions;
  #first: () => void = () => {};
  /** Resolves once there was an answer, or none in time. */
  readonly answered: Promise<void>;

  constructor(options: CdsOptions) {
    this.#options = options;
    this.answered = new Promise((resolve) => {
      this.#first = resolve;
    });
    const { sources, source, stats } = options;
    const watcher = {
      onUpdate: (changed: readonly Arrival[], removed: readonly string[]) => this.#update(changed, removed),
      onTimeout: () => this.#first(),
    };
    this.subscription = sources.watch(source, kinds.cds, everything, watcher, stats);
  }

  #update(changed: readonly Arrival[], removed: readonly string[]): readonly Refusal[] {
    const refusals = changed.flatMap((arrival) => this.#set(arrival));
    for (const name of removed) if (!this.#options.isStatic(name)) this.#options.clusters.remove(name);
    this.#first();
    return refusals;
  }

  #set({ name, payload }: Arrival): readonly Refusal[] {
    const { reader, clusters, isStatic } = this.#options;
    if (isStatic(name)) return [];
    const refuse = (reason: string) => [
      { name, reason: `Error adding/updating cluster(s) ${name}: ${reason}` },
    ];
    const read = reader.read(kinds.cds, payload);
    if (!read.ok) return refuse(read.reason);
    const faults = clusters.update(read.resolved);
    return faults.length === 0
      ? []
      : refuse(faults.map(({ path, reason }) => `${path}: ${reason}`).join("; "));
  }
}
