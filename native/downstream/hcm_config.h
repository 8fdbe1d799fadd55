#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access_log/access_log.h"
#include "access_log/local_reply.h"
#include "base/cidr_set.h"
#include "base/config_view.h"
#include "base/result.h"
#include "base/string_match.h"
#include "codec/http1/encoder.h"
#include "codec/http1/parser.h"
#include "codec/http2/options.h"
#include "formatter/mutation_rules.h"

namespace outrider {

enum class CodecType : uint8_t { Auto, Http1, Http2, Http3 };
enum class ServerHeader : uint8_t { Overwrite, AppendIfAbsent, PassThrough };
enum class EscapedSlashes : uint8_t { KeepUnchanged, RejectRequest, UnescapeAndRedirect, UnescapeAndForward };
enum class StripPort : uint8_t { None, Matching, Any };
enum class ForwardClientCert : uint8_t {
  Sanitize,
  ForwardOnly,
  AppendForward,
  SanitizeSet,
  AlwaysForwardOnly
};

// What the process knows when a connection manager is built. Texts must outlive the HcmConfig.
struct HcmBuildContext {
  LogFiles& log_files;
  std::string_view node_id;       // x-envoy-downstream-service-node
  std::string_view node_cluster;  // user-agent and x-envoy-downstream-service-cluster, with add_user_agent
  std::string_view local_ip;      // stands in x-forwarded-for for clients on 127.0.0.1; local_ip_address()
  // Runtime keys that Envoy reads when the configuration is loaded.
  bool normalize_path = false;  // http_connection_manager.normalize_path
  EscapedSlashes escaped_slashes = EscapedSlashes::KeepUnchanged;
  uint32_t max_request_headers_kb = 60;      // envoy.reloadable_features.max_request_headers_size_kb
  uint32_t max_request_headers_count = 100;  // envoy.reloadable_features.max_request_headers_count
};

// The first address of this machine that is not loopback, or "127.0.0.1" (IPv6: "::1"): what Envoy takes
// for its own address.
std::string local_ip_address(bool ipv6 = false);

// envoy.extensions.http.original_ip_detection.{xff,custom_header}.v3
struct IpDetection {
  enum class Kind : uint8_t { Xff, CustomHeader };
  Kind kind = Kind::Xff;
  // Xff
  uint32_t trusted_hops = 0;
  bool by_trusted_cidrs = false;
  bool skip_xff_append = true;
  CidrSet trusted_cidrs;
  // CustomHeader
  std::string header;  // lower case
  HeaderId header_id = HeaderId::None;
  bool trust_address = false;
  uint16_t reject_status = 0;  // 0: go on
};

struct HttpFilterConfig {
  std::string_view name;
  std::string_view type;  // full message name; empty with config_discovery
  ConfigView config;      // the typed_config
  ConfigView discovery;   // envoy.config.core.v3.ExtensionConfigSource
  bool is_optional = false;
  bool disabled = false;
};

struct UpgradeConfig {
  std::string_view type;
  bool enabled = true;
  std::vector<HttpFilterConfig> filters;  // empty: those of the connection manager
};

struct ProxyStatus {
  bool enabled = false;
  bool remove_details = false;
  bool remove_connection_termination_details = false;
  bool remove_response_flags = false;
  bool set_recommended_response_code = false;
  std::string_view proxy_name;
};

// envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, read once. Immutable,
// shared by all workers; views point into the configuration tree, which must outlive it.
// Durations are milliseconds; 0 says that there is no limit.
struct HcmConfig {
  static Result<std::unique_ptr<HcmConfig>> build(ConfigView config, const HcmBuildContext& context);

  ConfigView view;  // the whole message
  CodecType codec_type = CodecType::Auto;
  std::string_view stat_prefix;

  // Routes: one of them.
  ConfigView route_config;
  std::string_view rds_name;
  ConfigView rds;
  ConfigView scoped_routes;

  std::vector<HttpFilterConfig> http_filters;
  std::vector<UpgradeConfig> upgrades;
  AccessLogs access_logs;
  uint64_t access_log_flush_interval_ms = 0;
  bool flush_access_log_on_new_request = false;
  bool flush_log_on_tunnel_established = false;
  LocalReplyConfig local_reply;
  ConfigView tracing;

  // Responses
  std::string_view server_name = "envoy";
  ServerHeader server_header = ServerHeader::Overwrite;
  std::string_view via;
  ProxyStatus proxy_status;
  bool append_local_overload = false;

  // Client address
  bool use_remote_address = false;
  bool skip_xff_append = false;
  bool append_x_forwarded_port = false;
  uint32_t xff_num_trusted_hops = 0;
  std::string_view local_ip;
  std::vector<IpDetection> ip_detections;  // one Xff entry where none is configured
  CidrSet internal_addresses;
  bool internal_unix_sockets = false;
  std::vector<uint16_t> https_destination_ports;  // forward_proto_config
  std::vector<uint16_t> http_destination_ports;
  std::vector<MutationRules> early_mutations;

  // Identity
  std::string_view user_agent;  // empty: add_user_agent is off
  std::string_view node_id;
  bool generate_request_id = true;
  bool preserve_external_request_id = false;
  bool always_set_request_id_in_response = false;
  bool pack_trace_reason = true;
  bool use_request_id_for_trace_sampling = true;
  ForwardClientCert forward_client_cert = ForwardClientCert::Sanitize;
  ConfigView current_client_cert;  // set_current_client_cert_details
  std::string_view scheme_to_overwrite;
  bool scheme_match_upstream = false;

  // Path and host
  bool normalize_path = false;
  bool merge_slashes = false;
  EscapedSlashes escaped_slashes = EscapedSlashes::KeepUnchanged;
  StripPort strip_port = StripPort::None;
  bool strip_trailing_host_dot = false;

  // Limits and times
  http1::Options http1;
  http1::EncoderOptions http1_encoder;
  http2::Options http2;
  bool http1_forward_reason_phrase = false;  // the upstream's, to the client
  bool proxy_100_continue = false;
  bool http1_stream_error_on_invalid_message = false;  // a bad request ends its stream, not the connection
  bool http1_safe_max_connection_duration = false;
  uint32_t max_requests_per_connection = 0;  // 0: no limit
  uint64_t idle_timeout_ms = 3'600'000;
  uint64_t max_connection_duration_ms = 0;
  double max_connection_duration_jitter_percent = 0;
  uint64_t max_stream_duration_ms = 0;
  uint64_t stream_idle_timeout_ms = 300'000;
  uint64_t stream_flush_timeout_ms = 300'000;  // as stream_idle_timeout where it is not set
  uint64_t request_timeout_ms = 0;
  uint64_t request_headers_timeout_ms = 0;
  uint64_t drain_timeout_ms = 5'000;
  double drain_timeout_jitter_percent = 0;
  uint64_t delayed_close_timeout_ms = 1'000;
  bool record_route_resolution_stats = false;
};

}  // namespace outrider
