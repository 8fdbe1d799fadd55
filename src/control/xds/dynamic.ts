/**
 * All that changes while the program runs, wired together. Loaded only where a configuration names a source of
 * resources, so that a static one starts as fast as before.
 */
import { type Context, treeAt, treesIn } from "../check/context.ts";
import type { Tree } from "../check/typing.ts";
import type { ClusterManager, EndpointSource } from "../cluster_manager.ts";
import type { DynamicConfig, DynamicResource } from "../config_dump.ts";
import type { UpdateStat } from "../dns_cluster.ts";
import type { ListenerManager } from "../listener_manager.ts";
import type { Runtime } from "../runtime.ts";
import type { Struct } from "../runtime_value.ts";
import { Cds } from "./cds.ts";
import { EdsCluster, edsName } from "./eds.ts";
import type { Feed, Refusal, SubscriptionStats } from "./feed.ts";
import { Lds } from "./lds.ts";
import { type NativeRoutes, Rds, type RdsStats } from "./rds.ts";
import { ResourceReader, refusals, shownTree } from "./reader.ts";
import { type Arrival, kinds, type ResourceKind } from "./resource.ts";
import { Sds, type SdsOptions } from "./sds.ts";
import type { KeyedUse, Use } from "./shared.ts";
import { Sources, type SourcesOptions, type Subscription } from "./sources.ts";

export type DynamicOptions = Omit<SourcesOptions, "ads" | "clusterConfig"> & {
  /** As native code takes it. */
  readonly bootstrap: Tree;
  readonly context: Omit<Context, "issues">;
  readonly unknown: "refuse" | "warn";
  readonly native: NativeRoutes;
  readonly setSecret: SdsOptions["setSecret"];
  readonly runtime: Runtime;
  readonly stats: {
    readonly cds: () => SubscriptionStats;
    readonly lds: () => SubscriptionStats;
    readonly rds: (statPrefix: string, name: string) => RdsStats;
    readonly sds: (name: string) => SubscriptionStats;
    readonly rtds: (layer: string) => SubscriptionStats;
    readonly eds: (cluster: string, count: (stat: UpdateStat) => void) => SubscriptionStats;
  };
};

export class Dynamic {
  readonly #options: DynamicOptions;
  readonly #resources: Tree;
  readonly #sources: Sources;
  readonly #reader: ResourceReader;
  readonly #rds: Rds;
  readonly #sds: Sds;
  #cds: Cds | undefined;
  #lds: Lds | undefined;
  #clusters: ClusterManager | undefined;
  #listeners: ListenerManager | undefined;

