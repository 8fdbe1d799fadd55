#include "codec/http1/encoder.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/http1/reason.h"
#include "codec/http1/replay.h"

namespace outrider::http1 {
namespace {

struct EncoderTest : testing::Test {
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap request{arena, HeaderMapKind::Request};
  HeaderMap response{arena, HeaderMapKind::Response};
  EncoderOptions options;
  RequestFacts facts;
  Encoded encoded;

  EncoderTest() {
    request.set(HeaderId::Method, "GET");
    request.set(HeaderId::Path, "/x");
    request.set(HeaderId::Authority, "a.test");
    response.set(HeaderId::Status, "200");
  }
  std::string encode_request(EndStream end_stream) {
    StringOutput output;
    encoded = encode_request_head(request, end_stream, options, output);
    return output.text;
  }
  std::string encode_response(EndStream end_stream, std::string_view reason = {}) {
    StringOutput output;
    encoded = encode_response_head(response, end_stream, facts, options, output, reason);
    return output.text;
  }
};

TEST_F(EncoderTest, HostStandsInFrontAndTransferEncodingIsTheEncodersOwn) {
  request.add("x-a", "1");
  request.add(HeaderId::TransferEncoding, "gzip");
  EXPECT_EQ(encode_request(EndStream::Yes), "GET /x HTTP/1.1\r\nhost: a.test\r\nx-a: 1\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::None);
}

TEST_F(EncoderTest, ARequestWithoutBodySaysSoWhereItsMethodUsuallyHasOne) {
  for (const char* method : {"GET", "HEAD", "DELETE", "TRACE"}) {
    request.set(HeaderId::Method, method);
    EXPECT_EQ(encode_request(EndStream::Yes).find("content-length"), std::string::npos) << method;
  }
  for (const char* method : {"POST", "PUT", "PATCH", "OPTIONS", "PROPFIND"}) {
    request.set(HeaderId::Method, method);
    EXPECT_NE(encode_request(EndStream::Yes).find("content-length: 0\r\n\r\n"), std::string::npos) << method;
  }
}

TEST_F(EncoderTest, ABodyWithoutLengthIsChunked) {
  EXPECT_EQ(encode_request(EndStream::No),
            "GET /x HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::Chunked);
  request.set(HeaderId::ContentLength, "5");
  EXPECT_EQ(encode_request(EndStream::No), "GET /x HTTP/1.1\r\nhost: a.test\r\ncontent-length: 5\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::Length);
}

TEST_F(EncoderTest, ConnectAndUpgradesAreTunnelsWithoutFraming) {
  request.set(HeaderId::Connection, "Upgrade");
  request.set(HeaderId::Upgrade, "websocket");
  EXPECT_EQ(encode_request(EndStream::No),
            "GET /x HTTP/1.1\r\nhost: a.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::Tunnel);
  HeaderMap connect(arena, HeaderMapKind::Request);
  connect.set(HeaderId::Method, "CONNECT");
  connect.set(HeaderId::Authority, "a.test:443");
  StringOutput output;
  encoded = encode_request_head(connect, EndStream::No, options, output);
  EXPECT_EQ(output.text, "CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::Tunnel);
}

TEST_F(EncoderTest, AFullyQualifiedTargetNamesSchemeAndAuthority) {
  options.send_fully_qualified_url = true;
  request.set(HeaderId::Scheme, "https");
  EXPECT_EQ(encode_request(EndStream::Yes), "GET https://a.test/x HTTP/1.1\r\nhost: a.test\r\n\r\n");
}

TEST_F(EncoderTest, NamesAreWrittenInProperCaseWhereAsked) {
  options.key_format = KeyFormat::ProperCase;
  request.add("x-foo_bar.baz", "1");
  request.add("1a", "2");
  EXPECT_EQ(encode_request(EndStream::Yes),
            "GET /x HTTP/1.1\r\nHost: a.test\r\nX-Foo_Bar.Baz: 1\r\n1a: 2\r\n\r\n");
}

TEST_F(EncoderTest, NamesAreWrittenAsTheyCameWhereAsked) {
  const Options parsing{.default_host_for_http_10 = {}, .key_format = KeyFormat::PreserveCase};
  Replay replay(Replay::Side::Request, parsing);
  replay.feed("POST / HTTP/1.1\r\nhOST: h\r\nx-FOO: 1\r\nTRANSFER-encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(replay.heads_text,
            "POST / HTTP/1.1\r\nhOST: h\r\nx-FOO: 1\r\nTRANSFER-encoding: chunked\r\n\r\n");
}

TEST_F(EncoderTest, NamesThatNoPeerWroteMayBeProperCased) {
  options.key_format = KeyFormat::PreserveCase;
  request.keep_case("x-a", "X-a");
  request.add("x-a", "1");
  request.add("x-b", "2");
  EXPECT_EQ(encode_request(EndStream::Yes), "GET /x HTTP/1.1\r\nhost: a.test\r\nX-a: 1\r\nx-b: 2\r\n\r\n");
  options.key_format_of_own = KeyFormat::ProperCase;
  EXPECT_EQ(encode_request(EndStream::Yes), "GET /x HTTP/1.1\r\nHost: a.test\r\nX-a: 1\r\nX-B: 2\r\n\r\n");
}

TEST_F(EncoderTest, LinesThatWereChangedAreNotForwardedAsTheyCame) {
  const Options plain;
  Parser reader(plain);
  HeaderMap map(arena, HeaderMapKind::Request);
  const std::string_view head = "GET / HTTP/1.1\r\nhost: h\r\na: 1\r\nb:2\r\nc: 3\r\nd: 4\r\ne: 5 \r\n\r\n";
  ASSERT_EQ(reader.parse_request(head, map), ParseStatus::Head);
  map.remove("c");
  map.append_comma("d", "5");
  StringOutput output;
  encode_request_head(map, EndStream::Yes, options, output);
  EXPECT_EQ(output.text, "GET / HTTP/1.1\r\nhost: h\r\na: 1\r\nb: 2\r\nd: 4,5\r\ne: 5\r\n\r\n");
}

TEST_F(EncoderTest, ResponsesThatCannotHaveABodyAreNotFramed) {
  for (const char* status : {"204", "304", "100", "103"}) {
    response.set(HeaderId::Status, status);
    const std::string text = encode_response(EndStream::Yes);
    EXPECT_EQ(text.find("content-length"), std::string::npos) << text;
    EXPECT_EQ(text.find("transfer-encoding"), std::string::npos) << text;
    EXPECT_EQ(encoded.framing, Framing::None);
  }
}

TEST_F(EncoderTest, AnAnswerToHeadSaysWhatGetWouldHaveGot) {
  facts.head_request = true;
  EXPECT_EQ(encode_response(EndStream::Yes), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::None);
  response.set(HeaderId::ContentLength, "9");
  EXPECT_EQ(encode_response(EndStream::Yes), "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
}

TEST_F(EncoderTest, AnHttp10ClientGetsNoChunks) {
  facts.minor_version = 0;
  EXPECT_EQ(encode_response(EndStream::No), "HTTP/1.0 200 OK\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::UntilClose);
  EXPECT_EQ(encode_response(EndStream::Yes), "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(EncoderTest, TunnelsAreAcceptedOnlyWhereTheyWereAskedFor) {
  facts.connect_request = true;
  EXPECT_EQ(encode_response(EndStream::No), "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(encoded.framing, Framing::Tunnel);
  response.set(HeaderId::Status, "403");
  encode_response(EndStream::No);
  EXPECT_EQ(encoded.framing, Framing::Chunked);
  facts = {.upgrade_requested = true};
  response.set(HeaderId::Status, "101");
  response.set(HeaderId::Connection, "upgrade");
  response.set(HeaderId::Upgrade, "websocket");
  encode_response(EndStream::No);
  EXPECT_EQ(encoded.framing, Framing::Tunnel);
}

TEST_F(EncoderTest, TheReasonIsTheUsualOneUnlessGiven) {
  EXPECT_EQ(encode_response(EndStream::Yes, "Fine By Me").substr(0, 24), "HTTP/1.1 200 Fine By Me\r");
  EXPECT_EQ(reason_phrase(503), "Service Unavailable");
  EXPECT_EQ(reason_phrase(418), "Unknown");
}

TEST_F(EncoderTest, AHeadWithoutItsPseudoHeadersIsNotWritten) {
  request.remove(HeaderId::Path);
  EXPECT_EQ(encode_request(EndStream::Yes), "");
  EXPECT_TRUE(encoded.failed);
  response.remove(HeaderId::Status);
  EXPECT_EQ(encode_response(EndStream::Yes), "");
  EXPECT_TRUE(encoded.failed);
}

TEST_F(EncoderTest, ChunkSizesAreHexWithoutLeadingZeros) {
  char out[chunk_header_bytes_max];
  EXPECT_EQ(std::string(out, write_chunk_header(1, out)), "1\r\n");
  EXPECT_EQ(std::string(out, write_chunk_header(0x1a0b, out)), "1a0b\r\n");
  EXPECT_EQ(std::string(out, write_chunk_header(UINT64_MAX, out)), "ffffffffffffffff\r\n");
}

TEST_F(EncoderTest, TrailersFollowTheLastChunkOnlyWhenEnabled) {
  HeaderMap trailers(arena, HeaderMapKind::ResponseTrailers);
  trailers.add("t", "v");
  std::string room(last_chunk_bytes_max(&trailers), '\0');
  EXPECT_EQ(room.substr(0, write_last_chunk(&trailers, options, room.data())), "0\r\n\r\n");
  options.enable_trailers = true;
  EXPECT_EQ(room.substr(0, write_last_chunk(&trailers, options, room.data())), "0\r\nt: v\r\n\r\n");
}

}  // namespace
}  // namespace outrider::http1
