/** What GET /config_dump shows: envoy.admin.v3.ConfigDump's parts, made from the configuration as it was written. */
import { treesIn } from "./check/context.ts";
import { isTree, type Tree } from "./check/typing.ts";

const url = "type.googleapis.com/";

/** A resource that came while running. */
export type DynamicResource = {
  readonly name: string;
  readonly version: string;
  readonly at: Date;
  readonly tree: Tree;
};

/** The last version of a listener that was refused. */
export type FailedResource = {
  readonly name: string;
  readonly tree: Tree;
  readonly reason: string;
  readonly at: Date;
};

export type DynamicConfig = {
  readonly clustersVersion: string;
  readonly clusters: readonly DynamicResource[];
  readonly warmingClusters: readonly DynamicResource[];
  readonly listenersVersion: string;
  readonly listeners: readonly DynamicResource[];
  readonly warmingListeners: readonly DynamicResource[];
  readonly failedListeners: readonly FailedResource[];
  readonly routes: readonly DynamicResource[];
  readonly endpoints: readonly DynamicResource[];
  readonly secrets: readonly DynamicResource[];
};

export type ConfigDumpSource = {
  /** As it was written, in canonical form. */
  readonly bootstrap: Tree;
  readonly loadedAt: Date;
  readonly dynamic?: DynamicConfig;
};

function typed(type: string, value: Tree): Tree {
  return { "@type": `${url}${type}`, ...value };
}

/** DataSources whose text nobody may read: fields with udpa.annotations.sensitive. */
const sensitive = new Set(["private_key", "password", "pkcs12", "keys", "secret", "secrets"]);
const holders = new Set(["tls_certificate", "tls_certificates", "session_ticket_keys", "generic_secret"]);
const redacted = "[redacted]";

function hide(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hide);
  if (!isTree(value)) return value;
  const text = (name: string) =>
    name === "inline_bytes" ? Buffer.from(redacted).toString("base64") : redacted;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      typeof inner === "string" ? text(name) : hide(inner),
    ]),
  );
}

/** The same without private keys and their like; the same object where there are none. */
export function withoutSecrets(value: Tree, inside = false): Tree {
  let copy: Tree | undefined;
  const change = (key: string, to: unknown) => {
    copy ??= { ...value };
    copy[key] = to;
  };
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== "object" || inner === null) continue;
    if (inside && sensitive.has(key)) change(key, hide(inner));
    else if (Array.isArray(inner)) {
      const each = inner.map((item) => (isTree(item) ? withoutSecrets(item, holders.has(key)) : item));
      if (each.some((item, i) => item !== inner[i])) change(key, each);
    } else {
      const below = withoutSecrets(inner as Tree, holders.has(key));
      if (below !== inner) change(key, below);
    }
  }
  return copy ?? value;
}

/** The route configurations that stand inside the connection managers of the static listeners. */
function* staticRoutes(listeners: readonly Tree[]): Generator<Tree> {
  for (const listener of listeners) {
    const chains = [...treesIn(listener["filter_chains"])];
    if (isTree(listener["default_filter_chain"])) chains.push(listener["default_filter_chain"]);
    for (const filter of chains.flatMap((chain) => treesIn(chain["filters"]))) {
      const config = filter["typed_config"];
      if (isTree(config) && isTree(config["route_config"])) yield config["route_config"];
    }
  }
}

function dynamicEntries(key: string, type: string, resources: readonly DynamicResource[] | undefined) {
  if (resources === undefined || resources.length === 0) return undefined;
  return resources.map(({ version, tree, at }) => ({
    ...(version !== "" && { version_info: version }),
    [key]: typed(type, withoutSecrets(tree)),
    last_updated: at.toISOString(),
  }));
}

function secretEntries(secrets: readonly DynamicResource[] | undefined) {
  const entries = dynamicEntries("secret", "envoy.extensions.transport_sockets.tls.v3.Secret", secrets);
  return entries?.map((entry, i) => ({ name: secrets?.[i]?.name, ...entry }));
}

const listenerType = "envoy.config.listener.v3.Listener";

