#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/ref.h"
#include "base/result.h"
#include "upstream/host.h"

namespace outrider {

struct ClusterConfig;

// Hosts are named by their place in ClusterEndpoints::hosts: workers keep arrays that run parallel to it.
using HostIndex = uint32_t;
inline constexpr HostIndex kNoHost = UINT32_MAX;

// The hosts of one locality, kept only where localities are weighted.
struct LocalityHosts {
  uint32_t weight = 0;  // load_balancing_weight; 0: no traffic
  uint32_t excluded = 0;
  std::vector<HostIndex> all;
  std::vector<HostIndex> healthy;
  std::vector<HostIndex> degraded;
};

// The hosts of one priority.
struct HostSet {
  uint32_t excluded = 0;
  std::vector<HostIndex> all;
  std::vector<HostIndex> healthy;
  std::vector<HostIndex> degraded;
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
};

// All endpoints of a cluster at one time: immutable, built on the main thread, shared by all workers.
class ClusterEndpoints final : public RefCounted<ClusterEndpoints> {
 public:
  // `assignment` is envoy.config.endpoint.v3.ClusterLoadAssignment whose addresses are resolved, alive as
  // long as `source`. Hosts of `previous` (null at first) with an equal address keep their HostState.
  static Result<Ref<const ClusterEndpoints>> build(const ClusterConfig& cluster,
                                                   Ref<const SharedConfig> source, ConfigView assignment,
                                                   const ClusterEndpoints* previous);
  // The same hosts, classed anew after their health flags or the panic threshold (percent) have changed.
  Ref<const ClusterEndpoints> rebuild(const ClusterConfig& cluster, uint32_t panic_threshold) const;

  std::span<const Ref<const Host>> hosts() const { return hosts_; }
  std::span<const HostSet> sets() const { return sets_; }  // by priority
  const PriorityLoad& load() const { return load_; }

  // The membership_* gauges.
  uint32_t healthy() const;
  uint32_t degraded() const;
  uint32_t excluded() const;

 private:
  friend class EndpointsBuilder;
  std::vector<Ref<const Host>> hosts_;
  std::vector<HostSet> sets_;
  PriorityLoad load_;
  uint32_t overprovisioning_factor_ = 140;  // percent
  bool weighted_priority_health_ = false;
};

}  // namespace outrider
