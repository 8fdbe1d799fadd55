#include "codec/http1/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/http1/recorded_requests.h"
#include "codec/http1/recorded_responses.h"
#include "codec/http1/replay.h"

namespace outrider::http1 {
namespace {

Options options_of(std::string_view name) {
  Options options;
  if (name == "h10") options = {.accept_http_10 = true, .default_host_for_http_10 = "dh"};
  if (name == "noabs") options.allow_absolute_url = false;
  if (name == "acl") options.allow_chunked_length = true;
  if (name == "tr") options.enable_trailers = true;
  if (name == "cm") options.allow_custom_methods = true;
  if (name == "ur") options.headers_with_underscores_action = UnderscoresAction::RejectRequest;
  if (name == "ud") options.headers_with_underscores_action = UnderscoresAction::DropHeader;
  return options;
}

std::string outcome(const Replay& replay, const RecordedRequest& expected) {
  if (!replay.error.empty()) return replay.error;
  return expected.outcome == "head" && replay.heads > 0 ? "head" : replay.forwarded;
}

TEST(Parser, RequestsHaveTheOutcomeThatEnvoyGivesThem) {
  for (const RecordedRequest& request : recorded_requests) {
    Replay replay(Replay::Side::Request, options_of(request.options));
    replay.feed(request.bytes);
    EXPECT_EQ(outcome(replay, request), request.outcome)
        << request.options << ": " << testing::PrintToString(request.bytes);
  }
}

TEST(Parser, ResponsesHaveTheOutcomeThatEnvoyGivesThem) {
  for (const RecordedResponse& response : recorded_responses) {
    const ResponseContext context{.head_request = response.request == "head",
                                  .connect_request = response.request == "connect"};
    Replay replay(Replay::Side::Response, options_of(response.options), context);
    replay.feed(response.bytes);
    if (response.then_close) replay.end();
    EXPECT_EQ(replay.error.empty() ? replay.forwarded : "error", response.outcome)
        << response.request << ": " << testing::PrintToString(response.bytes) << replay.error;
  }
}

struct ParserTest : testing::Test {
  ArenaBlockPool pool;
  Arena arena{pool};
  Options options;
  Parser parser{options};
  HeaderMap map{arena, HeaderMapKind::Request};
};

TEST_F(ParserTest, AHeadThatDripsInIsReadOnceItIsWholeAndNotBefore) {
  const std::string head = "\r\nGET /x HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(300, 'v') + "\r\n\r\n";
  const std::string input = head + "next";
  for (size_t length = 0; length < head.size(); length++) {
    ASSERT_EQ(parser.parse_request(std::string_view(input).substr(0, length), map), ParseStatus::NeedMore)
        << length;
  }
  ASSERT_EQ(parser.parse_request(input, map), ParseStatus::Head);
  EXPECT_EQ(parser.head().bytes, head.size());
  EXPECT_EQ(map.get("x-long"), std::string(300, 'v'));
}

TEST_F(ParserTest, AWrongFirstLineIsToldBeforeTheHeadIsWhole) {
  EXPECT_EQ(parser.parse_request("FOO / HTTP/1.1\r\n", map), ParseStatus::Error);
  parser.start();
  EXPECT_EQ(parser.parse_request("\x16\x03\x01", map), ParseStatus::Error);
  EXPECT_EQ(parser.error().details, "http1.codec_error");
}

TEST_F(ParserTest, TheSizeLimitCountsEveryByteOfTheHead) {
  const std::string head = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
  options.header_bytes_max = static_cast<uint32_t>(head.size());
  EXPECT_EQ(parser.parse_request(head + "body", map), ParseStatus::Head);
  map.clear();
  parser.start();
  options.header_bytes_max--;
  EXPECT_EQ(parser.parse_request(head, map), ParseStatus::Error);
  EXPECT_EQ(parser.error().details, "http1.headers_too_large");
  parser.start();
  EXPECT_EQ(parser.parse_request("GET /" + std::string(100, 'a'), map), ParseStatus::Error);
  EXPECT_EQ(parser.error().status, 431);
}

TEST_F(ParserTest, TheCountLimitIncludesHost) {
  options.header_count_max = 2;
  EXPECT_EQ(parser.parse_request("GET / HTTP/1.1\r\nhost: h\r\na: 1\r\n\r\n", map), ParseStatus::Head);
  map.clear();
  parser.start();
  EXPECT_EQ(parser.parse_request("GET / HTTP/1.1\r\nhost: h\r\na: 1\r\nb: 2\r\n\r\n", map),
            ParseStatus::Error);
  EXPECT_EQ(parser.error().details, "http1.too_many_headers");
}

TEST_F(ParserTest, AnArenaWithoutRoomRefusesTheHead) {
  Arena small(pool, ArenaBlockPool::block_bytes);
  HeaderMap bounded(small, HeaderMapKind::Request);
  const std::string head = "GET / HTTP/1.1\r\nhost: " + std::string(6000, 'h') + "\r\n\r\n";
  EXPECT_EQ(parser.parse_request(head, bounded), ParseStatus::Error);
  EXPECT_EQ(parser.error().status, 431);
}

TEST_F(ParserTest, DroppedUnderscoreHeadersAreCounted) {
  options.headers_with_underscores_action = UnderscoresAction::DropHeader;
  ASSERT_EQ(parser.parse_request("GET / HTTP/1.1\r\nhost: h\r\na_b: 1\r\nc: 2\r\n\r\n", map),
            ParseStatus::Head);
  EXPECT_EQ(parser.head().dropped_underscore_headers, 1u);
  EXPECT_FALSE(map.has("a_b"));
}

TEST_F(ParserTest, TheHeadSaysHowTheConnectionGoesOn) {
  struct Case {
    std::string_view head;
    bool keep_alive;
  };
  options.accept_http_10 = true;
  for (const Case& c : {Case{"GET / HTTP/1.1\r\nhost: h\r\n\r\n", true},
                        Case{"GET / HTTP/1.1\r\nhost: h\r\nconnection: x, Close\r\n\r\n", false},
                        Case{"GET / HTTP/1.1\r\nhost: h\r\nproxy-connection: close\r\n\r\n", false},
                        Case{"GET / HTTP/1.0\r\nhost: h\r\n\r\n", false},
                        Case{"GET / HTTP/1.0\r\nhost: h\r\nconnection: close, keep-alive\r\n\r\n", true}}) {
    parser.start();
    map.clear();
    ASSERT_EQ(parser.parse_request(c.head, map), ParseStatus::Head);
    EXPECT_EQ(parser.head().keep_alive, c.keep_alive) << c.head;
  }
}

TEST_F(ParserTest, AnUpgradeIsATunnelAndAnOfferOfH2cIsTakenOut) {
  ASSERT_EQ(parser.parse_request(
                "GET / HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n", map),
            ParseStatus::Head);
  EXPECT_TRUE(parser.head().upgrade);
  EXPECT_EQ(parser.head().framing, Framing::Tunnel);
  map.clear();
  parser.start();
  ASSERT_EQ(parser.parse_request("GET / HTTP/1.1\r\nhost: h\r\nconnection: x, Upgrade, HTTP2-Settings\r\n"
                                 "upgrade: h2c\r\nhttp2-settings: AA\r\n\r\n",
                                 map),
            ParseStatus::Head);
  EXPECT_FALSE(parser.head().upgrade);
  EXPECT_EQ(map.get(HeaderId::Connection), "x");
  EXPECT_FALSE(map.has(HeaderId::Upgrade));
  EXPECT_FALSE(map.has(HeaderId::Http2Settings));
}

TEST_F(ParserTest, AResponseSaysItsStatusReasonAndFraming) {
  HeaderMap response(arena, HeaderMapKind::Response);
  ASSERT_EQ(parser.parse_response("HTTP/1.1 404 Not Here\r\nServer: x\r\n\r\nbody", {}, response),
            ParseStatus::Head);
  EXPECT_EQ(parser.head().status, 404);
  EXPECT_EQ(parser.head().reason, "Not Here");
  EXPECT_EQ(parser.head().framing, Framing::UntilClose);
  EXPECT_EQ(response.get(HeaderId::Status), "404");
}

TEST_F(ParserTest, WhoeverAnswers101IsNotReused) {
  HeaderMap response(arena, HeaderMapKind::Response);
  ASSERT_EQ(parser.parse_response("HTTP/1.1 101 x\r\n\r\n", {}, response), ParseStatus::Head);
  EXPECT_FALSE(parser.head().keep_alive);
}

}  // namespace
}  // namespace outrider::http1
