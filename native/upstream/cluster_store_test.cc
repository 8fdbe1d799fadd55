#include "upstream/cluster_store.h"

#include "upstream/test_cluster.h"

namespace outrider {
namespace {

Result<ClusterStore::Entry> set_cluster(ClusterStore& store, const std::string& json) {
  const auto source = SharedConfig::parse(json);
  return store.set_cluster(source, source->root());
}
Result<ClusterStore::Entry> set_endpoints(ClusterStore& store, const std::string& json) {
  const auto source = SharedConfig::parse(json);
  return store.set_endpoints("one", source, source->root());
}
size_t live_scopes(const StatsRegistry& registry) {
  size_t count = 0;
  for (const StatScopeInfo& scope : registry.scopes()) count += scope.users > 0 ? 1 : 0;
  return count;
}

TEST(ClusterStore, TakesTheEndpointsOfAStaticClusterFromItsConfiguration) {
  StatsRegistry registry;
  ClusterStore store(registry);
  const auto entry = set_cluster(store, R"({"name": "one", "load_assignment": )" +
                                            assignment(group(endpoint(1) + "," + endpoint(2))) + "}");
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry.value().endpoints->hosts().size(), 2u);
  EXPECT_EQ(registry.value(entry.value().config->stats.control, ClusterControlStat::membership_total), 2u);
  EXPECT_EQ(store.find("one")->config, entry.value().config);
  EXPECT_EQ(store.find("two"), nullptr);
}

TEST(ClusterStore, GivesStatisticsBackOnceNobodyHasTheClusterAnyMore) {
  StatsRegistry registry;
  const size_t before = live_scopes(registry);
  ClusterStore store(registry);
  {
    const auto entry = set_cluster(store, R"({"name": "one", "type": "STRICT_DNS"})");
    const auto filled = set_endpoints(store, assignment(group(endpoint(1))));
    EXPECT_GT(live_scopes(registry), before);
    EXPECT_TRUE(store.remove("one"));
    store.collect();
    EXPECT_GT(live_scopes(registry), before);  // entry and filled still have them
  }
  store.collect();
  EXPECT_EQ(live_scopes(registry), before);
  EXPECT_FALSE(store.remove("one"));
}

TEST(ClusterStore, AHostThatIsCheckedIsUnhealthyUntilACheckSaysOtherwise) {
  StatsRegistry registry;
  ClusterStore store(registry);
  ASSERT_TRUE(set_cluster(store, R"({"name": "one", "health_checks": [{"interval": "1s"}]})").ok());
  auto entry = set_endpoints(store, assignment(group(endpoint(1) + "," + endpoint(2))));
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry.value().endpoints->healthy(), 0u);
  const std::string address = entry.value().endpoints->hosts()[0]->address.text();
  const auto found = SharedConfig::parse(R"([{"address": ")" + address + R"(", "flags": 0}])");
  EXPECT_EQ(store.set_health("one", found->root()).endpoints->healthy(), 1u);
  entry = set_endpoints(store, assignment(group(endpoint(2) + "," + endpoint(1))));
  EXPECT_EQ(entry.value().endpoints->healthy(), 1u);  // what is known of a host outlives an update
  EXPECT_FALSE(store.set_health("two", found->root()).endpoints);
}

TEST(ClusterStore, ARefusedClusterLeavesTheOldOneAndNoStatistics) {
  StatsRegistry registry;
  ClusterStore store(registry);
  ASSERT_TRUE(set_cluster(store, R"({"name": "one"})").ok());
  const size_t before = live_scopes(registry);
  EXPECT_FALSE(set_cluster(store, R"({"name": "one", "lb_policy": "CLUSTER_PROVIDED"})").ok());
  const auto bad =
      set_cluster(store, R"({"name": "two", "load_assignment": {"endpoints": [{"lb_endpoints": [)" +
                             endpoint(1) + ", {}]}]}}");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().path, "load_assignment.endpoints[0].lb_endpoints[1].endpoint.address");
  EXPECT_EQ(live_scopes(registry), before);
  EXPECT_NE(store.find("one"), nullptr);
}

TEST(ClusterStore, TheRuntimeChangesTheEndpointsThatDependOnIt) {
  StatsRegistry registry;
  ClusterStore store(registry);
  ASSERT_TRUE(set_cluster(store, R"({"name": "one", "load_assignment": )" +
                                     assignment(group(endpoint(1, R"("health_status": "UNHEALTHY")"))) + "}")
                  .ok());
  EXPECT_TRUE(store.find("one")->endpoints->load().shares[0].panic);
  const auto off = SharedConfig::parse(R"({"upstream.healthy_panic_threshold": 0})");
  EXPECT_EQ(store.set_runtime(RuntimeValues(off->root())), std::vector<std::string>{"one"});
  EXPECT_FALSE(store.find("one")->endpoints->load().shares[0].panic);
  EXPECT_EQ(store.set_runtime(RuntimeValues(off->root())), std::vector<std::string>{});
}

TEST(ClusterStore, PublishesTheGaugesOfItsBreakers) {
  StatsRegistry registry;
  ClusterStore store(registry);
  const auto entry =
      set_cluster(store, R"({"name": "one", "circuit_breakers": {"thresholds": [{"max_requests": 1}]}})");
  entry.value().config->breakers().acquire(RoutePriority::Default, Resource::Requests);
  store.publish();
  EXPECT_EQ(
      registry.value(entry.value().config->stats.cluster, ClusterStat::circuit_breakers_default_rq_open), 1u);
}

}  // namespace
}  // namespace outrider
