// The one description of what crosses between TypeScript and C++: enums, statistics and calls. TypeScript
// infers its types from it; emit_header.ts writes native/base/boundary.gen.h.

/**
 * How one statistic is stored and shown:
 *   counter, gauge   shown from the start
 *   late_counter     shown once it was counted
 *   histogram        shown from the start ("No recorded values"); late_histogram once it has a value
 *   percents         a histogram of shares, recorded in millionths
 *   codes            the late counters NAME100 to NAME599, one for every HTTP status that was seen
 *   mark             never shown: while it is 0, its whole scope is hidden
 */
export type StatKind =
  | "counter"
  | "gauge"
  | "late_counter"
  | "histogram"
  | "late_histogram"
  | "percents"
  | "codes"
  | "mark";

/** Stat names, after the scope's prefix, in the order of their slots: what a request touches comes first. */
export type StatTemplate = Readonly<Record<string, StatKind>>;

/** What one response adds to; the seven stand together, so that C++ finds them by the first. */
function responses<P extends string>(prefix: P, completed: StatKind, classes: StatKind) {
  return {
    [`${prefix}completed`]: completed,
    [`${prefix}1xx`]: classes,
    [`${prefix}2xx`]: classes,
    [`${prefix}3xx`]: classes,
    [`${prefix}4xx`]: classes,
    [`${prefix}5xx`]: classes,
  } as Record<`${P}${"completed" | "1xx" | "2xx" | "3xx" | "4xx" | "5xx"}`, StatKind>;
}

/** What was agreed on in handshakes, each shown once it was seen. */
function named<P extends string, N extends string>(prefix: P, names: readonly N[]) {
  return Object.fromEntries(names.map((name) => [prefix + name, "late_counter"])) as Record<
    `${P}${N}`,
    StatKind
  >;
}

/** As responses(), followed by the counters of single statuses. */
function statuses<P extends string>(prefix: P, completed: StatKind) {
  return {
    ...responses(prefix, completed, "late_counter"),
    [prefix]: "codes",
  } as Record<`${P}${"" | "completed" | "1xx" | "2xx" | "3xx" | "4xx" | "5xx"}`, StatKind>;
}

const http1Codec = {
  created: "mark",
  dropped_headers_with_underscores: "counter",
  metadata_not_supported_error: "counter",
  requests_rejected_with_underscores_in_headers: "counter",
  response_flood: "counter",
} as const satisfies StatTemplate;

const http2Codec = {
  created: "mark",
  streams_active: "gauge",
  pending_send_bytes: "gauge",
  rx_reset: "counter",
  tx_reset: "counter",
  trailers: "counter",
  cookies_total_bytes_too_large: "counter",
  deferred_stream_close: "gauge",
  dropped_headers_with_underscores: "counter",
  goaway_sent: "counter",
  header_list_size_too_large: "counter",
  header_overflow: "counter",
  headers_cb_no_stream: "counter",
  inbound_empty_frames_flood: "counter",
  inbound_priority_frames_flood: "counter",
  inbound_window_update_frames_flood: "counter",
  keepalive_timeout: "counter",
  metadata_empty_frames: "counter",
  outbound_control_flood: "counter",
  outbound_control_frames_active: "gauge",
  outbound_flood: "counter",
  outbound_frames_active: "gauge",
  requests_rejected_with_underscores_in_headers: "counter",
  rx_messaging_error: "counter",
  stream_refused_errors: "counter",
  tx_flush_timeout: "counter",
} as const satisfies StatTemplate;

const routed = {
  upstream_rq_total: "counter",
  ...statuses("upstream_rq_", "late_counter"),
  upstream_rq_time: "late_histogram",
  upstream_rq_retry: "counter",
  upstream_rq_retry_limit_exceeded: "counter",
  upstream_rq_retry_overflow: "counter",
  upstream_rq_retry_success: "counter",
  upstream_rq_timeout: "counter",
} as const satisfies StatTemplate;

