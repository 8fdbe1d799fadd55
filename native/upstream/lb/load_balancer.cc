#include "upstream/lb/load_balancer.h"

#include <algorithm>

#include "base/random.h"
#include "upstream/cluster.h"
#include "upstream/lb/bounded_load.h"
#include "upstream/lb/policies.h"

namespace outrider {
namespace {

// The policies that find a host by its hash have no policy object: their tables come with the endpoints.
std::unique_ptr<LbPolicy> make_policy(const LbConfig& config, uint64_t seed) {
  switch (config.kind) {
    case LbPolicyKind::RoundRobin:
      return make_round_robin(seed);
    case LbPolicyKind::LeastRequest:
      return make_least_request(config, seed);
    case LbPolicyKind::Random:
      return make_random();
    case LbPolicyKind::RingHash:
    case LbPolicyKind::Maglev:
      break;
  }
  return nullptr;
}

// A load that was computed from other endpoints, which had other priorities, is of no use.
const PriorityLoad& load_for(const ClusterEndpoints& endpoints, const LbContext& context) {
  const bool fits = context.load != nullptr && context.load->shares.size() == endpoints.load().shares.size();
  return fits ? *context.load : endpoints.load();
}

struct Target {
  uint32_t priority = 0;
  bool degraded = false;
};

Target choose_priority(const PriorityLoad& load, uint64_t random) {
  if (load.shares[0].healthy == 100) return {};
  uint32_t left = static_cast<uint32_t>(random % 100) + 1;
  for (bool degraded : {false, true}) {
    for (uint32_t i = 0; i < load.shares.size(); ++i) {
      const uint32_t share = degraded ? load.shares[i].degraded : load.shares[i].healthy;
      if (left <= share) return {i, degraded};
      left -= share;
    }
  }
  return {};
}

// Numbers of groups: all, healthy, degraded of each priority, then the localities.
enum : uint32_t { kAll, kHealthy, kDegraded, kClasses };
constexpr uint32_t kLocalitiesMax = 1024;  // of one priority; beyond, rotations are shared

uint32_t group_id(uint32_t priority, uint32_t group_class) { return priority * kClasses + group_class; }

uint32_t locality_group_id(uint32_t priorities, uint32_t priority, uint32_t locality, bool degraded) {
  const uint32_t row = (locality % kLocalitiesMax) * priorities + priority;
  return priorities * kClasses + row * 2 + (degraded ? 1 : 0);
}

void add_turns(EdfScheduler& turns, const HostSet& set, uint32_t factor,
               const std::vector<HostIndex> HostClasses::*usable) {
  for (uint32_t i = 0; i < set.localities.size(); ++i) {
    const LocalityHosts& locality = set.localities[i];
    const double weight = locality.effective_weight(locality.*usable, factor);
    if (weight > 0) turns.add(i, weight);
  }
}

}  // namespace

LoadBalancer::LoadBalancer(const ClusterConfig& cluster, uint64_t seed)
    : cluster_(cluster), config_(cluster.lb), seed_(seed), policy_(make_policy(config_, seed)) {}

LoadBalancer::Choice LoadBalancer::choose(const ClusterEndpoints& endpoints, const LbContext& context,
                                          uint32_t attempt) {
  if (policy_ == nullptr) return choose_by_hash(endpoints, context, attempt);
  const PriorityLoad& load = load_for(endpoints, context);
  const Target target = choose_priority(load, context.random.next());
  const bool panic = endpoints.load().shares[target.priority].panic;
  if (panic && config_.fail_traffic_on_panic) return {kNoHost, true};
  const HostGroup group = choose_group(endpoints, target.priority, target.degraded, panic);
  if (group.hosts.empty()) return {kNoHost, panic};
  return {policy_->pick(group, endpoints, context), panic};
}

LoadBalancer::Choice LoadBalancer::choose_by_hash(const ClusterEndpoints& endpoints, const LbContext& context,
                                                  uint32_t attempt) {
  const uint64_t hash = context.hash ? *context.hash : context.random.next();
  const PriorityLoad& load = load_for(endpoints, context);
  const Target target = choose_priority(load, hash);
  const bool panic = endpoints.load().shares[target.priority].panic;
  if (panic && config_.fail_traffic_on_panic) return {kNoHost, true};
  const HostTable* table = endpoints.table(target.priority);
  if (table == nullptr) return {kNoHost, panic};
  const HostIndex found = table->find(hash, attempt);
  if (config_.hash_balance_factor == 0) return {found, panic};
  const CircuitBreakers& breakers = cluster_.breakers();
  const uint32_t active = breakers.now(RoutePriority::Default, Resource::Requests) +
                          breakers.now(RoutePriority::High, Resource::Requests);
  return {BoundedLoad(endpoints, *table, config_.hash_balance_factor, active).choose(found, hash), panic};
}

HostGroup LoadBalancer::choose_group(const ClusterEndpoints& endpoints, uint32_t priority, bool degraded,
                                     bool panic) {
  const HostSet& set = endpoints.sets()[priority];
  if (panic) return {group_id(priority, kAll), set.all};
  if (config_.locality_weighted) {
    if (!built_) build_turns(endpoints);
    EdfScheduler& turns = degraded ? turns_[priority].degraded : turns_[priority].healthy;
    if (!turns.empty()) {
      const uint32_t index = turns.peek();
      turns.reschedule();
      const LocalityHosts& locality = set.localities[index];
      const auto priorities = static_cast<uint32_t>(endpoints.sets().size());
      return {locality_group_id(priorities, priority, index, degraded),
              degraded ? locality.degraded : locality.healthy};
    }
  }
  return degraded ? HostGroup{group_id(priority, kDegraded), set.degraded}
                  : HostGroup{group_id(priority, kHealthy), set.healthy};
}

void LoadBalancer::build_turns(const ClusterEndpoints& endpoints) {
  built_ = true;
  turns_.clear();
  turns_.resize(endpoints.sets().size());
  for (size_t i = 0; i < turns_.size(); ++i) {
    const HostSet& set = endpoints.sets()[i];
    add_turns(turns_[i].healthy, set, endpoints.overprovisioning_factor(), &HostClasses::healthy);
    add_turns(turns_[i].degraded, set, endpoints.overprovisioning_factor(), &HostClasses::degraded);
    turns_[i].healthy.skip(seed_);
    turns_[i].degraded.skip(seed_);
  }
}

void LoadBalancer::reset() {
  built_ = false;
  if (policy_ != nullptr) policy_->reset();
}

}  // namespace outrider
