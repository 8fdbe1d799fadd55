/** What GET /clusters shows: the configuration of each cluster together with what the native side knows of its hosts. */
import { isTree, type Tree } from "./check/typing.ts";

/** One host as the native side describes it. */
export interface HostDescription {
  readonly ip: string;
  readonly port: number;
  readonly pipe: boolean;
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly canary: boolean;
  /** HealthFlag of native/upstream/host.h. */
  readonly health_flags: number;
  readonly region: string;
  readonly zone: string;
  readonly sub_zone: string;
  readonly cx_active: number;
  readonly cx_connect_fail: number;
  readonly cx_total: number;
  readonly rq_active: number;
  readonly rq_error: number;
  readonly rq_success: number;
  readonly rq_timeout: number;
  readonly rq_total: number;
  readonly rq_pending_active?: number;
}

export interface ListedCluster {
  readonly name: string;
  readonly addedViaApi: boolean;
  /** envoy.config.cluster.v3.Cluster */
  readonly config: Tree;
}

/** A number of the runtime, or the fallback. */
export type RuntimeNumber = (key: string, fallback: number) => number;

/** By bit, as Envoy names them. */
const healthFlags = [
  "/failed_active_hc",
  "/failed_outlier_check",
  "/failed_eds_health",
  "/degraded_active_hc",
  "/degraded_eds_health",
  "/pending_dynamic_removal",
  "/pending_active_hc",
  "/excluded_via_immediate_hc_fail",
  "/active_hc_timeout",
  "/eds_status_draining",
] as const;

type HealthFlag = (typeof healthFlags)[number];

function flagsOf(bits: number): readonly HealthFlag[] {
  return healthFlags.filter((_, bit) => (bits >> bit) & 1);
}

/** envoy.config.core.v3.HealthStatus */
function edsHealth(flags: readonly HealthFlag[]): string {
  if (flags.includes("/failed_eds_health")) return "UNHEALTHY";
  if (flags.includes("/eds_status_draining")) return "DRAINING";
  return flags.includes("/degraded_eds_health") ? "DEGRADED" : "HEALTHY";
}

function thresholds({ name, config }: ListedCluster, priority: "DEFAULT" | "HIGH", runtime: RuntimeNumber) {
  const breakers = config["circuit_breakers"];
  const list = isTree(breakers) && Array.isArray(breakers["thresholds"]) ? breakers["thresholds"] : [];
  const own: Tree = list.filter(isTree).find((one) => (one["priority"] ?? "DEFAULT") === priority) ?? {};
  const limit = (field: string, fallback: number) =>
    runtime(`circuit_breakers.${name}.${priority.toLowerCase()}.${field}`, Number(own[field] ?? fallback));
  return {
    max_connections: limit("max_connections", 1_024),
    max_pending_requests: limit("max_pending_requests", 1_024),
    max_requests: limit("max_requests", 1_024),
    max_retries: limit("max_retries", 3),
  };
}

function hostStatus(host: HostDescription) {
  const flags = flagsOf(host.health_flags);
  const { cx_active, cx_connect_fail, cx_total, rq_active, rq_error, rq_success, rq_timeout, rq_total } =
    host;
  return {
    address: host.pipe
      ? { pipe: { path: host.ip } }
      : { socket_address: { address: host.ip, port_value: host.port } },
    hostname: host.hostname,
    stats: {
      cx_active,
      cx_connect_fail,
      cx_total,
      rq_active,
      rq_error,
      rq_success,
      rq_timeout,
      rq_total,
      rq_pending_active: host.rq_pending_active ?? 0,
    },
    health_flags: flags,
    eds_health_status: edsHealth(flags),
    weight: host.weight,
    locality: { region: host.region, zone: host.zone, sub_zone: host.sub_zone },
    canary: host.canary,
    priority: host.priority,
    // Without outlier detection there is no success rate.
    success_rate: -1,
    local_origin_success_rate: -1,
  };
}

function edsServiceName({ eds_cluster_config: eds }: Tree): { readonly eds_service_name?: string } {
  const name = isTree(eds) ? eds["service_name"] : undefined;
  return typeof name === "string" && name !== "" ? { eds_service_name: name } : {};
}

/**
 * @param clusters what ClusterManager.list() answers
 * @param hosts    by cluster
 */
export function clusterStatuses(
  clusters: readonly ListedCluster[],
  hosts: Readonly<Record<string, readonly HostDescription[]>>,
  runtime: RuntimeNumber = (_, fallback) => fallback,
) {
  return clusters.map((cluster) => ({
    name: cluster.name,
    observability_name: String(cluster.config["alt_stat_name"] || cluster.name),
    added_via_api: cluster.addedViaApi,
    ...edsServiceName(cluster.config),
    default_priority: thresholds(cluster, "DEFAULT", runtime),
    high_priority: thresholds(cluster, "HIGH", runtime),
    hosts: (hosts[cluster.name] ?? []).map(hostStatus),
  }));
}