  constructor(options: DynamicOptions) {
    this.#options = options;
    const { bootstrap } = options;
    this.#resources = treeAt(bootstrap, "dynamic_resources") ?? {};
    const statics = treesIn(treeAt(bootstrap, "static_resources")?.["clusters"]);
    this.#sources = new Sources({
      ...options,
      ads: treeAt(this.#resources, "ads_config"),
      clusterConfig: (name) => statics.find((cluster) => cluster["name"] === name),
    });
    this.#reader = new ResourceReader(options);
    this.#rds = new Rds({
      sources: this.#sources,
      reader: this.#reader,
      native: options.native,
      statsFor: options.stats.rds,
    });
    const { setSecret } = options;
    const shared = { sources: this.#sources, reader: this.#reader };
    this.#sds = new Sds({ ...shared, setSecret, statsFor: options.stats.sds });
  }

  /** For ClusterManagerOptions. */
  createEds(
    config: Tree,
    onChange: (assignment: Tree) => string | undefined,
    count: (stat: UpdateStat) => void,
  ): EndpointSource {
    const stats = () => this.#options.stats.eds(String(config["name"]), count);
    return new EdsCluster({ config, sources: this.#sources, reader: this.#reader, stats, onChange });
  }

  useRoutes(rds: Tree, statPrefix: string): KeyedUse {
    return this.#rds.use(rds, statPrefix);
  }

  useSecrets(config: unknown): readonly Use[] {
    return this.#sds.use(config);
  }

  /** Resolves once the layers of the runtime were answered, or not in time. */
  async startRuntime(): Promise<void> {
    const layers = treesIn(treeAt(this.#options.bootstrap, "layered_runtime")?.["layers"]);
    const waits = layers.flatMap((layer) => {
      const rtds = treeAt(layer, "rtds_layer");
      return rtds === undefined ? [] : [this.#watchLayer(String(layer["name"] ?? ""), rtds)];
    });
    await Promise.all(waits);
  }

  #watchLayer(layer: string, rtds: Tree): Promise<void> {
    const { runtime, stats } = this.#options;
    return new Promise((resolve) => {
      const update = ([arrival]: readonly Arrival[], removed: readonly string[]): readonly Refusal[] => {
        if (removed.length > 0) runtime.setRtds(layer, {});
        resolve();
        return refusals(this.#reader, kinds.rtds, arrival, ({ tree }) => {
          runtime.setRtds(layer, (treeAt(tree, "layer") ?? {}) as Struct);
          return undefined;
        });
      };
      const source = treeAt(rtds, "rtds_config") ?? {};
      const watcher = { onUpdate: update, onTimeout: () => resolve() };
      this.#sources.watch(source, kinds.rtds, String(rtds["name"] ?? ""), watcher, stats.rtds(layer));
    });
  }

  /** Resolves once the first clusters are there, warmed. */
  async startClusters(clusters: ClusterManager): Promise<void> {
    this.#clusters = clusters;
    const source = treeAt(this.#resources, "cds_config");
    if (source === undefined) return;
    this.#cds = new Cds({
      source,
      sources: this.#sources,
      reader: this.#reader,
      stats: this.#options.stats.cds(),
      clusters,
      isStatic: this.#isStatic("clusters"),
    });
    await this.#cds.answered;
    await clusters.ready();
  }

  /** Resolves once the first listeners listen. */
  async startListeners(listeners: ListenerManager): Promise<void> {
    this.#listeners = listeners;
    const source = treeAt(this.#resources, "lds_config");
    if (source === undefined) return;
    this.#lds = new Lds({
      source,
      sources: this.#sources,
      reader: this.#reader,
      stats: this.#options.stats.lds(),
      listeners,
      isStatic: this.#isStatic("listeners"),
    });
    await this.#lds.ready();
  }

  #isStatic(what: string): (name: string) => boolean {
    const list = treesIn(treeAt(this.#options.bootstrap, "static_resources")?.[what]);
    const names = new Set(list.map(({ name }) => name));
    return (name) => names.has(name);
  }

  stop(): void {
    this.#sources.stop();
  }

  dump(): DynamicConfig {
    const clusters = this.#known(kinds.cds, this.#cds?.subscription);
    const listeners = this.#known(kinds.lds, this.#lds?.subscription);
    const isWarmingCluster = ({ name }: DynamicResource) => this.#clusters?.isWarming(name) === true;
    const isWarmingListener = ({ name }: DynamicResource) => this.#listeners?.isWarming(name) === true;
    return {
      clustersVersion: this.#cds?.subscription.feed.version ?? "",
      clusters: clusters.filter((one) => !isWarmingCluster(one)),
      warmingClusters: clusters.filter(isWarmingCluster),
      listenersVersion: this.#lds?.subscription.feed.version ?? "",
      listeners: listeners.filter((one) => !isWarmingListener(one)),
      warmingListeners: listeners.filter(isWarmingListener),
      failedListeners: [...(this.#lds?.failed ?? [])].map(([name, failed]) => ({ name, ...failed })),
      routes: this.#rds
        .feeds()
        .flatMap(({ name, subscription }) => this.#known(kinds.rds, subscription, name)),
      endpoints: this.#endpoints(),
      secrets: this.#sds
        .feeds()
        .flatMap(({ name, subscription }) => this.#known(kinds.sds, subscription, name)),
    };
  }

  #endpoints(): readonly DynamicResource[] {
    const all = (this.#clusters?.list() ?? []).filter(({ config }) => config["type"] === "EDS");
    return all.flatMap(({ config }) => {
      const source = treeAt(config, "eds_cluster_config", "eds_config") ?? {};
      const name = edsName(config);
      return this.#show(kinds.eds, this.#sources.feed(source, kinds.eds), name);
    });
  }

  #known(
    kind: ResourceKind,
    subscription: Subscription | undefined,
    only?: string,
  ): readonly DynamicResource[] {
    if (subscription === undefined) return [];
    const names = only === undefined ? [...subscription.feed.known.keys()] : [only];
    return names.flatMap((name) => this.#show(kind, subscription.feed, name));
  }

  #show(kind: ResourceKind, feed: Feed, name: string): readonly DynamicResource[] {
    const known = feed.known.get(name);
    if (known === undefined) return [];
    const { version, at, payload } = known;
    return [{ name, version, at, tree: shownTree(this.#options.schema, kind, payload) }];
  }
}
