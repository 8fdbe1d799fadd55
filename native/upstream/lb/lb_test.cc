#include <algorithm>
#include <functional>
#include <set>

#include "base/xxhash64.h"
#include "upstream/lb/edf_scheduler.h"
#include "upstream/test_cluster.h"

namespace outrider {
namespace {

using Tally = std::map<uint16_t, int>;

const std::string kThree = assignment(group(endpoint(1) + "," + endpoint(2) + "," + endpoint(3)));
const std::string kWeighted = assignment(group(endpoint(1, R"("load_balancing_weight": 1)") + "," +
                                               endpoint(2, R"("load_balancing_weight": 2)") + "," +
                                               endpoint(3, R"("load_balancing_weight": 3)")));
constexpr auto kUnhealthy = R"("health_status": "UNHEALTHY")";

TEST(RoundRobin, GoesRoundHostsOfEqualWeight) {
  TestCluster cluster("", kThree);
  WorkerCluster worker = cluster.worker();
  EXPECT_EQ(cluster.tally(worker, 30), (Tally{{1, 10}, {2, 10}, {3, 10}}));
}

TEST(RoundRobin, HoldsWeightsWithinEveryRound) {
  TestCluster cluster("", kWeighted);
  WorkerCluster worker = cluster.worker();
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(cluster.tally(worker, 6), (Tally{{1, 1}, {2, 2}, {3, 3}}));
  }
}

TEST(RoundRobin, GoesOnAfterAnUpdateInsteadOfStartingAnew) {
  TestCluster cluster("", kThree);
  WorkerCluster worker = cluster.worker();
  struct : HostSlotOwner {
    void adopt(std::unique_ptr<HostSlot>) override {}
  } owner;
  Tally total;
  for (int i = 0; i < 30; ++i) {
    for (auto [port, count] : cluster.tally(worker, 1)) total[port] += count;
    cluster.set(kThree);
    worker.set_endpoints(cluster.endpoints, owner);
  }
  EXPECT_EQ(total, (Tally{{1, 10}, {2, 10}, {3, 10}}));
}

TEST(RoundRobin, WorkersStartAtDifferentHosts) {
  TestCluster cluster("", kThree);
  std::set<uint16_t> first;
  for (int i = 0; i < 50; ++i) {
    WorkerCluster worker = cluster.worker();
    first.insert(worker.choose_host(cluster.context())->host->address.port());
  }
  EXPECT_EQ(first.size(), 3u);
}

TEST(EdfScheduler, EveryEntryHasItsShareAtAnyTime) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    EdfScheduler scheduler;
    std::vector<double> weights;
    double total = 0;
    for (uint64_t n = 1 + random.next() % 20; n > 0; --n) {
      weights.push_back(static_cast<double>(1 + random.next() % 100));
      total += weights.back();
      scheduler.add(static_cast<uint32_t>(weights.size() - 1), weights.back());
    }
    scheduler.skip(random.next());
    const int picks = 5'000;
    std::vector<double> picked(weights.size());
    for (int i = 0; i < picks; ++i) {
      ++picked[scheduler.peek()];
      scheduler.reschedule();
    }
    // A deadline schedule is never off by more than one turn an entry at either end.
    for (size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(picked[i], picks * weights[i] / total, 2.0);
  }
}

TEST(EdfScheduler, SkippingIsTheSameAsPicking) {
  for (uint64_t picks = 0; picks < 100; ++picks) {
    EdfScheduler skipped;
    EdfScheduler picked;
    for (EdfScheduler* scheduler : {&skipped, &picked}) {
      for (uint32_t i = 0; i < 4; ++i) scheduler->add(i, i + 1.5);
    }
    skipped.skip(picks);
    for (uint64_t i = 0; i < picks; ++i) picked.reschedule();
    std::map<uint32_t, int> a, b;
    for (int i = 0; i < 100; ++i) {
      ++a[skipped.peek()];
      ++b[picked.peek()];
      skipped.reschedule();
      picked.reschedule();
    }
    for (uint32_t i = 0; i < 4; ++i) EXPECT_NEAR(a[i], b[i], 1) << picks;
  }
}

