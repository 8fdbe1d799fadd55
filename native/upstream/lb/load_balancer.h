#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "upstream/lb/edf_scheduler.h"
#include "upstream/lb/lb_policy.h"

namespace outrider {

// Chooses a host in two steps: the group (priority by load, panic, locality by weight), then the host by the
// cluster's policy. Belongs to a worker.
class LoadBalancer {
 public:
  // `config` outlives the balancer. `seed` starts the rotations, so that workers do not go in step.
  LoadBalancer(const LbConfig& config, uint64_t seed);

  // One choice; kNoHost where there is none. A refused host is the caller's business.
  HostIndex choose(const ClusterEndpoints& endpoints, LbContext& context);
  // New endpoints: rotations go on, what was computed from weights is void.
  void reset();

 private:
  struct LocalityState {
    EdfScheduler healthy;
    EdfScheduler degraded;
    bool built = false;
  };

  HostGroup choose_group(const ClusterEndpoints& endpoints, LbContext& context);
  HostGroup locality_group(const HostSet& set, uint32_t priority, bool degraded, uint32_t factor);

  const LbConfig& config_;
  std::unique_ptr<LbPolicy> policy_;
  std::vector<LocalityState> localities_;  // by priority
};

}  // namespace outrider
