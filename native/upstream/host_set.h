#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/ref.h"
#include "base/result.h"
#include "upstream/host.h"
#include "upstream/lb/host_table.h"

namespace outrider {

class RuntimeValues;
struct ClusterConfig;

// Hosts are named by their place in ClusterEndpoints::hosts: workers keep arrays that run parallel to it.
using HostIndex = uint32_t;
inline constexpr HostIndex kNoHost = UINT32_MAX;

// Hosts by what they are fit for.
struct HostClasses {
  uint32_t excluded = 0;
  std::vector<HostIndex> all;
  std::vector<HostIndex> healthy;
  std::vector<HostIndex> degraded;
};

// The hosts of one locality, kept only where localities are weighted.
struct LocalityHosts : HostClasses {
  uint32_t weight = 0;  // load_balancing_weight; 0: no traffic
  // What the weight is worth while only `usable` of the hosts can be used.
  double effective_weight(const std::vector<HostIndex>& usable, uint32_t overprovisioning_factor) const;
};

// The hosts of one priority.
struct HostSet : HostClasses {
  std::vector<LocalityHosts> localities;
};

// How traffic is spread over the priorities, in percent; healthy and degraded together add up to 100.
struct PriorityLoad {
  struct Share {
    uint8_t healthy = 0;
    uint8_t degraded = 0;
    bool panic = false;  // all of its hosts are used, whatever their health
  };
  std::vector<Share> shares;

  // What of its hosts one priority could use, times the overprovisioning factor, at most 100 percent.
  struct Availability {
    uint32_t healthy = 0;
    uint32_t degraded = 0;
    uint32_t hosts = 0;
    bool below_panic_threshold = false;
  };
  static PriorityLoad compute(std::span<const Availability> priorities, uint32_t panic_threshold);
};

// All endpoints of a cluster at one time: immutable, built on the main thread, shared by all workers.
class ClusterEndpoints final : public RefCounted<ClusterEndpoints> {
 public:
  // `assignment` is envoy.config.endpoint.v3.ClusterLoadAssignment whose addresses are resolved, alive as
  // long as `source`. Hosts of `previous` (null at first) with an equal address keep their HostState; others
  // get one, with a scope of its own in `stats`. `runtime` may be null.
  static Result<Ref<const ClusterEndpoints>> build(const ClusterConfig& cluster,
                                                   Ref<const SharedConfig> source, ConfigView assignment,
                                                   const ClusterEndpoints* previous, StatsRegistry& stats,
                                                   const RuntimeValues* runtime = nullptr);
  // The same hosts, after health flags or the runtime have changed.
  Ref<const ClusterEndpoints> rebuild(const ClusterConfig& cluster, const RuntimeValues* runtime) const;

  std::span<const Ref<const Host>> hosts() const { return hosts_; }
  std::span<const HostSet> sets() const { return sets_; }  // by priority
  const PriorityLoad& load() const { return load_; }
  // For policies that find a host by a hash; null where no host of the priority may be used.
  const HostTable* table(uint32_t priority) const {
    return priority < tables_.size() ? tables_[priority].get() : nullptr;
  }

  // Nobody was added or removed; weights and health may differ.
  bool same_hosts(const ClusterEndpoints& other) const;

  // What the runtime says, or else the configuration.
  uint32_t panic_threshold() const { return panic_threshold_; }  // percent
  double active_request_bias() const { return active_request_bias_; }

  // The membership_* gauges.
  uint32_t healthy() const;
  uint32_t degraded() const;
  uint32_t excluded() const;
  uint32_t overprovisioning_factor() const { return overprovisioning_factor_; }  // percent

 private:
  friend class EndpointsBuilder;
  std::vector<Ref<const Host>> hosts_;
  std::vector<HostSet> sets_;
  std::vector<std::unique_ptr<HostTable>> tables_;
  PriorityLoad load_;
  uint32_t overprovisioning_factor_ = 140;  // percent
  uint32_t panic_threshold_ = 50;
  double active_request_bias_ = 1;
  bool weighted_priority_health_ = false;
};

}  // namespace outrider
