#include "router/domain_index.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(DomainIndex, ExactWinsThenTheLongestSuffixThenTheLongestPrefixThenAny) {
  const std::string_view domains[] = {
      "*",     "www.test.com", "*.test.com",     "*.a.test.com", "*-x.test.com",
      "www.*", "www.long.*",   "Port.Test:8080", "[::1]"};
  DomainIndex index;
  for (uint32_t i = 0; i < std::size(domains); i++) EXPECT_TRUE(index.add(domains[i], i));
  const std::pair<std::string_view, uint32_t> cases[] = {{"www.test.com", 1},
                                                         {"WWW.Test.COM", 1},
                                                         {"a.test.com", 2},
                                                         {"b.a.test.com", 3},
                                                         {"foo-x.test.com", 4},
                                                         {"test.com", 0},
                                                         {".test.com", 0},
                                                         {"x.TEST.com", 2},
                                                         {"www.other.org", 5},
                                                         {"www.", 0},
                                                         {"WWW.o", 5},
                                                         {"www.long.org", 6},
                                                         {"port.test:8080", 7},
                                                         {"port.test", 0},
                                                         {"[::1]", 8},
                                                         {"other.org", 0},
                                                         {"", 0},
                                                         {"-x.test.com", 2},
                                                         {"www.test.com:80", 5}};
  for (const auto& [host, value] : cases) EXPECT_EQ(index.find(host), value) << host;
}

TEST(DomainIndex, WithoutAnAnyDomainAHostMayHaveNoPlace) {
  DomainIndex index;
  index.add("one.test", 4);
  EXPECT_EQ(index.find("two.test"), DomainIndex::none);
  EXPECT_EQ(index.find(""), DomainIndex::none);
  EXPECT_FALSE(index.only_any());
  EXPECT_EQ(DomainIndex().find("x"), DomainIndex::none);
}

TEST(DomainIndex, ADomainStandsOnceWhateverItsCase) {
  DomainIndex index;
  for (const std::string_view domain : {"*", "a.test", "*.a.test", "a.*"}) {
    EXPECT_TRUE(index.add(domain, 0)) << domain;
    EXPECT_FALSE(index.add(domain, 1)) << domain;
  }
  EXPECT_FALSE(index.add("A.Test", 1));
  EXPECT_FALSE(index.add("*.A.test", 1));
  EXPECT_EQ(index.find("a.test"), 0u);
}

TEST(DomainIndex, CapitalsAreTheOnlyBytesThatFold) {
  DomainIndex index;
  index.add("@[`{\x80\xc1zaz", 1);
  EXPECT_EQ(index.find("@[`{\x80\xc1ZAZ"), 1u);
  EXPECT_EQ(index.find("@[`{\x80\xe1zaz"), DomainIndex::none);
  EXPECT_EQ(index.find("`[`{\x80\xc1zaz"), DomainIndex::none);
  EXPECT_EQ(index.find("@{`{\x80\xc1zaz"), DomainIndex::none);
}

TEST(DomainIndex, ThousandsOfDomainsAreAllFound) {
  DomainIndex index;
  for (uint32_t i = 0; i < 5'000; i++) {
    ASSERT_TRUE(index.add("host" + std::to_string(i) + ".test", i));
    ASSERT_TRUE(index.add("*.wild" + std::to_string(i) + ".test", 10'000 + i));
  }
  for (uint32_t i = 0; i < 5'000; i++) {
    EXPECT_EQ(index.find("Host" + std::to_string(i) + ".test"), i);
    EXPECT_EQ(index.find("x.wild" + std::to_string(i) + ".test"), 10'000 + i);
  }
}

}  // namespace
}  // namespace outrider
