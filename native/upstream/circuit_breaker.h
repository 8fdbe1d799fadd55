#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/config_view.h"
#include "base/route_priority.h"

namespace outrider {

class RuntimeValues;

// What one cluster may have at once, over all workers. Names as in /clusters and the circuit_breakers gauges.
enum class Resource : uint8_t { Connections, PendingRequests, Requests, Retries, ConnectionPools };
inline constexpr size_t kResources = 5;
inline constexpr size_t kRoutePriorities = 2;

// Process-wide counts against limits, one set a cluster and priority. Any thread, relaxed: a limit may be
// overshot by as many as there are workers, as Envoy's may.
class CircuitBreakers {
 public:
  // envoy.config.cluster.v3.CircuitBreakers; a missing threshold has Envoy's default.
  explicit CircuitBreakers(ConfigView thresholds);

  bool can_acquire(RoutePriority priority, Resource resource) const {
    return now(priority, resource) < limit(priority, resource);
  }
  // False, with nothing taken, when the limit is reached.
  [[nodiscard]] bool try_acquire(RoutePriority priority, Resource resource) {
    if (!can_acquire(priority, resource)) return false;
    acquire(priority, resource);
    return true;
  }
  // Takes one whatever the limit says: the first connection of a pool is always allowed.
  void acquire(RoutePriority priority, Resource resource) {
    at(priority, resource).now.fetch_add(1, std::memory_order_relaxed);
  }
  void release(RoutePriority priority, Resource resource) {
    at(priority, resource).now.fetch_sub(1, std::memory_order_relaxed);
  }

  uint32_t now(RoutePriority priority, Resource resource) const {
    return at(priority, resource).now.load(std::memory_order_relaxed);
  }
  uint32_t limit(RoutePriority priority, Resource resource) const {
    if (resource == Resource::Retries &&
        thresholds(priority).has_retry_budget.load(std::memory_order_relaxed))
      return retry_budget(priority);
    return at(priority, resource).limit.load(std::memory_order_relaxed);
  }
  // The *_open gauge. Nothing taken yet is not open, even where the limit is 0.
  bool open(RoutePriority priority, Resource resource) const {
    const uint32_t taken = now(priority, resource);
    return taken > 0 && taken >= limit(priority, resource);
  }
  // The remaining_* gauge; 0 where track_remaining is off.
  uint32_t remaining(RoutePriority priority, Resource resource) const {
    if (!thresholds(priority).track_remaining) return 0;
    const uint32_t most = limit(priority, resource);
    return most - std::min(most, now(priority, resource));
  }

  bool track_remaining(RoutePriority priority) const { return thresholds(priority).track_remaining; }

  // circuit_breakers.<cluster>.<default|high>.max_*; a limit without such a key is the configured one. Main
  // thread.
  void apply_runtime(const RuntimeValues& runtime, std::string_view cluster);

  // per_host_thresholds.max_connections; UINT32_MAX where there is none.
  uint32_t host_connections_max(RoutePriority priority) const {
    return thresholds(priority).host_connections_max;
  }

 private:
  struct Count {
    std::atomic<uint32_t> now{0};
    std::atomic<uint32_t> limit{0};
  };
  // One cache line of its own, since every worker writes it.
  struct alignas(64) Thresholds {
    Count counts[kResources];
    uint32_t host_connections_max = UINT32_MAX;
    bool track_remaining = false;
    std::atomic<bool> has_retry_budget{false};
    // Percent of the requests that are active or wait, and what is allowed however few they are.
    std::atomic<double> budget_percent{20};
    std::atomic<uint32_t> budget_retries_min{3};
  };

  uint32_t retry_budget(RoutePriority priority) const;
  Count& at(RoutePriority priority, Resource resource) {
    return thresholds_[static_cast<size_t>(priority)].counts[static_cast<size_t>(resource)];
  }
  const Count& at(RoutePriority priority, Resource resource) const {
    return thresholds(priority).counts[static_cast<size_t>(resource)];
  }
  const Thresholds& thresholds(RoutePriority priority) const {
    return thresholds_[static_cast<size_t>(priority)];
  }

  Thresholds thresholds_[kRoutePriorities];
  // As configured, for when the runtime says nothing.
  struct Configured {
    uint32_t limits[kResources];
    bool has_retry_budget = false;
    double budget_percent = 20;
    uint32_t budget_retries_min = 3;
  };
  Configured configured_[kRoutePriorities];
};

}  // namespace outrider
