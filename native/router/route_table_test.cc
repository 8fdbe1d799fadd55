#include "router/route_table.h"

#include <gtest/gtest.h>

#include "router/testing.h"

namespace outrider {
namespace {

// A route of this match that is found by its name.
std::string named(std::string_view name, std::string_view match) {
  return "{'name':'" + std::string(name) + "','match':{" + std::string(match) +
         "},'direct_response':{'status':200}}";
}

std::string host(std::string_view name, std::string_view domains, std::string_view more = "") {
  return "{'name':'" + std::string(name) + "','domains':[" + std::string(domains) + "]" + std::string(more) +
         ",'routes':[" + named(name, "'prefix':'/'") + "]}";
}

// Expectations of all path tests were recorded from Envoy 1.40.
TEST(RouteTable, EveryKindOfPathMatches) {
  const TestTable table = table_of(
      named("exact", "'path':'/exact'") + "," + named("nocase", "'path':'/NoCase','case_sensitive':false") +
      "," + named("regex", "'safe_regex':{'regex':'/regex/[0-9]+'}") + "," +
      named("separated", "'path_separated_prefix':'/api'") + "," +
      named("low", "'path_separated_prefix':'/Low','case_sensitive':false") + "," +
      named("longer", "'prefix':'/pre/longer'") + "," + named("prefix", "'prefix':'/pre'") + "," +
      named("never", "'prefix':'/pre/longest'") + "," + named("up", "'prefix':'/UP','case_sensitive':false"));
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/exact", "exact"},         {"/exact/", "none"},        {"/exact?q=1", "exact"},
      {"/Exact", "none"},          {"/nocase", "nocase"},      {"/NOCASE?x", "nocase"},
      {"/regex/12", "regex"},      {"/regex/12?q=1", "regex"}, {"/regex/12/3", "none"},
      {"/regex/x", "none"},        {"/a/regex/12", "none"},    {"/api", "separated"},
      {"/api/", "separated"},      {"/api/v1", "separated"},   {"/api?x=1", "separated"},
      {"/apis", "none"},           {"/Api", "none"},           {"/low/x", "low"},
      {"/lower", "none"},          {"/pre", "prefix"},         {"/prefix", "prefix"},
      {"/pre/longer/x", "longer"}, {"/pre/longest", "prefix"}, {"/up/x", "up"},
      {"/none", "none"},           {"/exact#f", "exact"},      {"", "none"}};
  for (const auto& [path, name] : cases) EXPECT_EQ(TestRequest(path).name(table), name) << path;
}

TEST(RouteTable, RegexAndTemplateKeepTheirPlaceAmongPrefixes) {
  const std::string uri =
      "'path_match_policy':{'typed_config':{'@type':'type.googleapis.com/"
      "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig','path_template':'/t/{a}'}}";
  const TestTable table =
      table_of(named("first", "'prefix':'/t/x'") + "," + named("uri", uri) + "," +
               named("regex", "'safe_regex':{'regex':'.*z'}") + "," + named("rest", "'prefix':'/'"));
  EXPECT_EQ(TestRequest("/t/xz").name(table), "first");
  EXPECT_EQ(TestRequest("/t/z").name(table), "uri");
  EXPECT_EQ(TestRequest("/t/a/z").name(table), "regex");
  EXPECT_EQ(TestRequest("/t/a/b").name(table), "rest");
}

TEST(RouteTable, ConnectIsMatchedByItsMethodAndOthersNeedAPath) {
  const TestTable table =
      table_of(named("connect", "'connect_matcher':{}") + "," + named("all", "'prefix':''"));
  EXPECT_EQ(TestRequest("/").name(table), "all");
  TestRequest connect("/");
  connect.headers.set(HeaderId::Method, "CONNECT");
  EXPECT_EQ(connect.name(table), "connect");
  connect.headers.remove(HeaderId::Path);
  EXPECT_EQ(connect.name(table), "connect");
  const TestTable only = table_of(named("all", "'prefix':''"));
  EXPECT_EQ(connect.name(only), "none");
}

TEST(RouteTable, WhatFollowsASemicolonMayBeIgnored) {
  const TestTable table(
      "{'ignore_path_parameters_in_path_matching':true,'virtual_hosts':[{'name':'v','domains':['*'],"
      "'routes':[" +
      named("exact", "'path':'/exact'") + "," + named("sep", "'path_separated_prefix':'/sep'") + "," +
      named("re", "'safe_regex':{'regex':'/re[0-9]+'}") + "," + named("px", "'prefix':'/p;x'") + "," +
      named("rest", "'prefix':''") + "]}]}");
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/exact;a=1", "exact"}, {"/exact;a=1?x", "exact"}, {"/exact?x;y", "exact"}, {"/sep;x/y", "sep"},
      {"/sep/y;z", "sep"},     {"/re12;x", "re"},         {"/p;x", "rest"}};
  for (const auto& [path, name] : cases) EXPECT_EQ(TestRequest(path).name(table), name) << path;
}

