#include "base/regex.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

Regex compiled(std::string_view pattern) {
  Result<Regex> regex = Regex::compile(pattern);
  EXPECT_TRUE(regex.ok()) << pattern;
  return std::move(regex.value());
}

TEST(Regex, APatternThatDoesNotCompileIsAnError) {
  const Result<Regex> regex = Regex::compile("(a");
  ASSERT_FALSE(regex.ok());
  EXPECT_EQ(regex.error().reason, "\"(a\" does not compile: missing ): (a");
}

TEST(Regex, AFullMatchTakesTheWholeText) {
  EXPECT_TRUE(compiled("/a[0-9]+").full_match("/a12"));
  EXPECT_FALSE(compiled("/a[0-9]+").full_match("/a12/"));
  EXPECT_TRUE(compiled("a[0-9]+").partial_match("/a12/"));
}

TEST(Regex, GroupsAreGivenAndMissingOnesAreEmpty) {
  std::string_view groups[3];
  EXPECT_TRUE(compiled("/(a+)(b)?").full_match("/aa", groups, 3));
  EXPECT_EQ(groups[0], "aa");
  EXPECT_EQ(groups[1], "");
  EXPECT_EQ(groups[2], "");
}

TEST(Regex, EveryMatchIsReplaced) {
  std::string out;
  compiled("e").replace_all("/here/e", "E", out);
  EXPECT_EQ(out, "/hErE/E");
  compiled("^/([a-z]+)/([0-9]+)").replace_all("/ab/12/x", "/\\2/\\1", out);
  EXPECT_EQ(out, "/12/ab/x");
  compiled("a").replace_all("/a", "\\1", out);
  EXPECT_EQ(out, "/a");
}

TEST(Regex, TheLiteralPrefixIsWhatEveryMatchBeginsWith) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"/regex/[0-9]+", "/regex/"},
                                                                 {"^/a\\.b/.*$", "/a.b/"},
                                                                 {"/ab*", "/a"},
                                                                 {"/ab?c", "/a"},
                                                                 {"/ab{0,2}", "/a"},
                                                                 {"/ab+", "/ab"},
                                                                 {"/a|/b", ""},
                                                                 {"/a/(b|c)", "/a/"},
                                                                 {"/a/[|]", ""},
                                                                 {"(?i)/a", ""},
                                                                 {"/a\\d", "/a"},
                                                                 {"", ""},
                                                                 {".*", ""},
                                                                 {"/a/\\(|b", ""},
                                                                 {"/\xc3\xa9?x", "/"},
                                                                 {"/a/(x(y|z))|q", ""}};
  for (const auto& [pattern, prefix] : cases)
    EXPECT_EQ(compiled(pattern).literal_prefix(), prefix) << pattern;
}

}  // namespace
}  // namespace outrider
