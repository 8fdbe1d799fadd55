// The stats of the process itself, by the names under which dashboards look for them.
import type { MainScope } from "./main_scope.ts";
import type { StatsStore } from "./store.ts";
import { overload, overloadAction, server, threadLocalClusterManager, watchdog } from "./templates.ts";

export interface ServerStatsOptions {
  readonly concurrency: number;
  /** Of the build: the first six hexadecimal digits of its commit. */
  readonly revision: string;
  readonly restartEpoch?: number;
  /** envoy.admin.v3.ServerInfo.State as a number; anything but 0 is not live. */
  readonly state: () => number;
  /** 4294967295: there is no certificate. */
  readonly daysUntilFirstCertExpiring?: () => number;
  readonly totalConnections?: () => number;
}

const days_never = 4_294_967_295;

/** @returns the scope "server.", for what others count there */
export function serverStats(store: StatsStore, options: ServerStatsOptions): MainScope<typeof server> {
  const scope = store.scope(server, "server.");
  const started = performance.now();
  const workers = Array.from({ length: options.concurrency }, (_, i) => `worker_${i}.`);
  store.scope(watchdog, "main_thread.");
  store.scope(watchdog, "workers.");
  for (const thread of ["main_thread.", ...workers]) store.scope(watchdog, `server.${thread}`);
  for (const thread of ["main_thread.", ...workers]) {
    store.scope(threadLocalClusterManager, `thread_local_cluster_manager.${thread}`);
  }
  store.scope(overload, "overload.");
  store.scope(overloadAction, "envoy.overload_actions.reset_high_memory_stream.");
  const restartEpoch = options.restartEpoch ?? 0;
  scope.set("compilation_settings.fips_mode", 0);
  scope.set("concurrency", options.concurrency);
  scope.set("hot_restart_epoch", restartEpoch);
  scope.set("hot_restart_generation", restartEpoch + 1);
  scope.set("version", Number.parseInt(options.revision.slice(0, 6), 16) || 0);
  for (const unused of [
    "dynamic_unknown_fields",
    "static_unknown_fields",
    "wip_protos",
    "parent_connections",
    "stats_recent_lookups",
  ] as const) {
    scope.set(unused, 0);
  }
  store.onRead(() => refresh(scope, options, started));
  return scope;
}

function refresh(scope: MainScope<typeof server>, options: ServerStatsOptions, started: number): void {
  const { heapTotal, heapUsed, external, rss } = process.memoryUsage();
  const state = options.state();
  scope.set("uptime", Math.floor((performance.now() - started) / 1_000));
  scope.set("state", state);
  scope.set("live", state === 0 ? 1 : 0);
  scope.set("days_until_first_cert_expiring", options.daysUntilFirstCertExpiring?.() ?? days_never);
  scope.set("total_connections", options.totalConnections?.() ?? 0);
  scope.set("memory_allocated", heapUsed + external);
  scope.set("memory_heap_size", heapTotal + external);
  scope.set("memory_physical_size", rss);
}

/** How many clusters the threads know: each of them knows all. */
export function setClustersInflated(store: StatsStore, concurrency: number, clusters: number): void {
  for (let i = -1; i < concurrency; i += 1) {
    const thread = i < 0 ? "main_thread." : `worker_${i}.`;
    const scope = store.scope(threadLocalClusterManager, `thread_local_cluster_manager.${thread}`);
    scope.set("clusters_inflated", clusters);
  }
}
