#include "upstream/circuit_breaker.h"

#include <cmath>
#include <string>
#include <string_view>

#include "base/runtime_values.h"

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

// By Resource.
struct LimitField {
  std::string_view name;
  uint32_t fallback;
};
constexpr LimitField kLimits[kResources] = {{"max_connections", 1024},
                                            {"max_pending_requests", 1024},
                                            {"max_requests", 1024},
                                            {"max_retries", 3},
                                            {"max_connection_pools", UINT32_MAX}};

}  // namespace

CircuitBreakers::CircuitBreakers(ConfigView config) {
  static constexpr std::string_view kNames[kRoutePriorities] = {"DEFAULT", "HIGH"};
  for (size_t i = 0; i < kRoutePriorities; ++i) {
    const ConfigView view = threshold_of(config["thresholds"], kNames[i]);
    const ConfigView budget = view["retry_budget"];
    Configured& configured = configured_[i];
    for (size_t k = 0; k < kResources; ++k) {
      configured.limits[k] = uint32_of(view, kLimits[k].name, kLimits[k].fallback);
    }
    configured.has_retry_budget = static_cast<bool>(budget);
    if (budget.has("budget_percent")) configured.budget_percent = budget["budget_percent"].number("value");
    configured.budget_retries_min = uint32_of(budget, "min_retry_concurrency", 3);

    Thresholds& own = thresholds_[i];
    own.track_remaining = view.boolean("track_remaining");
    own.host_connections_max =
        uint32_of(threshold_of(config["per_host_thresholds"], kNames[i]), "max_connections", UINT32_MAX);
  }
  apply_runtime({}, {});
}

uint32_t CircuitBreakers::retry_budget(RoutePriority priority) const {
  const Thresholds& own = thresholds(priority);
  const double active =
      double{1} * now(priority, Resource::Requests) + double{1} * now(priority, Resource::PendingRequests);
  const double share = active * own.budget_percent.load(std::memory_order_relaxed) / 100;
  return std::max(own.budget_retries_min.load(std::memory_order_relaxed), static_cast<uint32_t>(share));
}

void CircuitBreakers::apply_runtime(const RuntimeValues& runtime, std::string_view cluster) {
  static constexpr std::string_view kNames[kRoutePriorities] = {".default.", ".high."};
  auto to_uint32 = [](uint64_t value) {
    return static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX));
  };
  for (size_t i = 0; i < kRoutePriorities; ++i) {
    const std::string prefix = "circuit_breakers." + std::string(cluster) + std::string(kNames[i]);
    const Configured& configured = configured_[i];
    Thresholds& own = thresholds_[i];
    for (size_t k = 0; k < kResources; ++k) {
      const uint64_t limit = runtime.integer(prefix + std::string(kLimits[k].name), configured.limits[k]);
      own.counts[k].limit.store(to_uint32(limit), std::memory_order_relaxed);
    }
    // A key alone is enough for a budget, as in Envoy.
    const std::string percent_key = prefix + "retry_budget.budget_percent";
    const std::string least_key = prefix + "retry_budget.min_retry_concurrency";
    const bool has_keys =
        !std::isnan(runtime.number(percent_key, NAN)) || !std::isnan(runtime.number(least_key, NAN));
    const double percent = runtime.number(percent_key, configured.budget_percent);
    own.has_retry_budget.store(configured.has_retry_budget || has_keys, std::memory_order_relaxed);
    own.budget_percent.store(std::clamp(percent, 0.0, 100.0), std::memory_order_relaxed);
    own.budget_retries_min.store(to_uint32(runtime.integer(least_key, configured.budget_retries_min)),
                                 std::memory_order_relaxed);
  }
}

}  // namespace outrider