/** By name: what serves, what is to come, and what was refused. */
function dynamicListeners(dynamic: DynamicConfig | undefined): readonly Tree[] | undefined {
  if (dynamic === undefined) return undefined;
  const byName = new Map<string, Tree>();
  const entry = (name: string): Tree => {
    const known = byName.get(name) ?? { name };
    byName.set(name, known);
    return known;
  };
  for (const one of dynamic.listeners)
    entry(one.name)["active_state"] = dynamicEntries("listener", listenerType, [one])?.[0];
  for (const one of dynamic.warmingListeners)
    entry(one.name)["warming_state"] = dynamicEntries("listener", listenerType, [one])?.[0];
  for (const { name, tree, reason, at } of dynamic.failedListeners)
    entry(name)["error_state"] = {
      failed_configuration: typed(listenerType, withoutSecrets(tree)),
      last_update_attempt: at.toISOString(),
      details: reason,
    };
  return byName.size === 0 ? undefined : [...byName.values()];
}

/**
 * The messages in Envoy's order; empty ones are there too.
 * @param includeEds adds EndpointsConfigDump, as the query parameter does
 */
export function configDump({ bootstrap, loadedAt, dynamic }: ConfigDumpSource, includeEds: boolean): Tree[] {
  const resources = isTree(bootstrap["static_resources"]) ? bootstrap["static_resources"] : {};
  const clusters = treesIn(resources["clusters"]);
  const listeners = treesIn(resources["listeners"]);
  const last_updated = loadedAt.toISOString();
  const entries = (key: string, type: string, values: Iterable<Tree>) => {
    const all = [...values].map((value) => ({ [key]: typed(type, withoutSecrets(value)), last_updated }));
    return all.length === 0 ? undefined : all;
  };
  const part = (name: string, fields: Readonly<Record<string, unknown>>): Tree => {
    const present = Object.entries(fields).filter(([, value]) => value !== undefined);
    return { "@type": `${url}envoy.admin.v3.${name}`, ...Object.fromEntries(present) } as Tree;
  };
  const assignments = clusters
    .filter((cluster) => cluster["type"] !== "EDS")
    .map((cluster) => ({
      cluster_name: cluster["name"],
      ...(isTree(cluster["load_assignment"]) && cluster["load_assignment"]),
    }));
  const clusterType = "envoy.config.cluster.v3.Cluster";
  const routeType = "envoy.config.route.v3.RouteConfiguration";
  const assignmentType = "envoy.config.endpoint.v3.ClusterLoadAssignment";
  const endpoints = part("EndpointsConfigDump", {
    static_endpoint_configs: entries("endpoint_config", assignmentType, assignments as Tree[]),
    dynamic_endpoint_configs: dynamicEntries("endpoint_config", assignmentType, dynamic?.endpoints),
  });
  return [
    part("BootstrapConfigDump", { bootstrap: withoutSecrets(bootstrap), last_updated }),
    part("ClustersConfigDump", {
      version_info: dynamic?.clustersVersion || undefined,
      static_clusters: entries("cluster", clusterType, clusters),
      dynamic_active_clusters: dynamicEntries("cluster", clusterType, dynamic?.clusters),
      dynamic_warming_clusters: dynamicEntries("cluster", clusterType, dynamic?.warmingClusters),
    }),
    ...(includeEds ? [endpoints] : []),
    part("ListenersConfigDump", {
      version_info: dynamic?.listenersVersion || undefined,
      static_listeners: entries("listener", listenerType, listeners),
      dynamic_listeners: dynamicListeners(dynamic),
    }),
    part("ScopedRoutesConfigDump", {}),
    part("RoutesConfigDump", {
      static_route_configs: entries("route_config", routeType, staticRoutes(listeners)),
      dynamic_route_configs: dynamicEntries("route_config", routeType, dynamic?.routes),
    }),
    part("SecretsConfigDump", {
      static_secrets: secretEntries(
        treesIn(resources["secrets"]).map((tree) => ({
          name: String(tree["name"] ?? ""),
          version: "",
          at: loadedAt,
          tree,
        })),
      ),
      dynamic_active_secrets: secretEntries(dynamic?.secrets),
    }),
  ];
}
