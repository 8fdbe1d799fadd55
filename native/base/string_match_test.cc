#include "base/string_match.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

bool matches(std::string_view json, std::string_view value) {
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(json);
  const Result<StringMatcher> matcher = StringMatcher::read(tree->root());
  EXPECT_TRUE(matcher.ok()) << json;
  return matcher.ok() && matcher.value().matches(value);
}

TEST(StringMatcher, EveryKindMatchesItsPlaceInTheText) {
  EXPECT_TRUE(matches(R"({"exact":"one"})", "one"));
  EXPECT_FALSE(matches(R"({"exact":"one"})", "One"));
  EXPECT_FALSE(matches(R"({"exact":"one"})", "one "));
  EXPECT_TRUE(matches(R"({"exact":""})", ""));
  EXPECT_TRUE(matches(R"({"prefix":"on"})", "one"));
  EXPECT_FALSE(matches(R"({"prefix":"one"})", "on"));
  EXPECT_TRUE(matches(R"({"suffix":"ne"})", "one"));
  EXPECT_FALSE(matches(R"({"suffix":"ne"})", "ones"));
  EXPECT_TRUE(matches(R"({"contains":"n"})", "one"));
  EXPECT_FALSE(matches(R"({"contains":"x"})", "one"));
  EXPECT_TRUE(matches(R"({"safe_regex":{"regex":"o.e"}})", "one"));
  EXPECT_FALSE(matches(R"({"safe_regex":{"regex":"o.e"}})", "ones"));
}

TEST(StringMatcher, CaseCountsUnlessItIsIgnored) {
  EXPECT_TRUE(matches(R"({"exact":"OnE","ignore_case":true})", "oNe"));
  EXPECT_TRUE(matches(R"({"prefix":"ON","ignore_case":true})", "one"));
  EXPECT_TRUE(matches(R"({"suffix":"nE","ignore_case":true})", "oNe"));
  EXPECT_TRUE(matches(R"({"contains":"ONE","ignore_case":true})", "someone"));
  EXPECT_FALSE(matches(R"({"contains":"ONE","ignore_case":true})", "on"));
  EXPECT_FALSE(matches(R"({"exact":"[","ignore_case":true})", "{"));
}

TEST(StringMatcher, WhatCannotBeReadIsRefusedWithItsPlace) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"safe_regex":{"regex":"("}})", "safe_regex.regex"},
      {R"({"custom":{}})", "custom"},
      {R"({"safe_regex":{"regex":"a"},"ignore_case":true})", "ignore_case"},
      {R"({})", ""}};
  for (const auto& [json, path] : cases) {
    const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(json);
    const Result<StringMatcher> matcher = StringMatcher::read(tree->root());
    ASSERT_FALSE(matcher.ok()) << json;
    EXPECT_EQ(matcher.error().path, path) << json;
  }
}

TEST(StringMatchers, OneOfAListIsEnough) {
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(R"([{"exact":"a"},{"prefix":"b"}])");
  const Result<StringMatchers> all = StringMatchers::read(tree->root());
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(all.value().matches_any("a"));
  EXPECT_TRUE(all.value().matches_any("bc"));
  EXPECT_FALSE(all.value().matches_any("c"));
  EXPECT_TRUE(StringMatchers().empty());
}

}  // namespace
}  // namespace outrider
