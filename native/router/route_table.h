#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "codec/header_map.h"
#include "router/domain_index.h"
#include "router/path_index.h"
#include "router/route_action.h"
#include "router/route_entry.h"
#include "router/route_match.h"

namespace outrider {

enum class RouteOutcome : uint8_t {
  NotFound,     // 404, NR
  TlsRequired,  // 301 to append_tls_location()
  Found,
};

// The answer of a lookup. Valid as long as the table and the request's headers.
struct RouteResult {
  RouteOutcome outcome = RouteOutcome::NotFound;
  uint32_t cluster =
      cluster_by_name;  // cluster_by_name: look cluster_name up (it may be empty: no such cluster)
  std::string_view cluster_name;
  const VirtualHost* virtual_host = nullptr;  // null when no domain matched
  const RouteEntry* route = nullptr;          // not null when Found
  const WeightedTarget* target = nullptr;     // the choice among weighted_clusters
};

// envoy.config.route.v3.RouteConfiguration. Immutable, shared by all workers. The configuration tree that it
// was built from must outlive it.
class RouteTable {
 public:
  static Result<std::unique_ptr<RouteTable>> build(ConfigView config, RouteBuildContext& context);

  RouteResult route(const RouteRequest& request) const;

  // The virtual cluster of a request; null when the virtual host defines none or none matches
  // (Envoy counts the latter as "other").
  static const VirtualCluster* virtual_cluster(const VirtualHost& host, const HeaderMap& headers);

  // typed_per_filter_config of one filter, the most specific level that has it: cluster weight, route,
  // virtual host, route configuration.
  ConfigView filter_config(const RouteResult& result, std::string_view filter_name) const;
  // The same, every level that has it, the least specific first; returns how many of `out` were filled.
  size_t filter_configs(const RouteResult& result, std::string_view filter_name,
                        std::span<ConfigView, 4> out) const;

  // Header mutations of all levels, host and path rewrite, in Envoy's order. `keep_originals`: write
  // x-envoy-original-path and x-envoy-original-host (false under suppress_envoy_headers).
  enum class KeepOriginals : uint8_t { No, Yes };
  void finalize_request_headers(const RouteResult& result, HeaderMap& headers, const FormatContext& context,
                                KeepOriginals keep, std::string& scratch) const;
  void finalize_response_headers(const RouteResult& result, HeaderMap& headers, const FormatContext& context,
                                 std::string& scratch) const;

  std::string_view name() const { return name_; }
  ConfigView config() const { return config_; }
  ConfigView metadata() const { return config_["metadata"]; }
  // Lower case; the connection manager removes them from requests that come from outside.
  const std::vector<std::string>& internal_only_headers() const { return internal_only_headers_; }
  size_t virtual_host_count() const { return virtual_hosts_.size(); }
  size_t route_count() const { return routes_.size(); }
  const RouteEntry& route_at(size_t id) const { return routes_[id]; }
  size_t weighted_target_count() const { return target_count_; }
  size_t virtual_cluster_count() const { return virtual_cluster_count_; }

 private:
  friend class RouteTableBuilder;
  RouteTable() = default;
  const VirtualHost* find_host(const HeaderMap& headers) const;
  const RouteEntry* find_route(const VirtualHost& host, const RouteRequest& request) const;
  static bool choose_cluster(const RouteRequest& request, RouteResult& result);

  ConfigView config_;
  std::string_view name_;
  std::string vhost_header_;  // lower case; empty: the authority
  bool ignore_port_ = false;
  bool ignore_path_parameters_ = false;
  bool most_specific_wins_ = false;
  DomainIndex domains_;
  PathIndex paths_;
  std::vector<VirtualHost> virtual_hosts_;
  std::vector<RouteEntry> routes_;  // those of one group in a row
  std::unique_ptr<HeaderEdits> edits_;
  std::vector<std::string> internal_only_headers_;
  size_t target_count_ = 0;
  size_t virtual_cluster_count_ = 0;
};

// Path rewrite alone, for redirects and direct responses, before append_location().
void rewrite_path(const RouteEntry& route, HeaderMap& headers, const FormatContext& context,
                  RouteTable::KeepOriginals keep, std::string& scratch);

// Gives the request another authority: what auto_host_rewrite does once the host is chosen.
void update_authority(HeaderMap& headers, std::string_view host, bool append_x_forwarded_host,
                      RouteTable::KeepOriginals keep);

}  // namespace outrider