TEST(RouteTable, EveryConditionMustHold) {
  const TestTable table = table_of(
      named("post", "'prefix':'/','headers':[{'name':':method','string_match':{'exact':'POST'}}]") + "," +
      named("query", "'prefix':'/','query_parameters':[{'name':'q','string_match':{'exact':'1'}}]") + "," +
      named("cookie", "'prefix':'/','cookies':[{'name':'c','string_match':{'exact':'1'}}]") + "," +
      named("grpc", "'prefix':'/','grpc':{}") + "," +
      named("presented", "'prefix':'/','tls_context':{'presented':true,'validated':false}") + "," +
      named("validated", "'prefix':'/','tls_context':{'validated':true}") + "," +
      named("canary",
            "'prefix':'/','runtime_fraction':{'default_value':{'numerator':10},'runtime_key':'k'}") +
      "," + named("rest", "'prefix':'/'"));
  TestRequest plain("/");
  plain.request.random_value = 10;
  EXPECT_EQ(plain.name(table), "rest");
  plain.request.random_value = 109;
  EXPECT_EQ(plain.name(table), "canary");
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(R"({"k":5})");
  const RuntimeValues runtime(tree->root());
  plain.request.runtime = &runtime;
  EXPECT_EQ(plain.name(table), "rest");
  plain.request.peer_certificate_presented = true;
  EXPECT_EQ(plain.name(table), "presented");
  plain.request.peer_certificate_validated = true;
  EXPECT_EQ(plain.name(table), "validated");
  EXPECT_EQ(TestRequest("/?q=1").name(table), "query");
  EXPECT_EQ(TestRequest("/", {{"cookie", "c=1"}}).name(table), "cookie");
  for (const std::string_view yes : {"application/grpc", "application/grpc+proto"}) {
    EXPECT_EQ(TestRequest("/", {{"content-type", yes}}).name(table), "grpc") << yes;
  }
  for (const std::string_view no : {"application/grpc-web", "application/grpc;x", "Application/grpc"}) {
    EXPECT_NE(TestRequest("/", {{"content-type", no}}).name(table), "grpc") << no;
  }
  TestRequest post("/?q=1");
  post.headers.set(HeaderId::Method, "POST");
  EXPECT_EQ(post.name(table), "post");
}

TEST(RouteTable, TheHostIsFoundByTheAuthorityOrAnotherHeader) {
  const std::string hosts = "'virtual_hosts':[" + host("a", "'a.test'") + "," + host("v6", "'[::1]'") + "," +
                            host("any", "'*'") + "]}";
  const TestTable plain("{" + hosts);
  EXPECT_EQ(TestRequest("/", {}, "A.test").name(plain), "a");
  EXPECT_EQ(TestRequest("/", {}, "a.test:80").name(plain), "any");
  const TestTable portless("{'ignore_port_in_host_matching':true," + hosts);
  EXPECT_EQ(TestRequest("/", {}, "a.test:80").name(portless), "a");
  EXPECT_EQ(TestRequest("/", {}, "a.test:").name(portless), "a");
  EXPECT_EQ(TestRequest("/", {}, "[::1]:80").name(portless), "v6");
  EXPECT_EQ(TestRequest("/", {}, "[::1]").name(portless), "v6");
  const TestTable other("{'vhost_header':'X-Vhost'," + hosts);
  EXPECT_EQ(TestRequest("/", {{"x-vhost", "a.test"}}, "b").name(other), "a");
  EXPECT_EQ(TestRequest("/", {{"x-vhost", ""}}, "a.test").name(other), "any");
  EXPECT_EQ(TestRequest("/", {}, "a.test").name(other), "none");
  const TestTable only_any("{'vhost_header':'X-Vhost','virtual_hosts':[" + host("any", "'*'") + "]}");
  EXPECT_EQ(TestRequest("/").name(only_any), "any");
}

