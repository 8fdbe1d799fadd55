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
  // `cluster` outlives the balancer. `seed` starts the rotations, so that workers do not go in step.
  LoadBalancer(const ClusterConfig& cluster, uint64_t seed);

  struct Choice {
    HostIndex host = kNoHost;
    bool panic = false;  // counted as lb_healthy_panic
  };
  // One choice; kNoHost where there is none. A refused host is the caller's business;
  // `attempt` counts the refused ones of this request.
  Choice choose(const ClusterEndpoints& endpoints, const LbContext& context, uint32_t attempt = 0);
  // New endpoints: rotations go on, what was computed from weights is void.
  void reset();

 private:
  // Localities of one priority, by weight.
  struct LocalityTurns {
    EdfScheduler healthy;
    EdfScheduler degraded;
  };
  Choice choose_by_hash(const ClusterEndpoints& endpoints, const LbContext& context, uint32_t attempt);
  HostGroup choose_group(const ClusterEndpoints& endpoints, uint32_t priority, bool degraded, bool panic);
  void build_turns(const ClusterEndpoints& endpoints);

  const ClusterConfig& cluster_;
  const LbConfig& config_;
  uint64_t seed_;
  std::unique_ptr<LbPolicy> policy_;  // null where the endpoints' tables do it
  std::vector<LocalityTurns> turns_;  // by priority; only where localities are weighted
  bool built_ = false;
};

}  // namespace outrider
