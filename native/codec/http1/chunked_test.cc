#include "codec/http1/chunked.h"

#include <gtest/gtest.h>

#include <string>

namespace outrider::http1 {
namespace {

struct BodyDecoderTest : testing::Test {
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap trailers{arena, HeaderMapKind::RequestTrailers};
  Options options;
  BodyDecoder decoder;
  std::string body;
  BodyStatus status = BodyStatus::NeedMore;

  void start(Framing framing, uint64_t length = 0) {
    Head head;
    head.framing = framing;
    head.content_length = length;
    decoder.start(head, options);
  }
  // Answers what the decoder left of the input.
  std::string feed(std::string_view input) {
    do {
      const BodyResult result = decoder.decode(input, trailers);
      input.remove_prefix(result.consumed);
      body += result.data;
      status = result.status;
    } while (status == BodyStatus::Data);
    return std::string(input);
  }
};

TEST_F(BodyDecoderTest, ABodyWithALengthEndsThereAndLeavesTheNextMessage) {
  start(Framing::Length, 5);
  EXPECT_EQ(feed("hel"), "");
  EXPECT_EQ(status, BodyStatus::NeedMore);
  EXPECT_EQ(decoder.remaining(), 2u);
  EXPECT_EQ(feed("loGET"), "GET");
  EXPECT_EQ(status, BodyStatus::Done);
  EXPECT_EQ(body, "hello");
}

TEST_F(BodyDecoderTest, DataIsASliceOfTheInput) {
  start(Framing::Chunked);
  const std::string_view input = "5;x=y\r\nhello\r\n";
  const BodyResult result = decoder.decode(input, trailers);
  EXPECT_EQ(result.data.data(), input.data() + 7);
  EXPECT_EQ(result.consumed, 12u);
}

TEST_F(BodyDecoderTest, AChunkedBodyIsTheSameHoweverItIsCut) {
  const std::string_view input = "5;x=y\r\nhello\r\n6\r\n world\r\n000\r\nT: v\r\n\r\nGET";
  options.enable_trailers = true;
  for (size_t cut = 1; cut < input.size() - 3; cut++) {
    start(Framing::Chunked);
    body.clear();
    trailers.clear();
    const std::string rest = feed(input.substr(0, cut));
    EXPECT_EQ(feed(rest + std::string(input.substr(cut))), "GET") << cut;
    EXPECT_EQ(status, BodyStatus::Done) << cut;
    EXPECT_EQ(body, "hello world") << cut;
    EXPECT_EQ(trailers.get("t"), "v") << cut;
  }
}

TEST_F(BodyDecoderTest, TrailersAreReadButDroppedUnlessEnabled) {
  start(Framing::Chunked);
  feed("0\r\nt: v\r\n\r\n");
  EXPECT_EQ(status, BodyStatus::Done);
  EXPECT_TRUE(trailers.empty());
}

TEST_F(BodyDecoderTest, TrailersBeyondTheLimitAreRefusedBeforeTheyEnd) {
  options.header_bytes_max = 100;
  start(Framing::Chunked);
  feed("0\r\nt: " + std::string(100, 'v'));
  EXPECT_EQ(status, BodyStatus::Error);
  EXPECT_EQ(decoder.error().status, 431);
}

TEST_F(BodyDecoderTest, AChunkExtensionWithoutEndIsRefused) {
  start(Framing::Chunked);
  const std::string part(64 * 1024, 'x');
  feed("3;");
  feed(part);
  EXPECT_EQ(status, BodyStatus::NeedMore);
  feed(part);
  EXPECT_EQ(status, BodyStatus::Error);
}

TEST_F(BodyDecoderTest, AnEndOfInputIsFineOnlyWhereTheFramingNeedsIt) {
  start(Framing::UntilClose);
  feed("abc");
  EXPECT_EQ(decoder.on_end_of_input(), BodyStatus::Done);
  start(Framing::Length, 5);
  feed("abc");
  EXPECT_EQ(decoder.on_end_of_input(), BodyStatus::Error);
  start(Framing::Chunked);
  feed("3\r\nabc\r\n0\r\n");
  EXPECT_EQ(decoder.on_end_of_input(), BodyStatus::Error);
}

TEST_F(BodyDecoderTest, ATunnelPassesEverythingThrough) {
  start(Framing::Tunnel);
  EXPECT_EQ(feed("0\r\n\r\n"), "");
  EXPECT_EQ(body, "0\r\n\r\n");
  EXPECT_EQ(status, BodyStatus::NeedMore);
}

}  // namespace
}  // namespace outrider::http1
