#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/config_view.h"
#include "base/ref.h"
#include "base/shared_config.h"
#include "base/stats.h"

namespace outrider {

// Why a host gets no traffic, or less; names as in /clusters.
enum class HealthFlag : uint32_t {
  FailedActiveHc = 1 << 0,
  FailedOutlierCheck = 1 << 1,
  FailedEdsHealth = 1 << 2,
  DegradedActiveHc = 1 << 3,
  DegradedEdsHealth = 1 << 4,
  PendingDynamicRemoval = 1 << 5,
  PendingActiveHc = 1 << 6,
  ExcludedViaImmediateHcFail = 1 << 7,
  ActiveHcTimeout = 1 << 8,
  EdsStatusDraining = 1 << 9,
};

enum class HostHealth : uint8_t { Healthy, Degraded, Unhealthy };

// The flags that a host's classes are computed from.
constexpr bool has_flag(uint32_t flags, HealthFlag flag) {
  return (flags & static_cast<uint32_t>(flag)) != 0;
}
// Those that active health checks set.
inline constexpr uint32_t active_hc_flags = static_cast<uint32_t>(HealthFlag::FailedActiveHc) |
                                            static_cast<uint32_t>(HealthFlag::DegradedActiveHc) |
                                            static_cast<uint32_t>(HealthFlag::PendingActiveHc) |
                                            static_cast<uint32_t>(HealthFlag::ExcludedViaImmediateHcFail) |
                                            static_cast<uint32_t>(HealthFlag::ActiveHcTimeout);
HostHealth health_of(uint32_t flags);
// Counted neither as healthy nor as unhealthy.
bool is_excluded(uint32_t flags);

struct Locality {
  std::string region;
  std::string zone;
  std::string sub_zone;
  bool operator==(const Locality&) const = default;
};

// What outlives an update of the endpoints: one a host of a cluster, shared by all workers. Relaxed atomics.
struct HostState final : RefCounted<HostState> {
  StatScope<HostStat> stats;
  std::atomic<uint32_t> rq_active{0};  // read by LEAST_REQUEST
  std::atomic<uint32_t> cx_active{0};  // read by per_host_thresholds
  // HealthFlag bits. Written by the main thread, which then publishes new ClusterEndpoints.
  std::atomic<uint32_t> health_flags{0};
};

// One endpoint as the last update described it. Immutable; an update that changes anything makes a new Host
// with the same HostState, so that pools, counts and statistics stay.
struct Host final : RefCounted<Host> {
  Address address;
  std::vector<Address> additional_addresses;  // for happy eyeballs, after `address`
  std::string hostname;                       // Endpoint.hostname, or the DNS name that was resolved
  uint32_t weight = 1;
  uint32_t priority = 0;
  bool canary = false;
  Locality locality;
  uint32_t locality_weight = 0;    // of its LocalityLbEndpoints
  ConfigView metadata;             // envoy.config.core.v3.Metadata
  ConfigView endpoint;             // envoy.config.endpoint.v3.LbEndpoint
  Ref<const SharedConfig> source;  // keeps the views alive
  Ref<HostState> state;

  uint32_t health_flags() const { return state->health_flags.load(std::memory_order_relaxed); }
  HostHealth health() const { return health_of(health_flags()); }
};

}  // namespace outrider
