// For tests: the context of a proxy with one listener and two clusters. `calls` holds what was asked of it.
import { Log } from "../log.ts";
import { bucketsOf } from "../stats/buckets.ts";
import { type FakeScope, fakeNative } from "../stats/fake_native.ts";
import { StatsStore } from "../stats/store.ts";
import { tagExtractor } from "../stats/tags.ts";
import { server } from "../stats/templates.ts";
import type { AdminContext, HostStatus, JsonObject } from "./context.ts";

const type = (name: string) => `type.googleapis.com/envoy.${name}`;
const limits = { max_connections: 1024, max_pending_requests: 1024, max_requests: 1024, max_retries: 3 };
const at = (port_value: number) => ({ socket_address: { address: "127.0.0.1", port_value } });

export const host: HostStatus = {
  address: at(18090),
  hostname: "",
  stats: {
    cx_connect_fail: 0,
    cx_total: 2,
    rq_error: 0,
    rq_success: 5,
    rq_timeout: 0,
    rq_total: 5,
    cx_active: 2,
    rq_active: 0,
    rq_pending_active: 0,
  },
  health_flags: [],
  eds_health_status: "HEALTHY",
  weight: 1,
  locality: {},
  canary: false,
  priority: 0,
  success_rate: -1,
  local_origin_success_rate: -1,
};

const cluster = (name: string) => ({
  name,
  observability_name: name,
  added_via_api: false,
  default_priority: limits,
  high_priority: limits,
  hosts: [host],
});

export const dump: readonly JsonObject[] = [
  {
    "@type": type("admin.v3.BootstrapConfigDump"),
    bootstrap: { node: { id: "n1", cluster: "c1" }, admin: {} },
    last_updated: "2026-11-24T13:59:51.191Z",
  },
  {
    "@type": type("admin.v3.ClustersConfigDump"),
    static_clusters: ["one", "two"].map((name) => ({
      cluster: { "@type": type("config.cluster.v3.Cluster"), name, type: "STATIC", connect_timeout: "1s" },
      last_updated: "2026-11-24T13:59:51.206Z",
    })),
  },
  { "@type": type("admin.v3.ListenersConfigDump") },
];

export interface FakeContext extends AdminContext {
  readonly calls: string[];
  readonly lines: string[];
}

export function fakeContext(
  scopes: readonly FakeScope[] = [],
  change: Partial<AdminContext> = {},
): FakeContext {
  const calls: string[] = [];
  const lines: string[] = [];
  const stats = new StatsStore({ native: fakeNative(scopes) });
  stats.scope(server, "server.").set("live", 1);
  const call = (name: string) => () => {
    calls.push(name);
  };
  return {
    calls,
    lines,
    state: () => "LIVE",
    serverInfo: () => ({ version: "x/1.40.0", state: "LIVE", command_line_options: { concurrency: 1 } }),
    hotRestartVersion: "11.104",
    stats,
    tagExtractor: tagExtractor(),
    bucketsOf: bucketsOf(),
    runtime: {
      dump: () => ({ entries: { a: { final_value: "1", layer_values: ["1"] } }, layers: ["base"] }),
      modify: (changes) => {
        calls.push(`modify ${JSON.stringify([...changes])}`);
        return !changes.has("refused");
      },
    },
    log: new Log({ write: (line) => lines.push(line) }),
    listeners: () => [
      {
        name: "front",
        local_address: at(18080),
        additional_local_addresses: [{ pipe: { path: "/x.sock" } }],
      },
      { name: "six", local_address: { socket_address: { address: "::1", port_value: 1 } } },
    ],
    clusters: () => [cluster("one"), { ...cluster("two"), eds_service_name: "svc", hosts: [] }],
    configDump: (includeEds) =>
      includeEds ? [...dump, { "@type": type("admin.v3.EndpointsConfigDump") }] : dump,
    fieldOf: () => undefined,
    certificates: () => ({ certificates: [{ ca_cert: [], cert_chain: [] }] }),
    unreadyTargets: () => [],
    mutexTracing: false,
    failHealthcheck: (fail) => calls.push(`failHealthcheck ${fail}`),
    reopenLogs: call("reopenLogs"),
    drainListeners: (options) => calls.push(`drain ${JSON.stringify(options)}`),
    quit: call("quit"),
    ...change,
  };
}
