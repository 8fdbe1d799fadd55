#pragma once
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "base/config_view.h"
#include "codec/wire_bytes.h"
#include "connection/tls_facts.h"
#include "formatter/connection_facts.h"

namespace outrider {

class HeaderMap;

enum class Protocol : uint8_t { None, Http10, Http11, Http2, Http3 };

// Bit positions; names and letters as Envoy's access log documentation has them.
enum class ResponseFlag : uint8_t {
  FailedLocalHealthCheck,            // LH
  NoHealthyUpstream,                 // UH
  UpstreamRequestTimeout,            // UT
  LocalReset,                        // LR
  UpstreamRemoteReset,               // UR
  UpstreamConnectionFailure,         // UF
  UpstreamConnectionTermination,     // UC
  UpstreamOverflow,                  // UO
  NoRouteFound,                      // NR
  DelayInjected,                     // DI
  FaultInjected,                     // FI
  RateLimited,                       // RL
  UnauthorizedExternalService,       // UAEX
  RateLimitServiceError,             // RLSE
  DownstreamConnectionTermination,   // DC
  UpstreamRetryLimitExceeded,        // URX
  StreamIdleTimeout,                 // SI
  InvalidEnvoyRequestHeaders,        // IH
  DownstreamProtocolError,           // DPE
  UpstreamMaxStreamDurationReached,  // UMSDR
  ResponseFromCacheFilter,           // RFCF
  NoFilterConfigFound,               // NFCF
  DurationTimeout,                   // DT
  UpstreamProtocolError,             // UPE
  NoClusterFound,                    // NC
  OverloadManager,                   // OM
  DnsResolutionFailed,               // DF
  DropOverload,                      // DO
  DownstreamRemoteReset,             // DR
  UnconditionalDropOverload,         // UDO
};

// Points in time of one stream, in nanoseconds of the loop's monotonic clock; 0: not reached.
struct StreamTiming {
  uint64_t start_ns = 0;
  uint64_t last_downstream_rx_byte_ns = 0;
  uint64_t first_upstream_tx_byte_ns = 0;
  uint64_t last_upstream_tx_byte_ns = 0;
  uint64_t first_upstream_rx_byte_ns = 0;
  uint64_t last_upstream_rx_byte_ns = 0;
  uint64_t first_downstream_tx_byte_ns = 0;
  uint64_t last_downstream_tx_byte_ns = 0;
  uint64_t first_upstream_rx_body_byte_ns = 0;
  uint64_t upstream_request_start_ns = 0;  // the pool was asked for a connection
  uint64_t upstream_pool_ready_ns = 0;     // and gave one
  uint64_t upstream_connect_start_ns = 0;
  uint64_t upstream_connect_complete_ns = 0;
  uint64_t upstream_handshake_complete_ns = 0;
  uint64_t end_ns = 0;
};

// What the downstream connection knows of itself: shared by its streams. TLS facts are empty on plain
// connections.
struct ConnectionInfo {
  uint64_t id = 0;  // unique in this process
  Address local;
  Address direct_local;   // of the socket; `local` may be what iptables redirected from
  Address direct_remote;  // the peer of the socket
  uint64_t start_ns = 0;  // loop clock, as in StreamTiming
  uint64_t end_ns = 0;
  uint64_t handshake_complete_ns = 0;  // TLS; 0: none
  const TlsFacts* tls = nullptr;       // null: plain, or the handshake is not done
  std::string_view requested_server_name;
  std::string_view listener_name;
  std::string_view filter_chain_name;
  std::string_view termination_details;
  std::string_view transport_failure_reason;
  std::string_view local_close_reason;
  std::string_view detected_close_type = "Normal";  // or "LocalReset", "RemoteReset"
  uint32_t round_trip_ms = 0;                       // of the transport, where it knows
  Ref<ConnectionFacts> facts;                       // null: no filter had anything to say

  // The handshake is done. `facts` may be null: then there is nothing that TLS tells.
  void on_secured(const TlsFacts* facts, uint64_t now_ns) {
    tls = facts;
    handshake_complete_ns = now_ns;
    if (facts != nullptr) requested_server_name = facts->server_name();
  }

