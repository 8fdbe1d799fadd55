#include "downstream/response_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "downstream/request_id.h"
#include "downstream/upgrade.h"

namespace outrider {
namespace {

struct ResponseRules : testing::Test {
  LogFiles files{LogFileOptions{}};
  HcmBuildContext context{
      .log_files = files, .node_id = "node", .node_cluster = "cluster", .local_ip = "10.0.0.1"};
  std::unique_ptr<ConfigTree> tree;
  std::unique_ptr<HcmConfig> config;
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap request{arena, HeaderMapKind::Request};
  HeaderMap headers{arena, HeaderMapKind::Response};
  DateCache dates;
  StreamInfo info;
  ResponseFacts facts{.dates = dates, .now_wall_s = 784111777, .info = info, .request = &request};
  AfterResponse after = AfterResponse::KeepOpen;

  void SetUp() override {
    configure("{}");
    info.protocol = Protocol::Http11;
    request.add(HeaderId::Method, "GET");
    request.add(HeaderId::RequestId, "id");
    headers.add(HeaderId::Status, "200");
    headers.add(HeaderId::ContentLength, "0");
  }

  void configure(std::string_view json) {
    tree = ConfigTree::parse(json);
    auto built = HcmConfig::build(tree->root(), context);
    ASSERT_TRUE(built.ok()) << built.error().path << ": " << built.error().reason;
    config = std::move(built.value());
  }

