#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "base/runtime_values.h"
#include "base/shared_config.h"
#include "base/stats.h"
#include "upstream/cluster.h"
#include "upstream/host_set.h"

namespace outrider {

// All clusters of the process as the main thread knows them. It builds what workers get (posting it is the
// caller's part) and gives statistics back once nobody writes them any more. Main thread only.
class ClusterStore {
 public:
  // Both are never null.
  struct Entry {
    Ref<const ClusterConfig> config;
    Ref<const ClusterEndpoints> endpoints;
  };

  // Without `secrets` no cluster has TLS.
  explicit ClusterStore(StatsRegistry& stats, SecretStore* secrets = nullptr)
      : stats_(stats), secrets_(secrets) {}
  ClusterStore(const ClusterStore&) = delete;
  ClusterStore& operator=(const ClusterStore&) = delete;

  // Adds a cluster or replaces the one of its name. `cluster` is envoy.config.cluster.v3.Cluster, alive as long
  // as `source`; in its load_assignment are addresses alone, and it may lack.
  Result<Entry> set_cluster(const Ref<const SharedConfig>& source, ConfigView cluster);
  // `assignment` is envoy.config.endpoint.v3.ClusterLoadAssignment with resolved addresses.
  Result<Entry> set_endpoints(std::string_view name, Ref<const SharedConfig> source, ConfigView assignment);
  // What active health checks found: a list of hosts with `address` and `flags`. Null entries as below.
  Entry set_health(std::string_view name, ConfigView hosts);
  // The same hosts, after their health flags were changed; null entries where there is no such cluster.
  Entry refresh_endpoints(std::string_view name);
  // False where there is no such cluster.
  bool remove(std::string_view name);
  const Entry* find(std::string_view name) const;
  const std::map<std::string, Entry, std::less<>>& clusters() const { return clusters_; }

  // New runtime values. The endpoints of the clusters that this changes are built anew and named.
  std::vector<std::string> set_runtime(RuntimeValues runtime);

  // Counts one of the main thread's own counters, e.g. update_attempt; false where there is none of that name.
  bool count_update(std::string_view cluster, std::string_view stat);
  // Before statistics are read: gauges that are kept elsewhere.
  void publish();
  // From time to time: frees the statistics of clusters and hosts that no worker has any more.
  void collect();

 private:
  void replace(const Entry* old, const Entry& now);
  void retire_hosts(const ClusterEndpoints& old, const ClusterEndpoints* now);

  StatsRegistry& stats_;
  SecretStore* secrets_;
  RuntimeValues runtime_;
  std::map<std::string, Entry, std::less<>> clusters_;
  std::vector<Ref<const ClusterConfig>> retired_clusters_;
  std::vector<Ref<HostState>> retired_hosts_;
};

}  // namespace outrider
