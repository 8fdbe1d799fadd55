#include "router/timeouts.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

struct Request {
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap headers{arena, HeaderMapKind::Request};
  RouteTimeouts route;
  Timeouts read(const RetryPolicy* retry = nullptr, bool respect_expected = false) {
    return read_timeouts(route, retry, respect_expected, headers);
  }
};

TEST(Timeouts, TheRoutesOwnIsTheDefault) {
  Request request;
  EXPECT_EQ(request.read().global_ms, 15'000u);
  EXPECT_EQ(request.read().status, 504);
}

TEST(Timeouts, AHeaderReplacesTheRoutesAndIsTakenOff) {
  Request request;
  request.headers.add(HeaderId::EnvoyUpstreamRequestTimeoutMs, "300");
  EXPECT_EQ(request.read().global_ms, 300u);
  EXPECT_FALSE(request.headers.has(HeaderId::EnvoyUpstreamRequestTimeoutMs));
}

TEST(Timeouts, WhatAnEgressProxyExpectsComesFirstWhereItIsRespected) {
  Request request;
  request.headers.add(HeaderId::EnvoyExpectedRequestTimeoutMs, "200");
  request.headers.add(HeaderId::EnvoyUpstreamRequestTimeoutMs, "300");
  EXPECT_EQ(request.read(nullptr, true).global_ms, 200u);
  EXPECT_TRUE(request.headers.has(HeaderId::EnvoyUpstreamRequestTimeoutMs));
}

TEST(Timeouts, ATryThatMayTakeAsLongAsAllOfThemHasNoTimeoutOfItsOwn) {
  Request request;
  RetryPolicy retry;
  retry.per_try_timeout_ms = 15'000;
  EXPECT_EQ(request.read(&retry).per_try_ms, 0u);
  retry.per_try_timeout_ms = 14'999;
  EXPECT_EQ(request.read(&retry).per_try_ms, 14'999u);
}

TEST(Timeouts, TheAlternativeAnswerIs204) {
  Request request;
  request.headers.add(HeaderId::EnvoyUpstreamRequestTimeoutAltResponse, "1");
  EXPECT_EQ(request.read().status, 204);
  EXPECT_FALSE(request.headers.has(HeaderId::EnvoyUpstreamRequestTimeoutAltResponse));
}

TEST(Timeouts, WhatTheUpstreamIsToldIsWhatIsLeft) {
  EXPECT_EQ(expected_timeout_ms(0, 0, 5), 0u);
  EXPECT_EQ(expected_timeout_ms(1000, 0, 0), 1000u);
  EXPECT_EQ(expected_timeout_ms(1000, 300, 0), 300u);
  EXPECT_EQ(expected_timeout_ms(1000, 300, 900), 100u);
  EXPECT_EQ(expected_timeout_ms(1000, 300, 1000), 1u);
  EXPECT_EQ(expected_timeout_ms(0, 300, 1000), 300u);
}

TEST(Timeouts, AGrpcTimeoutIsReadInAllItsUnits) {
  struct Case {
    std::string_view text;
    int64_t ms;
  };
  for (const Case& item :
       {Case{"1H", 3'600'000}, Case{"2M", 120'000}, Case{"3S", 3'000}, Case{"4m", 4}, Case{"1u", 1},
        Case{"1n", 1}, Case{"", -1}, Case{"5", -1}, Case{"5x", -1}, Case{"123456789m", -1}, Case{"m", -1}}) {
    Request request;
    if (!item.text.empty()) request.headers.add(HeaderId::GrpcTimeout, item.text);
    EXPECT_EQ(grpc_timeout_ms(request.headers), item.ms) << item.text;
  }
}

TEST(Timeouts, MaxGrpcTimeoutTakesTheCallersUpToItself) {
  Request request;
  request.headers.add(HeaderId::ContentType, "application/grpc");
  request.headers.add(HeaderId::GrpcTimeout, "5S");
  request.route.grpc_max_ms = 0;
  EXPECT_EQ(request.read().global_ms, 5'000u);
  request.route.grpc_offset_ms = 500;
  EXPECT_EQ(request.read().global_ms, 4'500u);
  request.route.grpc_max_ms = 1'000;
  EXPECT_EQ(request.read().global_ms, 1'000u);
  tell_grpc_timeout(request.route, 1'000, request.headers);
  EXPECT_EQ(request.headers.get(HeaderId::GrpcTimeout), "1000m");
}

TEST(Timeouts, AStreamLastsAsLongAsTheCallerSaysWhereTheRouteLetsIt) {
  Request request;
  EXPECT_EQ(stream_duration_ms(request.route, 700, request.headers), 700u);
  request.route.max_stream_ms = 0;
  EXPECT_EQ(stream_duration_ms(request.route, 700, request.headers), 0u);
  request.headers.add(HeaderId::GrpcTimeout, "5S");
  EXPECT_EQ(stream_duration_ms(request.route, 700, request.headers), 0u);
  EXPECT_EQ(request.headers.get(HeaderId::GrpcTimeout), "5S");
  request.route.grpc_header_max_ms = 0;
  request.route.grpc_header_offset_ms = 1'000;
  EXPECT_EQ(stream_duration_ms(request.route, 700, request.headers), 4'000u);
  EXPECT_EQ(request.headers.get(HeaderId::GrpcTimeout), "4000m");
  request.route.grpc_header_max_ms = 500;
  EXPECT_EQ(stream_duration_ms(request.route, 700, request.headers), 1u);
}

TEST(Timeouts, ALongGrpcTimeoutIsWrittenInALargerUnit) {
  Request request;
  set_grpc_timeout(99'999'999, request.headers);
  EXPECT_EQ(request.headers.get(HeaderId::GrpcTimeout), "99999999m");
  set_grpc_timeout(100'000'000, request.headers);
  EXPECT_EQ(request.headers.get(HeaderId::GrpcTimeout), "100000S");
}

}  // namespace
}  // namespace outrider