  // Status and lines, without date and content-length.
  std::string run() {
    after = apply_response_rules(*config, facts, headers);
    return lines();
  }
  std::string lines() const {
    std::string text;
    for (const Header& header : headers) {
      if (header.id == HeaderId::Date || header.id == HeaderId::ContentLength) continue;
      text.append(header.key()).append("=").append(header.text()).append(";");
    }
    return text;
  }
};

TEST_F(ResponseRules, TheDateIsThatOfTheSecondAndAnUpstreamsDateStays) {
  run();
  EXPECT_EQ(headers.get(HeaderId::Date), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(dates.text(1'709'251'199), "Thu, 29 Feb 2024 23:59:59 GMT");
  headers.set(HeaderId::Date, "D");
  run();
  EXPECT_EQ(headers.get(HeaderId::Date), "D");
}

TEST_F(ResponseRules, TheServerIsOverwrittenAddedOrPassed) {
  struct Case {
    std::string_view json;
    std::string_view upstream;
    std::string_view expected;
  };
  constexpr std::string_view absent = R"({"server_header_transformation": "APPEND_IF_ABSENT"})";
  constexpr std::string_view pass = R"({"server_header_transformation": "PASS_THROUGH"})";
  for (const Case& one :
       {Case{"{}", "S", "envoy"}, Case{R"({"server_name": "front"})", "S", "front"}, Case{absent, "S", "S"},
        Case{absent, "", "envoy"}, Case{pass, "S", "S"}, Case{pass, "", ""}}) {
    configure(one.json);
    headers.remove(HeaderId::Server);
    if (!one.upstream.empty()) headers.add(HeaderId::Server, one.upstream);
    run();
    EXPECT_EQ(headers.get(HeaderId::Server), one.expected) << one.json;
  }
}

TEST_F(ResponseRules, HeadersOfTheUpstreamConnectionAreNotPassedOn) {
  for (std::string_view name :
       {"connection", "keep-alive", "proxy-connection", "upgrade", "transfer-encoding"}) {
    headers.add(name, "x-foo");
  }
  headers.add("x-foo", "1");
  headers.add("te", "trailers");
  EXPECT_EQ(run(), ":status=200;x-foo=1;te=trailers;server=envoy;");
  EXPECT_EQ(after, AfterResponse::KeepOpen);
}

TEST_F(ResponseRules, TheRequestIdIsEchoedAlwaysOrWhenATraceIsForced) {
  EXPECT_EQ(run(), ":status=200;server=envoy;");
  request.add(HeaderId::EnvoyForceTrace, "1");
  EXPECT_EQ(run(), ":status=200;server=envoy;x-request-id=id;");
  request.remove(HeaderId::EnvoyForceTrace);
  configure(R"({"always_set_request_id_in_response": true, "via": "pp"})");
  headers.set(HeaderId::RequestId, "other");
  headers.set(HeaderId::Via, "V");
  EXPECT_EQ(run(), ":status=200;server=envoy;x-request-id=id;via=V, pp;");
}

TEST_F(ResponseRules, AnInformationalHeadGetsTheRequestIdOnly) {
  configure(R"({"always_set_request_id_in_response": true, "via": "pp"})");
  headers.clear();
  headers.add(HeaderId::Status, "103");
  headers.add(HeaderId::Connection, "y");
  apply_informational_rules(*config, headers, &request);
  EXPECT_EQ(lines(), ":status=103;x-request-id=id;");
}

TEST_F(ResponseRules, WhatEndsTheConnectionSaysSo) {
  const auto closes = [&](auto change) {
    ResponseFacts changed = facts;
    change(changed);
    headers.remove(HeaderId::Connection);
    after = apply_response_rules(*config, changed, headers);
    EXPECT_EQ(headers.get(HeaderId::Connection), after == AfterResponse::Close ? "close" : "");
    return after == AfterResponse::Close;
  };
  EXPECT_FALSE(closes([](ResponseFacts&) {}));
  EXPECT_TRUE(closes([](ResponseFacts& f) { f.client_wants_close = true; }));
  EXPECT_TRUE(closes([](ResponseFacts& f) { f.draining = true; }));
  EXPECT_TRUE(closes([](ResponseFacts& f) { f.request_complete = false; }));
  EXPECT_FALSE(closes([](ResponseFacts& f) { f.from_upstream = false; }));
  headers.set(HeaderId::Status, "400");
  EXPECT_FALSE(closes([](ResponseFacts&) {}));
  EXPECT_TRUE(closes([](ResponseFacts& f) { f.from_upstream = false; }));
  configure(R"({"stream_error_on_invalid_http_message": true})");
  EXPECT_FALSE(closes([](ResponseFacts& f) { f.from_upstream = false; }));
  info.protocol = Protocol::Http2;
  EXPECT_FALSE(closes([](ResponseFacts& f) { f.draining = true; }));
}

TEST_F(ResponseRules, Http10IsKeptOpenOnlyWhereTheLengthIsKnown) {
  info.protocol = Protocol::Http10;
  EXPECT_EQ(run(), ":status=200;server=envoy;connection=keep-alive;");
  headers.remove(HeaderId::ContentLength);
  EXPECT_EQ(run(), ":status=200;server=envoy;connection=close;");
  EXPECT_EQ(after, AfterResponse::Close);
}

TEST_F(ResponseRules, OnlyAnAcceptedUpgradeKeepsItsHeaders) {
  request.add(HeaderId::Upgrade, "websocket");
  request.add(HeaderId::Connection, "keep-alive, Upgrade");
  facts.request_complete = false;
  headers.remove(HeaderId::ContentLength);
  headers.set(HeaderId::Status, "101");
  headers.add(HeaderId::Upgrade, "websocket");
  EXPECT_TRUE(headers.has(HeaderId::Upgrade));
  headers.add(HeaderId::Connection, "upgrade");
  headers.add(HeaderId::KeepAlive, "1");
  EXPECT_EQ(run(), ":status=101;upgrade=websocket;connection=upgrade;server=envoy;");
  headers.remove(HeaderId::Connection);
  EXPECT_EQ(run(), ":status=101;server=envoy;connection=close;");
}

TEST_F(ResponseRules, ProxyStatusNamesTheFirstFault) {
  struct Case {
    std::string_view json;
    std::string_view expected;
  };
  info.set(ResponseFlag::NoRouteFound);
  info.response_code_details = "route_not_found";
  for (
      const Case& one : {
          Case{R"({"proxy_status_config": {}})",
               ":status=404;server=envoy;proxy-status=envoy; error=destination_not_found; "
               "details=\"route_not_found; NR\";"},
          Case{
              R"({"proxy_status_config": {"set_recommended_response_code": true, "literal_proxy_name": "lit"}})",
              ":status=500;server=envoy;proxy-status=lit; error=destination_not_found; "
              "details=\"route_not_found; NR\";"},
          Case{R"({"proxy_status_config": {"use_node_id": true, "remove_details": true}})",
               ":status=404;server=envoy;proxy-status=node; error=destination_not_found;"},
          Case{R"({"proxy_status_config": {"remove_response_flags": true}})",
               ":status=404;server=envoy;proxy-status=envoy; error=destination_not_found; "
               "details=\"route_not_found\";"},
      }) {
    configure(one.json);
    headers.clear();
    headers.add(HeaderId::Status, "404");
    headers.add(HeaderId::ContentLength, "0");
    EXPECT_EQ(run(), one.expected);
  }
  info.response_flags = 0;
  headers.clear();
  headers.add(HeaderId::Status, "200");
  headers.add(HeaderId::ContentLength, "0");
  EXPECT_EQ(run(), ":status=200;server=envoy;");
}

TEST_F(ResponseRules, AnUpgradeIsDecidedByRouteThenConnectionManager) {
  configure(
      R"({"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "off", "enabled": false}]})");
  using enum UpgradeDecision;
  EXPECT_EQ(decide_upgrade(*config, "", RouteUpgrade::Unset), NotAsked);
  EXPECT_EQ(decide_upgrade(*config, "WebSocket", RouteUpgrade::Unset), Accepted);
  EXPECT_EQ(decide_upgrade(*config, "websocket", RouteUpgrade::Disabled), Rejected);
  EXPECT_EQ(decide_upgrade(*config, "off", RouteUpgrade::Unset), Rejected);
  EXPECT_EQ(decide_upgrade(*config, "off", RouteUpgrade::Enabled), Accepted);
  EXPECT_EQ(decide_upgrade(*config, "CONNECT", RouteUpgrade::Unset), Rejected);
  EXPECT_EQ(upgrade_type(request), "");
  request.set(HeaderId::Method, "CONNECT");
  EXPECT_EQ(upgrade_type(request), "CONNECT");
  EXPECT_TRUE(opens_tunnel(request, headers));
}

TEST(RequestId, ATraceReasonStandsInTheVersionDigit) {
  Random random(3);
  char uuid[uuid_bytes];
  write_uuid(random, uuid);
  const std::string_view text(uuid, uuid_bytes);
  EXPECT_EQ(trace_reason(text), TraceReason::NotTraceable);
  for (TraceReason reason : {TraceReason::Sampled, TraceReason::ServiceForced, TraceReason::ClientForced}) {
    set_trace_reason(uuid, reason);
    EXPECT_EQ(trace_reason(text), reason);
  }
  EXPECT_EQ(trace_reason("mine"), TraceReason::NotTraceable);
}

}  // namespace
}  // namespace outrider
