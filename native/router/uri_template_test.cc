#include "router/uri_template.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

// Expectations were recorded from Envoy 1.40.
TEST(UriTemplate, OperatorsAndVariablesMatchSegments) {
  struct Case {
    std::string_view pattern;
    std::vector<std::string_view> yes;
    std::vector<std::string_view> no;
  };
  const Case cases[] = {
      {"/a/{x}/{y}", {"/a/1/2", "/a/b%20/c@d", "/a/x*y/z"}, {"/a/1", "/a/1/2/3", "/a//2", "/b/1/2"}},
      {"/{lang=*}/{rest=**}", {"/en/a/b", "/en/"}, {"/en"}},
      {"/*.x", {"/a.x", "/*.x"}, {"/.x", "/aa.xx", "/abx"}},
      {"/**.m3u8", {"/a/b.m3u8", "/.m3u8"}, {"/a/b"}},
      {"/a/**/x", {"/a/b/x", "/a/b/c/x", "/a//x"}, {"/a/x"}},
      {"/p{a}s", {"/pxs"}, {"/ps", "/p/s"}},
      {"/{a=x/**/y}", {"/x//y", "/x/q/r/y"}, {"/x/y"}},
      {"/{a=**}x", {"/x", "/a/x", "/ax"}, {"/y"}},
      {"/*/**", {"/a/", "/a/b/c"}, {"/a"}},
      {"/", {"/"}, {"/a", ""}},
      {"/a/", {"/a/"}, {"/a"}}};
  for (const Case& c : cases) {
    const Result<UriTemplate> uri = UriTemplate::parse(c.pattern);
    ASSERT_TRUE(uri.ok()) << c.pattern << uri.error().reason;
    for (const std::string_view path : c.yes)
      EXPECT_TRUE(uri.value().matches(path)) << c.pattern << " " << path;
    for (const std::string_view path : c.no)
      EXPECT_FALSE(uri.value().matches(path)) << c.pattern << " " << path;
  }
}

TEST(UriTemplate, ABadTemplateIsRefused) {
  for (const std::string_view bad : {"a",
                                     "",
                                     "/a//b",
                                     "/{a}{b}",
                                     "/{a}.{b}",
                                     "/{a}/{a}",
                                     "/{a}/{b}/{c}/{d}/{e}/{f}",
                                     "/{aaaaaaaaaaaaaaaaa}",
                                     "/{1a}",
                                     "/{_a}",
                                     "/{a-b}",
                                     "/{}",
                                     "/{a=}",
                                     "/{a={b}}",
                                     "/{a=/x}",
                                     "/{a=x/}",
                                     "/{a=*.x}",
                                     "/{a",
                                     "/a}",
                                     "/a b",
                                     "/a^",
                                     "/a|b",
                                     "/a?b",
                                     "/\xc3\xa9",
                                     "/**/**",
                                     "/**/*",
                                     "/**/{a}",
                                     "/{a=**}/{b=**}",
                                     "/*{a}"}) {
    EXPECT_FALSE(UriTemplate::parse(bad).ok()) << bad;
  }
}

TEST(UriTemplate, TheIndexLearnsWhatEveryMatchBeginsWith) {
  EXPECT_EQ(UriTemplate::parse("/a-b/v1.0/{x}/y").value().literal_prefix(), "/a-b/v1.0/");
  EXPECT_EQ(UriTemplate::parse("/{x}").value().literal_prefix(), "/");
}

TEST(UriTemplateRewrite, VariablesTakeTheirTextAlong) {
  struct Case {
    std::string_view match, rewrite, path, expected;
  };
  const Case cases[] = {{"/t/{a}/{b}", "/{b}/{a}", "/t/x/y", "/y/x"},
                        {"/t/{lang=*}/{rest=**}", "/{rest}/x/{lang}", "/t/en/a/b/c", "/a/b/c/x/en"},
                        {"/t/{lang=*}/{rest=**}", "/{rest}/x/{lang}", "/t/en/", "//x/en"},
                        {"/t/*/x/{file}.vtt", "/{file}.txt", "/t/a/x/f.vtt", "/f.txt"},
                        {"/t/{v=lang/*}/*", "/{v}", "/t/lang/en/video.m4s", "/lang/en"},
                        {"/{a}", "/{a}{a}/", "/x", "/xx/"}};
  for (const Case& c : cases) {
    const UriTemplate match = std::move(UriTemplate::parse(c.match).value());
    const Result<UriTemplateRewrite> rewrite = UriTemplateRewrite::parse(c.rewrite, match);
    ASSERT_TRUE(rewrite.ok()) << c.rewrite;
    std::string out;
    EXPECT_TRUE(rewrite.value().apply(c.path, out));
    EXPECT_EQ(out, c.expected);
  }
}

TEST(UriTemplateRewrite, ABadRewriteIsRefused) {
  const UriTemplate match = std::move(UriTemplate::parse("/{a}").value());
  for (const std::string_view bad :
       {"{a}", "x", "", "/{b}", "/{a", "/a}", "/a b", "/a?b", "//", "/a//b", "/{a=*}"}) {
    EXPECT_FALSE(UriTemplateRewrite::parse(bad, match).ok()) << bad;
  }
}

}  // namespace
}  // namespace outrider
