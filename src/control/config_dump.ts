/** What GET /config_dump shows: envoy.admin.v3.ConfigDump's parts, made from the configuration as it was written. */
import { isTree, type Tree } from "./check/typing.ts";

const url = "type.googleapis.com/";

export type ConfigDumpSource = {
  /** As it was written, in canonical form. */
  readonly bootstrap: Tree;
  readonly loadedAt: Date;
};

function list(value: unknown): readonly Tree[] {
  return Array.isArray(value) ? value.filter(isTree) : [];
}

function typed(type: string, value: Tree): Tree {
  return { "@type": `${url}${type}`, ...value };
}

/** The route configurations that stand inside the connection managers of the static listeners. */
function* staticRoutes(listeners: readonly Tree[]): Generator<Tree> {
  for (const listener of listeners) {
    const chains = [...list(listener["filter_chains"])];
    if (isTree(listener["default_filter_chain"])) chains.push(listener["default_filter_chain"]);
    for (const filter of chains.flatMap((chain) => list(chain["filters"]))) {
      const config = filter["typed_config"];
      if (isTree(config) && isTree(config["route_config"])) yield config["route_config"];
    }
  }
}

/**
 * The messages in Envoy's order; empty ones are there too.
 * @param includeEds adds EndpointsConfigDump, as the query parameter does
 */
export function configDump({ bootstrap, loadedAt }: ConfigDumpSource, includeEds: boolean): Tree[] {
  const resources = isTree(bootstrap["static_resources"]) ? bootstrap["static_resources"] : {};
  const clusters = list(resources["clusters"]);
  const listeners = list(resources["listeners"]);
  const last_updated = loadedAt.toISOString();
  const entries = (key: string, type: string, values: Iterable<Tree>) => {
    const all = [...values].map((value) => ({ [key]: typed(type, value), last_updated }));
    return all.length === 0 ? undefined : all;
  };
  const part = (name: string, fields: Readonly<Record<string, unknown>>): Tree => {
    const present = Object.entries(fields).filter(([, value]) => value !== undefined);
    return { "@type": `${url}envoy.admin.v3.${name}`, ...Object.fromEntries(present) } as Tree;
  };
  const assignments = clusters.map((cluster) => ({
    cluster_name: cluster["name"],
    ...(isTree(cluster["load_assignment"]) && cluster["load_assignment"]),
  }));
  const endpoints = part("EndpointsConfigDump", {
    static_endpoint_configs: entries(
      "endpoint_config",
      "envoy.config.endpoint.v3.ClusterLoadAssignment",
      assignments as Tree[],
    ),
  });
  return [
    part("BootstrapConfigDump", { bootstrap, last_updated }),
    part("ClustersConfigDump", {
      static_clusters: entries("cluster", "envoy.config.cluster.v3.Cluster", clusters),
    }),
    ...(includeEds ? [endpoints] : []),
    part("ListenersConfigDump", {
      static_listeners: entries("listener", "envoy.config.listener.v3.Listener", listeners),
    }),
    part("ScopedRoutesConfigDump", {}),
    part("RoutesConfigDump", {
      static_route_configs: entries(
        "route_config",
        "envoy.config.route.v3.RouteConfiguration",
        staticRoutes(listeners),
      ),
    }),
    part("SecretsConfigDump", {}),
  ];
}
