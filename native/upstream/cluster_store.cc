#include "upstream/cluster_store.h"

#include <optional>
#include <unordered_set>
#include <utility>

namespace outrider {

Result<ClusterStore::Entry> ClusterStore::set_cluster(const Ref<const SharedConfig>& source,
                                                      ConfigView cluster) {
  const ClusterStats stats = ClusterStats::add(stats_, cluster);
  std::optional<TransportBuildContext> transport;
  if (secrets_ != nullptr) {
    const std::string prefix =
        "cluster." + std::string(cluster.string("alt_stat_name", cluster.string("name"))) + ".";
    transport.emplace(TransportBuildContext{*secrets_, stats_, prefix, TlsRole::Client});
  }
  Result<Ref<const ClusterConfig>> config =
      ClusterConfig::build(source, cluster, stats, transport ? &*transport : nullptr);
  if (!config) {
    stats.remove(stats_);
    return config.error();
  }
  config.value()->breakers().apply_runtime(runtime_, config.value()->name);
  auto endpoints = ClusterEndpoints::build(*config.value(), source, cluster["load_assignment"], nullptr,
                                           stats_, &runtime_);
  if (!endpoints) {
    stats.remove(stats_);
    return ConfigError{"load_assignment." + endpoints.error().path, endpoints.error().reason};
  }
  const Entry entry{config.value(), endpoints.value()};
  Entry& place = clusters_[config.value()->name];
  replace(place.config ? &place : nullptr, entry);
  place = entry;
  return entry;
}

Result<ClusterStore::Entry> ClusterStore::set_endpoints(std::string_view name, Ref<const SharedConfig> source,
                                                        ConfigView assignment) {
  const auto found = clusters_.find(name);
  if (found == clusters_.end()) return ConfigError{"cluster_name", "no such cluster: " + std::string(name)};
  Entry& entry = found->second;
  auto endpoints = ClusterEndpoints::build(*entry.config, std::move(source), assignment,
                                           entry.endpoints.get(), stats_, &runtime_);
  if (!endpoints) return endpoints.error();
  const Entry now{entry.config, endpoints.value()};
  retire_hosts(*entry.endpoints, now.endpoints.get());
  publish_membership(stats_.main(), now.config->stats, entry.endpoints.get(), *now.endpoints);
  entry = now;
  return now;
}

ClusterStore::Entry ClusterStore::set_health(std::string_view name, ConfigView hosts) {
  const auto found = clusters_.find(name);
  if (found == clusters_.end()) return {};
  std::map<std::string_view, uint32_t> flags;
  for (ConfigView host : hosts) {
    flags.emplace(host.string("address"), static_cast<uint32_t>(host.uint("flags")));
  }
  for (const Ref<const Host>& host : found->second.endpoints->hosts()) {
    const auto of = flags.find(host->address.text());
    if (of == flags.end()) continue;
    const uint32_t others = host->health_flags() & ~active_hc_flags;
    host->state->health_flags.store(others | (of->second & active_hc_flags), std::memory_order_relaxed);
  }
  return refresh_endpoints(name);
}

ClusterStore::Entry ClusterStore::refresh_endpoints(std::string_view name) {
  const auto found = clusters_.find(name);
  if (found == clusters_.end()) return {};
  Entry& entry = found->second;
  entry.endpoints = entry.endpoints->rebuild(*entry.config, &runtime_);
  publish_membership(stats_.main(), entry.config->stats, entry.endpoints.get(), *entry.endpoints);
  return entry;
}

bool ClusterStore::remove(std::string_view name) {
  const auto found = clusters_.find(name);
  if (found == clusters_.end()) return false;
  retired_clusters_.push_back(found->second.config);
  retire_hosts(*found->second.endpoints, nullptr);
  clusters_.erase(found);
  return true;
}

const ClusterStore::Entry* ClusterStore::find(std::string_view name) const {
  const auto found = clusters_.find(name);
  return found == clusters_.end() ? nullptr : &found->second;
}

std::vector<std::string> ClusterStore::set_runtime(RuntimeValues runtime) {
  runtime_ = std::move(runtime);
  std::vector<std::string> changed;
  for (auto& [name, entry] : clusters_) {
    entry.config->breakers().apply_runtime(runtime_, name);
    const Ref<const ClusterEndpoints> now = entry.endpoints->rebuild(*entry.config, &runtime_);
    if (now->panic_threshold() == entry.endpoints->panic_threshold() &&
        now->active_request_bias() == entry.endpoints->active_request_bias()) {
      continue;
    }
    entry.endpoints = now;
    changed.push_back(name);
  }
  return changed;
}

bool ClusterStore::count_update(std::string_view cluster, std::string_view stat) {
  const Entry* entry = find(cluster);
  return entry != nullptr && count_cluster_update(stats_.main(), entry->config->stats, stat);
}

void ClusterStore::publish() {
  for (const auto& [name, entry] : clusters_) publish_circuit_breakers(stats_.main(), *entry.config);
}

void ClusterStore::collect() {
  std::erase_if(retired_clusters_, [this](const Ref<const ClusterConfig>& cluster) {
    if (!cluster->sole_owner()) return false;
    cluster->stats.remove(stats_);
    return true;
  });
  std::erase_if(retired_hosts_, [this](const Ref<HostState>& host) {
    if (!host->sole_owner()) return false;
    stats_.remove_scope(host->stats);
    return true;
  });
}

// The new cluster's hosts are all new ones: its pools start afresh, as in Envoy.
void ClusterStore::replace(const Entry* old, const Entry& now) {
  publish_membership(stats_.main(), now.config->stats, old == nullptr ? nullptr : old->endpoints.get(),
                     *now.endpoints);
  if (old == nullptr) return;
  retired_clusters_.push_back(old->config);
  retire_hosts(*old->endpoints, now.endpoints.get());
}

void ClusterStore::retire_hosts(const ClusterEndpoints& old, const ClusterEndpoints* now) {
  std::unordered_set<const HostState*> kept;
  if (now != nullptr) {
    for (const Ref<const Host>& host : now->hosts()) kept.insert(host->state.get());
  }
  for (const Ref<const Host>& host : old.hosts()) {
    if (!kept.contains(host->state.get())) retired_hosts_.push_back(host->state);
  }
}

}  // namespace outrider
