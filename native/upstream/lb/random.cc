// RANDOM: every host with the same probability; weights do not count, as in Envoy.
#include "base/random.h"

#include "upstream/lb/policies.h"

namespace outrider {
namespace {

class RandomPolicy final : public LbPolicy {
 public:
  HostIndex pick(const HostGroup& group, const ClusterEndpoints&, const LbContext& context) override {
    return group.hosts[context.random.next() % group.hosts.size()];
  }
  void reset() override {}
};

}  // namespace

std::unique_ptr<LbPolicy> make_random() { return std::make_unique<RandomPolicy>(); }

}  // namespace outrider
