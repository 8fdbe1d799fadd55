#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/route_priority.h"
#include "base/stats.h"
#include "codec/header_match.h"
#include "formatter/header_mutation.h"
#include "formatter/substitution_format.h"
#include "router/hash_policy.h"
#include "router/internal_redirect.h"
#include "router/mirror_policy.h"
#include "router/path_index.h"
#include "router/path_rewrite.h"
#include "router/redirect.h"
#include "router/retry_policy.h"
#include "router/route_match.h"

namespace outrider {

// What a RouteTable is made of. All of it is immutable and shared by all workers; views and string_views
// point into the configuration tree, which outlives the table.

// A cluster that has no index: it is named by a request header, so the router looks the name up.
inline constexpr uint32_t cluster_by_name = UINT32_MAX;

// A duration that the configuration does not give.
inline constexpr int64_t not_set = -1;

// What one level does to headers.
struct HeaderEdits {
  HeaderMutations request;
  HeaderMutations response;
};

// One entry of WeightedCluster.clusters.
struct WeightedTarget {
  uint32_t id = 0;  // dense in its table, from 0
  uint32_t cluster = cluster_by_name;
  uint32_t weight = 0;
  std::string_view cluster_name;  // empty when a header names it
  std::string cluster_header;     // lower case
  std::string runtime_key;        // empty without runtime_key_prefix
  std::string_view host_rewrite;
  std::unique_ptr<HeaderEdits> edits;  // null: none
  ConfigView config;
};

struct WeightedTargets {
  std::vector<WeightedTarget> targets;
  uint64_t total_weight = 0;  // by the configuration, not 0
  std::string random_header;  // lower case; empty: the stream's random value decides
  bool runtime_weights = false;

  // Null only when the runtime sets all weights to 0.
  const WeightedTarget* choose(const RouteRequest& request) const;
};

// A body that the proxy answers with by itself.
struct DirectResponse {
  uint16_t status = 0;
  std::string body;
  std::optional<SubstitutionFormat> format;  // of the body
};

struct RouteTimeouts {
  int64_t route_ms = 15'000;  // 0: none
  int64_t idle_ms = not_set;
  int64_t flush_ms = not_set;
  int64_t max_stream_ms = not_set;
  bool has_max_stream_duration = false;  // then route_ms and the grpc fields below the next two do not count
  int64_t grpc_header_max_ms = not_set;  // 0: the grpc-timeout header counts as it is
  int64_t grpc_header_offset_ms = not_set;
  // The deprecated max_grpc_timeout and grpc_timeout_offset, which act on the route's own timeout.
  int64_t grpc_max_ms = not_set;
  int64_t grpc_offset_ms = not_set;
};

enum class RouteKind : uint8_t { Forward, Redirect, DirectResponse, NonForwarding };
enum class ClusterChoice : uint8_t { Fixed, Header, Weighted };

// Requests that a route with connect_config makes TCP tunnels of.
enum class RouteTunnel : uint8_t { None, Connect, ConnectOrPost };

struct VirtualHost;

// One envoy.config.route.v3.Route.
struct RouteEntry {
  RouteKind kind = RouteKind::Forward;
  RoutePriority priority = RoutePriority::Default;
  ClusterChoice cluster_choice = ClusterChoice::Fixed;
  RouteTunnel tunnel = RouteTunnel::None;
  bool append_x_forwarded_host = false;
  bool auto_host_rewrite = false;
  bool hedge_on_per_try_timeout = false;
  uint16_t cluster_not_found_status = 503;
  uint32_t id = 0;  // dense in its table, from 0: for side tables, e.g. of filter configurations
  uint32_t cluster = cluster_by_name;
  std::string_view cluster_name;
  std::string cluster_header;  // lower case
  std::string_view name;
  StatScope<RouteStat> stats;  // with a stat_prefix
  const VirtualHost* virtual_host = nullptr;
  RouteTimeouts timeouts;
  PathMatch path;                               // what the path must be
  std::unique_ptr<RouteConditions> conditions;  // further ones; null: none
  std::unique_ptr<WeightedTargets> weighted;
  std::unique_ptr<PathRewrite> path_rewrite;  // of a route or of a redirect; null: none
  std::unique_ptr<HostRewrite> host_rewrite;  // null: none; auto_host_rewrite is the router's
  std::unique_ptr<Redirect> redirect;
  std::unique_ptr<DirectResponse> direct_response;
  std::unique_ptr<HeaderEdits> edits;                         // null: none
  std::unique_ptr<HashPolicy> hash_policy;                    // null: none
  std::unique_ptr<InternalRedirectPolicy> internal_redirect;  // null: none
  std::vector<MirrorPolicy> mirrors;  // its own, or the virtual host's, or those of the whole configuration
  std::unique_ptr<RetryPolicy> own_retry;
  const RetryPolicy* retry = nullptr;  // its own or the virtual host's; null: none
  ConfigView config;                   // the Route message
  ConfigView action;                   // its RouteAction; nothing when kind is not Forward

  // Rare fields, read on demand. Those with a virtual host's default answer that when the route has none.
  ConfigView metadata() const { return config["metadata"]; }
  ConfigView upgrade_configs() const { return action["upgrade_configs"]; }
  ConfigView metadata_match() const { return action["metadata_match"]; }
  ConfigView rate_limits() const { return action["rate_limits"]; }
  ConfigView hedge_policy() const { return own_or_host("hedge_policy"); }
  ConfigView own_or_host(std::string_view field) const;
  // Bytes of request body that may be kept for retries, before the connection's own limit is applied.
  // request_body_buffer_limit replaces that limit, per_request_buffer_limit_bytes only lowers it.
  struct BodyLimit {
    enum class Kind : uint8_t { None, Lowers, Replaces } kind = Kind::None;
    uint64_t bytes = 0;
  };
  BodyLimit body_limit() const;
};

struct VirtualCluster {
  uint32_t id = 0;  // dense in its table, from 0
  std::string_view name;
  HeaderMatchers headers;
  StatScope<VirtualClusterStat> stats;
};

enum class TlsRequirement : uint8_t { None, ExternalOnly, All };

// One envoy.config.route.v3.VirtualHost.
struct VirtualHost {
  uint32_t id = 0;  // dense in its table, from 0
  TlsRequirement require_tls = TlsRequirement::None;
  bool include_request_attempt_count = false;
  bool include_attempt_count_in_response = false;
  bool include_is_timeout_retry_header = false;
  RouteGroup routes;
  std::string_view name;
  std::unique_ptr<HeaderEdits> edits;  // null: none
  std::unique_ptr<RetryPolicy> retry;  // of routes that have none of their own; null: none
  std::vector<VirtualCluster> virtual_clusters;
  StatScope<VirtualClusterStat> other_stats;  // of requests that none of them takes
  ConfigView config;

  ConfigView metadata() const { return config["metadata"]; }
};

}  // namespace outrider
