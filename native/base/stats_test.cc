#include "base/stats.h"

#include <gtest/gtest.h>

#include <thread>

namespace outrider {
namespace {

double slot_value(const StatsSnapshot& snapshot, ClusterStat stat) {
  return snapshot.values[static_cast<size_t>(stat)];
}

TEST(Stats, AValueIsTheSumOverTheBlocks) {
  StatsRegistry registry;
  StatsBlock* one = registry.add_block();
  const auto scope = registry.add_scope<ClusterStat>("cluster.a.");
  StatsBlock* two = registry.add_block();
  one->add(scope, ClusterStat::upstream_rq_total, 3);
  two->add(scope, ClusterStat::upstream_rq_total);
  two->add(scope, ClusterStat::upstream_rq_active, 2);
  two->sub(scope, ClusterStat::upstream_rq_active, 2);
  EXPECT_EQ(registry.value(scope, ClusterStat::upstream_rq_total), 4u);
  StatsSnapshot snapshot;
  registry.read(snapshot);
  EXPECT_EQ(slot_value(snapshot, ClusterStat::upstream_rq_total), 4);
  EXPECT_EQ(slot_value(snapshot, ClusterStat::upstream_rq_active), 0);
  EXPECT_EQ(snapshot.used[static_cast<size_t>(ClusterStat::upstream_rq_active)], 1);
  EXPECT_EQ(snapshot.used[static_cast<size_t>(ClusterStat::upstream_cx_active)], 0);
}

TEST(Stats, AGaugeThatIsSetIsOneForTheWholeProcess) {
  StatsRegistry registry;
  StatsBlock* one = registry.add_block();
  StatsBlock* two = registry.add_block();
  const auto scope = registry.add_scope<RemainingStat>("cluster.a.circuit_breakers.default.");
  one->set(scope, RemainingStat::remaining_cx, 7);
  two->set(scope, RemainingStat::remaining_cx, 5);
  registry.main().set(scope, RemainingStat::remaining_cx_pools, UINT64_MAX);
  EXPECT_EQ(registry.value(scope, RemainingStat::remaining_cx), 5u);
  EXPECT_EQ(registry.value(scope, RemainingStat::remaining_cx_pools), UINT64_MAX);
}

TEST(Stats, AGaugeMayGoDownOnAnotherThreadThanItWentUp) {
  StatsRegistry registry;
  StatsBlock* one = registry.add_block();
  StatsBlock* two = registry.add_block();
  const auto scope = registry.add_scope<HostStat>("");
  one->add(scope, HostStat::cx_active, 2);
  two->sub(scope, HostStat::cx_active);
  EXPECT_EQ(registry.value(scope, HostStat::cx_active), 1u);
  two->sub(scope, HostStat::cx_active, 2);
  EXPECT_EQ(registry.value(scope, HostStat::cx_active), 0u);
}

TEST(Stats, AResponseIsCountedWithItsClassAndItsCode) {
  StatsRegistry registry;
  StatsBlock* block = registry.add_block();
  const auto scope = registry.add_scope<ClusterStat>("cluster.a.");
  for (const uint16_t status : {200, 201, 200, 599, 99, 600}) {
    block->add_status(scope, ClusterStat::upstream_rq_completed, status);
  }
  EXPECT_EQ(registry.value(scope, ClusterStat::upstream_rq_completed), 6u);
  EXPECT_EQ(registry.value(scope, ClusterStat::upstream_rq_2xx), 3u);
  EXPECT_EQ(registry.value(scope, ClusterStat::upstream_rq_5xx), 1u);
  StatsSnapshot snapshot;
  registry.read(snapshot);
  const auto family = static_cast<double>(ClusterStat::upstream_rq_codes);
  EXPECT_EQ(snapshot.sparse, (std::vector<double>{0, family, 3, 200, 2, 201, 1, 599, 1}));
}

TEST(Stats, EveryFamilyFollowsItsClasses) {
  for (const auto& [completed, codes] : {
           std::pair{ClusterStat::upstream_rq_completed, ClusterStat::upstream_rq_codes},
           {ClusterStat::external_upstream_rq_completed, ClusterStat::external_upstream_rq_codes},
           {ClusterStat::internal_upstream_rq_completed, ClusterStat::internal_upstream_rq_codes},
           {ClusterStat::canary_upstream_rq_completed, ClusterStat::canary_upstream_rq_codes},
           {ClusterStat::retry_upstream_rq_completed, ClusterStat::retry_upstream_rq_codes},
       }) {
    EXPECT_EQ(static_cast<int>(completed) + 6, static_cast<int>(codes));
  }
}

TEST(Stats, BinsKeepTwoDecimalDigits) {
  for (const auto& [value, floor] : {std::pair<uint64_t, double>{0, 0},
                                     {1, 1},
                                     {9, 9},
                                     {99, 99},
                                     {100, 100},
                                     {109, 100},
                                     {999, 990},
                                     {1'000, 1'000},
                                     {1'099, 1'000},
                                     {9'999, 9'900},
                                     {10'000, 10'000},
                                     {123'456, 120'000},
                                     {UINT64_MAX, 18e18}}) {
    EXPECT_EQ(histogram_bin_floor(histogram_bin(value)), floor) << value;
  }
  EXPECT_LT(histogram_bin(UINT64_MAX), histogram_bins);
  for (uint64_t value = 0; value < 200'000; ++value) {
    ASSERT_EQ(histogram_bin(value), histogram_bin_slow(value)) << value;
  }
}

TEST(Stats, AHistogramAddsUpItsBinsOverTheBlocks) {
  StatsRegistry registry;
  StatsBlock* one = registry.add_block();
  StatsBlock* two = registry.add_block();
  const auto scope = registry.add_scope<ListenerStat>("listener.x.");
  one->record(scope, ListenerStat::downstream_cx_length_ms, 1);
  two->record(scope, ListenerStat::downstream_cx_length_ms, 1);
  two->record(scope, ListenerStat::downstream_cx_length_ms, 12'345);
  StatsSnapshot snapshot;
  registry.read(snapshot, StatsRegistry::Read::Histograms);
  const auto stat = static_cast<double>(ListenerStat::downstream_cx_length_ms);
  EXPECT_EQ(snapshot.sparse, (std::vector<double>{0, stat, 2, 1, 2, double(histogram_bin(12'345)), 1}));
  EXPECT_TRUE(snapshot.values.empty());
}

TEST(Stats, TheSamePrefixIsTheSameScopeUntilItsLastUserLeaves) {
  StatsRegistry registry;
  StatsBlock* block = registry.add_block();
  const auto first = registry.add_scope<RouterStat>("http.web.");
  const auto second = registry.add_scope<RouterStat>("http.web.");
  const auto other = registry.add_scope<HttpStat>("http.web.");
  EXPECT_EQ(first.base, second.base);
  EXPECT_NE(first.base, other.base);
  block->add(first, RouterStat::rq_total);
  registry.remove_scope(first);
  EXPECT_EQ(registry.value(second, RouterStat::rq_total), 1u);
  registry.remove_scope(second);
  EXPECT_EQ(registry.scopes()[0].users, 0u);
}

TEST(Stats, ARemovedScopeLeavesZeroesToTheNext) {
  StatsRegistry registry;
  StatsBlock* block = registry.add_block();
  const auto first = registry.add_scope<ClusterStat>("cluster.a.");
  const uint64_t generation = registry.generation();
  block->add_status(first, ClusterStat::upstream_rq_completed, 200);
  block->record(first, ClusterStat::upstream_rq_time, 5);
  block->set(first, ClusterStat::circuit_breakers_default_cx_open, 1);
  registry.remove_scope(first);
  const auto second = registry.add_scope<ClusterStat>("cluster.b.");
  EXPECT_EQ(first.base, second.base);
  EXPECT_GT(registry.generation(), generation);
  EXPECT_EQ(registry.scopes()[0].prefix, "cluster.b.");
  StatsSnapshot snapshot;
  registry.read(snapshot);
  EXPECT_TRUE(snapshot.sparse.empty());
  for (const double value : snapshot.values) EXPECT_EQ(value, 0);
  for (const uint8_t used : snapshot.used) EXPECT_EQ(used, 0);
}

TEST(Stats, ADefaultScopeTakesAnythingAndIsNeverRead) {
  StatsRegistry registry;
  StatsBlock* block = registry.add_block();
  const StatScope<ClusterStat> nowhere;
  block->add_status(nowhere, ClusterStat::upstream_rq_completed, 200);
  block->record(nowhere, ClusterStat::upstream_rq_time, 1);
  registry.remove_scope(nowhere);
  StatsSnapshot snapshot;
  registry.read(snapshot);
  EXPECT_TRUE(snapshot.values.empty());
  EXPECT_TRUE(snapshot.sparse.empty());
}

TEST(Stats, EndpointsAreCountedButNotAmongTheStats) {
  StatsRegistry registry;
  const auto one = registry.add_scope<HostStat>("");
  const auto two = registry.add_scope<HostStat>("");
  EXPECT_NE(one.base, two.base);
  registry.main().add(one, HostStat::rq_total);
  StatsSnapshot snapshot;
  registry.read(snapshot);
  EXPECT_TRUE(snapshot.values.empty());
  EXPECT_EQ(registry.value(one, HostStat::rq_total), 1u);
}

TEST(Stats, MainReadsAndAddsScopesWhileAWorkerCounts) {
  StatsRegistry registry;
  StatsBlock* block = registry.add_block();
  const auto scope = registry.add_scope<ClusterStat>("cluster.a.");
  constexpr uint64_t rounds = 20'000;
  std::thread worker([&] {
    for (uint64_t i = 0; i < rounds; ++i) {
      block->add_status(scope, ClusterStat::upstream_rq_completed, 100 + i % 500);
      block->record(scope, ClusterStat::upstream_rq_time, i * i);
    }
  });
  StatsSnapshot snapshot;
  double last = 0;
  for (int i = 0; i < 200; ++i) {
    registry.add_scope<ClusterStat>("cluster." + std::to_string(i) + ".");
    registry.read(snapshot);
    EXPECT_GE(slot_value(snapshot, ClusterStat::upstream_rq_completed), last);
    last = slot_value(snapshot, ClusterStat::upstream_rq_completed);
  }
  worker.join();
  EXPECT_EQ(registry.value(scope, ClusterStat::upstream_rq_completed), rounds);
  registry.read(snapshot);
  double codes = 0;
  for (size_t at = 0; at < snapshot.sparse.size(); at += 3 + 2 * size_t(snapshot.sparse[at + 2])) {
    if (snapshot.sparse[at + 1] != double(ClusterStat::upstream_rq_codes)) continue;
    for (size_t i = 0; i < size_t(snapshot.sparse[at + 2]); ++i) codes += snapshot.sparse[at + 4 + 2 * i];
  }
  EXPECT_EQ(codes, double(rounds));
}

}  // namespace
}  // namespace outrider
