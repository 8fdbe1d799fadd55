#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ref.h"
#include "base/stats.h"
#include "upstream/cluster.h"
#include "upstream/host_set.h"
#include "upstream/lb/load_balancer.h"

namespace outrider {

class PoolBase;

enum class PoolKind : uint8_t { Http1, Http2, Tunnel, Tcp };
inline constexpr size_t kPoolKinds = 4;

// One host on one worker. `host` is swapped, between two turns, for what the last update said; its address
// changes only in LOGICAL_DNS clusters, for the connections that are made from then on.
struct HostSlot {
  Ref<const Host> host;
  // By kind and priority. Each belongs to whoever sets it.
  PoolBase* pools[kPoolKinds][kRoutePriorities] = {};
};

// Told when a host is gone. Takes over the slot, whose connections may finish what they carry.
class HostSlotOwner {
 public:
  virtual void adopt(std::unique_ptr<HostSlot> slot) = 0;

 protected:
  ~HostSlotOwner() = default;
};

// A cluster on one worker: the snapshots of the moment, a balancer, and the slots of the hosts that were
// chosen so far. Nothing is made before the first request, so that a cluster without traffic costs little.
class WorkerCluster {
 public:
  // `stats` and `random` are the worker's and outlive the cluster.
  WorkerCluster(Ref<const ClusterConfig> config, Ref<const ClusterEndpoints> endpoints, StatsBlock& stats,
                Random& random);
  ~WorkerCluster();
  WorkerCluster(const WorkerCluster&) = delete;
  WorkerCluster& operator=(const WorkerCluster&) = delete;

  const ClusterConfig& config() const { return *config_; }
  const ClusterEndpoints& endpoints() const { return *endpoints_; }

  // The host for one request, or null: none is there, or traffic is failed in panic. Valid until it is
  // handed to a HostSlotOwner; keep a Ref to `host` for what outlives the stream.
  HostSlot* choose_host(const LbContext& context);

  // Between two turns. Slots of hosts that are gone go to `owner`, if a pool hangs on them.
  void set_endpoints(Ref<const ClusterEndpoints> endpoints, HostSlotOwner& owner);
  // Gives up every slot, as when the cluster is removed or its configuration replaced.
  void release_slots(HostSlotOwner& owner);

 private:
  HostSlot* slot(HostIndex index);

  StatsBlock& stats_;
  Random& random_;
  Ref<const ClusterConfig> config_;
  Ref<const ClusterEndpoints> endpoints_;
  std::unique_ptr<LoadBalancer> balancer_;        // null until first used
  std::vector<std::unique_ptr<HostSlot>> slots_;  // parallel to endpoints_->hosts(); empty until first used
};

}  // namespace outrider
