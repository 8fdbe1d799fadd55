#include "upstream/worker_cluster.h"

#include <unordered_map>
#include <utility>

#include "base/random.h"

namespace outrider {
namespace {

bool has_pool(const HostSlot& slot) {
  for (const auto& pools : slot.pools) {
    for (const PoolBase* pool : pools) {
      if (pool != nullptr) return true;
    }
  }
  return false;
}

void give_up(std::unique_ptr<HostSlot> slot, HostSlotOwner& owner) {
  if (slot != nullptr && has_pool(*slot)) owner.adopt(std::move(slot));
}

}  // namespace

WorkerCluster::WorkerCluster(Ref<const ClusterConfig> config, Ref<const ClusterEndpoints> endpoints,
                             StatsBlock& stats, Random& random)
    : stats_(stats), random_(random), config_(std::move(config)), endpoints_(std::move(endpoints)) {}

WorkerCluster::~WorkerCluster() = default;

HostSlot* WorkerCluster::choose_host(const LbContext& context) {
  if (balancer_ == nullptr) balancer_ = std::make_unique<LoadBalancer>(*config_, random_.next());
  HostIndex chosen = kNoHost;
  for (uint32_t attempt = 0; attempt < context.attempts_max; ++attempt) {
    const LoadBalancer::Choice choice = balancer_->choose(*endpoints_, context, attempt);
    if (choice.panic) stats_.add(config_->stats.cluster, ClusterStat::lb_healthy_panic);
    chosen = choice.host;
    if (chosen == kNoHost) return nullptr;
    if (context.predicate == nullptr || !context.predicate->refuses(*endpoints_->hosts()[chosen])) break;
  }
  return chosen == kNoHost ? nullptr : slot(chosen);
}

HostSlot* WorkerCluster::slot(HostIndex index) {
  if (slots_.empty()) slots_.resize(endpoints_->hosts().size());
  std::unique_ptr<HostSlot>& place = slots_[index];
  if (place == nullptr) {
    place = std::make_unique<HostSlot>();
    place->host = endpoints_->hosts()[index];
  }
  return place.get();
}

void WorkerCluster::set_endpoints(Ref<const ClusterEndpoints> endpoints, HostSlotOwner& owner) {
  const Ref<const ClusterEndpoints> before = std::exchange(endpoints_, std::move(endpoints));
  if (balancer_ != nullptr) balancer_->reset();
  if (config_->close_connections_on_host_set_change && !before->same_hosts(*endpoints_)) release_slots(owner);
  if (slots_.empty()) return;

  std::unordered_map<const HostState*, std::unique_ptr<HostSlot>> old;
  for (std::unique_ptr<HostSlot>& slot : slots_) {
    if (slot != nullptr) old.emplace(slot->host->state.get(), std::move(slot));
  }
  slots_.clear();
  slots_.resize(endpoints_->hosts().size());
  for (HostIndex i = 0; i < slots_.size(); ++i) {
    auto found = old.find(endpoints_->hosts()[i]->state.get());
    if (found == old.end()) continue;
    slots_[i] = std::move(found->second);
    slots_[i]->host = endpoints_->hosts()[i];
    old.erase(found);
  }
  for (auto& [state, slot] : old) give_up(std::move(slot), owner);
}

void WorkerCluster::release_slots(HostSlotOwner& owner) {
  for (std::unique_ptr<HostSlot>& slot : std::exchange(slots_, {})) give_up(std::move(slot), owner);
}

}  // namespace outrider
