#include "router/mirror_policy.h"

#include <gtest/gtest.h>

#include "router/testing.h"

namespace outrider {
namespace {

TEST(MirrorPolicy, TheHostGetsASuffixBeforeItsPort) {
  EXPECT_EQ(shadow_host("a.test"), "a.test-shadow");
  EXPECT_EQ(shadow_host("a.test:80"), "a.test-shadow:80");
  EXPECT_EQ(shadow_host("[::1]"), "[::1]-shadow");
  EXPECT_EQ(shadow_host("[::1]:80"), "[::1]-shadow:80");
}

TEST(MirrorPolicy, TheMostSpecificLevelThatHasAnyCounts) {
  const TestTable table(
      "{'request_mirror_policies':[{'cluster':'c'}],'virtual_hosts':["
      "{'name':'v','domains':['v.test'],'request_mirror_policies':[{'cluster':'v'}],'routes':["
      "{'match':{'path':'/own'},'route':{'cluster':'a','request_mirror_policies':[{'cluster':'r'}]}},"
      "{'match':{'prefix':'/'},'route':{'cluster':'a'}}]},"
      "{'name':'w','domains':['*'],'routes':[{'match':{'prefix':'/'},'route':{'cluster':'a'}}]}]}");
  ASSERT_NE(table.table, nullptr);
  const auto mirror = [&table](std::string_view path, std::string_view host) {
    return TestRequest(path, {}, host).route(table).route->mirrors.at(0).cluster_name;
  };
  EXPECT_EQ(mirror("/own", "v.test"), "r");
  EXPECT_EQ(mirror("/", "v.test"), "v");
  EXPECT_EQ(mirror("/", "w.test"), "c");
}

TEST(MirrorPolicy, AllRequestsAreMirroredWithoutAFraction) {
  const TestTable table = table_of(
      "{'match':{'prefix':'/'},'route':{'cluster':'a','request_mirror_policies':[{'cluster':'b'},"
      "{'cluster_header':'X-To','runtime_fraction':{'default_value':{'numerator':0}}}]}}");
  const RouteEntry& route = *TestRequest("/").route(table).route;
  EXPECT_TRUE(route.mirrors[0].fraction.enabled(nullptr, 99));
  EXPECT_FALSE(route.mirrors[1].fraction.enabled(nullptr, 0));
  EXPECT_EQ(route.mirrors[1].cluster_header, "x-to");
}

TEST(MirrorPolicy, AClusterMustBeNamed) {
  const TestTable table =
      table_of("{'match':{'prefix':'/'},'route':{'cluster':'a','request_mirror_policies':[{}]}}");
  EXPECT_EQ(table.table, nullptr);
  EXPECT_EQ(table.error.path, "virtual_hosts[0].routes[0].route.request_mirror_policies[0].");
}

}  // namespace
}  // namespace outrider
