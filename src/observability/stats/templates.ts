// The statistics that main keeps itself; what workers count is in src/native/boundary.ts.
import type { StatKind } from "../../native/boundary.ts";

/** `text` is a text readout. */
export type MainKind = StatKind | "text";
export type MainTemplate = Readonly<Record<string, MainKind>>;

/** "server." */
export const server = {
  "compilation_settings.fips_mode": "gauge",
  concurrency: "gauge",
  days_until_first_cert_expiring: "gauge",
  debug_assertion_failures: "counter",
  dropped_stat_flushes: "counter",
  dynamic_unknown_fields: "counter",
  envoy_bug_failures: "counter",
  envoy_notifications: "counter",
  hot_restart_epoch: "gauge",
  hot_restart_generation: "gauge",
  initialization_time_ms: "histogram",
  live: "gauge",
  memory_allocated: "gauge",
  memory_heap_size: "gauge",
  memory_physical_size: "gauge",
  parent_connections: "gauge",
  seconds_until_first_ocsp_response_expiring: "gauge",
  state: "gauge",
  static_unknown_fields: "counter",
  stats_recent_lookups: "gauge",
  total_connections: "gauge",
  uptime: "gauge",
  version: "gauge",
  wip_protos: "counter",
} as const satisfies MainTemplate;

/** "main_thread.", "workers.", "server.main_thread.", "server.worker_N." */
export const watchdog = {
  watchdog_mega_miss: "counter",
  watchdog_miss: "counter",
} as const satisfies MainTemplate;

/** "cluster_manager." */
export const clusterManager = {
  active_clusters: "gauge",
  cluster_added: "counter",
  cluster_modified: "counter",
  cluster_removed: "counter",
  cluster_updated: "counter",
  cluster_updated_via_merge: "counter",
  update_merge_cancelled: "counter",
  update_out_of_merge_window: "counter",
  warming_clusters: "gauge",
} as const satisfies MainTemplate;

/** "thread_local_cluster_manager.main_thread.", "thread_local_cluster_manager.worker_N." */
export const threadLocalClusterManager = { clusters_inflated: "gauge" } as const satisfies MainTemplate;

/** "listener_manager." */
export const listenerManager = {
  listener_added: "counter",
  listener_create_failure: "counter",
  listener_create_success: "counter",
  listener_in_place_updated: "counter",
  listener_modified: "counter",
  listener_removed: "counter",
  listener_stopped: "counter",
  total_filter_chains_draining: "gauge",
  total_listeners_active: "gauge",
  total_listeners_draining: "gauge",
  total_listeners_warming: "gauge",
  workers_pinned: "gauge",
  workers_started: "gauge",
} as const satisfies MainTemplate;

/** "runtime." */
export const runtime = {
  admin_overrides_active: "gauge",
  deprecated_feature_seen_since_process_start: "gauge",
  deprecated_feature_use: "counter",
  load_error: "counter",
  load_success: "counter",
  num_keys: "gauge",
  num_layers: "gauge",
  override_dir_exists: "counter",
  override_dir_not_exists: "counter",
} as const satisfies MainTemplate;

/** "dns.cares." */
export const dns = {
  get_addr_failure: "counter",
  not_found: "counter",
  pending_resolutions: "gauge",
  reinits: "counter",
  resolve_total: "counter",
  timeouts: "counter",
} as const satisfies MainTemplate;

/** "cluster.NAME.health_check." */
export const healthCheck = {
  attempt: "counter",
  degraded: "gauge",
  failure: "counter",
  healthy: "gauge",
  network_failure: "counter",
  passive_failure: "counter",
  success: "counter",
  verify_cluster: "counter",
} as const satisfies MainTemplate;

/** "listener.admin.main_thread." */
export const adminThread = {
  downstream_cx_active: "gauge",
  downstream_cx_total: "counter",
} as const satisfies MainTemplate;

/** "listener.admin." */
export const adminListener = {
  connections_accepted_per_socket_event: "histogram",
  downstream_cx_active: "gauge",
  downstream_cx_destroy: "counter",
  downstream_cx_length_ms: "histogram",
  downstream_cx_overflow: "counter",
  downstream_cx_overload_reject: "counter",
  downstream_cx_total: "counter",
  downstream_cx_transport_socket_connect_timeout: "counter",
  downstream_global_cx_overflow: "counter",
  downstream_listener_filter_error: "counter",
  downstream_listener_filter_remote_close: "counter",
  downstream_pre_cx_active: "gauge",
  downstream_pre_cx_timeout: "counter",
  no_filter_chain_match: "counter",
} as const satisfies MainTemplate;

/** "cluster_manager.cds.", "listener_manager.lds.", "cluster.NAME." with EDS, "http.PREFIX.rds.NAME." … */
export const subscription = {
  config_reload: "counter",
  config_reload_time_ms: "gauge",
  init_fetch_timeout: "counter",
  update_attempt: "counter",
  update_duration: "histogram",
  update_failure: "counter",
  update_rejected: "counter",
  update_success: "counter",
  update_time: "gauge",
  version: "gauge",
  version_text: "text",
} as const satisfies MainTemplate;

/** "cluster.NAME." with EDS, beside what the native side has for every cluster */
export const edsCluster = {
  init_fetch_timeout: "counter",
  update_duration: "histogram",
  update_rejected: "counter",
  update_time: "gauge",
  version_text: "text",
} as const satisfies MainTemplate;

/** "control_plane." */
export const controlPlane = {
  connected_state: "gauge",
  identifier: "text",
  pending_requests: "gauge",
  rate_limit_enforced: "counter",
} as const satisfies MainTemplate;

/** "overload." */
export const overload = { refresh_interval_delay: "histogram" } as const satisfies MainTemplate;

/** "envoy.overload_actions.NAME." */
export const overloadAction = { count: "counter" } as const satisfies MainTemplate;