TEST(RouteTable, ARequestWithoutRouteStillKnowsItsVirtualHost) {
  const TestTable table = table_of(named("a", "'path':'/a'"));
  const RouteResult result = TestRequest("/b").route(table);
  EXPECT_EQ(result.outcome, RouteOutcome::NotFound);
  ASSERT_NE(result.virtual_host, nullptr);
  EXPECT_EQ(result.virtual_host->name, "v");
}

TEST(RouteTable, TlsIsAskedForByVirtualHost) {
  const TestTable table("{'virtual_hosts':[" + host("all", "'all.test'", ",'require_tls':'ALL'") + "," +
                        host("outside", "'*'", ",'require_tls':'EXTERNAL_ONLY'") + "]}");
  EXPECT_EQ(TestRequest("/", {{"x-envoy-internal", "true"}}, "all.test").name(table), "tls");
  EXPECT_EQ(TestRequest("/").name(table), "tls");
  EXPECT_EQ(TestRequest("/", {{"x-envoy-internal", "true"}}).name(table), "outside");
  TestRequest secure("/");
  secure.headers.set(HeaderId::ForwardedProto, "https");
  EXPECT_EQ(secure.name(table), "outside");
}

TEST(RouteTable, AClusterIsNamedByTheRouteOrByAHeader) {
  TestTable table = table_of(
      "{'match':{'prefix':'/fixed'},'route':{'cluster':'a'}},{'match':{'prefix':'/"
      "'},'route':{'cluster_header':'X-C'}}");
  const RouteResult fixed = TestRequest("/fixed").route(table);
  EXPECT_EQ(fixed.cluster, table.clusters.cluster_index("a"));
  EXPECT_EQ(fixed.cluster_name, "a");
  TestRequest by_header("/", {{"x-c", "b"}});
  EXPECT_EQ(by_header.route(table).cluster, cluster_by_name);
  EXPECT_EQ(by_header.route(table).cluster_name, "b");
  EXPECT_EQ(TestRequest("/").route(table).cluster_name, "");
}

TEST(RouteTable, WeightsShareTheRandomValuesAmongTheClusters) {
  const TestTable table = table_of(
      "{'match':{'prefix':'/w'},'route':{'weighted_clusters':{'clusters':[{'name':'a','weight':50},"
      "{'name':'b','weight':0},{'name':'c','weight':50}],'header_name':'X-Number'}}},"
      "{'match':{'prefix':'/r'},'route':{'weighted_clusters':{'runtime_key_prefix':'w','clusters':["
      "{'name':'a','weight':1},{'cluster_header':'X-C','weight':1}]}}}");
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"0", "a"}, {"49", "a"}, {"50", "c"}, {"99", "c"}, {"100", "a"}, {"150", "c"}, {"x", "c"}, {"", "c"}};
  for (const auto& [number, cluster] : cases) {
    TestRequest request("/w", {{"x-number", number}});
    request.request.random_value = 77;
    EXPECT_EQ(request.route(table).cluster_name, cluster) << number;
  }
  TestRequest twice("/w", {{"x-number", "0"}, {"x-number", "0"}});
  twice.request.random_value = 77;
  EXPECT_EQ(twice.route(table).cluster_name, "c");
  TestRequest request("/r", {{"x-c", "h"}});
  request.request.random_value = 1;
  EXPECT_EQ(request.route(table).cluster_name, "h");
  const std::unique_ptr<ConfigTree> three = ConfigTree::parse(R"({"w.a":3})");
  const RuntimeValues runtime(three->root());
  request.request.runtime = &runtime;
  request.request.random_value = 2;
  EXPECT_EQ(request.route(table).cluster_name, "a");
  request.request.random_value = 3;
  EXPECT_EQ(request.route(table).cluster_name, "h");
}

TEST(RouteTable, NoRouteIsFoundWhenTheRuntimeSetsAllWeightsToZero) {
  const TestTable table = table_of(
      "{'match':{'prefix':'/'},'route':{'weighted_clusters':{'runtime_key_prefix':'w','clusters':["
      "{'name':'a','weight':1}]}}}");
  const std::unique_ptr<ConfigTree> zero = ConfigTree::parse(R"({"w.a":0})");
  const RuntimeValues runtime(zero->root());
  TestRequest request("/");
  request.request.runtime = &runtime;
  EXPECT_EQ(request.route(table).outcome, RouteOutcome::NotFound);
}