  ConnectionFacts& make_facts() {
    if (facts == nullptr) facts = make_ref<ConnectionFacts>();
    return *facts;
  }
};

// A host that a try of this stream went to, in order; in the stream's arena.
struct AttemptedHost {
  const Address* address = nullptr;
  std::string_view hostname;
  uint64_t connection_id = 0;  // 0: none was made
  const AttemptedHost* next = nullptr;
};

// Why a log line is written; the names are Envoy's (envoy.data.accesslog.v3.AccessLogType).
enum class AccessLogType : uint8_t {
  NotSet,
  TcpUpstreamConnected,
  TcpPeriodic,
  TcpConnectionEnd,
  DownstreamStart,
  DownstreamPeriodic,
  DownstreamEnd,
  UpstreamPoolReady,
  UpstreamPeriodic,
  UpstreamEnd,
  DownstreamTunnelSuccessfullyEstablished,
  UdpTunnelUpstreamConnected,
  UdpPeriodic,
  UdpSessionEnd,
};

// The facts of one stream that formatters, access logs, local replies and filters read. Owned by the stream;
// the pointers live as long as it. Counts are bytes.
struct StreamInfo {
  StreamTiming timing;
  uint64_t start_wall_us = 0;  // system clock, microseconds since 1970
  uint64_t stream_id = 0;      // of this process
  uint64_t response_flags = 0;
  uint64_t bytes_received = 0;  // request body
  uint64_t bytes_sent = 0;      // response body
  WireBytes downstream_wire;
  WireBytes upstream_wire;     // of all attempts together
  uint16_t response_code = 0;  // 0: none was sent
  uint16_t attempt_count = 0;  // upstream requests; 0: none
  Protocol protocol = Protocol::None;
  Protocol upstream_protocol = Protocol::None;
  bool health_check = false;
  const ConnectionInfo* connection = nullptr;  // null once the connection is gone
  const Address* downstream_remote = nullptr;  // after x-forwarded-for has been looked at
  const Address* upstream_remote = nullptr;    // the host that was chosen
  const Address* upstream_local = nullptr;
  const TlsFacts* upstream_tls = nullptr;  // null: plain, or the connection is gone
  uint64_t upstream_connection_id = 0;
  std::string_view response_code_details;
  std::string_view upstream_transport_failure_reason;
  std::string_view upstream_local_close_reason;
  std::string_view upstream_detected_close_type = "Normal";
  std::string_view route_name;
  std::string_view virtual_host_name;
  std::string_view virtual_cluster_name;
  std::string_view upstream_cluster_name;  // observability name
  std::string_view upstream_cluster_raw_name;
  std::string_view upstream_host_name;  // Endpoint.hostname
  ConfigView route_metadata;            // envoy.config.core.v3.Metadata of the route
  ConfigView virtual_host_metadata;
  ConfigView cluster_metadata;
  ConfigView host_metadata;
  ConfigView listener_metadata;
  ConfigView filter_chain_metadata;
  ConfigView dynamic_metadata;  // written by filters
  const AttemptedHost* first_attempt = nullptr;
  uint32_t route_resolution_count = 0;
  uint64_t route_resolution_ns = 0;  // spent in all of them
  bool trace_forced = false;  // x-envoy-force-trace asked for it (ServiceForced): what traceable_filter wants
  std::string_view trace_id;
  std::string_view span_id;

  void set(ResponseFlag flag) { response_flags |= uint64_t{1} << static_cast<uint8_t>(flag); }
  bool has(ResponseFlag flag) const { return (response_flags >> static_cast<uint8_t>(flag)) & 1; }
};

// Everything a format string may read. Header maps that do not exist are null.
struct FormatContext {
  const StreamInfo* info = nullptr;
  const HeaderMap* request_headers = nullptr;
  const HeaderMap* request_trailers = nullptr;
  const HeaderMap* response_headers = nullptr;
  const HeaderMap* response_trailers = nullptr;
  std::string_view local_reply_body = {};
  AccessLogType log_type = AccessLogType::NotSet;
};

}  // namespace outrider
