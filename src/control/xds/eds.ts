/** A cluster whose endpoints come by EDS. */
import { textAt, treeAt } from "../check/context.ts";
import type { Tree } from "../check/typing.ts";
import type { EndpointSource } from "../cluster_manager.ts";
import type { Refusal, SubscriptionStats } from "./feed.ts";
import { type ResourceReader, refusals } from "./reader.ts";
import { type Arrival, kinds } from "./resource.ts";
import type { Sources, Subscription } from "./sources.ts";

export type EdsOptions = {
  /** envoy.config.cluster.v3.Cluster */
  readonly config: Tree;
  readonly sources: Sources;
  readonly reader: ResourceReader;
  /** Called when it starts. */
  readonly stats: () => SubscriptionStats;
  /** An assignment that differs from the one before. Answers why native code refused it. */
  readonly onChange: (assignment: Tree) => string | undefined;
};

export function edsName(cluster: Tree): string {
  return textAt(treeAt(cluster, "eds_cluster_config"), "service_name") || String(cluster["name"]);
}

export class EdsCluster implements EndpointSource {
  readonly #options: EdsOptions;
  #subscription: Subscription | undefined;
  #assignment: Tree = {};
  #ready: () => void = () => {};

  constructor(options: EdsOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    const { config, sources, stats } = this.#options;
    const source = treeAt(config, "eds_cluster_config", "eds_config") ?? {};
    return new Promise((resolve) => {
      this.#ready = resolve;
      const watcher = {
        onUpdate: (changed: readonly Arrival[]) => this.#update(changed),
        onTimeout: () => this.#ready(),
      };
      this.#subscription = sources.watch(source, kinds.eds, edsName(config), watcher, stats());
    });
  }

  stop(): void {
    this.#subscription?.stop();
    this.#subscription = undefined;
  }

  assignment(): Tree {
    return this.#assignment;
  }

  #update([arrival]: readonly Arrival[]): readonly Refusal[] {
    const refused = refusals(this.#options.reader, kinds.eds, arrival, ({ resolved }) => {
      const fault = this.#options.onChange(resolved);
      if (fault === undefined) this.#assignment = resolved;
      return fault;
    });
    if (refused.length === 0) this.#ready();
    return refused;
  }
}
