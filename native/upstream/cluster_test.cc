#include "upstream/cluster.h"

#include "base/runtime_values.h"
#include "upstream/test_cluster.h"

namespace outrider {
namespace {

TEST(ClusterConfig, HasEnvoysDefaults) {
  const TestCluster cluster("");
  const ClusterConfig& config = *cluster.config;
  EXPECT_EQ(config.observability_name, "one");
  EXPECT_EQ(config.connect_timeout_ms, 5'000u);
  EXPECT_EQ(config.connection_buffer_bytes_max, 1u << 20);
  EXPECT_EQ(config.protocol, UpstreamProtocol::Http1);
  EXPECT_EQ(config.idle_timeout_ms, 3'600'000u);
  EXPECT_EQ(config.tcp_idle_timeout_ms, 600'000u);
  EXPECT_EQ(config.lb.panic_threshold, 50u);
  EXPECT_EQ(config.bind_source_for(AF_INET), nullptr);
  EXPECT_FALSE(config.keepalive.enabled);
}

TEST(ClusterConfig, ReadsHttpProtocolOptions) {
  const TestCluster cluster(R"("typed_extension_protocol_options": {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {"max_concurrent_streams": 7}},
        "common_http_protocol_options": {"idle_timeout": "0s", "max_requests_per_connection": 3,
                                         "max_connection_duration": "1.5s", "max_headers_count": 9}}})");
  EXPECT_EQ(cluster.config->protocol, UpstreamProtocol::Http2);
  EXPECT_EQ(cluster.config->http2_options.uint("max_concurrent_streams"), 7u);
  EXPECT_EQ(cluster.config->idle_timeout_ms, 0u);
  EXPECT_EQ(cluster.config->max_requests_per_connection, 3u);
  EXPECT_EQ(cluster.config->max_connection_duration_ms, 1'500u);
  EXPECT_EQ(cluster.config->max_response_headers_count, 9u);
}

TEST(ClusterConfig, ReadsTheOlderFields) {
  const TestCluster cluster(R"("http2_protocol_options": {}, "max_requests_per_connection": 4,
      "common_http_protocol_options": {"idle_timeout": "2s"}, "alt_stat_name": "other",
      "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 30}})");
  EXPECT_EQ(cluster.config->protocol, UpstreamProtocol::Http2);
  EXPECT_EQ(cluster.config->max_requests_per_connection, 4u);
  EXPECT_EQ(cluster.config->idle_timeout_ms, 2'000u);
  EXPECT_EQ(cluster.config->observability_name, "other");
  EXPECT_TRUE(cluster.config->keepalive.enabled);
  EXPECT_EQ(cluster.config->keepalive.time_s, 30);
  EXPECT_EQ(cluster.config->keepalive.probes, -1);
}

TEST(ClusterConfig, BindsByTheFamilyOfTheUpstream) {
  const TestCluster cluster(R"("upstream_bind_config": {
      "source_address": {"address": "127.0.0.2", "port_value": 0}, "freebind": true,
      "socket_options": [{"level": 1, "name": 2, "int_value": 3, "state": "STATE_BOUND"},
                         {"level": 1, "name": 4, "buf_value": "aGk="}],
      "extra_source_addresses": [{"address": {"address": "::1"}, "socket_options": {}}]})");
  const BindSource* v4 = cluster.config->bind_source_for(AF_INET);
  ASSERT_NE(v4, nullptr);
  EXPECT_EQ(v4->address.ip(), "127.0.0.2");
  EXPECT_TRUE(v4->freebind);
  ASSERT_EQ(v4->options.size(), 2u);
  EXPECT_EQ(v4->options[0].state, SocketOption::State::Bound);
  EXPECT_EQ(v4->options[0].number, 3);
  EXPECT_EQ(v4->options[1].bytes, "hi");
  const BindSource* v6 = cluster.config->bind_source_for(AF_INET6);
  ASSERT_NE(v6, nullptr);
  EXPECT_EQ(v6->address.ip(), "::1");
  EXPECT_TRUE(v6->options.empty());
}

TEST(ClusterConfig, RefusesABindAddressThatIsNone) {
  const auto source =
      SharedConfig::parse(R"({"upstream_bind_config": {"source_address": {"address": "here"}}})");
  const auto built = ClusterConfig::build(source, source->root(), {});
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().path, "upstream_bind_config.source_address.address");
}

TEST(CircuitBreakers, RefuseBeyondTheLimitOfTheirPriority) {
  const TestCluster cluster(R"("circuit_breakers": {"thresholds": [
      {"max_requests": 2, "track_remaining": true}, {"priority": "HIGH", "max_requests": 1}],
      "per_host_thresholds": [{"max_connections": 5}]})");
  CircuitBreakers& breakers = cluster.config->breakers();
  constexpr auto kRequests = Resource::Requests;
  EXPECT_TRUE(breakers.try_acquire(RoutePriority::Default, kRequests));
  EXPECT_EQ(breakers.remaining(RoutePriority::Default, kRequests), 1u);
  EXPECT_FALSE(breakers.open(RoutePriority::Default, kRequests));
  EXPECT_TRUE(breakers.try_acquire(RoutePriority::Default, kRequests));
  EXPECT_FALSE(breakers.try_acquire(RoutePriority::Default, kRequests));
  EXPECT_TRUE(breakers.open(RoutePriority::Default, kRequests));
  EXPECT_TRUE(breakers.try_acquire(RoutePriority::High, kRequests));
  EXPECT_FALSE(breakers.try_acquire(RoutePriority::High, kRequests));
  EXPECT_EQ(breakers.remaining(RoutePriority::High, kRequests), 0u);  // not tracked
  breakers.release(RoutePriority::Default, kRequests);
  EXPECT_TRUE(breakers.try_acquire(RoutePriority::Default, kRequests));
  EXPECT_EQ(breakers.limit(RoutePriority::Default, Resource::Connections), 1'024u);
  EXPECT_EQ(breakers.limit(RoutePriority::Default, Resource::Retries), 3u);
  EXPECT_EQ(breakers.host_connections_max(RoutePriority::Default), 5u);
  EXPECT_EQ(breakers.host_connections_max(RoutePriority::High), UINT32_MAX);
}

TEST(CircuitBreakers, ARuntimeLimitReplacesTheConfiguredOne) {
  const TestCluster cluster("");
  CircuitBreakers& breakers = cluster.config->breakers();
  const auto values = SharedConfig::parse(R"({"circuit_breakers.one.default.max_connections": 0})");
  breakers.apply_runtime(RuntimeValues(values->root()), "one");
  EXPECT_FALSE(breakers.try_acquire(RoutePriority::Default, Resource::Connections));
  breakers.apply_runtime(RuntimeValues(), "one");
  EXPECT_TRUE(breakers.try_acquire(RoutePriority::Default, Resource::Connections));
}

TEST(CircuitBreakers, ARetryBudgetGrowsWithTheRequests) {
  const TestCluster cluster(R"("circuit_breakers": {"thresholds": [
      {"retry_budget": {"budget_percent": {"value": 50}, "min_retry_concurrency": 2}}]})");
  CircuitBreakers& breakers = cluster.config->breakers();
  EXPECT_EQ(breakers.limit(RoutePriority::Default, Resource::Retries), 2u);
  for (int i = 0; i < 10; ++i) breakers.acquire(RoutePriority::Default, Resource::Requests);
  EXPECT_EQ(breakers.limit(RoutePriority::Default, Resource::Retries), 5u);
}

