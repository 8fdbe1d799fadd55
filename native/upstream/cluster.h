#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/config_view.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/shared_config.h"
#include "transport/tls_factory.h"
#include "upstream/bind_config.h"
#include "upstream/circuit_breaker.h"
#include "upstream/cluster_stats.h"
#include "upstream/lb/lb_config.h"

namespace outrider {

enum class UpstreamProtocol : uint8_t { Http1, Http2, Http3, SameAsDownstream, Alpn };

// A cluster as configured: immutable, built on the main thread, shared by all workers. Only the circuit
// breakers count, in relaxed atomics. Streams and pools keep the one they started with.
struct ClusterConfig final : RefCounted<ClusterConfig> {
  // `cluster` is envoy.config.cluster.v3.Cluster, alive as long as `source`.
  static Result<Ref<const ClusterConfig>> build(Ref<const SharedConfig> source, ConfigView cluster,
                                                const ClusterStats& stats,
                                                const TransportBuildContext* transport = nullptr);

  std::string name;
  std::string observability_name;  // alt_stat_name, or the name
  ClusterStats stats;
  Ref<const SharedConfig> source;               // keeps the views alive
  ConfigView view;                              // the whole message
  ConfigView metadata;                          // envoy.config.core.v3.Metadata
  Ref<const TransportSocketFactory> transport;  // null: plain

  uint64_t connect_timeout_ms = 5'000;
  uint32_t connection_buffer_bytes_max = 1 << 20;  // per_connection_buffer_limit_bytes
  bool health_checked = false;  // by the main thread: hosts are unhealthy until a check says otherwise
  bool logical_dns = false;     // one host, whose address may change while its connections stay

  // HTTP, from HttpProtocolOptions or from the older fields of Cluster.
  UpstreamProtocol protocol = UpstreamProtocol::Http1;
  ConfigView http1_options;                  // envoy.config.core.v3.Http1ProtocolOptions
  ConfigView http2_options;                  // envoy.config.core.v3.Http2ProtocolOptions
  ConfigView upstream_http_options;          // envoy.config.core.v3.UpstreamHttpProtocolOptions
  ConfigView http_filters;                   // upstream HTTP filters, a list
  uint64_t idle_timeout_ms = 3'600'000;      // 0: never
  uint64_t max_connection_duration_ms = 0;   // 0: for ever
  uint64_t max_stream_duration_ms = 0;       // 0: for ever
  uint32_t max_requests_per_connection = 0;  // 0: no limit
  uint64_t tcp_idle_timeout_ms = 600'000;    // TcpProtocolOptions; 0: never
  uint32_t max_response_headers_count = 100;
  uint32_t max_response_headers_kb = 80;  // Envoy 1.40 takes heads of 81,800 bytes and refuses 82,000

  // Sockets.
  TcpKeepalive keepalive;
  bool set_local_interface_name = false;
  BindConfig bind;                           // upstream_bind_config, own or the cluster manager's
  std::vector<SocketOption> socket_options;  // for sockets that are bound to no source
  // The source for an upstream address of `family`; null: the kernel chooses.
  const BindSource* bind_source_for(int family) const { return bind.source_for(family); }

  // Endpoints and balancing.
  LbConfig lb;
  bool connection_pool_per_downstream_connection = false;
  bool close_connections_on_host_set_change = false;
  bool close_connections_on_host_health_failure = false;
  bool ignore_health_on_host_removal = false;
  bool ignore_new_hosts_until_first_hc = false;
  double preconnect_ratio = 1.0;  // per_upstream_preconnect_ratio

  // track_cluster_stats
  bool track_timeout_budgets = false;
  bool track_request_response_sizes = false;
  bool track_per_endpoint_stats = false;

  CircuitBreakers& breakers() const { return breakers_; }
  explicit ClusterConfig(ConfigView cluster) : view(cluster), breakers_(cluster["circuit_breakers"]) {}

 private:
  mutable CircuitBreakers breakers_;
};

}  // namespace outrider