const stats = {
  /** "listener.ADDRESS." */
  listener: {
    downstream_cx_total: "counter",
    downstream_cx_active: "gauge",
    downstream_cx_destroy: "counter",
    downstream_pre_cx_active: "gauge",
    downstream_cx_length_ms: "histogram",
    connections_accepted_per_socket_event: "histogram",
    downstream_cx_overflow: "counter",
    downstream_cx_overload_reject: "counter",
    downstream_cx_transport_socket_connect_timeout: "counter",
    downstream_global_cx_overflow: "counter",
    downstream_listener_filter_error: "counter",
    downstream_listener_filter_remote_close: "counter",
    downstream_pre_cx_timeout: "counter",
    extension_config_missing: "counter",
    network_extension_config_missing: "counter",
    no_filter_chain_match: "counter",
  },
  /** "listener.ADDRESS.ssl.", "cluster.NAME.ssl." */
  ssl: {
    handshake: "counter",
    session_reused: "counter",
    no_certificate: "counter",
    connection_error: "counter",
    fail_verify_cert_hash: "counter",
    fail_verify_error: "counter",
    fail_verify_no_cert: "counter",
    fail_verify_san: "counter",
    ocsp_staple_failed: "counter",
    ocsp_staple_omitted: "counter",
    ocsp_staple_requests: "counter",
    ocsp_staple_responses: "counter",
    was_key_usage_invalid: "counter",
    ...named("versions.", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ...named("ciphers.", [
      "TLS_AES_128_GCM_SHA256",
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
      "ECDHE-ECDSA-AES128-GCM-SHA256",
      "ECDHE-RSA-AES128-GCM-SHA256",
      "ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-RSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-CHACHA20-POLY1305",
      "ECDHE-RSA-CHACHA20-POLY1305",
      "ECDHE-ECDSA-AES128-SHA",
      "ECDHE-RSA-AES128-SHA",
      "ECDHE-ECDSA-AES256-SHA",
      "ECDHE-RSA-AES256-SHA",
      "AES128-GCM-SHA256",
      "AES256-GCM-SHA384",
      "AES128-SHA",
      "AES256-SHA",
    ]),
    ...named("curves.", ["X25519", "P-256", "P-384", "P-521", "X25519MLKEM768"]),
    ...named("sigalgs.", [
      "rsa_pkcs1_sha1",
      "rsa_pkcs1_sha256",
      "rsa_pkcs1_sha384",
      "rsa_pkcs1_sha512",
      "ecdsa_secp256r1_sha256",
      "ecdsa_secp384r1_sha384",
      "ecdsa_secp521r1_sha512",
      "rsa_pss_rsae_sha256",
      "rsa_pss_rsae_sha384",
      "rsa_pss_rsae_sha512",
      "ed25519",
    ]),
  },
  /** "listener.ADDRESS.server_ssl_socket_factory.", "cluster.NAME.client_ssl_socket_factory." */
  ssl_factory: {
    downstream_context_secrets_not_ready: "counter",
    upstream_context_secrets_not_ready: "counter",
    ssl_context_update_by_sds: "counter",
  },
  /** "listener.ADDRESS.worker_N." */
  listener_worker: {
    downstream_cx_total: "counter",
    downstream_cx_active: "gauge",
  },
  /** "listener.ADDRESS.http.STAT_PREFIX." */
  listener_http: responses("downstream_rq_", "counter", "counter"),
  /** "http.STAT_PREFIX." of a connection manager */
  http: {
    downstream_rq_total: "counter",
    downstream_rq_active: "gauge",
    downstream_rq_http1_total: "counter",
    ...responses("downstream_rq_", "counter", "counter"),
    downstream_rq_time: "histogram",
    downstream_cx_rx_bytes_total: "counter",
    downstream_cx_tx_bytes_total: "counter",
    downstream_cx_rx_bytes_buffered: "gauge",
    downstream_cx_tx_bytes_buffered: "gauge",
    downstream_cx_total: "counter",
    downstream_cx_active: "gauge",
    downstream_cx_http1_total: "counter",
    downstream_cx_http1_active: "gauge",
    downstream_cx_destroy: "counter",
    downstream_cx_destroy_local: "counter",
    downstream_cx_destroy_remote: "counter",
    downstream_cx_length_ms: "histogram",
    downstream_cx_destroy_active_rq: "counter",
    downstream_cx_destroy_local_active_rq: "counter",
    downstream_cx_destroy_remote_active_rq: "counter",
    downstream_cx_delayed_close_timeout: "counter",
    downstream_cx_drain_close: "counter",
    downstream_cx_http1_soft_drain: "gauge",
    downstream_cx_http2_active: "gauge",
    downstream_cx_http2_total: "counter",
    downstream_cx_http3_active: "gauge",
    downstream_cx_http3_total: "counter",
    downstream_cx_idle_timeout: "counter",
    downstream_cx_max_duration_reached: "counter",
    downstream_cx_max_requests_reached: "counter",
    downstream_cx_overload_disable_keepalive: "counter",
    downstream_cx_protocol_error: "counter",
    downstream_cx_ssl_active: "gauge",
    downstream_cx_ssl_total: "counter",
    downstream_cx_upgrades_active: "gauge",
    downstream_cx_upgrades_total: "counter",
    downstream_flow_control_paused_reading_total: "counter",
    downstream_flow_control_resumed_reading_total: "counter",
    downstream_rq_failed_path_normalization: "counter",
    downstream_rq_header_timeout: "counter",
    downstream_rq_http2_total: "counter",
    downstream_rq_http3_total: "counter",
    downstream_rq_idle_timeout: "counter",
    downstream_rq_max_duration_reached: "counter",
    downstream_rq_non_relative_path: "counter",
    downstream_rq_overload_close: "counter",
    downstream_rq_redirected_with_normalized_path: "counter",
    downstream_rq_rejected_via_ip_detection: "counter",
    downstream_rq_response_before_rq_complete: "counter",
    downstream_rq_rx_reset: "counter",
    downstream_rq_timeout: "counter",
    downstream_rq_too_large: "counter",
    downstream_rq_too_many_premature_resets: "counter",
    downstream_rq_tx_reset: "counter",
    downstream_rq_ws_on_non_ws_route: "counter",
    rs_too_large: "counter",
  },
  /** "http.STAT_PREFIX." of a router filter */
  router: {
    rq_total: "counter",
    rq_direct_response: "counter",
    rq_redirect: "counter",
    no_route: "counter",
    no_cluster: "counter",
    rq_reset_after_downstream_response_started: "counter",
    rq_overload_local_reply: "counter",
    passthrough_internal_redirect_bad_location: "counter",
    passthrough_internal_redirect_no_route: "counter",
    passthrough_internal_redirect_predicate: "counter",
    passthrough_internal_redirect_too_many_redirects: "counter",
    passthrough_internal_redirect_unsafe_scheme: "counter",
  },
  /** "http.STAT_PREFIX.tracing." of a connection manager */
  tracing: {
    client_enabled: "counter",
    health_check: "counter",
    not_traceable: "counter",
    random_sampling: "counter",
    service_forced: "counter",
  },
  /** "http1." of all listeners, "cluster.NAME.http1." of a cluster: shown once there was a connection */
  http1: http1Codec,
  /** "http2." of all listeners, "cluster.NAME.http2." of a cluster: as http1 */
  http2: http2Codec,
  /** "cluster.NAME.": what workers count */
  cluster: {
    upstream_rq_total: "counter",
    upstream_rq_active: "gauge",
    ...statuses("upstream_rq_", "counter"),
    ...statuses("external.upstream_rq_", "late_counter"),
    upstream_rq_time: "late_histogram",
    "external.upstream_rq_time": "late_histogram",
    upstream_cx_rx_bytes_total: "counter",
    upstream_cx_tx_bytes_total: "counter",
    upstream_cx_rx_bytes_buffered: "gauge",
    upstream_cx_tx_bytes_buffered: "gauge",
    upstream_cx_total: "counter",
    upstream_cx_active: "gauge",
    upstream_cx_http1_total: "counter",
    upstream_cx_http2_total: "counter",
    upstream_cx_connect_ms: "histogram",
    upstream_cx_length_ms: "histogram",
    upstream_rq_per_cx: "histogram",
    upstream_rq_pending_total: "counter",
    upstream_rq_pending_active: "gauge",
    upstream_cx_destroy: "counter",
    upstream_cx_destroy_local: "counter",
    upstream_cx_destroy_remote: "counter",
    ...statuses("internal.upstream_rq_", "late_counter"),
    "internal.upstream_rq_time": "late_histogram",
    ...statuses("canary.upstream_rq_", "late_counter"),
    "canary.upstream_rq_time": "late_histogram",
    ...statuses("retry.upstream_rq_", "late_counter"),
    bind_errors: "counter",
    lb_healthy_panic: "counter",
    lb_local_cluster_not_ok: "counter",
    lb_recalculate_zone_structures: "counter",
    lb_subsets_active: "gauge",
    lb_subsets_created: "counter",
    lb_subsets_fallback: "counter",
    lb_subsets_fallback_panic: "counter",
    lb_subsets_removed: "counter",
    lb_subsets_selected: "counter",
    lb_zone_cluster_too_small: "counter",
    lb_zone_no_capacity_left: "counter",
    lb_zone_routing_all_directly: "counter",
    lb_zone_routing_cross_zone: "counter",
    lb_zone_routing_sampled: "counter",
    original_dst_host_invalid: "counter",
    retry_or_shadow_abandoned: "counter",
    upstream_cx_close_notify: "counter",
    upstream_cx_connect_attempts_exceeded: "counter",
    upstream_cx_connect_fail: "counter",
    upstream_cx_connect_timeout: "counter",
    upstream_cx_connect_with_0_rtt: "counter",
    upstream_cx_destroy_local_with_active_rq: "counter",
    upstream_cx_destroy_remote_with_active_rq: "counter",
    upstream_cx_destroy_with_active_rq: "counter",
    upstream_cx_http3_total: "counter",
    upstream_cx_idle_timeout: "counter",
    upstream_cx_max_duration_reached: "counter",
    upstream_cx_max_requests: "counter",
    upstream_cx_none_healthy: "counter",
    upstream_cx_overflow: "counter",
    upstream_cx_pool_overflow: "counter",
    upstream_cx_preconnect_skipped: "counter",
    upstream_cx_protocol_error: "counter",
    upstream_flow_control_backed_up_total: "counter",
    upstream_flow_control_drained_total: "counter",
    upstream_flow_control_paused_reading_total: "counter",
    upstream_flow_control_resumed_reading_total: "counter",
    upstream_http3_broken: "counter",
    upstream_internal_redirect_failed_total: "counter",
    upstream_internal_redirect_succeeded_total: "counter",
    upstream_queue_overloaded: "gauge",
    upstream_rq_0rtt: "counter",
    upstream_rq_active_overflow: "counter",
    upstream_rq_cancelled: "counter",
    upstream_rq_maintenance_mode: "counter",
    upstream_rq_max_duration_reached: "counter",
    upstream_rq_pending_failure_eject: "counter",
    upstream_rq_pending_overflow: "counter",
    upstream_rq_per_try_idle_timeout: "counter",
    upstream_rq_per_try_timeout: "counter",
    upstream_rq_retry: "counter",
    upstream_rq_retry_backoff_exponential: "counter",
    upstream_rq_retry_backoff_ratelimited: "counter",
    upstream_rq_retry_limit_exceeded: "counter",
    upstream_rq_retry_overflow: "counter",
    upstream_rq_retry_success: "counter",
    upstream_rq_rx_reset: "counter",
    upstream_rq_rx_reset_no_error: "counter",
    upstream_rq_timeout: "counter",
    upstream_rq_tx_reset: "counter",
    "circuit_breakers.default.cx_open": "gauge",
    "circuit_breakers.default.cx_pool_open": "gauge",
    "circuit_breakers.default.rq_open": "gauge",
    "circuit_breakers.default.rq_pending_open": "gauge",
    "circuit_breakers.default.rq_retry_open": "gauge",
    "circuit_breakers.high.cx_open": "gauge",
    "circuit_breakers.high.cx_pool_open": "gauge",
    "circuit_breakers.high.rq_open": "gauge",
    "circuit_breakers.high.rq_pending_open": "gauge",
    "circuit_breakers.high.rq_retry_open": "gauge",
    "ext_authz.ok": "late_counter",
    "ext_authz.denied": "late_counter",
    "ext_authz.error": "late_counter",
    "ext_authz.failure_mode_allowed": "late_counter",
  },
  /** "http.STAT_PREFIX.ext_authz." */
  ext_authz: {
    ok: "counter",
    denied: "counter",
    error: "counter",
    disabled: "counter",
    failure_mode_allowed: "counter",
    filter_state_name_collision: "counter",
    ignored_dynamic_metadata: "counter",
    invalid: "counter",
    omitted_response_headers: "counter",
    request_header_limits_reached: "counter",
    response_header_limits_reached: "counter",
    shadow_denied: "counter",
    shadow_error: "counter",
  },
  /** "cluster.NAME.": what the main thread sets; apart, so that thousands of clusters stay few pages */
  cluster_control: {
    membership_total: "gauge",
    membership_healthy: "gauge",
    membership_degraded: "gauge",
    membership_excluded: "gauge",
    membership_change: "counter",
    max_host_weight: "gauge",
    "default.total_match_count": "counter",
    update_attempt: "counter",
    update_success: "counter",
    update_no_rebuild: "counter",
    update_failure: "counter",
    update_empty: "counter",
    assignment_stale: "counter",
    assignment_timeout_received: "counter",
    assignment_use_cached: "counter",
    warming_state: "gauge",
    version: "gauge",
  },
  /** "cluster.NAME.circuit_breakers.PRIORITY." with track_remaining */
  remaining: {
    remaining_cx: "gauge",
    remaining_cx_pools: "gauge",
    remaining_pending: "gauge",
    remaining_retries: "gauge",
    remaining_rq: "gauge",
  },
  /** "cluster.NAME." with track_cluster_stats.timeout_budgets */
  timeout_budget: {
    upstream_rq_timeout_budget_percent_used: "percents",
    upstream_rq_timeout_budget_per_try_percent_used: "percents",
  },
  /** "cluster.NAME." with track_cluster_stats.request_response_sizes */
  sizes: {
    upstream_rq_body_size: "histogram",
    upstream_rq_headers_count: "histogram",
    upstream_rq_headers_size: "histogram",
    upstream_rs_body_size: "histogram",
    upstream_rs_headers_count: "histogram",
    upstream_rs_headers_size: "histogram",
  },
  /** "cluster.NAME.health_check." */
  health_check: {
    attempt: "counter",
    success: "counter",
    failure: "counter",
    network_failure: "counter",
    passive_failure: "counter",
    verify_cluster: "counter",
    healthy: "gauge",
    degraded: "gauge",
  },
  /** "cluster.NAME.outlier_detection." */
  outlier_detection: {
    ejections_active: "gauge",
    ejections_total: "counter",
    ejections_overflow: "counter",
    ejections_consecutive_5xx: "counter",
    ejections_success_rate: "counter",
    ejections_enforced_total: "counter",
    ejections_enforced_consecutive_5xx: "counter",
    ejections_enforced_consecutive_gateway_failure: "counter",
    ejections_enforced_consecutive_local_origin_failure: "counter",
    ejections_enforced_failure_percentage: "counter",
    ejections_enforced_local_origin_failure_percentage: "counter",
    ejections_enforced_local_origin_success_rate: "counter",
    ejections_enforced_success_rate: "counter",
    ejections_detected_consecutive_5xx: "counter",
    ejections_detected_consecutive_gateway_failure: "counter",
    ejections_detected_consecutive_local_origin_failure: "counter",
    ejections_detected_degradation: "counter",
    ejections_detected_failure_percentage: "counter",
    ejections_detected_local_origin_failure_percentage: "counter",
    ejections_detected_local_origin_success_rate: "counter",
    ejections_detected_success_rate: "counter",
  },
  /** of one endpoint, for /clusters; never among the stats */
  host: {
    rq_total: "counter",
    rq_active: "gauge",
    rq_success: "counter",
    rq_error: "counter",
    rq_timeout: "counter",
    cx_total: "counter",
    cx_active: "gauge",
    cx_connect_fail: "counter",
    rq_pending_active: "gauge",
  },
  /** "vhost.NAME.vcluster.NAME." */
  virtual_cluster: routed,
  /** "vhost.NAME.route.STAT_PREFIX." */
  route: routed,
  /** "tcp.STAT_PREFIX." */
  tcp_proxy: {
    downstream_cx_total: "counter",
    downstream_cx_rx_bytes_total: "counter",
    downstream_cx_tx_bytes_total: "counter",
    downstream_cx_rx_bytes_buffered: "gauge",
    downstream_cx_tx_bytes_buffered: "gauge",
    downstream_cx_drain_close: "counter",
    downstream_cx_no_route: "counter",
    downstream_cx_overload_close: "counter",
    downstream_flow_control_paused_reading_total: "counter",
    downstream_flow_control_resumed_reading_total: "counter",
    early_data_received_count_total: "counter",
    idle_timeout: "counter",
    max_downstream_connection_duration: "counter",
    route_delayed_total: "counter",
    upstream_flush_active: "gauge",
    upstream_flush_total: "counter",
  },
  /** "tls_inspector." of all listeners */
  tls_inspector: {
    alpn_found: "counter",
    alpn_not_found: "counter",
    client_hello_too_large: "counter",
    sni_found: "counter",
    sni_not_found: "counter",
    tls_found: "counter",
    tls_not_found: "counter",
  },
  /** "http_inspector." of all listeners */
  http_inspector: {
    http10_found: "counter",
    http11_found: "counter",
    http2_found: "counter",
    http_not_found: "counter",
  },
  /** "proxy_proto.[STAT_PREFIX.]" */
  proxy_protocol: {
    not_found_allowed: "counter",
    not_found_disallowed: "counter",
    "versions.v1.found": "counter",
    "versions.v1.disallowed": "counter",
    "versions.v1.error": "counter",
    "versions.v2.found": "counter",
    "versions.v2.disallowed": "counter",
    "versions.v2.error": "counter",
  },
  /** "listener_local_ratelimit.STAT_PREFIX." */
  listener_local_rate_limit: { rate_limited: "counter" },
  /** "local_rate_limit.STAT_PREFIX." of a network filter */
  network_local_rate_limit: { rate_limited: "counter" },
  /** "connection_limit.STAT_PREFIX." */
  connection_limit: { active_connections: "gauge", limited_connections: "counter" },
  /** "STAT_PREFIX.rbac." of a network filter */
  network_rbac: {
    allowed: "counter",
    denied: "counter",
    shadow_allowed: "counter",
    shadow_denied: "counter",
  },
  /** "filesystem.": what the flushers of access logs do with files */
  filesystem: {
    flushed_by_timer: "counter",
    reopen_failed: "counter",
    write_buffered: "counter",
    write_completed: "counter",
    write_failed: "counter",
    write_total_buffered: "gauge",
  },
} as const satisfies Readonly<Record<string, StatTemplate>>;

/**
 * What crosses, by name; TypeScript's types are in load.ts:
 *   a message's full name   text: that message as canonical proto3 JSON (in a list: several)
 *   text, number, flag      as they are
 *   faults                  text: a JSON list of what was refused, empty when all is well
 *   bound                   text: JSON, the addresses that a listener is bound to, or why it is not
 *   hosts                   text: JSON, the hosts of every cluster with their counters
 *   stats                   typed arrays (native_stats.ts)
 */
export type Crossing = string | readonly [string];
export type CallShape = { readonly takes: readonly Crossing[]; readonly gives?: string };

/** The addon's functions, all for the main thread. C++ defines each in native/addon/addon.cc, in snake_case. */
const calls = {
  create: { takes: ["text"], gives: "faults" },
  setClusters: { takes: [["envoy.config.cluster.v3.Cluster"]], gives: "faults" },
  setSecret: { takes: ["text", "envoy.extensions.transport_sockets.tls.v3.Secret"], gives: "faults" },
  setEndpoints: { takes: ["text", "envoy.config.endpoint.v3.ClusterLoadAssignment"], gives: "faults" },
  /** What health checks found: a JSON list of hosts with `address`, as text, and `flags`, HealthFlag of host.h. */
  setHostHealth: { takes: ["text", "text"] },
  removeCluster: { takes: ["text"], gives: "faults" },
  setRoutes: { takes: ["text", "envoy.config.route.v3.RouteConfiguration"], gives: "faults" },
  removeRoutes: { takes: ["text"] },
  addListener: { takes: ["envoy.config.listener.v3.Listener"], gives: "bound" },
  removeListener: { takes: ["text"] },
  start: { takes: [] },
  stop: { takes: [] },
  stopAccepting: { takes: [] },
  drainConnections: { takes: [] },
  setDraining: { takes: ["flag"] },
  setHealthFailed: { takes: ["flag"] },
  setRuntime: { takes: ["text"] },
  reopenLogs: { takes: [] },
  countUpdate: { takes: ["text", "text"] },
  connections: { takes: [], gives: "number" },
  describeHosts: { takes: [], gives: "hosts" },
  readStats: { takes: ["number", "flag"], gives: "stats" },
  regexFault: { takes: ["text"], gives: "text" },
  formatFault: { takes: ["text"], gives: "text" },
} as const satisfies Readonly<Record<string, CallShape>>;

export const boundary = { enums: {}, stats, calls } as const satisfies {
  enums: Readonly<Record<string, readonly string[]>>;
  stats: Readonly<Record<string, StatTemplate>>;
  calls: Readonly<Record<string, CallShape>>;
};

export type ScopeKind = keyof typeof stats;
