// How Envoy spreads traffic over priorities: each takes what its available hosts can bear (their share times
// the overprovisioning factor), healthy ones first; what is left goes to the next priority. Envoy's
// documentation, "Priority levels" and "Panic threshold".
#include <algorithm>

#include "upstream/host_set.h"

namespace outrider {
namespace {

using Availability = PriorityLoad::Availability;

// All of the traffic, by numbers of hosts, when no priority has enough that are available.
void spread_by_size(std::span<const Availability> priorities, PriorityLoad& out) {
  uint32_t total = 0;
  for (const Availability& priority : priorities) total += priority.hosts;
  if (total == 0) {
    out.shares[0].healthy = 100;
    return;
  }
  uint32_t left = 100;
  for (size_t i = 0; i < priorities.size(); ++i) {
    out.shares[i].degraded = 0;
    out.shares[i].healthy = static_cast<uint8_t>(uint64_t{100} * priorities[i].hosts / total);
    left -= out.shares[i].healthy;
  }
  const auto first = std::ranges::find_if(priorities, [](const Availability& p) { return p.hosts > 0; });
  out.shares[static_cast<size_t>(first - priorities.begin())].healthy += static_cast<uint8_t>(left);
}

void spread_by_availability(std::span<const Availability> priorities, uint32_t total, PriorityLoad& out) {
  uint32_t left = 100;
  auto give = [&](uint32_t available, uint8_t& share) {
    share = static_cast<uint8_t>(std::min(left, available * 100 / total));
    left -= share;
  };
  for (size_t i = 0; i < priorities.size(); ++i) give(priorities[i].healthy, out.shares[i].healthy);
  for (size_t i = 0; i < priorities.size(); ++i) give(priorities[i].degraded, out.shares[i].degraded);
  // What rounding left goes to the first that is available.
  const auto healthy = std::ranges::find_if(priorities, [](const Availability& p) { return p.healthy > 0; });
  const auto degraded =
      std::ranges::find_if(priorities, [](const Availability& p) { return p.degraded > 0; });
  if (healthy != priorities.end()) {
    out.shares[static_cast<size_t>(healthy - priorities.begin())].healthy += static_cast<uint8_t>(left);
  } else {
    out.shares[static_cast<size_t>(degraded - priorities.begin())].degraded += static_cast<uint8_t>(left);
  }
}

}  // namespace

PriorityLoad PriorityLoad::compute(std::span<const Availability> priorities, uint32_t panic_threshold) {
  PriorityLoad out;
  out.shares.resize(std::max<size_t>(1, priorities.size()));
  uint32_t total = 0;
  for (const Availability& priority : priorities) total += priority.healthy + priority.degraded;
  total = std::min<uint32_t>(total, 100);
  if (total > 0) {
    spread_by_availability(priorities, total, out);
  } else if (panic_threshold == 0) {
    out.shares[0].healthy = 100;  // there is no panic, and nobody to choose
    return out;
  }

  bool all_panic = true;
  for (size_t i = 0; i < priorities.size(); ++i) {
    out.shares[i].panic = total < 100 && priorities[i].below_panic_threshold;
    all_panic = all_panic && out.shares[i].panic;
  }
  if (all_panic) spread_by_size(priorities, out);
  return out;
}

}  // namespace outrider
