#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config_view.h"
#include "base/stats.h"
#include "upstream/circuit_breaker.h"

namespace outrider {

class ClusterEndpoints;
struct ClusterConfig;

// The scopes of one cluster. A value.
struct ClusterStats {
  StatScope<ClusterStat> cluster;
  StatScope<ClusterControlStat> control;
  StatScope<Http1Stat> http1;
  StatScope<Http2Stat> http2;
  // With track_remaining, by RoutePriority, and with track_cluster_stats; otherwise places that nobody reads.
  StatScope<RemainingStat> remaining[kRoutePriorities];
  StatScope<TimeoutBudgetStat> timeout_budget;
  StatScope<SizesStat> sizes;

  // Main thread. `cluster` is envoy.config.cluster.v3.Cluster.
  static ClusterStats add(StatsRegistry& registry, ConfigView cluster);
  // Once no worker has the cluster any more.
  void remove(StatsRegistry& registry) const;
};

// A name as a part of a stat's name: "a:b" reads "a_b".
std::string sanitized_stat_name(std::string_view name);

// Main thread: the gauges of circuit breakers, as they are now. They are not written while requests pass,
// which would cost each a store to a line that all workers share.
void publish_circuit_breakers(StatsBlock& main, const ClusterConfig& cluster);

// Main thread: the membership gauges after an update. `previous` may be null.
void publish_membership(StatsBlock& main, const ClusterStats& stats, const ClusterEndpoints* previous,
                        const ClusterEndpoints& now);

// Main thread: adds 1 to one of the counters of ClusterControlStat; false where there is none of that name.
bool count_cluster_update(StatsBlock& main, const ClusterStats& stats, std::string_view name);

// What is known of a response when it is counted.
struct CountedResponse {
  uint16_t status = 0;
  bool internal = false;  // the request came from the inside, by x-forwarded-for
  bool canary = false;    // the host, or x-envoy-upstream-canary, says so
};

// The counters upstream_rq_completed, _2xx and _200, also below external or internal, and canary.
void record_response(StatsBlock& block, const ClusterStats& stats, const CountedResponse& response);
// upstream_rq_time and its like, in milliseconds.
void record_response_time(StatsBlock& block, const ClusterStats& stats, const CountedResponse& response,
                          uint64_t milliseconds);

}  // namespace outrider
