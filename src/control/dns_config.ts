/** What a cluster, or else the bootstrap, says about looking up names. */
import { namedKinds } from "./check/cluster.ts";
import { treesIn } from "./check/context.ts";
import { isTree, type Tree } from "./check/typing.ts";
import type { DnsFamily, DnsOptions } from "./dns.ts";
import { durationMs } from "./duration_ms.ts";

/** How a cluster whose type is STRICT_DNS, LOGICAL_DNS or DnsCluster looks up its names. */
export interface DnsPlan {
  /** One host whose address may change, instead of one host an address. */
  readonly logical: boolean;
  readonly family: DnsFamily;
  readonly refreshMs: number;
  readonly minRefreshMs: number;
  readonly jitterMs: number;
  readonly respectTtl: boolean;
  /** After a failure: exponential from base to max; none: refreshMs. */
  readonly failure: { readonly baseMs: number; readonly maxMs: number } | undefined;
  readonly resolver: DnsOptions;
}

const dnsCluster = "type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster";

function at(tree: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isTree(value) ? value[name] : undefined), tree);
}

function serverText(address: Tree): string {
  const ip = String(at(address, "socket_address", "address"));
  const port = Number(at(address, "socket_address", "port_value") ?? 53) || 53;
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The settings that count: the first of these places that has any. */
function resolverConfig(place: Tree): Tree | undefined {
  const typed = at(place, "typed_dns_resolver_config", "typed_config");
  if (isTree(typed)) return typed;
  const untyped = place["dns_resolution_config"];
  if (isTree(untyped)) return untyped;
  const servers = treesIn(place["dns_resolvers"]);
  const tcp = place["use_tcp_for_dns_lookups"] === true;
  if (servers.length === 0 && !tcp) return undefined;
  return { resolvers: servers, dns_resolver_options: { use_tcp_for_dns_lookups: tcp } };
}

/** c-ares' own times: 5 s for each of 4 tries. */
export function readDnsOptions(...places: readonly (Tree | undefined)[]): DnsOptions {
  const config = places
    .map((place) => (place === undefined ? undefined : resolverConfig(place)))
    .find((found) => found !== undefined);
  return {
    servers: treesIn(config?.["resolvers"]).map(serverText),
    timeoutMs: Number(config?.["query_timeout_seconds"] ?? 5) * 1_000,
    tries: Number(config?.["query_tries"] ?? 4),
    overTcp: at(config, "dns_resolver_options", "use_tcp_for_dns_lookups") === true,
    search: at(config, "dns_resolver_options", "no_default_search_domain") !== true,
  };
}

function readFailure(rate: unknown): DnsPlan["failure"] {
  if (!isTree(rate)) return undefined;
  const baseMs = Math.max(1, durationMs(rate["base_interval"], 0));
  return { baseMs, maxMs: Math.max(baseMs, durationMs(rate["max_interval"], 10 * baseMs)) };
}

function familyOf(value: unknown): DnsFamily {
  switch (value) {
    case "V4_ONLY":
    case "V6_ONLY":
    case "V4_PREFERRED":
    case "ALL":
      return value;
    default:
      return "AUTO";
  }
}

function readPlan(place: Tree, logical: boolean, resolver: DnsOptions): DnsPlan {
  return {
    logical,
    family: familyOf(place["dns_lookup_family"]),
    refreshMs: Math.max(1, durationMs(place["dns_refresh_rate"], 5_000)),
    minRefreshMs: durationMs(place["dns_min_refresh_rate"], 0),
    jitterMs: durationMs(place["dns_jitter"], 0),
    respectTtl: place["respect_dns_ttl"] === true,
    failure: readFailure(place["dns_failure_refresh_rate"]),
    resolver,
  };
}

/** Undefined for a cluster that looks up no names. */
export function readDnsPlan(cluster: Tree, bootstrap: Tree): DnsPlan | undefined {
  const custom = at(cluster, "cluster_type", "typed_config");
  if (isTree(custom) && custom["@type"] === dnsCluster) {
    const logical = custom["all_addresses_in_single_endpoint"] === true;
    return readPlan(custom, logical, readDnsOptions(custom, bootstrap));
  }
  const named = at(cluster, "cluster_type", "name");
  const type = typeof named === "string" ? namedKinds[named] : cluster["type"];
  if (type !== "STRICT_DNS" && type !== "LOGICAL_DNS") return undefined;
  return readPlan(cluster, type === "LOGICAL_DNS", readDnsOptions(cluster, bootstrap));
}
