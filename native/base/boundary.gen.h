// Written by src/native/emit_header.ts from src/native/boundary.ts: change that, not this.
#pragma once
#include <cstdint>
#include <string_view>

namespace outrider {

enum class StatKind : uint8_t {
  Counter,
  Gauge,
  LateCounter,
  Histogram,
  LateHistogram,
  Percents,
  Codes,
  Mark,
};

enum class ScopeKind : uint8_t {
  Listener,
  Ssl,
  SslFactory,
  ListenerWorker,
  ListenerHttp,
  Http,
  Router,
  Tracing,
  Http1,
  Http2,
  Cluster,
  ExtAuthz,
  ClusterControl,
  Remaining,
  TimeoutBudget,
  Sizes,
  HealthCheck,
  OutlierDetection,
  Host,
  VirtualCluster,
  Route,
  TcpProxy,
  TlsInspector,
  HttpInspector,
  ProxyProtocol,
  ListenerLocalRateLimit,
  NetworkLocalRateLimit,
  ConnectionLimit,
  NetworkRbac,
  Filesystem,
};

// A statistic's name below its scope's prefix; the slot is the place in the template.
struct StatInfo {
  std::string_view name;
  StatKind kind;
};

template <typename E>
struct StatTemplate;

enum class ListenerStat : uint8_t {
  downstream_cx_total,
  downstream_cx_active,
  downstream_cx_destroy,
  downstream_pre_cx_active,
  downstream_cx_length_ms,
  connections_accepted_per_socket_event,
  downstream_cx_overflow,
  downstream_cx_overload_reject,
  downstream_cx_transport_socket_connect_timeout,
  downstream_global_cx_overflow,
  downstream_listener_filter_error,
  downstream_listener_filter_remote_close,
  downstream_pre_cx_timeout,
  extension_config_missing,
  network_extension_config_missing,
  no_filter_chain_match,
};

template <>
struct StatTemplate<ListenerStat> {
  static constexpr ScopeKind kind = ScopeKind::Listener;
  static constexpr StatInfo stats[] = {
    {"downstream_cx_total", StatKind::Counter},
    {"downstream_cx_active", StatKind::Gauge},
    {"downstream_cx_destroy", StatKind::Counter},
    {"downstream_pre_cx_active", StatKind::Gauge},
    {"downstream_cx_length_ms", StatKind::Histogram},
    {"connections_accepted_per_socket_event", StatKind::Histogram},
    {"downstream_cx_overflow", StatKind::Counter},
    {"downstream_cx_overload_reject", StatKind::Counter},
    {"downstream_cx_transport_socket_connect_timeout", StatKind::Counter},
    {"downstream_global_cx_overflow", StatKind::Counter},
    {"downstream_listener_filter_error", StatKind::Counter},
    {"downstream_listener_filter_remote_close", StatKind::Counter},
    {"downstream_pre_cx_timeout", StatKind::Counter},
    {"extension_config_missing", StatKind::Counter},
    {"network_extension_config_missing", StatKind::Counter},
    {"no_filter_chain_match", StatKind::Counter},
  };
};

enum class SslStat : uint8_t {
  handshake,
  session_reused,
  no_certificate,
  connection_error,
  fail_verify_cert_hash,
  fail_verify_error,
  fail_verify_no_cert,
  fail_verify_san,
  ocsp_staple_failed,
  ocsp_staple_omitted,
  ocsp_staple_requests,
  ocsp_staple_responses,
  was_key_usage_invalid,
  versions_TLSv1,
  versions_TLSv1_1,
  versions_TLSv1_2,
  versions_TLSv1_3,
  ciphers_TLS_AES_128_GCM_SHA256,
  ciphers_TLS_AES_256_GCM_SHA384,
  ciphers_TLS_CHACHA20_POLY1305_SHA256,
  ciphers_ECDHE_ECDSA_AES128_GCM_SHA256,
  ciphers_ECDHE_RSA_AES128_GCM_SHA256,
  ciphers_ECDHE_ECDSA_AES256_GCM_SHA384,
  ciphers_ECDHE_RSA_AES256_GCM_SHA384,
  ciphers_ECDHE_ECDSA_CHACHA20_POLY1305,
  ciphers_ECDHE_RSA_CHACHA20_POLY1305,
  ciphers_ECDHE_ECDSA_AES128_SHA,
  ciphers_ECDHE_RSA_AES128_SHA,
  ciphers_ECDHE_ECDSA_AES256_SHA,
  ciphers_ECDHE_RSA_AES256_SHA,
  ciphers_AES128_GCM_SHA256,
  ciphers_AES256_GCM_SHA384,
  ciphers_AES128_SHA,
  ciphers_AES256_SHA,
  curves_X25519,
  curves_P_256,
  curves_P_384,
  curves_P_521,
  curves_X25519MLKEM768,
  sigalgs_rsa_pkcs1_sha1,
  sigalgs_rsa_pkcs1_sha256,
  sigalgs_rsa_pkcs1_sha384,
  sigalgs_rsa_pkcs1_sha512,
  sigalgs_ecdsa_secp256r1_sha256,
  sigalgs_ecdsa_secp384r1_sha384,
  sigalgs_ecdsa_secp521r1_sha512,
  sigalgs_rsa_pss_rsae_sha256,
  sigalgs_rsa_pss_rsae_sha384,
  sigalgs_rsa_pss_rsae_sha512,
  sigalgs_ed25519,
};

template <>
struct StatTemplate<SslStat> {
  static constexpr ScopeKind kind = ScopeKind::Ssl;
  static constexpr StatInfo stats[] = {
    {"handshake", StatKind::Counter},
    {"session_reused", StatKind::Counter},
    {"no_certificate", StatKind::Counter},
    {"connection_error", StatKind::Counter},
    {"fail_verify_cert_hash", StatKind::Counter},
    {"fail_verify_error", StatKind::Counter},
    {"fail_verify_no_cert", StatKind::Counter},
    {"fail_verify_san", StatKind::Counter},
    {"ocsp_staple_failed", StatKind::Counter},
    {"ocsp_staple_omitted", StatKind::Counter},
    {"ocsp_staple_requests", StatKind::Counter},
    {"ocsp_staple_responses", StatKind::Counter},
    {"was_key_usage_invalid", StatKind::Counter},
    {"versions.TLSv1", StatKind::LateCounter},
    {"versions.TLSv1.1", StatKind::LateCounter},
    {"versions.TLSv1.2", StatKind::LateCounter},
    {"versions.TLSv1.3", StatKind::LateCounter},
    {"ciphers.TLS_AES_128_GCM_SHA256", StatKind::LateCounter},
    {"ciphers.TLS_AES_256_GCM_SHA384", StatKind::LateCounter},
    {"ciphers.TLS_CHACHA20_POLY1305_SHA256", StatKind::LateCounter},
    {"ciphers.ECDHE-ECDSA-AES128-GCM-SHA256", StatKind::LateCounter},
    {"ciphers.ECDHE-RSA-AES128-GCM-SHA256", StatKind::LateCounter},
    {"ciphers.ECDHE-ECDSA-AES256-GCM-SHA384", StatKind::LateCounter},
    {"ciphers.ECDHE-RSA-AES256-GCM-SHA384", StatKind::LateCounter},
    {"ciphers.ECDHE-ECDSA-CHACHA20-POLY1305", StatKind::LateCounter},
    {"ciphers.ECDHE-RSA-CHACHA20-POLY1305", StatKind::LateCounter},
    {"ciphers.ECDHE-ECDSA-AES128-SHA", StatKind::LateCounter},
    {"ciphers.ECDHE-RSA-AES128-SHA", StatKind::LateCounter},
    {"ciphers.ECDHE-ECDSA-AES256-SHA", StatKind::LateCounter},
    {"ciphers.ECDHE-RSA-AES256-SHA", StatKind::LateCounter},
    {"ciphers.AES128-GCM-SHA256", StatKind::LateCounter},
    {"ciphers.AES256-GCM-SHA384", StatKind::LateCounter},
    {"ciphers.AES128-SHA", StatKind::LateCounter},
    {"ciphers.AES256-SHA", StatKind::LateCounter},
    {"curves.X25519", StatKind::LateCounter},
    {"curves.P-256", StatKind::LateCounter},
    {"curves.P-384", StatKind::LateCounter},
    {"curves.P-521", StatKind::LateCounter},
    {"curves.X25519MLKEM768", StatKind::LateCounter},
    {"sigalgs.rsa_pkcs1_sha1", StatKind::LateCounter},
    {"sigalgs.rsa_pkcs1_sha256", StatKind::LateCounter},
    {"sigalgs.rsa_pkcs1_sha384", StatKind::LateCounter},
    {"sigalgs.rsa_pkcs1_sha512", StatKind::LateCounter},
    {"sigalgs.ecdsa_secp256r1_sha256", StatKind::LateCounter},
    {"sigalgs.ecdsa_secp384r1_sha384", StatKind::LateCounter},
    {"sigalgs.ecdsa_secp521r1_sha512", StatKind::LateCounter},
    {"sigalgs.rsa_pss_rsae_sha256", StatKind::LateCounter},
    {"sigalgs.rsa_pss_rsae_sha384", StatKind::LateCounter},
    {"sigalgs.rsa_pss_rsae_sha512", StatKind::LateCounter},
    {"sigalgs.ed25519", StatKind::LateCounter},
  };
};

enum class SslFactoryStat : uint8_t {
  downstream_context_secrets_not_ready,
  upstream_context_secrets_not_ready,
  ssl_context_update_by_sds,
};

template <>
struct StatTemplate<SslFactoryStat> {
  static constexpr ScopeKind kind = ScopeKind::SslFactory;
  static constexpr StatInfo stats[] = {
    {"downstream_context_secrets_not_ready", StatKind::Counter},
    {"upstream_context_secrets_not_ready", StatKind::Counter},
    {"ssl_context_update_by_sds", StatKind::Counter},
  };
};

enum class ListenerWorkerStat : uint8_t {
  downstream_cx_total,
  downstream_cx_active,
};

template <>
struct StatTemplate<ListenerWorkerStat> {
  static constexpr ScopeKind kind = ScopeKind::ListenerWorker;
  static constexpr StatInfo stats[] = {
    {"downstream_cx_total", StatKind::Counter},
    {"downstream_cx_active", StatKind::Gauge},
  };
};

enum class ListenerHttpStat : uint8_t {
  downstream_rq_completed,
  downstream_rq_1xx,
  downstream_rq_2xx,
  downstream_rq_3xx,
  downstream_rq_4xx,
  downstream_rq_5xx,
};

template <>
struct StatTemplate<ListenerHttpStat> {
  static constexpr ScopeKind kind = ScopeKind::ListenerHttp;
  static constexpr StatInfo stats[] = {
    {"downstream_rq_completed", StatKind::Counter},
    {"downstream_rq_1xx", StatKind::Counter},
    {"downstream_rq_2xx", StatKind::Counter},
    {"downstream_rq_3xx", StatKind::Counter},
    {"downstream_rq_4xx", StatKind::Counter},
    {"downstream_rq_5xx", StatKind::Counter},
  };
};

enum class HttpStat : uint8_t {
  downstream_rq_total,
  downstream_rq_active,
  downstream_rq_http1_total,
  downstream_rq_completed,
  downstream_rq_1xx,
  downstream_rq_2xx,
  downstream_rq_3xx,
  downstream_rq_4xx,
  downstream_rq_5xx,
  downstream_rq_time,
  downstream_cx_rx_bytes_total,
  downstream_cx_tx_bytes_total,
  downstream_cx_rx_bytes_buffered,
  downstream_cx_tx_bytes_buffered,
  downstream_cx_total,
  downstream_cx_active,
  downstream_cx_http1_total,
  downstream_cx_http1_active,
  downstream_cx_destroy,
  downstream_cx_destroy_local,
  downstream_cx_destroy_remote,
  downstream_cx_length_ms,
  downstream_cx_destroy_active_rq,
  downstream_cx_destroy_local_active_rq,
  downstream_cx_destroy_remote_active_rq,
  downstream_cx_delayed_close_timeout,
  downstream_cx_drain_close,
  downstream_cx_http1_soft_drain,
  downstream_cx_http2_active,
  downstream_cx_http2_total,
  downstream_cx_http3_active,
  downstream_cx_http3_total,
  downstream_cx_idle_timeout,
  downstream_cx_max_duration_reached,
  downstream_cx_max_requests_reached,
  downstream_cx_overload_disable_keepalive,
  downstream_cx_protocol_error,
  downstream_cx_ssl_active,
  downstream_cx_ssl_total,
  downstream_cx_upgrades_active,
  downstream_cx_upgrades_total,
  downstream_flow_control_paused_reading_total,
  downstream_flow_control_resumed_reading_total,
  downstream_rq_failed_path_normalization,
  downstream_rq_header_timeout,
  downstream_rq_http2_total,
  downstream_rq_http3_total,
  downstream_rq_idle_timeout,
  downstream_rq_max_duration_reached,
  downstream_rq_non_relative_path,
  downstream_rq_overload_close,
  downstream_rq_redirected_with_normalized_path,
  downstream_rq_rejected_via_ip_detection,
  downstream_rq_response_before_rq_complete,
  downstream_rq_rx_reset,
  downstream_rq_timeout,
  downstream_rq_too_large,
  downstream_rq_too_many_premature_resets,
  downstream_rq_tx_reset,
  downstream_rq_ws_on_non_ws_route,
  rs_too_large,
};

template <>
struct StatTemplate<HttpStat> {
  static constexpr ScopeKind kind = ScopeKind::Http;
  static constexpr StatInfo stats[] = {
    {"downstream_rq_total", StatKind::Counter},
    {"downstream_rq_active", StatKind::Gauge},
    {"downstream_rq_http1_total", StatKind::Counter},
    {"downstream_rq_completed", StatKind::Counter},
    {"downstream_rq_1xx", StatKind::Counter},
    {"downstream_rq_2xx", StatKind::Counter},
    {"downstream_rq_3xx", StatKind::Counter},
    {"downstream_rq_4xx", StatKind::Counter},
    {"downstream_rq_5xx", StatKind::Counter},
    {"downstream_rq_time", StatKind::Histogram},
    {"downstream_cx_rx_bytes_total", StatKind::Counter},
    {"downstream_cx_tx_bytes_total", StatKind::Counter},
    {"downstream_cx_rx_bytes_buffered", StatKind::Gauge},
    {"downstream_cx_tx_bytes_buffered", StatKind::Gauge},
    {"downstream_cx_total", StatKind::Counter},
    {"downstream_cx_active", StatKind::Gauge},
    {"downstream_cx_http1_total", StatKind::Counter},
    {"downstream_cx_http1_active", StatKind::Gauge},
    {"downstream_cx_destroy", StatKind::Counter},
    {"downstream_cx_destroy_local", StatKind::Counter},
    {"downstream_cx_destroy_remote", StatKind::Counter},
    {"downstream_cx_length_ms", StatKind::Histogram},
    {"downstream_cx_destroy_active_rq", StatKind::Counter},
    {"downstream_cx_destroy_local_active_rq", StatKind::Counter},
    {"downstream_cx_destroy_remote_active_rq", StatKind::Counter},
    {"downstream_cx_delayed_close_timeout", StatKind::Counter},
    {"downstream_cx_drain_close", StatKind::Counter},
    {"downstream_cx_http1_soft_drain", StatKind::Gauge},
    {"downstream_cx_http2_active", StatKind::Gauge},
    {"downstream_cx_http2_total", StatKind::Counter},
    {"downstream_cx_http3_active", StatKind::Gauge},
    {"downstream_cx_http3_total", StatKind::Counter},
    {"downstream_cx_idle_timeout", StatKind::Counter},
    {"downstream_cx_max_duration_reached", StatKind::Counter},
    {"downstream_cx_max_requests_reached", StatKind::Counter},
    {"downstream_cx_overload_disable_keepalive", StatKind::Counter},
    {"downstream_cx_protocol_error", StatKind::Counter},
    {"downstream_cx_ssl_active", StatKind::Gauge},
    {"downstream_cx_ssl_total", StatKind::Counter},
    {"downstream_cx_upgrades_active", StatKind::Gauge},
    {"downstream_cx_upgrades_total", StatKind::Counter},
    {"downstream_flow_control_paused_reading_total", StatKind::Counter},
    {"downstream_flow_control_resumed_reading_total", StatKind::Counter},
    {"downstream_rq_failed_path_normalization", StatKind::Counter},
    {"downstream_rq_header_timeout", StatKind::Counter},
    {"downstream_rq_http2_total", StatKind::Counter},
    {"downstream_rq_http3_total", StatKind::Counter},
    {"downstream_rq_idle_timeout", StatKind::Counter},
    {"downstream_rq_max_duration_reached", StatKind::Counter},
    {"downstream_rq_non_relative_path", StatKind::Counter},
    {"downstream_rq_overload_close", StatKind::Counter},
    {"downstream_rq_redirected_with_normalized_path", StatKind::Counter},
    {"downstream_rq_rejected_via_ip_detection", StatKind::Counter},
    {"downstream_rq_response_before_rq_complete", StatKind::Counter},
    {"downstream_rq_rx_reset", StatKind::Counter},
    {"downstream_rq_timeout", StatKind::Counter},
    {"downstream_rq_too_large", StatKind::Counter},
    {"downstream_rq_too_many_premature_resets", StatKind::Counter},
    {"downstream_rq_tx_reset", StatKind::Counter},
    {"downstream_rq_ws_on_non_ws_route", StatKind::Counter},
    {"rs_too_large", StatKind::Counter},
  };
};

enum class RouterStat : uint8_t {
  rq_total,
  rq_direct_response,
  rq_redirect,
  no_route,
  no_cluster,
  rq_reset_after_downstream_response_started,
  rq_overload_local_reply,
  passthrough_internal_redirect_bad_location,
  passthrough_internal_redirect_no_route,
  passthrough_internal_redirect_predicate,
  passthrough_internal_redirect_too_many_redirects,
  passthrough_internal_redirect_unsafe_scheme,
};

template <>
struct StatTemplate<RouterStat> {
  static constexpr ScopeKind kind = ScopeKind::Router;
  static constexpr StatInfo stats[] = {
    {"rq_total", StatKind::Counter},
    {"rq_direct_response", StatKind::Counter},
    {"rq_redirect", StatKind::Counter},
    {"no_route", StatKind::Counter},
    {"no_cluster", StatKind::Counter},
    {"rq_reset_after_downstream_response_started", StatKind::Counter},
    {"rq_overload_local_reply", StatKind::Counter},
    {"passthrough_internal_redirect_bad_location", StatKind::Counter},
    {"passthrough_internal_redirect_no_route", StatKind::Counter},
    {"passthrough_internal_redirect_predicate", StatKind::Counter},
    {"passthrough_internal_redirect_too_many_redirects", StatKind::Counter},
    {"passthrough_internal_redirect_unsafe_scheme", StatKind::Counter},
  };
};

enum class TracingStat : uint8_t {
  client_enabled,
  health_check,
  not_traceable,
  random_sampling,
  service_forced,
};

template <>
struct StatTemplate<TracingStat> {
  static constexpr ScopeKind kind = ScopeKind::Tracing;
  static constexpr StatInfo stats[] = {
    {"client_enabled", StatKind::Counter},
    {"health_check", StatKind::Counter},
    {"not_traceable", StatKind::Counter},
    {"random_sampling", StatKind::Counter},
    {"service_forced", StatKind::Counter},
  };
};

enum class Http1Stat : uint8_t {
  created,
  dropped_headers_with_underscores,
  metadata_not_supported_error,
  requests_rejected_with_underscores_in_headers,
  response_flood,
};

template <>
struct StatTemplate<Http1Stat> {
  static constexpr ScopeKind kind = ScopeKind::Http1;
  static constexpr StatInfo stats[] = {
    {"created", StatKind::Mark},
    {"dropped_headers_with_underscores", StatKind::Counter},
    {"metadata_not_supported_error", StatKind::Counter},
    {"requests_rejected_with_underscores_in_headers", StatKind::Counter},
    {"response_flood", StatKind::Counter},
  };
};

enum class Http2Stat : uint8_t {
  created,
  streams_active,
  pending_send_bytes,
  rx_reset,
  tx_reset,
  trailers,
  cookies_total_bytes_too_large,
  deferred_stream_close,
  dropped_headers_with_underscores,
  goaway_sent,
  header_list_size_too_large,
  header_overflow,
  headers_cb_no_stream,
  inbound_empty_frames_flood,
  inbound_priority_frames_flood,
  inbound_window_update_frames_flood,
  keepalive_timeout,
  metadata_empty_frames,
  outbound_control_flood,
  outbound_control_frames_active,
  outbound_flood,
  outbound_frames_active,
  requests_rejected_with_underscores_in_headers,
  rx_messaging_error,
  stream_refused_errors,
  tx_flush_timeout,
};

template <>
struct StatTemplate<Http2Stat> {
  static constexpr ScopeKind kind = ScopeKind::Http2;
  static constexpr StatInfo stats[] = {
    {"created", StatKind::Mark},
    {"streams_active", StatKind::Gauge},
    {"pending_send_bytes", StatKind::Gauge},
    {"rx_reset", StatKind::Counter},
    {"tx_reset", StatKind::Counter},
    {"trailers", StatKind::Counter},
    {"cookies_total_bytes_too_large", StatKind::Counter},
    {"deferred_stream_close", StatKind::Gauge},
    {"dropped_headers_with_underscores", StatKind::Counter},
    {"goaway_sent", StatKind::Counter},
    {"header_list_size_too_large", StatKind::Counter},
    {"header_overflow", StatKind::Counter},
    {"headers_cb_no_stream", StatKind::Counter},
    {"inbound_empty_frames_flood", StatKind::Counter},
    {"inbound_priority_frames_flood", StatKind::Counter},
    {"inbound_window_update_frames_flood", StatKind::Counter},
    {"keepalive_timeout", StatKind::Counter},
    {"metadata_empty_frames", StatKind::Counter},
    {"outbound_control_flood", StatKind::Counter},
    {"outbound_control_frames_active", StatKind::Gauge},
    {"outbound_flood", StatKind::Counter},
    {"outbound_frames_active", StatKind::Gauge},
    {"requests_rejected_with_underscores_in_headers", StatKind::Counter},
    {"rx_messaging_error", StatKind::Counter},
    {"stream_refused_errors", StatKind::Counter},
    {"tx_flush_timeout", StatKind::Counter},
  };
};

enum class ClusterStat : uint8_t {
  upstream_rq_total,
  upstream_rq_active,
  upstream_rq_completed,
  upstream_rq_1xx,
  upstream_rq_2xx,
  upstream_rq_3xx,
  upstream_rq_4xx,
  upstream_rq_5xx,
  upstream_rq_codes,
  external_upstream_rq_completed,
  external_upstream_rq_1xx,
  external_upstream_rq_2xx,
  external_upstream_rq_3xx,
  external_upstream_rq_4xx,
  external_upstream_rq_5xx,
  external_upstream_rq_codes,
  upstream_rq_time,
  external_upstream_rq_time,
  upstream_cx_rx_bytes_total,
  upstream_cx_tx_bytes_total,
  upstream_cx_rx_bytes_buffered,
  upstream_cx_tx_bytes_buffered,
  upstream_cx_total,
  upstream_cx_active,
  upstream_cx_http1_total,
  upstream_cx_http2_total,
  upstream_cx_connect_ms,
  upstream_cx_length_ms,
  upstream_rq_per_cx,
  upstream_rq_pending_total,
  upstream_rq_pending_active,
  upstream_cx_destroy,
  upstream_cx_destroy_local,
  upstream_cx_destroy_remote,
  internal_upstream_rq_completed,
  internal_upstream_rq_1xx,
  internal_upstream_rq_2xx,
  internal_upstream_rq_3xx,
  internal_upstream_rq_4xx,
  internal_upstream_rq_5xx,
  internal_upstream_rq_codes,
  internal_upstream_rq_time,
  canary_upstream_rq_completed,
  canary_upstream_rq_1xx,
  canary_upstream_rq_2xx,
  canary_upstream_rq_3xx,
  canary_upstream_rq_4xx,
  canary_upstream_rq_5xx,
  canary_upstream_rq_codes,
  canary_upstream_rq_time,
  retry_upstream_rq_completed,
  retry_upstream_rq_1xx,
  retry_upstream_rq_2xx,
  retry_upstream_rq_3xx,
  retry_upstream_rq_4xx,
  retry_upstream_rq_5xx,
  retry_upstream_rq_codes,
  bind_errors,
  lb_healthy_panic,
  lb_local_cluster_not_ok,
  lb_recalculate_zone_structures,
  lb_subsets_active,
  lb_subsets_created,
  lb_subsets_fallback,
  lb_subsets_fallback_panic,
  lb_subsets_removed,
  lb_subsets_selected,
  lb_zone_cluster_too_small,
  lb_zone_no_capacity_left,
  lb_zone_routing_all_directly,
  lb_zone_routing_cross_zone,
  lb_zone_routing_sampled,
  original_dst_host_invalid,
  retry_or_shadow_abandoned,
  upstream_cx_close_notify,
  upstream_cx_connect_attempts_exceeded,
  upstream_cx_connect_fail,
  upstream_cx_connect_timeout,
  upstream_cx_connect_with_0_rtt,
  upstream_cx_destroy_local_with_active_rq,
  upstream_cx_destroy_remote_with_active_rq,
  upstream_cx_destroy_with_active_rq,
  upstream_cx_http3_total,
  upstream_cx_idle_timeout,
  upstream_cx_max_duration_reached,
  upstream_cx_max_requests,
  upstream_cx_none_healthy,
  upstream_cx_overflow,
  upstream_cx_pool_overflow,
  upstream_cx_preconnect_skipped,
  upstream_cx_protocol_error,
  upstream_flow_control_backed_up_total,
  upstream_flow_control_drained_total,
  upstream_flow_control_paused_reading_total,
  upstream_flow_control_resumed_reading_total,
  upstream_http3_broken,
  upstream_internal_redirect_failed_total,
  upstream_internal_redirect_succeeded_total,
  upstream_queue_overloaded,
  upstream_rq_0rtt,
  upstream_rq_active_overflow,
  upstream_rq_cancelled,
  upstream_rq_maintenance_mode,
  upstream_rq_max_duration_reached,
  upstream_rq_pending_failure_eject,
  upstream_rq_pending_overflow,
  upstream_rq_per_try_idle_timeout,
  upstream_rq_per_try_timeout,
  upstream_rq_retry,
  upstream_rq_retry_backoff_exponential,
  upstream_rq_retry_backoff_ratelimited,
  upstream_rq_retry_limit_exceeded,
  upstream_rq_retry_overflow,
  upstream_rq_retry_success,
  upstream_rq_rx_reset,
  upstream_rq_rx_reset_no_error,
  upstream_rq_timeout,
  upstream_rq_tx_reset,
  circuit_breakers_default_cx_open,
  circuit_breakers_default_cx_pool_open,
  circuit_breakers_default_rq_open,
  circuit_breakers_default_rq_pending_open,
  circuit_breakers_default_rq_retry_open,
  circuit_breakers_high_cx_open,
  circuit_breakers_high_cx_pool_open,
  circuit_breakers_high_rq_open,
  circuit_breakers_high_rq_pending_open,
  circuit_breakers_high_rq_retry_open,
  ext_authz_ok,
  ext_authz_denied,
  ext_authz_error,
  ext_authz_failure_mode_allowed,
};

template <>
struct StatTemplate<ClusterStat> {
  static constexpr ScopeKind kind = ScopeKind::Cluster;
  static constexpr StatInfo stats[] = {
    {"upstream_rq_total", StatKind::Counter},
    {"upstream_rq_active", StatKind::Gauge},
    {"upstream_rq_completed", StatKind::Counter},
    {"upstream_rq_1xx", StatKind::LateCounter},
    {"upstream_rq_2xx", StatKind::LateCounter},
    {"upstream_rq_3xx", StatKind::LateCounter},
    {"upstream_rq_4xx", StatKind::LateCounter},
    {"upstream_rq_5xx", StatKind::LateCounter},
    {"upstream_rq_", StatKind::Codes},
    {"external.upstream_rq_completed", StatKind::LateCounter},
    {"external.upstream_rq_1xx", StatKind::LateCounter},
    {"external.upstream_rq_2xx", StatKind::LateCounter},
    {"external.upstream_rq_3xx", StatKind::LateCounter},
    {"external.upstream_rq_4xx", StatKind::LateCounter},
    {"external.upstream_rq_5xx", StatKind::LateCounter},
    {"external.upstream_rq_", StatKind::Codes},
    {"upstream_rq_time", StatKind::LateHistogram},
    {"external.upstream_rq_time", StatKind::LateHistogram},
    {"upstream_cx_rx_bytes_total", StatKind::Counter},
    {"upstream_cx_tx_bytes_total", StatKind::Counter},
    {"upstream_cx_rx_bytes_buffered", StatKind::Gauge},
    {"upstream_cx_tx_bytes_buffered", StatKind::Gauge},
    {"upstream_cx_total", StatKind::Counter},
    {"upstream_cx_active", StatKind::Gauge},
    {"upstream_cx_http1_total", StatKind::Counter},
    {"upstream_cx_http2_total", StatKind::Counter},
    {"upstream_cx_connect_ms", StatKind::Histogram},
    {"upstream_cx_length_ms", StatKind::Histogram},
    {"upstream_rq_per_cx", StatKind::Histogram},
    {"upstream_rq_pending_total", StatKind::Counter},
    {"upstream_rq_pending_active", StatKind::Gauge},
    {"upstream_cx_destroy", StatKind::Counter},
    {"upstream_cx_destroy_local", StatKind::Counter},
    {"upstream_cx_destroy_remote", StatKind::Counter},
    {"internal.upstream_rq_completed", StatKind::LateCounter},
    {"internal.upstream_rq_1xx", StatKind::LateCounter},
    {"internal.upstream_rq_2xx", StatKind::LateCounter},
    {"internal.upstream_rq_3xx", StatKind::LateCounter},
    {"internal.upstream_rq_4xx", StatKind::LateCounter},
    {"internal.upstream_rq_5xx", StatKind::LateCounter},
    {"internal.upstream_rq_", StatKind::Codes},
    {"internal.upstream_rq_time", StatKind::LateHistogram},
    {"canary.upstream_rq_completed", StatKind::LateCounter},
    {"canary.upstream_rq_1xx", StatKind::LateCounter},
    {"canary.upstream_rq_2xx", StatKind::LateCounter},
    {"canary.upstream_rq_3xx", StatKind::LateCounter},
    {"canary.upstream_rq_4xx", StatKind::LateCounter},
    {"canary.upstream_rq_5xx", StatKind::LateCounter},
    {"canary.upstream_rq_", StatKind::Codes},
    {"canary.upstream_rq_time", StatKind::LateHistogram},
    {"retry.upstream_rq_completed", StatKind::LateCounter},
    {"retry.upstream_rq_1xx", StatKind::LateCounter},
    {"retry.upstream_rq_2xx", StatKind::LateCounter},
    {"retry.upstream_rq_3xx", StatKind::LateCounter},
    {"retry.upstream_rq_4xx", StatKind::LateCounter},
    {"retry.upstream_rq_5xx", StatKind::LateCounter},
    {"retry.upstream_rq_", StatKind::Codes},
    {"bind_errors", StatKind::Counter},
    {"lb_healthy_panic", StatKind::Counter},
    {"lb_local_cluster_not_ok", StatKind::Counter},
    {"lb_recalculate_zone_structures", StatKind::Counter},
    {"lb_subsets_active", StatKind::Gauge},
    {"lb_subsets_created", StatKind::Counter},
    {"lb_subsets_fallback", StatKind::Counter},
    {"lb_subsets_fallback_panic", StatKind::Counter},
    {"lb_subsets_removed", StatKind::Counter},
    {"lb_subsets_selected", StatKind::Counter},
    {"lb_zone_cluster_too_small", StatKind::Counter},
    {"lb_zone_no_capacity_left", StatKind::Counter},
    {"lb_zone_routing_all_directly", StatKind::Counter},
    {"lb_zone_routing_cross_zone", StatKind::Counter},
    {"lb_zone_routing_sampled", StatKind::Counter},
    {"original_dst_host_invalid", StatKind::Counter},
    {"retry_or_shadow_abandoned", StatKind::Counter},
    {"upstream_cx_close_notify", StatKind::Counter},
    {"upstream_cx_connect_attempts_exceeded", StatKind::Counter},
    {"upstream_cx_connect_fail", StatKind::Counter},
    {"upstream_cx_connect_timeout", StatKind::Counter},
    {"upstream_cx_connect_with_0_rtt", StatKind::Counter},
    {"upstream_cx_destroy_local_with_active_rq", StatKind::Counter},
    {"upstream_cx_destroy_remote_with_active_rq", StatKind::Counter},
    {"upstream_cx_destroy_with_active_rq", StatKind::Counter},
    {"upstream_cx_http3_total", StatKind::Counter},
    {"upstream_cx_idle_timeout", StatKind::Counter},
    {"upstream_cx_max_duration_reached", StatKind::Counter},
    {"upstream_cx_max_requests", StatKind::Counter},
    {"upstream_cx_none_healthy", StatKind::Counter},
    {"upstream_cx_overflow", StatKind::Counter},
    {"upstream_cx_pool_overflow", StatKind::Counter},
    {"upstream_cx_preconnect_skipped", StatKind::Counter},
    {"upstream_cx_protocol_error", StatKind::Counter},
    {"upstream_flow_control_backed_up_total", StatKind::Counter},
    {"upstream_flow_control_drained_total", StatKind::Counter},
    {"upstream_flow_control_paused_reading_total", StatKind::Counter},
    {"upstream_flow_control_resumed_reading_total", StatKind::Counter},
    {"upstream_http3_broken", StatKind::Counter},
    {"upstream_internal_redirect_failed_total", StatKind::Counter},
    {"upstream_internal_redirect_succeeded_total", StatKind::Counter},
    {"upstream_queue_overloaded", StatKind::Gauge},
    {"upstream_rq_0rtt", StatKind::Counter},
    {"upstream_rq_active_overflow", StatKind::Counter},
    {"upstream_rq_cancelled", StatKind::Counter},
    {"upstream_rq_maintenance_mode", StatKind::Counter},
    {"upstream_rq_max_duration_reached", StatKind::Counter},
    {"upstream_rq_pending_failure_eject", StatKind::Counter},
    {"upstream_rq_pending_overflow", StatKind::Counter},
    {"upstream_rq_per_try_idle_timeout", StatKind::Counter},
    {"upstream_rq_per_try_timeout", StatKind::Counter},
    {"upstream_rq_retry", StatKind::Counter},
    {"upstream_rq_retry_backoff_exponential", StatKind::Counter},
    {"upstream_rq_retry_backoff_ratelimited", StatKind::Counter},
    {"upstream_rq_retry_limit_exceeded", StatKind::Counter},
    {"upstream_rq_retry_overflow", StatKind::Counter},
    {"upstream_rq_retry_success", StatKind::Counter},
    {"upstream_rq_rx_reset", StatKind::Counter},
    {"upstream_rq_rx_reset_no_error", StatKind::Counter},
    {"upstream_rq_timeout", StatKind::Counter},
    {"upstream_rq_tx_reset", StatKind::Counter},
    {"circuit_breakers.default.cx_open", StatKind::Gauge},
    {"circuit_breakers.default.cx_pool_open", StatKind::Gauge},
    {"circuit_breakers.default.rq_open", StatKind::Gauge},
    {"circuit_breakers.default.rq_pending_open", StatKind::Gauge},
    {"circuit_breakers.default.rq_retry_open", StatKind::Gauge},
    {"circuit_breakers.high.cx_open", StatKind::Gauge},
    {"circuit_breakers.high.cx_pool_open", StatKind::Gauge},
    {"circuit_breakers.high.rq_open", StatKind::Gauge},
    {"circuit_breakers.high.rq_pending_open", StatKind::Gauge},
    {"circuit_breakers.high.rq_retry_open", StatKind::Gauge},
    {"ext_authz.ok", StatKind::LateCounter},
    {"ext_authz.denied", StatKind::LateCounter},
    {"ext_authz.error", StatKind::LateCounter},
    {"ext_authz.failure_mode_allowed", StatKind::LateCounter},
  };
};

enum class ExtAuthzStat : uint8_t {
  ok,
  denied,
  error,
  disabled,
  failure_mode_allowed,
  filter_state_name_collision,
  ignored_dynamic_metadata,
  invalid,
  omitted_response_headers,
  request_header_limits_reached,
  response_header_limits_reached,
  shadow_denied,
  shadow_error,
};

template <>
struct StatTemplate<ExtAuthzStat> {
  static constexpr ScopeKind kind = ScopeKind::ExtAuthz;
  static constexpr StatInfo stats[] = {
    {"ok", StatKind::Counter},
    {"denied", StatKind::Counter},
    {"error", StatKind::Counter},
    {"disabled", StatKind::Counter},
    {"failure_mode_allowed", StatKind::Counter},
    {"filter_state_name_collision", StatKind::Counter},
    {"ignored_dynamic_metadata", StatKind::Counter},
    {"invalid", StatKind::Counter},
    {"omitted_response_headers", StatKind::Counter},
    {"request_header_limits_reached", StatKind::Counter},
    {"response_header_limits_reached", StatKind::Counter},
    {"shadow_denied", StatKind::Counter},
    {"shadow_error", StatKind::Counter},
  };
};

enum class ClusterControlStat : uint8_t {
  membership_total,
  membership_healthy,
  membership_degraded,
  membership_excluded,
  membership_change,
  max_host_weight,
  default_total_match_count,
  update_attempt,
  update_success,
  update_no_rebuild,
  update_failure,
  update_empty,
  assignment_stale,
  assignment_timeout_received,
  assignment_use_cached,
  warming_state,
  version,
};

template <>
struct StatTemplate<ClusterControlStat> {
  static constexpr ScopeKind kind = ScopeKind::ClusterControl;
  static constexpr StatInfo stats[] = {
    {"membership_total", StatKind::Gauge},
    {"membership_healthy", StatKind::Gauge},
    {"membership_degraded", StatKind::Gauge},
    {"membership_excluded", StatKind::Gauge},
    {"membership_change", StatKind::Counter},
    {"max_host_weight", StatKind::Gauge},
    {"default.total_match_count", StatKind::Counter},
    {"update_attempt", StatKind::Counter},
    {"update_success", StatKind::Counter},
    {"update_no_rebuild", StatKind::Counter},
    {"update_failure", StatKind::Counter},
    {"update_empty", StatKind::Counter},
    {"assignment_stale", StatKind::Counter},
    {"assignment_timeout_received", StatKind::Counter},
    {"assignment_use_cached", StatKind::Counter},
    {"warming_state", StatKind::Gauge},
    {"version", StatKind::Gauge},
  };
};

enum class RemainingStat : uint8_t {
  remaining_cx,
  remaining_cx_pools,
  remaining_pending,
  remaining_retries,
  remaining_rq,
};

template <>
struct StatTemplate<RemainingStat> {
  static constexpr ScopeKind kind = ScopeKind::Remaining;
  static constexpr StatInfo stats[] = {
    {"remaining_cx", StatKind::Gauge},
    {"remaining_cx_pools", StatKind::Gauge},
    {"remaining_pending", StatKind::Gauge},
    {"remaining_retries", StatKind::Gauge},
    {"remaining_rq", StatKind::Gauge},
  };
};

enum class TimeoutBudgetStat : uint8_t {
  upstream_rq_timeout_budget_percent_used,
  upstream_rq_timeout_budget_per_try_percent_used,
};

template <>
struct StatTemplate<TimeoutBudgetStat> {
  static constexpr ScopeKind kind = ScopeKind::TimeoutBudget;
  static constexpr StatInfo stats[] = {
    {"upstream_rq_timeout_budget_percent_used", StatKind::Percents},
    {"upstream_rq_timeout_budget_per_try_percent_used", StatKind::Percents},
  };
};

enum class SizesStat : uint8_t {
  upstream_rq_body_size,
  upstream_rq_headers_count,
  upstream_rq_headers_size,
  upstream_rs_body_size,
  upstream_rs_headers_count,
  upstream_rs_headers_size,
};

template <>
struct StatTemplate<SizesStat> {
  static constexpr ScopeKind kind = ScopeKind::Sizes;
  static constexpr StatInfo stats[] = {
    {"upstream_rq_body_size", StatKind::Histogram},
    {"upstream_rq_headers_count", StatKind::Histogram},
    {"upstream_rq_headers_size", StatKind::Histogram},
    {"upstream_rs_body_size", StatKind::Histogram},
    {"upstream_rs_headers_count", StatKind::Histogram},
    {"upstream_rs_headers_size", StatKind::Histogram},
  };
};

enum class HealthCheckStat : uint8_t {
  attempt,
  success,
  failure,
  network_failure,
  passive_failure,
  verify_cluster,
  healthy,
  degraded,
};

template <>
struct StatTemplate<HealthCheckStat> {
  static constexpr ScopeKind kind = ScopeKind::HealthCheck;
  static constexpr StatInfo stats[] = {
    {"attempt", StatKind::Counter},
    {"success", StatKind::Counter},
    {"failure", StatKind::Counter},
    {"network_failure", StatKind::Counter},
    {"passive_failure", StatKind::Counter},
    {"verify_cluster", StatKind::Counter},
    {"healthy", StatKind::Gauge},
    {"degraded", StatKind::Gauge},
  };
};

enum class OutlierDetectionStat : uint8_t {
  ejections_active,
  ejections_total,
  ejections_overflow,
  ejections_consecutive_5xx,
  ejections_success_rate,
  ejections_enforced_total,
  ejections_enforced_consecutive_5xx,
  ejections_enforced_consecutive_gateway_failure,
  ejections_enforced_consecutive_local_origin_failure,
  ejections_enforced_failure_percentage,
  ejections_enforced_local_origin_failure_percentage,
  ejections_enforced_local_origin_success_rate,
  ejections_enforced_success_rate,
  ejections_detected_consecutive_5xx,
  ejections_detected_consecutive_gateway_failure,
  ejections_detected_consecutive_local_origin_failure,
  ejections_detected_degradation,
  ejections_detected_failure_percentage,
  ejections_detected_local_origin_failure_percentage,
  ejections_detected_local_origin_success_rate,
  ejections_detected_success_rate,
};

template <>
struct StatTemplate<OutlierDetectionStat> {
  static constexpr ScopeKind kind = ScopeKind::OutlierDetection;
  static constexpr StatInfo stats[] = {
    {"ejections_active", StatKind::Gauge},
    {"ejections_total", StatKind::Counter},
    {"ejections_overflow", StatKind::Counter},
    {"ejections_consecutive_5xx", StatKind::Counter},
    {"ejections_success_rate", StatKind::Counter},
    {"ejections_enforced_total", StatKind::Counter},
    {"ejections_enforced_consecutive_5xx", StatKind::Counter},
    {"ejections_enforced_consecutive_gateway_failure", StatKind::Counter},
    {"ejections_enforced_consecutive_local_origin_failure", StatKind::Counter},
    {"ejections_enforced_failure_percentage", StatKind::Counter},
    {"ejections_enforced_local_origin_failure_percentage", StatKind::Counter},
    {"ejections_enforced_local_origin_success_rate", StatKind::Counter},
    {"ejections_enforced_success_rate", StatKind::Counter},
    {"ejections_detected_consecutive_5xx", StatKind::Counter},
    {"ejections_detected_consecutive_gateway_failure", StatKind::Counter},
    {"ejections_detected_consecutive_local_origin_failure", StatKind::Counter},
    {"ejections_detected_degradation", StatKind::Counter},
    {"ejections_detected_failure_percentage", StatKind::Counter},
    {"ejections_detected_local_origin_failure_percentage", StatKind::Counter},
    {"ejections_detected_local_origin_success_rate", StatKind::Counter},
    {"ejections_detected_success_rate", StatKind::Counter},
  };
};

enum class HostStat : uint8_t {
  rq_total,
  rq_active,
  rq_success,
  rq_error,
  rq_timeout,
  cx_total,
  cx_active,
  cx_connect_fail,
  rq_pending_active,
};

template <>
struct StatTemplate<HostStat> {
  static constexpr ScopeKind kind = ScopeKind::Host;
  static constexpr StatInfo stats[] = {
    {"rq_total", StatKind::Counter},
    {"rq_active", StatKind::Gauge},
    {"rq_success", StatKind::Counter},
    {"rq_error", StatKind::Counter},
    {"rq_timeout", StatKind::Counter},
    {"cx_total", StatKind::Counter},
    {"cx_active", StatKind::Gauge},
    {"cx_connect_fail", StatKind::Counter},
    {"rq_pending_active", StatKind::Gauge},
  };
};

enum class VirtualClusterStat : uint8_t {
  upstream_rq_total,
  upstream_rq_completed,
  upstream_rq_1xx,
  upstream_rq_2xx,
  upstream_rq_3xx,
  upstream_rq_4xx,
  upstream_rq_5xx,
  upstream_rq_codes,
  upstream_rq_time,
  upstream_rq_retry,
  upstream_rq_retry_limit_exceeded,
  upstream_rq_retry_overflow,
  upstream_rq_retry_success,
  upstream_rq_timeout,
};

template <>
struct StatTemplate<VirtualClusterStat> {
  static constexpr ScopeKind kind = ScopeKind::VirtualCluster;
  static constexpr StatInfo stats[] = {
    {"upstream_rq_total", StatKind::Counter},
    {"upstream_rq_completed", StatKind::LateCounter},
    {"upstream_rq_1xx", StatKind::LateCounter},
    {"upstream_rq_2xx", StatKind::LateCounter},
    {"upstream_rq_3xx", StatKind::LateCounter},
    {"upstream_rq_4xx", StatKind::LateCounter},
    {"upstream_rq_5xx", StatKind::LateCounter},
    {"upstream_rq_", StatKind::Codes},
    {"upstream_rq_time", StatKind::LateHistogram},
    {"upstream_rq_retry", StatKind::Counter},
    {"upstream_rq_retry_limit_exceeded", StatKind::Counter},
    {"upstream_rq_retry_overflow", StatKind::Counter},
    {"upstream_rq_retry_success", StatKind::Counter},
    {"upstream_rq_timeout", StatKind::Counter},
  };
};

enum class RouteStat : uint8_t {
  upstream_rq_total,
  upstream_rq_completed,
  upstream_rq_1xx,
  upstream_rq_2xx,
  upstream_rq_3xx,
  upstream_rq_4xx,
  upstream_rq_5xx,
  upstream_rq_codes,
  upstream_rq_time,
  upstream_rq_retry,
  upstream_rq_retry_limit_exceeded,
  upstream_rq_retry_overflow,
  upstream_rq_retry_success,
  upstream_rq_timeout,
};

template <>
struct StatTemplate<RouteStat> {
  static constexpr ScopeKind kind = ScopeKind::Route;
  static constexpr StatInfo stats[] = {
    {"upstream_rq_total", StatKind::Counter},
    {"upstream_rq_completed", StatKind::LateCounter},
    {"upstream_rq_1xx", StatKind::LateCounter},
    {"upstream_rq_2xx", StatKind::LateCounter},
    {"upstream_rq_3xx", StatKind::LateCounter},
    {"upstream_rq_4xx", StatKind::LateCounter},
    {"upstream_rq_5xx", StatKind::LateCounter},
    {"upstream_rq_", StatKind::Codes},
    {"upstream_rq_time", StatKind::LateHistogram},
    {"upstream_rq_retry", StatKind::Counter},
    {"upstream_rq_retry_limit_exceeded", StatKind::Counter},
    {"upstream_rq_retry_overflow", StatKind::Counter},
    {"upstream_rq_retry_success", StatKind::Counter},
    {"upstream_rq_timeout", StatKind::Counter},
  };
};

enum class TcpProxyStat : uint8_t {
  downstream_cx_total,
  downstream_cx_rx_bytes_total,
  downstream_cx_tx_bytes_total,
  downstream_cx_rx_bytes_buffered,
  downstream_cx_tx_bytes_buffered,
  downstream_cx_drain_close,
  downstream_cx_no_route,
  downstream_cx_overload_close,
  downstream_flow_control_paused_reading_total,
  downstream_flow_control_resumed_reading_total,
  early_data_received_count_total,
  idle_timeout,
  max_downstream_connection_duration,
  route_delayed_total,
  upstream_flush_active,
  upstream_flush_total,
};

template <>
struct StatTemplate<TcpProxyStat> {
  static constexpr ScopeKind kind = ScopeKind::TcpProxy;
  static constexpr StatInfo stats[] = {
    {"downstream_cx_total", StatKind::Counter},
    {"downstream_cx_rx_bytes_total", StatKind::Counter},
    {"downstream_cx_tx_bytes_total", StatKind::Counter},
    {"downstream_cx_rx_bytes_buffered", StatKind::Gauge},
    {"downstream_cx_tx_bytes_buffered", StatKind::Gauge},
    {"downstream_cx_drain_close", StatKind::Counter},
    {"downstream_cx_no_route", StatKind::Counter},
    {"downstream_cx_overload_close", StatKind::Counter},
    {"downstream_flow_control_paused_reading_total", StatKind::Counter},
    {"downstream_flow_control_resumed_reading_total", StatKind::Counter},
    {"early_data_received_count_total", StatKind::Counter},
    {"idle_timeout", StatKind::Counter},
    {"max_downstream_connection_duration", StatKind::Counter},
    {"route_delayed_total", StatKind::Counter},
    {"upstream_flush_active", StatKind::Gauge},
    {"upstream_flush_total", StatKind::Counter},
  };
};

enum class TlsInspectorStat : uint8_t {
  alpn_found,
  alpn_not_found,
  client_hello_too_large,
  sni_found,
  sni_not_found,
  tls_found,
  tls_not_found,
};

template <>
struct StatTemplate<TlsInspectorStat> {
  static constexpr ScopeKind kind = ScopeKind::TlsInspector;
  static constexpr StatInfo stats[] = {
    {"alpn_found", StatKind::Counter},
    {"alpn_not_found", StatKind::Counter},
    {"client_hello_too_large", StatKind::Counter},
    {"sni_found", StatKind::Counter},
    {"sni_not_found", StatKind::Counter},
    {"tls_found", StatKind::Counter},
    {"tls_not_found", StatKind::Counter},
  };
};

enum class HttpInspectorStat : uint8_t {
  http10_found,
  http11_found,
  http2_found,
  http_not_found,
};

template <>
struct StatTemplate<HttpInspectorStat> {
  static constexpr ScopeKind kind = ScopeKind::HttpInspector;
  static constexpr StatInfo stats[] = {
    {"http10_found", StatKind::Counter},
    {"http11_found", StatKind::Counter},
    {"http2_found", StatKind::Counter},
    {"http_not_found", StatKind::Counter},
  };
};

enum class ProxyProtocolStat : uint8_t {
  not_found_allowed,
  not_found_disallowed,
  versions_v1_found,
  versions_v1_disallowed,
  versions_v1_error,
  versions_v2_found,
  versions_v2_disallowed,
  versions_v2_error,
};

template <>
struct StatTemplate<ProxyProtocolStat> {
  static constexpr ScopeKind kind = ScopeKind::ProxyProtocol;
  static constexpr StatInfo stats[] = {
    {"not_found_allowed", StatKind::Counter},
    {"not_found_disallowed", StatKind::Counter},
    {"versions.v1.found", StatKind::Counter},
    {"versions.v1.disallowed", StatKind::Counter},
    {"versions.v1.error", StatKind::Counter},
    {"versions.v2.found", StatKind::Counter},
    {"versions.v2.disallowed", StatKind::Counter},
    {"versions.v2.error", StatKind::Counter},
  };
};

enum class ListenerLocalRateLimitStat : uint8_t {
  rate_limited,
};

template <>
struct StatTemplate<ListenerLocalRateLimitStat> {
  static constexpr ScopeKind kind = ScopeKind::ListenerLocalRateLimit;
  static constexpr StatInfo stats[] = {
    {"rate_limited", StatKind::Counter},
  };
};

enum class NetworkLocalRateLimitStat : uint8_t {
  rate_limited,
};

template <>
struct StatTemplate<NetworkLocalRateLimitStat> {
  static constexpr ScopeKind kind = ScopeKind::NetworkLocalRateLimit;
  static constexpr StatInfo stats[] = {
    {"rate_limited", StatKind::Counter},
  };
};

enum class ConnectionLimitStat : uint8_t {
  active_connections,
  limited_connections,
};

template <>
struct StatTemplate<ConnectionLimitStat> {
  static constexpr ScopeKind kind = ScopeKind::ConnectionLimit;
  static constexpr StatInfo stats[] = {
    {"active_connections", StatKind::Gauge},
    {"limited_connections", StatKind::Counter},
  };
};

enum class NetworkRbacStat : uint8_t {
  allowed,
  denied,
  shadow_allowed,
  shadow_denied,
};

template <>
struct StatTemplate<NetworkRbacStat> {
  static constexpr ScopeKind kind = ScopeKind::NetworkRbac;
  static constexpr StatInfo stats[] = {
    {"allowed", StatKind::Counter},
    {"denied", StatKind::Counter},
    {"shadow_allowed", StatKind::Counter},
    {"shadow_denied", StatKind::Counter},
  };
};

enum class FilesystemStat : uint8_t {
  flushed_by_timer,
  reopen_failed,
  write_buffered,
  write_completed,
  write_failed,
  write_total_buffered,
};

template <>
struct StatTemplate<FilesystemStat> {
  static constexpr ScopeKind kind = ScopeKind::Filesystem;
  static constexpr StatInfo stats[] = {
    {"flushed_by_timer", StatKind::Counter},
    {"reopen_failed", StatKind::Counter},
    {"write_buffered", StatKind::Counter},
    {"write_completed", StatKind::Counter},
    {"write_failed", StatKind::Counter},
    {"write_total_buffered", StatKind::Gauge},
  };
};

template <typename Use>
constexpr auto with_stats_of(ScopeKind kind, Use use) {
  switch (kind) {
    case ScopeKind::Listener:
      return use(StatTemplate<ListenerStat>::stats);
    case ScopeKind::Ssl:
      return use(StatTemplate<SslStat>::stats);
    case ScopeKind::SslFactory:
      return use(StatTemplate<SslFactoryStat>::stats);
    case ScopeKind::ListenerWorker:
      return use(StatTemplate<ListenerWorkerStat>::stats);
    case ScopeKind::ListenerHttp:
      return use(StatTemplate<ListenerHttpStat>::stats);
    case ScopeKind::Http:
      return use(StatTemplate<HttpStat>::stats);
    case ScopeKind::Router:
      return use(StatTemplate<RouterStat>::stats);
    case ScopeKind::Tracing:
      return use(StatTemplate<TracingStat>::stats);
    case ScopeKind::Http1:
      return use(StatTemplate<Http1Stat>::stats);
    case ScopeKind::Http2:
      return use(StatTemplate<Http2Stat>::stats);
    case ScopeKind::Cluster:
      return use(StatTemplate<ClusterStat>::stats);
    case ScopeKind::ExtAuthz:
      return use(StatTemplate<ExtAuthzStat>::stats);
    case ScopeKind::ClusterControl:
      return use(StatTemplate<ClusterControlStat>::stats);
    case ScopeKind::Remaining:
      return use(StatTemplate<RemainingStat>::stats);
    case ScopeKind::TimeoutBudget:
      return use(StatTemplate<TimeoutBudgetStat>::stats);
    case ScopeKind::Sizes:
      return use(StatTemplate<SizesStat>::stats);
    case ScopeKind::HealthCheck:
      return use(StatTemplate<HealthCheckStat>::stats);
    case ScopeKind::OutlierDetection:
      return use(StatTemplate<OutlierDetectionStat>::stats);
    case ScopeKind::Host:
      return use(StatTemplate<HostStat>::stats);
    case ScopeKind::VirtualCluster:
      return use(StatTemplate<VirtualClusterStat>::stats);
    case ScopeKind::Route:
      return use(StatTemplate<RouteStat>::stats);
    case ScopeKind::TcpProxy:
      return use(StatTemplate<TcpProxyStat>::stats);
    case ScopeKind::TlsInspector:
      return use(StatTemplate<TlsInspectorStat>::stats);
    case ScopeKind::HttpInspector:
      return use(StatTemplate<HttpInspectorStat>::stats);
    case ScopeKind::ProxyProtocol:
      return use(StatTemplate<ProxyProtocolStat>::stats);
    case ScopeKind::ListenerLocalRateLimit:
      return use(StatTemplate<ListenerLocalRateLimitStat>::stats);
    case ScopeKind::NetworkLocalRateLimit:
      return use(StatTemplate<NetworkLocalRateLimitStat>::stats);
    case ScopeKind::ConnectionLimit:
      return use(StatTemplate<ConnectionLimitStat>::stats);
    case ScopeKind::NetworkRbac:
      return use(StatTemplate<NetworkRbacStat>::stats);
    case ScopeKind::Filesystem:
      return use(StatTemplate<FilesystemStat>::stats);
  }
  __builtin_unreachable();
}

}  // namespace outrider

// The addon's functions: X(name in C++, name in TypeScript).
#define OUTRIDER_CALLS(X) \
  X(create, "create") \
  X(set_clusters, "setClusters") \
  X(set_secret, "setSecret") \
  X(set_endpoints, "setEndpoints") \
  X(set_host_health, "setHostHealth") \
  X(remove_cluster, "removeCluster") \
  X(set_routes, "setRoutes") \
  X(remove_routes, "removeRoutes") \
  X(add_listener, "addListener") \
  X(remove_listener, "removeListener") \
  X(start, "start") \
  X(stop, "stop") \
  X(stop_accepting, "stopAccepting") \
  X(drain_connections, "drainConnections") \
  X(set_draining, "setDraining") \
  X(set_health_failed, "setHealthFailed") \
  X(set_runtime, "setRuntime") \
  X(reopen_logs, "reopenLogs") \
  X(count_update, "countUpdate") \
  X(connections, "connections") \
  X(describe_hosts, "describeHosts") \
  X(read_stats, "readStats") \
  X(regex_fault, "regexFault") \
  X(format_fault, "formatFault")
