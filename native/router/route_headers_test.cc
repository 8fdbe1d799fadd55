#include <gtest/gtest.h>

#include "router/testing.h"

namespace outrider {
namespace {

using KeepOriginals = RouteTable::KeepOriginals;

// Sends a request through a table up to the upstream's side.
void finalize(const TestTable& table, TestRequest& request, KeepOriginals keep = KeepOriginals::Yes) {
  const RouteResult result = request.route(table);
  ASSERT_NE(result.route, nullptr);
  table.table->finalize_request_headers(result, request.headers, request.context(), keep, request.scratch);
}

// `action`: the fields of a RouteAction. The new path, "!" and the original one when that is told.
std::string path_after(const std::string& match, const std::string& action, std::string_view path,
                       TestLines lines = {}) {
  const TestTable table = table_of("{'match':{" + match + "},'route':{'cluster':'a'," + action + "}}");
  TestRequest request(path, lines);
  finalize(table, request);
  std::string text(request.headers.get(HeaderId::Path));
  if (request.headers.has(HeaderId::EnvoyOriginalPath)) {
    text.append("!").append(request.headers.get(HeaderId::EnvoyOriginalPath));
  }
  return text;
}

// The same for the host: "new!original!x-forwarded-host".
std::string host_after(const std::string& action, std::string_view path, TestLines lines = {}) {
  const TestTable table = table_of("{'match':{'prefix':'/'},'route':{'cluster':'a'," + action + "}}");
  TestRequest request(path, lines);
  finalize(table, request);
  std::string text(request.headers.get(HeaderId::Authority));
  for (const HeaderId id : {HeaderId::EnvoyOriginalHost, HeaderId::ForwardedHost}) {
    if (request.headers.has(id)) text.append("!").append(request.headers.get(id));
  }
  return text;
}

// Expectations were recorded from Envoy 1.40.
TEST(RouteHeaders, APrefixRewriteReplacesWhatTheMatchTook) {
  const std::string to = "'prefix_rewrite':";
  EXPECT_EQ(path_after("'prefix':'/slash/'", to + "'/'", "/slash/x"), "/x!/slash/x");
  EXPECT_EQ(path_after("'prefix':'/strip'", to + "'/'", "/strip/x"), "//x!/strip/x");
  EXPECT_EQ(path_after("'prefix':'/strip'", to + "'/'", "/strip?q=1"), "/?q=1!/strip?q=1");
  EXPECT_EQ(path_after("'prefix':'/swap'", to + "'/other'", "/swap/x?q=/swap"),
            "/other/x?q=/swap!/swap/x?q=/swap");
  EXPECT_EQ(path_after("'path':'/exact'", to + "'/new'", "/exact?q=1"), "/new?q=1!/exact?q=1");
  EXPECT_EQ(path_after("'prefix':'/CASE','case_sensitive':false", to + "'/low'", "/case/X"),
            "/low/X!/case/X");
  EXPECT_EQ(path_after("'path_separated_prefix':'/sep'", to + "'/new'", "/sep?q=1"), "/new?q=1!/sep?q=1");
  EXPECT_EQ(path_after("'safe_regex':{'regex':'/full/.*'}", to + "'/whole'", "/full/of?q=1"),
            "/whole?q=1!/full/of?q=1");
}

TEST(RouteHeaders, ARegexRewriteLeavesTheQueryAndTellsTheOriginalAlways) {
  const std::string rewrite =
      "'regex_rewrite':{'pattern':{'regex':'^/regex/([a-z]+)/([0-9]+)'},'substitution':'/n/\\\\2/w/\\\\1'}";
  EXPECT_EQ(path_after("'prefix':'/'", rewrite, "/regex/abc/123/rest?q=abc"),
            "/n/123/w/abc/rest?q=abc!/regex/abc/123/rest?q=abc");
  EXPECT_EQ(path_after("'prefix':'/'", rewrite, "/regex/none"), "/regex/none!/regex/none");
}

TEST(RouteHeaders, AFormatMayBeTheNewPath) {
  const std::string rewrite = "'path_rewrite':'/new%REQ(x-p)%'";
  EXPECT_EQ(path_after("'prefix':'/'", rewrite, "/x?q=1", {{"x-p", "val"}}), "/newval?q=1!/x?q=1");
  EXPECT_EQ(path_after("'prefix':'/'", rewrite, "/x?q=1"), "/new?q=1!/x?q=1");
  EXPECT_EQ(path_after("'prefix':'/'", "'path_rewrite':'%REQ(x-p)%'", "/x?q=1"), "/x?q=1");
}

TEST(RouteHeaders, ATemplateMayBeTheNewPath) {
  const std::string type = "'@type':'type.googleapis.com/envoy.extensions.path.";
  const std::string match = "'path_match_policy':{'typed_config':{" + type +
                            "match.uri_template.v3.UriTemplateMatchConfig','path_template':'/t/{a}/{b}'}}";
  const std::string rewrite =
      "'path_rewrite_policy':{'typed_config':{" + type +
      "rewrite.uri_template.v3.UriTemplateRewriteConfig','path_template_rewrite':'/{b}/{a}'}}";
  EXPECT_EQ(path_after(match, rewrite, "/t/x/y?q=1"), "/y/x?q=1!/t/x/y?q=1");
  EXPECT_EQ(table_of("{'match':{'prefix':'/'},'route':{'cluster':'a'," + rewrite + "}}").error.path,
            "virtual_hosts[0].routes[0].route.path_rewrite_policy");
  EXPECT_EQ(table_of("{'match':{" + match + "},'route':{'cluster':'a','prefix_rewrite':'/x'}}").error.path,
            "virtual_hosts[0].routes[0].route.prefix_rewrite");
}

TEST(RouteHeaders, TheHostIsRewrittenByTextHeaderPathOrFormat) {
  EXPECT_EQ(host_after("'host_rewrite_literal':'lit.test'", "/"), "lit.test!a.test");
  EXPECT_EQ(host_after("'host_rewrite_header':'X-New'", "/", {{"x-new", "h.test"}}), "h.test!a.test");
  EXPECT_EQ(host_after("'host_rewrite_header':'X-New'", "/"), "a.test");
  const std::string regex =
      "'host_rewrite_path_regex':{'pattern':{'regex':'^/regex/([a-z]+)/.*$'},'substitution':'\\\\1.test'}";
  EXPECT_EQ(host_after(regex, "/regex/name/x?y"), "name.test!a.test");
  EXPECT_EQ(host_after(regex, "/regex"), "/regex!a.test");
  EXPECT_EQ(host_after("'host_rewrite':'pre-%REQ(x-p)%'", "/", {{"x-p", "val"}}), "pre-val!a.test");
  EXPECT_EQ(host_after("'host_rewrite':'pre-%REQ(x-p)%'", "/"), "pre--!a.test");
}

TEST(RouteHeaders, TheOldHostIsAppendedToXForwardedHostUnlessItIsTheLastThere) {
  const std::string action = "'host_rewrite_literal':'lit','append_x_forwarded_host':true";
  const std::pair<std::string_view, std::string_view> cases[] = {{"a.test", "lit!a.test!a.test"},
                                                                 {"b, a.test", "lit!a.test!b, a.test,a.test"},
                                                                 {"a.test,b", "lit!a.test!a.test,b,a.test"},
                                                                 {"b,a.test", "lit!a.test!b,a.test"}};
  for (const auto& [before, after] : cases) {
    EXPECT_EQ(host_after(action, "/", {{"x-forwarded-host", before}}), after) << before;
  }
  EXPECT_EQ(host_after(action, "/"), "lit!a.test!a.test");
}

TEST(RouteHeaders, OriginalsAreNotToldWhenEnvoyHeadersAreSuppressed) {
  const TestTable table = table_of(
      "{'match':{'prefix':'/'},'route':{'cluster':'a','prefix_rewrite':'/x/','host_rewrite_literal':'lit'}}");
  TestRequest request("/a");
  finalize(table, request, KeepOriginals::No);
  EXPECT_EQ(request.headers.get(HeaderId::Path), "/x/a");
  EXPECT_EQ(request.headers.get(HeaderId::Authority), "lit");
  EXPECT_FALSE(request.headers.has(HeaderId::EnvoyOriginalPath));
  EXPECT_FALSE(request.headers.has(HeaderId::EnvoyOriginalHost));
}

// The last level that sets x-l wins.
std::string levels(std::string_view more) {
  const auto edit = [](std::string_view level) {
    std::string text;
    for (const std::string_view side : {"request", "response"}) {
      text.append("'")
          .append(side)
          .append("_headers_to_add':[{'header':{'key':'x-l','value':'")
          .append(level);
      text.append("'},'append_action':'OVERWRITE_IF_EXISTS_OR_ADD'}],");
    }
    return text;
  };
  return "{" + std::string(more) + edit("config") + "'virtual_hosts':[{'name':'v','domains':['*']," +
         edit("host") + "'routes':[{'match':{'path':'/w'}," + edit("route") +
         "'route':{'host_rewrite_literal':'lit','weighted_clusters':{'clusters':[{" + edit("weight") +
         "'name':'b','weight':1,'host_rewrite_literal':'b.test'}]}}},{'match':{'path':'/"
         "plain'},'route':{'cluster':'a'}}]}]}";
}

std::string last_level(const TestTable& table, std::string_view path) {
  TestRequest request(path);
  finalize(table, request);
  HeaderMap response(request.arena, HeaderMapKind::Response);
  table.table->finalize_response_headers(request.route(table), response, request.context(), request.scratch);
  EXPECT_EQ(response.get("x-l"), request.headers.get("x-l"));
  return std::string(request.headers.get("x-l"));
}

TEST(RouteHeaders, TheLeastSpecificLevelComesLastUnlessTheOrderIsReversed) {
  EXPECT_EQ(last_level(TestTable(levels("")), "/w"), "config");
  const TestTable reversed(levels("'most_specific_header_mutations_wins':true,"));
  // A cluster's own mutations come first even so, as in Envoy.
  EXPECT_EQ(last_level(reversed, "/w"), "route");
  EXPECT_EQ(last_level(reversed, "/plain"), "host");
}

TEST(RouteHeaders, TheRouteRewritesTheHostAfterTheClusterDid) {
  const TestTable table(levels(""));
  TestRequest request("/w");
  finalize(table, request);
  EXPECT_EQ(request.headers.get(HeaderId::Authority), "lit");
  EXPECT_EQ(request.headers.get(HeaderId::EnvoyOriginalHost), "b.test");
}

TEST(RouteHeaders, ARedirectRewritesThePathBeforeItsLocation) {
  const TestTable table = table_of(
      "{'match':{'prefix':'/prefix/'},'redirect':{'prefix_rewrite':'/new/'}},{'match':{'prefix':'/f'},"
      "'redirect':{'path_rewrite':'/np%REQ(x-p)%'}},{'match':{'prefix':'/'},'redirect':{'strip_query':true,"
      "'regex_rewrite':{'pattern':{'regex':'^/regex/([^/]+)/(.*)$'},'substitution':'/\\\\2/\\\\1'}}}");
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/prefix/a/b?q=1", "http://a.test/new/a/b?q=1"},
      {"/f?q=1", "http://a.test/np?q=1"},
      {"/regex/one/two?q=1", "http://a.test/two/one"},
      {"/regex/one", "http://a.test/regex/one"}};
  for (const auto& [path, expected] : cases) {
    TestRequest request(path);
    const RouteEntry& route = *request.route(table).route;
    rewrite_path(route, request.headers, request.context(), KeepOriginals::Yes, request.scratch);
    std::string location;
    append_location(route.redirect.get(), request.headers, location);
    EXPECT_EQ(location, expected);
    EXPECT_EQ(request.headers.get(HeaderId::EnvoyOriginalPath), path);
  }
}

}  // namespace
}  // namespace outrider