TEST(ClusterStats, PublishesBreakersAndMembership) {
  TestCluster cluster(
      R"("circuit_breakers": {"thresholds": [{"max_connections": 1, "track_remaining": true}]})",
      assignment(group(endpoint(1) + "," + endpoint(2, R"("health_status": "UNHEALTHY")"))));
  const ClusterStats& stats = cluster.config->stats;
  publish_membership(cluster.registry.main(), stats, nullptr, *cluster.endpoints);
  EXPECT_EQ(cluster.registry.value(stats.control, ClusterControlStat::membership_total), 2u);
  EXPECT_EQ(cluster.registry.value(stats.control, ClusterControlStat::membership_healthy), 1u);
  EXPECT_EQ(cluster.registry.value(stats.control, ClusterControlStat::membership_change), 1u);

  cluster.config->breakers().acquire(RoutePriority::Default, Resource::Connections);
  publish_circuit_breakers(cluster.registry.main(), *cluster.config);
  EXPECT_EQ(cluster.stat(ClusterStat::circuit_breakers_default_cx_open), 1u);
  EXPECT_EQ(cluster.stat(ClusterStat::circuit_breakers_default_rq_open), 0u);
  EXPECT_EQ(cluster.registry.value(stats.remaining[0], RemainingStat::remaining_cx), 0u);
  EXPECT_EQ(cluster.registry.value(stats.remaining[0], RemainingStat::remaining_rq), 1'024u);
}

TEST(ClusterStats, CountsAResponseInEachOfItsFamilies) {
  TestCluster cluster("");
  record_response(*cluster.block, cluster.config->stats, {.status = 503, .internal = true, .canary = true});
  for (ClusterStat stat :
       {ClusterStat::upstream_rq_completed, ClusterStat::upstream_rq_5xx,
        ClusterStat::internal_upstream_rq_5xx, ClusterStat::canary_upstream_rq_completed}) {
    EXPECT_EQ(cluster.stat(stat), 1u);
  }
  EXPECT_EQ(cluster.stat(ClusterStat::external_upstream_rq_completed), 0u);
}

TEST(ClusterStats, CountsAnUpdateByItsName) {
  TestCluster cluster("");
  const ClusterStats& stats = cluster.config->stats;
  EXPECT_TRUE(count_cluster_update(cluster.registry.main(), stats, "update_no_rebuild"));
  EXPECT_EQ(cluster.registry.value(stats.control, ClusterControlStat::update_no_rebuild), 1u);
  EXPECT_FALSE(count_cluster_update(cluster.registry.main(), stats, "membership_total"));
  EXPECT_FALSE(count_cluster_update(cluster.registry.main(), stats, "nonsense"));
}

TEST(ClusterStats, NamesBecomePartsOfStatNames) { EXPECT_EQ(sanitized_stat_name("a:b://c:/d"), "a_b_c_d"); }

TEST(Endpoints, AnUpdateKeepsTheStateOfHostsThatStay) {
  TestCluster cluster("", assignment(group(endpoint(1) + "," + endpoint(2))));
  const HostState* two = cluster.endpoints->hosts()[1]->state.get();
  cluster.set(assignment(group(endpoint(3) + "," + endpoint(2, R"("load_balancing_weight": 9)"))));
  EXPECT_EQ(cluster.endpoints->hosts()[1]->state.get(), two);
  EXPECT_EQ(cluster.endpoints->hosts()[1]->weight, 9u);
  EXPECT_NE(cluster.endpoints->hosts()[0]->state.get(), two);
}

TEST(Endpoints, LogicalDnsKeepsItsHostWhenTheAddressChanges) {
  TestCluster cluster(R"("type": "LOGICAL_DNS")", assignment(group(endpoint(1))));
  const HostState* state = cluster.endpoints->hosts()[0]->state.get();
  cluster.set(assignment(group(endpoint(2))));
  EXPECT_EQ(cluster.endpoints->hosts()[0]->state.get(), state);
  EXPECT_EQ(cluster.endpoints->hosts()[0]->address.port(), 2);
}

TEST(Endpoints, ANameWhereAnAddressShouldBeIsRefusedWithItsPath) {
  const TestCluster cluster("");
  StatsRegistry registry;
  const auto source = SharedConfig::parse(assignment(
      group(R"({"endpoint": {"address": {"socket_address": {"address": "foo", "port_value": 1}}}})")));
  const auto built = ClusterEndpoints::build(*cluster.config, source, source->root(), nullptr, registry);
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().path, "endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address");
}