TEST(RouteTable, ARouteHasItsSettingsAndTheirDefaults) {
  const TestTable table(
      "{'virtual_hosts':[{'name':'v','domains':['*'],'include_request_attempt_count':true,"
      "'retry_policy':{'retry_on':'5xx'},'per_request_buffer_limit_bytes':10,'routes':["
      "{'match':{'path':'/a'},'route':{'cluster':'a'}},"
      "{'match':{'path':'/b'},'request_body_buffer_limit':'20','route':{'cluster':'a','timeout':'0s',"
      "'idle_timeout':'1.5s','max_stream_duration':{'max_stream_duration':'2s','grpc_timeout_header_max':'3s'"
      "},"
      "'priority':'HIGH','cluster_not_found_response_code':'NOT_FOUND','retry_policy':{'retry_on':'reset'},"
      "'auto_host_rewrite':true,'append_x_forwarded_host':true}}]}]}");
  const RouteEntry& plain = *TestRequest("/a").route(table).route;
  EXPECT_EQ(plain.timeouts.route_ms, 15'000);
  EXPECT_EQ(plain.timeouts.idle_ms, not_set);
  EXPECT_EQ(plain.timeouts.max_stream_ms, not_set);
  EXPECT_EQ(plain.priority, RoutePriority::Default);
  EXPECT_EQ(plain.cluster_not_found_status, 503);
  EXPECT_EQ(plain.retry->on, retry_on::server_error);
  EXPECT_EQ(plain.body_limit().kind, RouteEntry::BodyLimit::Kind::Lowers);
  EXPECT_EQ(plain.body_limit().bytes, 10u);
  EXPECT_TRUE(plain.virtual_host->include_request_attempt_count);
  const RouteEntry& other = *TestRequest("/b").route(table).route;
  EXPECT_EQ(other.timeouts.route_ms, 0);
  EXPECT_EQ(other.timeouts.idle_ms, 1'500);
  EXPECT_EQ(other.timeouts.max_stream_ms, 2'000);
  EXPECT_EQ(other.timeouts.grpc_header_max_ms, 3'000);
  EXPECT_EQ(other.priority, RoutePriority::High);
  EXPECT_EQ(other.cluster_not_found_status, 404);
  EXPECT_EQ(other.retry->on, retry_on::reset);
  EXPECT_EQ(other.body_limit().kind, RouteEntry::BodyLimit::Kind::Replaces);
  EXPECT_EQ(other.body_limit().bytes, 20u);
  EXPECT_TRUE(other.auto_host_rewrite);
  EXPECT_NE(plain.id, other.id);
}

TEST(RouteTable, ADirectResponseHasItsBody) {
  const TestTable table =
      table_of("{'match':{'prefix':'/'},'direct_response':{'status':410,'body':{'inline_bytes':'AQID'}}}");
  const RouteEntry& route = *TestRequest("/").route(table).route;
  EXPECT_EQ(route.kind, RouteKind::DirectResponse);
  EXPECT_EQ(route.direct_response->status, 410);
  EXPECT_EQ(route.direct_response->body, "\x01\x02\x03");
}

TEST(RouteTable, AVirtualClusterIsTheFirstThatMatches) {
  const TestTable table(
      "{'virtual_hosts':[{'name':'v','domains':['*'],'virtual_clusters':["
      "{'name':'posts','headers':[{'name':':method','string_match':{'exact':'POST'}}]},"
      "{'name':'api','headers':[{'name':':path','string_match':{'prefix':'/api'}}]}],'routes':[]}]}");
  const VirtualHost& host = *TestRequest("/").route(table).virtual_host;
  const TestRequest api("/api/x");
  ASSERT_NE(RouteTable::virtual_cluster(host, api.headers), nullptr);
  EXPECT_EQ(RouteTable::virtual_cluster(host, api.headers)->name, "api");
  EXPECT_EQ(RouteTable::virtual_cluster(host, TestRequest("/x").headers), nullptr);
}

TEST(RouteTable, AFilterIsConfiguredByTheMostSpecificLevelThatNamesIt) {
  const auto level = [](std::string_view value, std::string_view more = "") {
    return "'typed_per_filter_config':{'f':{'v':'" + std::string(value) + "'}" + std::string(more) + "}";
  };
  const TestTable table("{" + level("table", ",'g':{'v':'table'}") +
                        ",'virtual_hosts':[{'name':'v','domains':['*']," + level("host") +
                        ",'routes':[{'match':{'path':'/w'}," + level("route") +
                        ",'route':{'weighted_clusters':{'clusters':[{'name':'a','weight':1," +
                        level("weight") + "}]}}},{'match':{'path':'/r'}," + level("route") +
                        ",'route':{'cluster':'a'}},{'match':{'path':'/h'},'route':{'cluster':'a'}}]}]}");
  const auto found = [&table](std::string_view path, std::string_view filter) {
    const TestRequest request(path);
    return std::string(table.table->filter_config(request.route(table), filter).string("v"));
  };
  EXPECT_EQ(found("/w", "f"), "weight");
  EXPECT_EQ(found("/r", "f"), "route");
  EXPECT_EQ(found("/h", "f"), "host");
  EXPECT_EQ(found("/none", "f"), "host");
  EXPECT_EQ(found("/h", "g"), "table");
  EXPECT_EQ(found("/h", "x"), "");
  const TestRequest request("/w");
  ConfigView levels[4];
  EXPECT_EQ(table.table->filter_configs(request.route(table), "f", levels), 4u);
  EXPECT_EQ(levels[0].string("v"), "table");
}

TEST(RouteTable, InternalOnlyHeadersAreLowerCase) {
  const TestTable table("{'internal_only_headers':['X-Inside'],'virtual_hosts':[]}");
  ASSERT_EQ(table.table->internal_only_headers().size(), 1u);
  EXPECT_EQ(table.table->internal_only_headers()[0], "x-inside");
  EXPECT_EQ(TestRequest("/").route(table).virtual_host, nullptr);
}

TEST(RouteTable, AFaultNamesItsPlace) {
  const auto route = [](std::string_view body) {
    return "{'virtual_hosts':[{'name':'v','domains':['*'],'routes':[{" + std::string(body) + "}]}]}";
  };
  const std::string at = "virtual_hosts[0].routes[0].";
  const std::pair<std::string, std::string> cases[] = {
      {route("'match':{'safe_regex':{'regex':'('}},'route':{'cluster':'a'}"), at + "match.safe_regex.regex"},
      {route("'match':{'prefix':'/','headers':[{'name':'x','string_match':{'safe_regex':{'regex':'('}}}]},"
             "'route':{'cluster':'a'}"),
       at + "match.headers[0].string_match.safe_regex.regex"},
      {route("'match':{'prefix':'/','dynamic_metadata':[{}]},'route':{'cluster':'a'}"),
       at + "match.dynamic_metadata"},
      {route("'match':{'prefix':'/'},'route':{'cluster':'a','prefix_rewrite':'/a','path_rewrite':'/b'}"),
       at + "route"},
      {route("'match':{'prefix':'/'},'route':{'weighted_clusters':{'clusters':[{'name':'a','weight':0}]}}"),
       at + "route.weighted_clusters.clusters"},
      {route("'match':{'prefix':'/'},'route':{'weighted_clusters':{'clusters':[{'weight':1}]}}"),
       at + "route.weighted_clusters.clusters[0]"},
      {route("'match':{'prefix':'/'},'route':{'cluster_specifier_plugin':'x'}"),
       at + "route.cluster_specifier_plugin"},
      {route("'match':{'prefix':'/'},'filter_action':{}"), at + "filter_action"},
      {route("'match':{'prefix':'/'},'direct_response':{'status':200,'body':{'filename':'/no/such'}}"),
       at + "direct_response.body.filename"},
      {route("'match':{'prefix':'/'},'route':{'cluster':'a'},'response_headers_to_remove':['a',':x']"),
       at + "response_headers_to_remove[1]"},
      {route("'match':{'prefix':'/"
             "'},'route':{'cluster':'a'},'request_headers_to_add':[{'header':{'key':'host'}}]"),
       at + "request_headers_to_add[0].header.key"},
      {"{'max_direct_response_body_size_bytes':3,'virtual_hosts':[{'name':'v','domains':['*'],'routes':[{'"
       "match':"
       "{'prefix':'/'},'direct_response':{'status':200,'body':{'inline_string':'four'}}}]}]}",
       at + "direct_response.body"},
      {"{'virtual_hosts':[{'name':'a','domains':['a.b']},{'name':'b','domains':['*','A.b']}]}",
       "virtual_hosts[1].domains[1]"},
      {"{'virtual_hosts':[{'name':'a','domains':['*'],'matcher':{}}]}", "virtual_hosts[0].matcher"}};
  for (const auto& [json, path] : cases) {
    const TestTable table(json);
    EXPECT_EQ(table.table, nullptr) << json;
    EXPECT_EQ(table.error.path, path) << json << table.error.reason;
  }
}

}  // namespace
}  // namespace outrider
