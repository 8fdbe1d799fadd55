/** Where resources come from: one feed for each source and kind, shared by all who watch. */
import type { Schema } from "../api/schema.ts";
import { treeAt } from "../check/context.ts";
import { isTree, type Tree } from "../check/typing.ts";
import { durationMs } from "../duration_ms.ts";
import { decodeEnvelope } from "../read/binary.ts";
import { BackOff, TokenBucket } from "./back_off.ts";
import { delta } from "./delta.ts";
import { Feed, type SubscriptionStats, Watch, type Watcher } from "./feed.ts";
import { FileSource } from "./file_source.ts";
import { adsMethods, type ResourceKind } from "./resource.ts";
import { RestSource } from "./rest_source.ts";
import { sotw } from "./sotw.ts";
import { type ControlPlaneStats, XdsStream } from "./stream.ts";
import { grpcTarget } from "./target.ts";

const initial_fetch_timeout_ms = 15_000;
const back_off_base_ms = 500;
const back_off_max_ms = 30_000;
const refresh_ms = 30_000;
const request_timeout_ms = 1_000;
const bucket_tokens = 100;
const bucket_fill_per_second = 10;

export type SourcesOptions = {
  readonly schema: Schema;
  /** dynamic_resources.ads_config, if any. */
  readonly ads: Tree | undefined;
  readonly node: Tree;
  /** envoy.config.cluster.v3.Cluster of the bootstrap. */
  readonly clusterConfig: (name: string) => Tree | undefined;
  readonly controlPlane: () => ControlPlaneStats;
  readonly warn: (text: string) => void;
};

/** Somebody's interest in one name, or in everything, of one kind. */
export type Subscription = { readonly feed: Feed; stop(): void };

interface Source {
  ask(feed: Feed): void;
  stop(): void;
}

export class Sources {
  readonly #options: SourcesOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #all: Source[] = [];
  #ads: XdsStream | undefined;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /**
   * @param source envoy.config.core.v3.ConfigSource
   * @param name   `*` for everything
   */
  watch(
    source: Tree,
    kind: ResourceKind,
    name: string,
    watcher: Watcher,
    stats: SubscriptionStats,
  ): Subscription {
    const feed = this.feed(source, kind);
    const watch = new Watch(
      name,
      watcher,
      stats,
      durationMs(source["initial_fetch_timeout"], initial_fetch_timeout_ms),
    );
    feed.add(watch);
    return { feed, stop: () => feed.remove(watch) };
  }

  stop(): void {
    for (const source of this.#all) source.stop();
  }

  feed(source: Tree, kind: ResourceKind): Feed {
    const { initial_fetch_timeout: _, resource_api_version: __, ...where } = source;
    const key = `${kind.url} ${JSON.stringify(where)}`;
    const known = this.#feeds.get(key);
    if (known !== undefined) return known;
    let made: Source | undefined;
    const feed: Feed = new Feed(kind, (feed) => {
      made ??= this.#sourceFor(where, feed);
      made.ask(feed);
    });
    this.#feeds.set(key, feed);
    return feed;
  }

  #sourceFor(where: Tree, feed: Feed): Source {
    const source = this.#openSource(where, feed);
    this.#all.push(source);
    return source;
  }

  #openSource(where: Tree, feed: Feed): Source {
    const { schema, warn } = this.#options;
    const path = treeAt(where, "path_config_source");
    if (path !== undefined || "path" in where) {
      const directory = String(treeAt(path, "watched_directory")?.["path"] ?? "");
      return new FileSource({ schema, path: String(path?.["path"] ?? where["path"]), directory, warn }, feed);
    }
    const api = treeAt(where, "api_config_source");
    if (api?.["api_type"] === "REST") return this.#rest(api, feed);
    const stream = api === undefined ? this.#adsStream() : this.#stream(api, feed.kind);
    stream.attach(feed);
    return stream;
  }

  #rest(api: Tree, feed: Feed): RestSource {
    const { node, clusterConfig, warn } = this.#options;
    const [cluster_name] = Array.isArray(api["cluster_names"]) ? api["cluster_names"] : [];
    let turn = 0;
    return new RestSource(
      {
        target: () => grpcTarget({ envoy_grpc: { cluster_name } }, clusterConfig, turn++),
        node,
        refreshMs: durationMs(api["refresh_delay"], refresh_ms),
        timeoutMs: durationMs(api["request_timeout"], request_timeout_ms),
        warn,
      },
      feed,
    );
  }

  #adsStream(): XdsStream {
    this.#ads ??= this.#stream(this.#options.ads ?? {}, undefined);
    return this.#ads;
  }

  /** @param kind undefined for ADS */
  #stream(api: Tree, kind: ResourceKind | undefined): XdsStream {
    const { schema, node, clusterConfig, controlPlane, warn } = this.#options;
    const service = Array.isArray(api["grpc_services"]) ? api["grpc_services"].find(isTree) : undefined;
    const incremental = api["api_type"] === "DELTA_GRPC" || api["api_type"] === "AGGREGATED_DELTA_GRPC";
    const decode = (type: string, bytes: Uint8Array) => decodeEnvelope(schema, schema.message(type), bytes);
    const methods = kind ?? adsMethods;
    let turn = 0;
    return new XdsStream({
      schema,
      protocol: incremental ? delta : sotw((bytes) => decode("envoy.service.discovery.v3.Resource", bytes)),
      method: incremental ? methods.delta : methods.stream,
      target: () => grpcTarget(service ?? {}, clusterConfig, turn++),
      node,
      nodeOnFirstOnly: api["set_node_on_first_message_only"] === true,
      backOff: backOffOf(service),
      bucket: bucketOf(api),
      stats: controlPlane(),
      warn,
      decode,
    });
  }
}

function backOffOf(service: Tree | undefined): BackOff {
  const retry = treeAt(service, "envoy_grpc", "retry_policy", "retry_back_off");
  const base = durationMs(retry?.["base_interval"], back_off_base_ms);
  return new BackOff(base, durationMs(retry?.["max_interval"], Math.max(back_off_max_ms, base)));
}

function bucketOf(api: Tree): TokenBucket | undefined {
  const limits = treeAt(api, "rate_limit_settings");
  if (limits === undefined) return undefined;
  return new TokenBucket(
    Number(limits["max_tokens"] ?? bucket_tokens),
    Number(limits["fill_rate"] ?? bucket_fill_per_second),
  );
}
