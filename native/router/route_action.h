#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/config_view.h"
#include "base/result.h"
#include "base/stats.h"
#include "router/route_entry.h"

namespace outrider {

// What building a table asks of its owner.
class RouteBuildContext {
 public:
  virtual ~RouteBuildContext() = default;
  // A small number for a cluster name, the same on every worker, whether the cluster exists or not.
  virtual uint32_t cluster_index(std::string_view name) = 0;
  // The same for the name of a route configuration.
  virtual uint32_t routes_index(std::string_view) { return 0; }
  // Where virtual clusters and routes with a stat_prefix are counted; null: nowhere.
  virtual StatsRegistry* stats_registry() { return nullptr; }
};

// Readers of the configuration, for RouteTable::build(). A fault's path starts below `config`.
using Fault = std::optional<ConfigError>;

// The request_headers_to_add and so on of any level; `edits` stays null when there are none.
Fault read_header_edits(ConfigView config, std::unique_ptr<HeaderEdits>& edits);

// The retry_policy of a RouteAction or a VirtualHost; `policy` stays null when there is none.
Fault read_retry_policy(ConfigView config, std::unique_ptr<RetryPolicy>& policy);

// `list`: the request_mirror_policies of any level.
Fault read_mirrors(ConfigView list, RouteBuildContext& context, RouteEntry& entry);

// Fills `entry` from a Route: everything but its match, id and virtual host. `targets` counts
// WeightedTargets.
Fault read_route_action(ConfigView route, size_t body_bytes_max, RouteBuildContext& context,
                        uint32_t& targets, RouteEntry& entry);

}  // namespace outrider
