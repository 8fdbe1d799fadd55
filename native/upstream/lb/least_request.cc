// LEAST_REQUEST: the least busy of a few random hosts, or of all. Where weights differ, hosts take turns by
// deadline with weights that shrink with their active requests.
#include <cmath>

#include "base/random.h"
#include "upstream/lb/lb_config.h"
#include "upstream/lb/policies.h"
#include "upstream/lb/weighted_groups.h"

namespace outrider {
namespace {

uint32_t active(const ClusterEndpoints& endpoints, HostIndex index) {
  return endpoints.hosts()[index]->state->rq_active.load(std::memory_order_relaxed);
}

class LeastRequest final : public LbPolicy {
 public:
  LeastRequest(const LbConfig& config, uint64_t seed) : config_(config), groups_(seed) {}

  HostIndex pick(const HostGroup& group, const ClusterEndpoints& endpoints,
                 const LbContext& context) override {
    auto weight = [&](const Host& host) { return weight_now(host, endpoints.active_request_bias()); };
    WeightedGroups::Group& turns = groups_.at(group, endpoints, weight);
    if (!turns.schedule.empty()) {
      const HostIndex picked = group.hosts[turns.schedule.peek()];
      turns.schedule.reschedule(weight(*endpoints.hosts()[picked]));
      return picked;
    }
    return config_.full_scan ? least_of_all(group, endpoints, context.random)
                             : least_of_some(group, endpoints, context.random);
  }

  void reset() override { groups_.reset(); }

 private:
  static double weight_now(const Host& host, double bias) {
    const double busy = host.state->rq_active.load(std::memory_order_relaxed) + 1.0;
    if (bias == 1.0) return host.weight / busy;
    return host.weight / std::pow(busy, bias);
  }

  HostIndex least_of_some(const HostGroup& group, const ClusterEndpoints& endpoints, Random& random) const {
    HostIndex best = group.hosts[random.next() % group.hosts.size()];
    for (uint32_t i = 1; i < config_.choice_count; ++i) {
      const HostIndex other = group.hosts[random.next() % group.hosts.size()];
      if (active(endpoints, other) < active(endpoints, best)) best = other;
    }
    return best;
  }

  // Ties are drawn by lot.
  static HostIndex least_of_all(const HostGroup& group, const ClusterEndpoints& endpoints, Random& random) {
    HostIndex best = group.hosts[0];
    uint64_t tied = 1;
    for (HostIndex other : group.hosts.subspan(1)) {
      const uint32_t least = active(endpoints, best);
      const uint32_t requests = active(endpoints, other);
      if (requests > least) continue;
      tied = requests < least ? 1 : tied + 1;
      if (random.next() % tied == 0) best = other;
    }
    return best;
  }

  const LbConfig& config_;
  WeightedGroups groups_;
};

}  // namespace

std::unique_ptr<LbPolicy> make_least_request(const LbConfig& config, uint64_t seed) {
  return std::make_unique<LeastRequest>(config, seed);
}

}  // namespace outrider
