#pragma once
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/shared_config.h"
#include "base/stats.h"
#include "upstream/cluster.h"
#include "upstream/host_set.h"
#include "upstream/worker_cluster.h"

namespace outrider {

// For tests: a cluster and its endpoints from JSON.
struct TestCluster {
  explicit TestCluster(const std::string& cluster_fields, const std::string& assignment = "{}") {
    const auto source = SharedConfig::parse(std::string("{\"name\": \"one\"") +
                                            (cluster_fields.empty() ? "" : ", ") + cluster_fields + "}");
    EXPECT_TRUE(source);
    auto built = ClusterConfig::build(source, source->root(), ClusterStats::add(registry, source->root()));
    EXPECT_TRUE(built.ok()) << built.error().path << ": " << built.error().reason;
    config = built.value();
    set(assignment);
  }
  void set(const std::string& assignment) {
    const auto source = SharedConfig::parse(assignment);
    ASSERT_TRUE(source) << assignment;
    auto built = ClusterEndpoints::build(*config, source, source->root(), endpoints.get(), registry);
    ASSERT_TRUE(built.ok()) << built.error().path << ": " << built.error().reason;
    endpoints = built.value();
  }
  WorkerCluster worker() { return WorkerCluster(config, endpoints, *block, random); }
  LbContext context() { return LbContext{.random = random}; }

  // How often each port was chosen in `count` choices.
  std::map<uint16_t, int> tally(WorkerCluster& worker, int count) {
    std::map<uint16_t, int> ports;
    for (int i = 0; i < count; ++i) {
      const HostSlot* slot = worker.choose_host(context());
      ++ports[slot == nullptr ? 0 : slot->host->address.port()];
    }
    return ports;
  }
  uint64_t stat(ClusterStat which) const { return registry.value(config->stats.cluster, which); }

  StatsRegistry registry;
  StatsBlock* block = registry.add_block();
  Random random{1};
  Ref<const ClusterConfig> config;
  Ref<const ClusterEndpoints> endpoints;
};

// One LbEndpoint on 127.0.0.1; `fields` are further ones, e.g. "load_balancing_weight": 2.
inline std::string endpoint(int port, const std::string& fields = "") {
  return "{\"endpoint\": {\"address\": {\"socket_address\": {\"address\": \"127.0.0.1\", \"port_value\": " +
         std::to_string(port) + "}}}" + (fields.empty() ? "" : ", ") + fields + "}";
}

// A ClusterLoadAssignment of groups; a group is its LbEndpoints and further fields.
inline std::string group(const std::string& endpoints, const std::string& fields = "") {
  return "{\"lb_endpoints\": [" + endpoints + "]" + (fields.empty() ? "" : ", ") + fields + "}";
}
inline std::string assignment(const std::string& groups) { return "{\"endpoints\": [" + groups + "]}"; }

}  // namespace outrider
