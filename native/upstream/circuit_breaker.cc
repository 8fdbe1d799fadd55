#include "upstream/circuit_breaker.h"

#include <string_view>

namespace outrider {
namespace {

ConfigView threshold_of(ConfigView thresholds, std::string_view priority) {
  for (ConfigView item : thresholds) {
    if (item.string("priority", "DEFAULT") == priority) return item;
  }
  return {};
}

uint32_t uint32_of(ConfigView view, std::string_view field, uint32_t fallback) {
  return static_cast<uint32_t>(std::min<uint64_t>(view.uint(field, fallback), UINT32_MAX));
}

}  // namespace

CircuitBreakers::CircuitBreakers(ConfigView config) {
  static constexpr std::string_view kNames[] = {"DEFAULT", "HIGH"};
  for (size_t i = 0; i < kRoutePriorities; ++i) {
    const ConfigView view = threshold_of(config["thresholds"], kNames[i]);
    const uint32_t limits[kResources] = {
        uint32_of(view, "max_connections", 1024),
        uint32_of(view, "max_pending_requests", 1024),
        uint32_of(view, "max_requests", 1024),
        uint32_of(view, "max_retries", 3),
        uint32_of(view, "max_connection_pools", UINT32_MAX),
    };
    Thresholds& own = thresholds_[i];
    for (size_t k = 0; k < kResources; ++k) {
      configured_[i][k] = limits[k];
      own.counts[k].limit.store(limits[k], std::memory_order_relaxed);
    }
    own.track_remaining = view.boolean("track_remaining");
    own.host_connections_max =
        uint32_of(threshold_of(config["per_host_thresholds"], kNames[i]), "max_connections", UINT32_MAX);
    const ConfigView budget = view["retry_budget"];
    own.has_retry_budget = static_cast<bool>(budget);
    if (budget.has("budget_percent")) own.budget_percent = budget["budget_percent"].number("value");
    own.budget_retries_min = uint32_of(budget, "min_retry_concurrency", 3);
  }
}

uint32_t CircuitBreakers::retry_budget(RoutePriority priority) const {
  const Thresholds& own = thresholds(priority);
  const double active =
      double{1} * now(priority, Resource::Requests) + double{1} * now(priority, Resource::PendingRequests);
  return std::max(own.budget_retries_min, static_cast<uint32_t>(active * own.budget_percent / 100));
}

void CircuitBreakers::override_limit(RoutePriority priority, Resource resource, uint32_t limit) {
  at(priority, resource).limit.store(limit, std::memory_order_relaxed);
}

void CircuitBreakers::reset_limit(RoutePriority priority, Resource resource) {
  override_limit(priority, resource,
                 configured_[static_cast<size_t>(priority)][static_cast<size_t>(resource)]);
}

}  // namespace outrider