struct Adopter : HostSlotOwner {
  void adopt(std::unique_ptr<HostSlot> slot) override { adopted.push_back(std::move(slot)); }
  std::vector<std::unique_ptr<HostSlot>> adopted;
};

TEST(WorkerCluster, KeepsSlotsOfHostsThatStayAndHandsOverTheOthers) {
  TestCluster cluster("", assignment(group(endpoint(1) + "," + endpoint(2))));
  WorkerCluster worker = cluster.worker();
  PoolBase* const pool = reinterpret_cast<PoolBase*>(&cluster);  // never followed
  std::map<uint16_t, HostSlot*> slots;
  for (int i = 0; i < 2; ++i) {
    HostSlot* slot = worker.choose_host(cluster.context());
    slot->pools[0][0] = pool;
    slots[slot->host->address.port()] = slot;
  }
  ASSERT_EQ(slots.size(), 2u);

  Adopter owner;
  cluster.set(assignment(group(endpoint(3) + "," + endpoint(2))));
  worker.set_endpoints(cluster.endpoints, owner);
  ASSERT_EQ(owner.adopted.size(), 1u);
  EXPECT_EQ(owner.adopted[0].get(), slots[1]);
  HostSlot* a = worker.choose_host(cluster.context());
  HostSlot* b = worker.choose_host(cluster.context());
  EXPECT_TRUE(a == slots[2] || b == slots[2]);

  worker.release_slots(owner);
  EXPECT_EQ(owner.adopted.size(), 2u);  // port 3 had no pool
}

TEST(WorkerCluster, GivesEveryConnectionUpOnAChangeOfHostsWhereThatIsConfigured) {
  TestCluster cluster(R"("common_lb_config": {"close_connections_on_host_set_change": true})",
                      assignment(group(endpoint(1))));
  WorkerCluster worker = cluster.worker();
  worker.choose_host(cluster.context())->pools[0][1] =
      reinterpret_cast<PoolBase*>(&cluster);  // never followed
  Adopter owner;
  cluster.set(assignment(group(endpoint(1, R"("load_balancing_weight": 2)"))));
  worker.set_endpoints(cluster.endpoints, owner);
  EXPECT_TRUE(owner.adopted.empty());
  cluster.set(assignment(group(endpoint(1) + "," + endpoint(2))));
  worker.set_endpoints(cluster.endpoints, owner);
  EXPECT_EQ(owner.adopted.size(), 1u);
}

}  // namespace
}  // namespace outrider