TEST(Random, UsesEveryHostAlike) {
  TestCluster cluster(R"("lb_policy": "RANDOM")", kThree);
  WorkerCluster worker = cluster.worker();
  for (auto [port, count] : cluster.tally(worker, 3'000)) EXPECT_NEAR(count, 1'000, 120) << port;
}

TEST(LeastRequest, PrefersTheLessBusyOfTwo) {
  TestCluster cluster(R"("lb_policy": "LEAST_REQUEST")", kThree);
  WorkerCluster worker = cluster.worker();
  cluster.endpoints->hosts()[0]->state->rq_active = 10;
  const Tally ports = cluster.tally(worker, 9'000);
  EXPECT_NEAR(ports.at(1), 1'000, 150);  // both draws must hit it
  EXPECT_NEAR(ports.at(2), 4'000, 300);
}

TEST(LeastRequest, FullScanFindsTheLeastBusyOfAll) {
  TestCluster cluster(R"("load_balancing_policy": {"policies": [{"typed_extension_config": {"typed_config": {
      "@type": "type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
      "selection_method": "FULL_SCAN"}}}]})",
                      kThree);
  WorkerCluster worker = cluster.worker();
  cluster.endpoints->hosts()[0]->state->rq_active = 1;
  const Tally ports = cluster.tally(worker, 3'000);
  EXPECT_FALSE(ports.contains(1));
  EXPECT_NEAR(ports.at(2), 1'500, 150);  // ties are drawn by lot
}

TEST(LeastRequest, WithWeightsABusyHostCountsLess) {
  TestCluster cluster(R"("lb_policy": "LEAST_REQUEST")", kWeighted);
  WorkerCluster worker = cluster.worker();
  EXPECT_EQ(cluster.tally(worker, 60), (Tally{{1, 10}, {2, 20}, {3, 30}}));
  cluster.endpoints->hosts()[2]->state->rq_active = 2;  // 3 / (2 + 1) is 1
  cluster.tally(worker, 8);                             // until all of them were scheduled anew
  const Tally ports = cluster.tally(worker, 400);
  EXPECT_NEAR(ports.at(3), 100, 2);
  EXPECT_NEAR(ports.at(2), 200, 2);
}

TEST(Priorities, SpillOverAsTheFirstLosesHosts) {
  // 2 of 4 healthy: 50% times 1.4 stays on priority 0.
  TestCluster cluster("", assignment(group(endpoint(1) + "," + endpoint(1) + "," + endpoint(9, kUnhealthy) +
                                           "," + endpoint(9, kUnhealthy)) +
                                     "," + group(endpoint(2), R"("priority": 1)")));
  EXPECT_EQ(cluster.endpoints->load().shares[0].healthy, 70);
  EXPECT_EQ(cluster.endpoints->load().shares[1].healthy, 30);
  WorkerCluster worker = cluster.worker();
  const Tally ports = cluster.tally(worker, 10'000);
  EXPECT_NEAR(ports.at(1), 7'000, 300);
  EXPECT_NEAR(ports.at(2), 3'000, 300);
}

TEST(Priorities, TheContextMaySpreadTheLoadItself) {
  TestCluster cluster("", assignment(group(endpoint(1)) + "," + group(endpoint(2), R"("priority": 1)")));
  WorkerCluster worker = cluster.worker();
  PriorityLoad second;
  second.shares = {{.healthy = 0}, {.healthy = 100}};
  LbContext context = cluster.context();
  context.load = &second;
  EXPECT_EQ(worker.choose_host(context)->host->address.port(), 2);
  second.shares.push_back({});  // of endpoints that are gone by now
  EXPECT_EQ(worker.choose_host(context)->host->address.port(), 1);
}

TEST(Priorities, LoadAddsUpTo100WhateverIsAvailable) {
  Random random(7);
  for (int i = 0; i < 10'000; ++i) {
    std::vector<PriorityLoad::Availability> all(1 + random.next() % 5);
    for (PriorityLoad::Availability& one : all) {
      one.hosts = static_cast<uint32_t>(random.next() % 4);
      one.healthy = one.hosts == 0 ? 0 : static_cast<uint32_t>(random.next() % 101);
      one.degraded = one.hosts == 0 ? 0 : static_cast<uint32_t>(random.next() % (101 - one.healthy));
      one.below_panic_threshold = one.healthy + one.degraded < 50;
    }
    const PriorityLoad load = PriorityLoad::compute(all, random.next() % 2 == 0 ? 50 : 0);
    int sum = 0;
    for (const PriorityLoad::Share& share : load.shares) sum += share.healthy + share.degraded;
    ASSERT_EQ(sum, 100);
  }
}

TEST(Panic, UsesEveryHostAndIsCounted) {
  TestCluster cluster(
      "", assignment(group(endpoint(1) + "," + endpoint(2, kUnhealthy) + "," + endpoint(3, kUnhealthy))));
  WorkerCluster worker = cluster.worker();
  EXPECT_EQ(cluster.tally(worker, 30), (Tally{{1, 10}, {2, 10}, {3, 10}}));
  EXPECT_EQ(cluster.stat(ClusterStat::lb_healthy_panic), 30u);
}

TEST(Panic, ThresholdZeroTurnsItOff) {
  TestCluster cluster(R"("common_lb_config": {"healthy_panic_threshold": {"value": 0}})",
                      assignment(group(endpoint(1, kUnhealthy))));
  WorkerCluster worker = cluster.worker();
  EXPECT_EQ(worker.choose_host(cluster.context()), nullptr);
  EXPECT_EQ(cluster.stat(ClusterStat::lb_healthy_panic), 0u);
}

TEST(Panic, FailsTrafficWhereThatIsConfigured) {
  TestCluster cluster(R"("common_lb_config": {"zone_aware_lb_config": {"fail_traffic_on_panic": true}})",
                      assignment(group(endpoint(1, kUnhealthy))));
  WorkerCluster worker = cluster.worker();
  EXPECT_EQ(worker.choose_host(cluster.context()), nullptr);
  EXPECT_EQ(cluster.stat(ClusterStat::lb_healthy_panic), 1u);
}

TEST(Degraded, HostsServeOnlyWhatHealthyOnesCannot) {
  TestCluster cluster("",
                      assignment(group(endpoint(1) + "," + endpoint(2, R"("health_status": "DEGRADED")"))));
  EXPECT_EQ(cluster.endpoints->load().shares[0].healthy, 70);
  EXPECT_EQ(cluster.endpoints->load().shares[0].degraded, 30);
}

TEST(Localities, AreChosenByTheirWeight) {
  TestCluster cluster(
      R"("common_lb_config": {"locality_weighted_lb_config": {}})",
      assignment(group(endpoint(1), R"("locality": {"zone": "a"}, "load_balancing_weight": 1)") + "," +
                 group(endpoint(2) + "," + endpoint(3),
                       R"("locality": {"zone": "b"}, "load_balancing_weight": 2)")));
  WorkerCluster worker = cluster.worker();
  EXPECT_EQ(cluster.tally(worker, 30), (Tally{{1, 10}, {2, 10}, {3, 10}}));
}

TEST(NoHosts, GiveNoHost) {
  for (const char* policy : {"ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "RING_HASH", "MAGLEV"}) {
    TestCluster cluster(std::string("\"lb_policy\": \"") + policy + "\"");
    WorkerCluster worker = cluster.worker();
    EXPECT_EQ(worker.choose_host(cluster.context()), nullptr) << policy;
  }
}

TEST(ConsistentHashing, OneHashAlwaysFindsTheSameHostAndManyFindAll) {
  for (const char* policy : {"RING_HASH", "MAGLEV"}) {
    TestCluster cluster(std::string("\"lb_policy\": \"") + policy + "\"", kThree);
    WorkerCluster worker = cluster.worker();
    Tally ports;
    for (uint64_t i = 0; i < 3'000; ++i) {
      LbContext context = cluster.context();
      context.hash = xxhash64(std::to_string(i));
      const HostSlot* first = worker.choose_host(context);
      EXPECT_EQ(worker.choose_host(context), first);
      ++ports[first->host->address.port()];
    }
    for (auto [port, count] : ports) EXPECT_NEAR(count, 1'000, 250) << policy << " " << port;
  }
}

TEST(ConsistentHashing, ALostHostMovesFewOfTheOthersRequests) {
  const std::string two = assignment(group(endpoint(1) + "," + endpoint(2)));
  for (const char* policy : {"RING_HASH", "MAGLEV"}) {
    TestCluster cluster(std::string("\"lb_policy\": \"") + policy + "\"", kThree);
    const Ref<const ClusterEndpoints> before = cluster.endpoints;
    cluster.set(two);
    int moved = 0;
    for (uint64_t i = 0; i < 3'000; ++i) {
      const uint64_t hash = xxhash64(std::to_string(i));
      const uint32_t was = before->table(0)->find(hash, 0);
      if (was != 2 && cluster.endpoints->table(0)->find(hash, 0) != was) ++moved;
    }
    EXPECT_LT(moved, 300) << policy;  // of 2,000; by the hash modulo the hosts it would be half of them
  }
}

TEST(RingHash, PlacesAHostByTheHashesOfItsAddress) {
  TestCluster xx(R"("lb_policy": "RING_HASH")", kThree);
  TestCluster murmur(R"("lb_policy": "RING_HASH", "ring_hash_lb_config": {"hash_function": "MURMUR_HASH_2"})",
                     kThree);
  for (uint32_t host = 0; host < 3; ++host) {
    for (int i = 0; i < 300; i += 50) {
      const std::string key = "127.0.0.1:" + std::to_string(host + 1) + "_" + std::to_string(i);
      EXPECT_EQ(xx.endpoints->table(0)->find(xxhash64(key), 0), host);
#ifdef __GLIBCXX__  // whose hash is the same
      EXPECT_EQ(murmur.endpoints->table(0)->find(std::hash<std::string>()(key), 0), host);
#endif
    }
  }
}

TEST(ConsistentHashing, HoldsWeights) {
  for (const char* policy : {"RING_HASH", "MAGLEV"}) {
    TestCluster cluster(std::string("\"lb_policy\": \"") + policy + "\"", kWeighted);
    Tally hosts;
    for (uint64_t i = 0; i < 6'000; ++i)
      ++hosts[cluster.endpoints->table(0)->find(xxhash64(std::to_string(i)), 0)];
    for (uint16_t i = 0; i < 3; ++i) EXPECT_NEAR(hosts[i], 1'000 * (i + 1), 300) << policy;
  }
}

// Recorded from Envoy 1.40.0 with these very addresses: which host "user-0" to "user-59" went to.
TEST(ConsistentHashing, SendsEveryKeyWhereEnvoySendsIt) {
  struct Recorded {
    const char* fields;
    bool localities;
    const char* hosts;
  };
  constexpr Recorded kRecorded[] = {
      {R"("lb_policy": "RING_HASH")", false, "123333312212132332233221331312122332233212333333233311212123"},
      {R"("lb_policy": "RING_HASH", "ring_hash_lb_config": {
          "hash_function": "MURMUR_HASH_2", "minimum_ring_size": "100"})",
       false, "133213122331123233133233123321133233313112313232333233213312"},
      {R"("lb_policy": "RING_HASH", "common_lb_config": {"locality_weighted_lb_config": {}})", true,
       "333333312232333333333323333333132333333333333333333311213333"},
      {R"("lb_policy": "MAGLEV")", false, "331213223132231233211331333312323331231232332132223133223112"},
      {R"("lb_policy": "MAGLEV", "common_lb_config": {"locality_weighted_lb_config": {}})", true,
       "331233323133231333231333333333333331331332332133223133323132"},
  };
  auto weighted = [](int port, int weight) {
    return endpoint(port, "\"load_balancing_weight\": " + std::to_string(weight));
  };
  const std::string first = weighted(18101, 1) + "," + weighted(18102, 2);
  for (const Recorded& recorded : kRecorded) {
    TestCluster cluster(
        recorded.fields,
        recorded.localities
            ? assignment(
                  group(first, R"("locality": {"zone": "z0"}, "load_balancing_weight": 1)") + "," +
                  group(weighted(18103, 3), R"("locality": {"zone": "z1"}, "load_balancing_weight": 3)"))
            : assignment(group(first + "," + weighted(18103, 3))));
    std::string hosts;
    for (int i = 0; i < 60; ++i) {
      const uint64_t hash = xxhash64("user-" + std::to_string(i));
      hosts += std::to_string(cluster.endpoints->table(0)->find(hash, 0) + 1);
    }
    EXPECT_EQ(hosts, recorded.hosts) << recorded.fields;
  }
}

TEST(ConsistentHashing, AHostAboveItsBoundHandsItsKeysOver) {
  TestCluster cluster(R"("lb_policy": "RING_HASH", "common_lb_config": {"consistent_hashing_lb_config": {
      "hash_balance_factor": 150}})",
                      kThree);
  WorkerCluster worker = cluster.worker();
  LbContext context = cluster.context();
  context.hash = 42;
  const HostSlot* own = worker.choose_host(context);
  // 9 active requests of 10 are 5 slots a host at 150 percent.
  for (int i = 0; i < 9; ++i) cluster.config->breakers().acquire(RoutePriority::Default, Resource::Requests);
  own->host->state->rq_active = 5;
  EXPECT_EQ(worker.choose_host(context), own);
  own->host->state->rq_active = 6;
  const HostSlot* other = worker.choose_host(context);
  EXPECT_NE(other, own);
  EXPECT_EQ(worker.choose_host(context), other);  // the same one each time
  for (const Ref<const Host>& host : cluster.endpoints->hosts()) host->state->rq_active = 9;
  own->host->state->rq_active = 8;
  EXPECT_EQ(worker.choose_host(context), own);  // the least loaded when all are above
}

TEST(XxHash64, AgreesWithThePublishedValues) {
  EXPECT_EQ(xxhash64(""), 0xef46db3751d8e999u);
  EXPECT_EQ(xxhash64("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(xxhash64("foo"), 0x33bf00a859c4ba3fu);
  EXPECT_EQ(xxhash64("Call me Ishmael. Some years ago--never mind how long precisely-"), 0x02a2e85470d6fd96u);
}

TEST(Predicate, ARefusedHostIsTriedOnlyAsOftenAsAllowed) {
  struct : HostPredicate {
    bool refuses(const Host& host) const override { return host.address.port() != 3; }
  } only_three;
  TestCluster cluster("", kThree);
  WorkerCluster worker = cluster.worker();
  LbContext context = cluster.context();
  context.predicate = &only_three;
  context.attempts_max = 3;
  EXPECT_EQ(worker.choose_host(context)->host->address.port(), 3);
  context.attempts_max = 1;
  EXPECT_NE(worker.choose_host(context), nullptr);  // refused, and taken all the same
}

TEST(LbConfig, RefusesWhatIsNotThereYetByItsPath) {
  const auto refused = [](const std::string& json) {
    const auto source = SharedConfig::parse(json);
    const auto read = LbConfig::read(source->root());
    return read.ok() ? "" : read.error().path + ": " + read.error().reason;
  };
  EXPECT_EQ(refused(R"({"round_robin_lb_config": {"slow_start_config": {"slow_start_window": "5s"}}})"),
            "round_robin_lb_config.slow_start_config: slow start is not supported yet");
  EXPECT_EQ(refused(R"({"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": "100"}})"),
            "table_size: the table size of maglev must be a prime number");
  EXPECT_EQ(refused(R"({"lb_subset_config": {"fallback_policy": "ANY_ENDPOINT"}})"),
            "lb_subset_config: subset balancing is not supported yet");
  EXPECT_EQ(refused(R"({"load_balancing_policy": {"policies": [{"typed_extension_config": {"typed_config": {
              "@type": "type.googleapis.com/a.B"}}}]}})"),
            "load_balancing_policy: no policy that is supported among: a.B");
}

TEST(LbConfig, TakesTheFirstPolicyThatItKnows) {
  const auto source = SharedConfig::parse(R"({"load_balancing_policy": {"policies": [
      {"typed_extension_config": {"typed_config": {"@type": "type.googleapis.com/a.B"}}},
      {"typed_extension_config": {"typed_config": {"@type":
        "type.googleapis.com/envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality",
        "endpoint_picking_policy": {"policies": [{"typed_extension_config": {"typed_config": {"@type":
          "type.googleapis.com/envoy.extensions.load_balancing_policies.random.v3.Random"}}}]}}}}]}})");
  const auto read = LbConfig::read(source->root());
  ASSERT_TRUE(read.ok()) << read.error().reason;
  EXPECT_EQ(read.value().kind, LbPolicyKind::Random);
  EXPECT_TRUE(read.value().locality_weighted);
}

}  // namespace
}  // namespace outrider
