// ROUND_ROBIN: hosts in turn; where their weights differ, by deadline, so that a heavy host's turns are
// spread.
#include "upstream/lb/policies.h"
#include "upstream/lb/weighted_groups.h"

namespace outrider {
namespace {

class RoundRobin final : public LbPolicy {
 public:
  explicit RoundRobin(uint64_t seed) : groups_(seed) {}

  HostIndex pick(const HostGroup& group, const ClusterEndpoints& endpoints, const LbContext&) override {
    auto weight = [](const Host& host) { return static_cast<double>(host.weight); };
    WeightedGroups::Group& turns = groups_.at(group, endpoints, weight);
    if (turns.schedule.empty()) {
      if (turns.next >= group.hosts.size()) turns.next = 0;
      return group.hosts[turns.next++];
    }
    const HostIndex picked = group.hosts[turns.schedule.peek()];
    turns.schedule.reschedule(weight(*endpoints.hosts()[picked]));
    return picked;
  }

  void reset() override { groups_.reset(); }

 private:
  WeightedGroups groups_;
};

}  // namespace

std::unique_ptr<LbPolicy> make_round_robin(uint64_t seed) { return std::make_unique<RoundRobin>(seed); }

}  // namespace outrider
