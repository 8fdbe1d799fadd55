#pragma once
#include <cstdint>
#include <vector>

#include "upstream/lb/edf_scheduler.h"
#include "upstream/lb/lb_policy.h"

namespace outrider {

// What rotation a policy has reached in each group of hosts. Groups whose hosts have different weights are
// scheduled by deadline; in all others hosts are picked without weights.
class WeightedGroups {
 public:
  struct Group {
    EdfScheduler schedule;  // of places in the group; empty while the weights are equal
    uint32_t next = 0;      // place of the next host in plain rotation
    bool built = false;
    bool started = false;
  };

  explicit WeightedGroups(uint64_t seed) : seed_(seed) {}

  // `weight_of(host)` is the weight at this moment.
  template <typename WeightOf>
  Group& at(const HostGroup& group, const ClusterEndpoints& endpoints, const WeightOf& weight_of) {
    if (group.id >= groups_.size()) groups_.resize(group.id + 1);
    Group& out = groups_[group.id];
    if (!out.built) build(out, group, endpoints, weight_of);
    return out;
  }
  // The weights are void; plain rotations go on.
  void reset() {
    for (Group& group : groups_) group.built = false;
  }

 private:
  template <typename WeightOf>
  void build(Group& out, const HostGroup& group, const ClusterEndpoints& endpoints,
             const WeightOf& weight_of) {
    out.built = true;
    out.schedule.clear();
    if (!out.started) out.next = static_cast<uint32_t>(seed_ % group.hosts.size());
    out.started = true;
    if (equal_weights(group, endpoints)) return;
    for (uint32_t i = 0; i < group.hosts.size(); ++i) {
      out.schedule.add(i, weight_of(*endpoints.hosts()[group.hosts[i]]));
    }
    out.schedule.skip(seed_);
  }
  static bool equal_weights(const HostGroup& group, const ClusterEndpoints& endpoints) {
    const uint32_t weight = endpoints.hosts()[group.hosts[0]]->weight;
    for (HostIndex index : group.hosts) {
      if (endpoints.hosts()[index]->weight != weight) return false;
    }
    return true;
  }

  uint64_t seed_;
  std::vector<Group> groups_;
};

}  // namespace outrider
