#include "router/query_match.h"

#include <gtest/gtest.h>

#include "router/testing.h"

namespace outrider {
namespace {

// Expectations were recorded from Envoy 1.40.
bool query_matches(std::string_view json, std::string_view path) {
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(json);
  const Result<QueryMatchers> all = QueryMatchers::read(tree->root());
  EXPECT_TRUE(all.ok()) << json;
  return all.ok() && all.value().match_all(path);
}

bool cookie_matches(std::string_view json, std::initializer_list<std::string_view> lines) {
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(json);
  const Result<CookieMatchers> all = CookieMatchers::read(tree->root());
  EXPECT_TRUE(all.ok()) << json;
  TestRequest request("/");
  for (const std::string_view line : lines) request.headers.add(HeaderId::Cookie, line);
  return all.ok() && all.value().match_all(request.headers);
}

TEST(QueryMatchers, OnlyTheFirstParameterOfANameCountsAndNothingIsDecoded) {
  const std::string_view exact = R"([{"name":"exact","string_match":{"exact":"one"}}])";
  for (const std::string_view yes :
       {"/?exact=one", "/?x=1&exact=one", "/?exact=one&exact=two", "/?exact=one&"}) {
    EXPECT_TRUE(query_matches(exact, yes)) << yes;
  }
  for (const std::string_view no : {"/", "/?", "/?exact=two", "/?exact=One", "/?exact=two&exact=one",
                                    "/?ex%61ct=one", "/?exact=%6fne", "/exact=one", "/?exact"}) {
    EXPECT_FALSE(query_matches(exact, no)) << no;
  }
}

TEST(QueryMatchers, AParameterWithoutValueIsThereAndEmpty) {
  const std::string_view there = R"([{"name":"q","present_match":true}])";
  const std::string_view absent = R"([{"name":"q","present_match":false}])";
  const std::string_view empty = R"([{"name":"q","string_match":{"exact":""}}])";
  for (const std::string_view path : {"/?q", "/?q=", "/?&&q&", "/?x&q=&q=1"}) {
    EXPECT_TRUE(query_matches(there, path)) << path;
    EXPECT_FALSE(query_matches(absent, path)) << path;
    EXPECT_TRUE(query_matches(empty, path)) << path;
  }
  EXPECT_FALSE(query_matches(there, "/?Q=1"));
  EXPECT_TRUE(query_matches(absent, "/?Q=1"));
}

TEST(QueryMatchers, AllOfAListMustMatch) {
  const std::string_view both =
      R"([{"name":"a"},{"name":"b","string_match":{"prefix":"x","ignore_case":true}}])";
  EXPECT_TRUE(query_matches(both, "/?a&b=X1"));
  EXPECT_FALSE(query_matches(both, "/?b=X1"));
}

TEST(CookieMatchers, ACookieIsFoundOnAnyLineByItsExactName) {
  const std::string_view json = R"([{"name":"a","string_match":{"exact":"1"}}])";
  for (const std::string_view yes :
       {"a=1", "a=1; b=2", "b=2; a=1", "b=2;a=1", "b=2 ;  a=1", "\ta=1", "a=\"1\"", "a=1; a=2", ";;a=1"}) {
    EXPECT_TRUE(cookie_matches(json, {yes})) << yes;
  }
  for (const std::string_view no : {"a=2", "b=1", "a", "a=", "A=1", "a=2; a=1", "xa=1", "a =1", "a= 1",
                                    "a=1=2", "a=1 ; b=2", "a=\"1", "a=\"\"1\"\"", "b=2,a=1", ""}) {
    EXPECT_FALSE(cookie_matches(json, {no})) << no;
  }
  EXPECT_TRUE(cookie_matches(json, {"b=1", "a=1"}));
  EXPECT_FALSE(cookie_matches(json, {}));
}

TEST(CookieMatchers, AMissingCookieMatchesOnlyAnInvertedMatcher) {
  const std::string_view json = R"([{"name":"a","string_match":{"exact":"1"},"invert_match":true}])";
  EXPECT_TRUE(cookie_matches(json, {}));
  EXPECT_TRUE(cookie_matches(json, {"a=2"}));
  EXPECT_FALSE(cookie_matches(json, {"a=1"}));
}

}  // namespace
}  // namespace outrider
