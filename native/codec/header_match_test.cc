#include "codec/header_match.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace outrider {
namespace {

// Expectations were recorded from Envoy 1.40.
bool matches(std::string_view json, std::initializer_list<std::string_view> values,
             std::string_view name = "x-h") {
  ArenaBlockPool pool;
  Arena arena(pool);
  HeaderMap headers(arena, HeaderMapKind::Request);
  headers.add(HeaderId::Authority, "a.test");
  for (const std::string_view value : values) {
    headers.push(name, value, header_id(name), 0);
  }
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(json);
  const Result<HeaderMatcher> matcher = HeaderMatcher::read(tree->root());
  EXPECT_TRUE(matcher.ok()) << json;
  return matcher.ok() && matcher.value().matches(headers);
}

TEST(HeaderMatcher, PresenceIsAskedForInEitherSense) {
  struct Case {
    std::string_view json;
    bool without;
    bool with;
  };
  const Case cases[] = {
      {R"({"name":"x-h","present_match":true})", false, true},
      {R"({"name":"x-h","present_match":false})", true, false},
      {R"({"name":"x-h","present_match":true,"invert_match":true})", true, false},
      {R"({"name":"x-h","present_match":false,"invert_match":true})", false, true},
      {R"({"name":"x-h","present_match":true,"treat_missing_header_as_empty":true})", true, true},
      {R"({"name":"x-h","present_match":false,"treat_missing_header_as_empty":true})", false, false},
      {R"({"name":"x-h","present_match":true,"treat_missing_header_as_empty":true,"invert_match":true})",
       false, false},
      {R"({"name":"X-H"})", false, true},
      {R"({"name":"x-h","invert_match":true})", true, false}};
  for (const Case& c : cases) {
    EXPECT_EQ(matches(c.json, {}), c.without) << c.json;
    EXPECT_EQ(matches(c.json, {"one"}), c.with) << c.json;
    EXPECT_EQ(matches(c.json, {"one", "two"}), c.with) << c.json;
  }
}

TEST(HeaderMatcher, AMissingHeaderMatchesNothingUnlessItCountsAsEmpty) {
  EXPECT_FALSE(matches(R"({"name":"x-h","string_match":{"exact":""}})", {}));
  EXPECT_FALSE(matches(R"({"name":"x-h","string_match":{"exact":"a"},"invert_match":true})", {}));
  EXPECT_TRUE(
      matches(R"({"name":"x-h","string_match":{"exact":""},"treat_missing_header_as_empty":true})", {}));
  EXPECT_TRUE(matches(
      R"({"name":"x-h","range_match":{"start":-5,"end":10},"invert_match":true,"treat_missing_header_as_empty":true})",
      {}));
}

TEST(HeaderMatcher, OneOfSeveralLinesIsEnough) {
  EXPECT_TRUE(matches(R"({"name":"x-h","string_match":{"exact":"one"}})", {"one", "two"}));
  EXPECT_TRUE(matches(R"({"name":"x-h","string_match":{"exact":"two"}})", {"one", "two"}));
  EXPECT_FALSE(matches(R"({"name":"x-h","string_match":{"exact":"one,two"}})", {"one", "two"}));
  EXPECT_FALSE(
      matches(R"({"name":"x-h","string_match":{"exact":"two"},"invert_match":true})", {"one", "two"}));
  EXPECT_TRUE(matches(R"({"name":"x-h","string_match":{"exact":"x"},"invert_match":true})", {"one", "two"}));
  EXPECT_TRUE(matches(R"({"name":"x-h","range_match":{"start":0,"end":3}})", {"5", "1"}));
}

TEST(HeaderMatcher, LinesOfANameThatEnvoyJoinsAreOneValue) {
  EXPECT_TRUE(matches(R"({"name":"accept","string_match":{"exact":"x,y"}})", {"x", "y"}, "accept"));
  EXPECT_FALSE(matches(R"({"name":"accept","string_match":{"exact":"x"}})", {"x", "y"}, "accept"));
  EXPECT_TRUE(matches(R"({"name":"cookie","string_match":{"exact":"b=2"}})", {"a=1", "b=2"}, "cookie"));
  EXPECT_FALSE(matches(R"({"name":"cookie","string_match":{"exact":"a=1; b=2"}})", {"a=1", "b=2"}, "cookie"));
}

TEST(HeaderMatcher, ARangeTakesWholeDecimalNumbers) {
  const std::string_view json = R"({"name":"x-h","range_match":{"start":"-5","end":10}})";
  for (const std::string_view yes : {"-5", "0", "9", "+4", " 4", "4 ", "00", "-0"}) {
    EXPECT_TRUE(matches(json, {yes})) << yes;
  }
  for (const std::string_view no :
       {"-6", "10", "3.5", "0x1", "- 4", "+-4", "", "1,2", "9223372036854775808"}) {
    EXPECT_FALSE(matches(json, {no})) << no;
  }
}

TEST(HeaderMatcher, HostIsTheAuthority) {
  EXPECT_TRUE(matches(R"({"name":"Host","string_match":{"exact":"a.test"}})", {}));
}

TEST(HeaderMatcher, TheDeprecatedSpecifiersMatchToo) {
  EXPECT_TRUE(matches(R"({"name":"x-h","exact_match":"one"})", {"one"}));
  EXPECT_TRUE(matches(R"({"name":"x-h","prefix_match":"on"})", {"one"}));
  EXPECT_TRUE(matches(R"({"name":"x-h","suffix_match":"ne"})", {"one"}));
  EXPECT_TRUE(matches(R"({"name":"x-h","contains_match":"n"})", {"one"}));
  EXPECT_TRUE(matches(R"({"name":"x-h","safe_regex_match":{"regex":"o.e"}})", {"one"}));
  EXPECT_FALSE(matches(R"({"name":"x-h","exact_match":"one"})", {"two"}));
}

TEST(HeaderMatchers, AllOfAListMustMatchAndAFaultHasItsPlace) {
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(
      R"([[{"name":"a"},{"name":"b"}],[{"name":"a"},{"name":"b","string_match":{"safe_regex":{"regex":"("}}}]])");
  const Result<HeaderMatchers> all = HeaderMatchers::read(tree->root()[0]);
  ASSERT_TRUE(all.ok());
  ArenaBlockPool pool;
  Arena arena(pool);
  HeaderMap headers(arena, HeaderMapKind::Request);
  headers.add("a", "1");
  EXPECT_FALSE(all.value().match_all(headers));
  headers.add("b", "1");
  EXPECT_TRUE(all.value().match_all(headers));
  EXPECT_EQ(HeaderMatchers::read(tree->root()[1]).error().path, "[1].string_match.safe_regex.regex");
}

}  // namespace
}  // namespace outrider
