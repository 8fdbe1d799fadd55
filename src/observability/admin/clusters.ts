// GET /clusters: every cluster with its limits and its hosts.
import { plain } from "../stats/numbers.ts";
import { re2 } from "../stats/regex.ts";
import type {
  ClusterStatus,
  HostCounter,
  HostGauge,
  HostStatus,
  Json,
  JsonObject,
  Thresholds,
} from "./context.ts";
import { type Endpoint, json, text } from "./endpoint.ts";
import { addressText } from "./listeners.ts";

const counters: readonly HostCounter[] = [
  "cx_connect_fail",
  "cx_total",
  "rq_error",
  "rq_success",
  "rq_timeout",
  "rq_total",
];
const gauges: readonly HostGauge[] = ["cx_active", "rq_active", "rq_pending_active"];
const statNames = [...counters, ...gauges].sort();

export const clusters: Endpoint = {
  path: "/clusters",
  help: "upstream cluster status",
  params: [{ name: "filter", help: "Regular expression (Google re2) for filtering clusters by name" }],
  answer: ({ params }, context) => {
    let pattern: RegExp | null = null;
    try {
      const filter = params.get("filter") ?? "";
      if (filter !== "") pattern = re2(filter);
    } catch {
      return text("Invalid re2 regex", 400);
    }
    const all = context.clusters().filter(({ name }) => pattern === null || pattern.test(name));
    if (params.get("format") !== "json") return text(lines(all));
    return json(all.length === 0 ? {} : { cluster_statuses: all.map(statusJson) });
  },
};

function* lines(all: readonly ClusterStatus[]): Generator<string> {
  for (const cluster of all) {
    const { name, outlier } = cluster;
    yield `${name}::observability_name::${cluster.observability_name}\n`;
    if (outlier !== undefined) {
      yield `${name}::outlier::success_rate_average::${plain(outlier.success_rate_average)}\n`;
      yield `${name}::outlier::success_rate_ejection_threshold::${plain(outlier.success_rate_ejection_threshold)}\n`;
      yield `${name}::outlier::local_origin_success_rate_average::${plain(outlier.local_origin_success_rate_average)}\n`;
      yield `${name}::outlier::local_origin_success_rate_ejection_threshold::${plain(outlier.local_origin_success_rate_ejection_threshold)}\n`;
    }
    yield thresholdLines(name, "default_priority", cluster.default_priority);
    yield thresholdLines(name, "high_priority", cluster.high_priority);
    yield `${name}::added_via_api::${cluster.added_via_api}\n`;
    if (cluster.eds_service_name !== undefined) {
      yield `${name}::eds_service_name::${cluster.eds_service_name}\n`;
    }
    for (const host of cluster.hosts) yield hostLines(name, host);
  }
}

function thresholdLines(name: string, priority: string, limits: Thresholds): string {
  return (["max_connections", "max_pending_requests", "max_requests", "max_retries"] as const)
    .map((limit) => `${name}::${priority}::${limit}::${limits[limit]}\n`)
    .join("");
}

function hostLines(cluster: string, host: HostStatus): string {
  const { region = "", zone = "", sub_zone = "" } = host.locality;
  const facts: readonly (readonly [string, string | number | boolean])[] = [
    ...statNames.map((name) => [name, host.stats[name]] as const),
    ["hostname", host.hostname],
    ["health_flags", host.health_flags.length === 0 ? "healthy" : host.health_flags.join("")],
    ["weight", host.weight],
    ["region", region],
    ["zone", zone],
    ["sub_zone", sub_zone],
    ["canary", host.canary],
    ["priority", host.priority],
    ["success_rate", plain(host.success_rate)],
    ["local_origin_success_rate", plain(host.local_origin_success_rate)],
  ];
  const prefix = `${cluster}::${addressText(host.address)}`;
  return facts.map(([name, value]) => `${prefix}::${name}::${value}\n`).join("");
}

/** Default values are left out, as the protobuf library does. */
function statusJson(cluster: ClusterStatus): JsonObject {
  const { outlier } = cluster;
  const percent = (name: string, value: number | undefined) =>
    value === undefined || value < 0 ? {} : { [name]: { value } };
  return {
    name: cluster.name,
    ...(cluster.added_via_api ? { added_via_api: true } : {}),
    ...percent("success_rate_ejection_threshold", outlier?.success_rate_ejection_threshold),
    ...(cluster.hosts.length === 0 ? {} : { host_statuses: cluster.hosts.map(hostJson) }),
    ...percent(
      "local_origin_success_rate_ejection_threshold",
      outlier?.local_origin_success_rate_ejection_threshold,
    ),
    circuit_breakers: {
      thresholds: [{ ...cluster.default_priority }, { priority: "HIGH", ...cluster.high_priority }],
    },
    observability_name: cluster.observability_name,
    ...(cluster.eds_service_name === undefined ? {} : { eds_service_name: cluster.eds_service_name }),
  };
}

/** The fields of envoy.admin.v3.HostHealthStatus by the flags' names in text. */
const healthFields: Readonly<Record<string, string>> = {
  "/failed_active_hc": "failed_active_health_check",
  "/failed_outlier_check": "failed_outlier_check",
  "/degraded_active_hc": "failed_active_degraded_check",
  "/pending_dynamic_removal": "pending_dynamic_removal",
  "/pending_active_hc": "pending_active_hc",
  "/excluded_via_immediate_hc_fail": "excluded_via_immediate_hc_fail",
  "/active_hc_timeout": "active_hc_timeout",
};

function hostJson(host: HostStatus): JsonObject {
  const stat = (name: HostCounter | HostGauge, type?: "GAUGE"): Json => ({
    ...(type === undefined ? {} : { type }),
    ...(host.stats[name] === 0 ? {} : { value: String(host.stats[name]) }),
    name,
  });
  const flags = host.health_flags.flatMap((flag) => healthFields[flag] ?? []);
  const percent = (name: string, value: number) => (value < 0 ? {} : { [name]: { value } });
  const locality = Object.fromEntries(Object.entries(host.locality).filter(([, value]) => value !== ""));
  return {
    address: host.address,
    stats: [...counters.map((name) => stat(name)), ...gauges.map((name) => stat(name, "GAUGE"))],
    health_status: {
      ...Object.fromEntries(flags.map((flag) => [flag, true])),
      eds_health_status: host.eds_health_status,
    },
    ...percent("success_rate", host.success_rate),
    weight: host.weight,
    ...(host.hostname === "" ? {} : { hostname: host.hostname }),
    ...(host.priority === 0 ? {} : { priority: host.priority }),
    ...percent("local_origin_success_rate", host.local_origin_success_rate),
    locality,
  };
}
