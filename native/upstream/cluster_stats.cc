#include "upstream/cluster_stats.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "upstream/cluster.h"
#include "upstream/host_set.h"

namespace outrider {
namespace {

constexpr std::string_view kPriorityNames[] = {"default", "high"};

std::string prefix_of(ConfigView cluster) {
  const std::string_view name = cluster.string("alt_stat_name", cluster.string("name"));
  return "cluster." + sanitized_stat_name(name) + ".";
}

void publish_priority(StatsBlock& main, const ClusterConfig& cluster, RoutePriority priority) {
  static constexpr ClusterStat kOpen[kRoutePriorities] = {ClusterStat::circuit_breakers_default_cx_open,
                                                          ClusterStat::circuit_breakers_high_cx_open};
  static constexpr uint32_t kOpenOffset[kResources] = {0, 3, 2, 4, 1};  // cx, pending, rq, retry, pool
  static constexpr RemainingStat kRemaining[kResources] = {
      RemainingStat::remaining_cx, RemainingStat::remaining_pending, RemainingStat::remaining_rq,
      RemainingStat::remaining_retries, RemainingStat::remaining_cx_pools};
  const CircuitBreakers& breakers = cluster.breakers();
  const auto row = static_cast<size_t>(priority);
  for (size_t i = 0; i < kResources; ++i) {
    const auto resource = static_cast<Resource>(i);
    const auto open = static_cast<ClusterStat>(static_cast<uint32_t>(kOpen[row]) + kOpenOffset[i]);
    main.set(cluster.stats.cluster, open, breakers.open(priority, resource) ? 1 : 0);
    if (!breakers.track_remaining(priority)) continue;
    main.set(cluster.stats.remaining[row], kRemaining[i], breakers.remaining(priority, resource));
  }
}

uint64_t new_hosts(const ClusterEndpoints* previous, const ClusterEndpoints& now) {
  std::unordered_set<const void*> known;
  if (previous != nullptr) {
    for (const Ref<const Host>& host : previous->hosts()) known.insert(host->state.get());
  }
  uint64_t fresh = 0;
  for (const Ref<const Host>& host : now.hosts()) fresh += known.contains(host->state.get()) ? 0 : 1;
  return fresh;
}

uint64_t max_weight(const ClusterEndpoints& endpoints) {
  uint32_t most = 0;
  for (const Ref<const Host>& host : endpoints.hosts()) most = std::max(most, host->weight);
  return most;
}

}  // namespace

std::string sanitized_stat_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != ':' && name[i] != '\0') {
      out += name[i];
      continue;
    }
    out += '_';
    if (name.substr(i).starts_with("://")) {
      i += 2;
    } else if (name.substr(i).starts_with(":/")) {
      i += 1;
    }
  }
  return out;
}

ClusterStats ClusterStats::add(StatsRegistry& registry, ConfigView cluster) {
  const std::string prefix = prefix_of(cluster);
  const ConfigView tracked = cluster["track_cluster_stats"];
  const CircuitBreakers breakers(cluster["circuit_breakers"]);
  ClusterStats stats;
  stats.cluster = registry.add_scope<ClusterStat>(prefix);
  stats.control = registry.add_scope<ClusterControlStat>(prefix);
  stats.http1 = registry.add_scope<Http1Stat>(prefix + "http1.");
  stats.http2 = registry.add_scope<Http2Stat>(prefix + "http2.");
  for (size_t i = 0; i < kRoutePriorities; ++i) {
    if (!breakers.track_remaining(static_cast<RoutePriority>(i))) continue;
    stats.remaining[i] = registry.add_scope<RemainingStat>(prefix + "circuit_breakers." +
                                                           std::string(kPriorityNames[i]) + ".");
  }
  if (tracked.boolean("timeout_budgets")) {
    stats.timeout_budget = registry.add_scope<TimeoutBudgetStat>(prefix);
  }
  if (tracked.boolean("request_response_sizes")) stats.sizes = registry.add_scope<SizesStat>(prefix);
  return stats;
}

void ClusterStats::remove(StatsRegistry& registry) const {
  registry.remove_scope(cluster);
  registry.remove_scope(control);
  registry.remove_scope(http1);
  registry.remove_scope(http2);
  for (StatScope<RemainingStat> scope : remaining) {
    if (scope.base != 0) registry.remove_scope(scope);
  }
  if (timeout_budget.base != 0) registry.remove_scope(timeout_budget);
  if (sizes.base != 0) registry.remove_scope(sizes);
}

void publish_circuit_breakers(StatsBlock& main, const ClusterConfig& cluster) {
  publish_priority(main, cluster, RoutePriority::Default);
  publish_priority(main, cluster, RoutePriority::High);
}

void publish_membership(StatsBlock& main, const ClusterStats& stats, const ClusterEndpoints* previous,
                        const ClusterEndpoints& now) {
  main.set(stats.control, ClusterControlStat::membership_total, now.hosts().size());
  main.set(stats.control, ClusterControlStat::membership_healthy, now.healthy());
  main.set(stats.control, ClusterControlStat::membership_degraded, now.degraded());
  main.set(stats.control, ClusterControlStat::membership_excluded, now.excluded());
  main.set(stats.control, ClusterControlStat::max_host_weight, max_weight(now));
  const bool changed = previous == nullptr ? !now.hosts().empty() : !previous->same_hosts(now);
  if (!changed) return;
  main.add(stats.control, ClusterControlStat::membership_change);
  // Each new host looked for its transport socket, and found the only one.
  main.add(stats.control, ClusterControlStat::default_total_match_count, new_hosts(previous, now));
}

bool count_cluster_update(StatsBlock& main, const ClusterStats& stats, std::string_view name) {
  for (uint32_t i = 0; i < std::size(StatTemplate<ClusterControlStat>::stats); ++i) {
    const StatInfo& info = StatTemplate<ClusterControlStat>::stats[i];
    if (info.name != name || info.kind != StatKind::Counter) continue;
    main.add(stats.control, static_cast<ClusterControlStat>(i));
    return true;
  }
  return false;
}

void record_response(StatsBlock& block, const ClusterStats& stats, const CountedResponse& response) {
  block.add_status(stats.cluster, ClusterStat::upstream_rq_completed, response.status);
  block.add_status(stats.cluster,
                   response.internal ? ClusterStat::internal_upstream_rq_completed
                                     : ClusterStat::external_upstream_rq_completed,
                   response.status);
  if (response.canary) {
    block.add_status(stats.cluster, ClusterStat::canary_upstream_rq_completed, response.status);
  }
}

void record_response_time(StatsBlock& block, const ClusterStats& stats, const CountedResponse& response,
                          uint64_t milliseconds) {
  block.record(stats.cluster, ClusterStat::upstream_rq_time, milliseconds);
  block.record(
      stats.cluster,
      response.internal ? ClusterStat::internal_upstream_rq_time : ClusterStat::external_upstream_rq_time,
      milliseconds);
  if (response.canary) block.record(stats.cluster, ClusterStat::canary_upstream_rq_time, milliseconds);
}

}  // namespace outrider
