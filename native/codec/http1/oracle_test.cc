// Not a test by itself: the native half of test/oracle/http1_parser.test.ts, which compares this parser with
// the llhttp inside Node. Reads records (uint32 length, a byte 0 for a request and 1 for a response, bytes)
// from OUTRIDER_ORACLE_INPUT and writes what each was read as, as lines with hex values, to
// OUTRIDER_ORACLE_OUTPUT.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "codec/http1/chunked.h"
#include "codec/http1/parser.h"

namespace outrider::http1 {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

class Reader {
 public:
  explicit Reader(bool response) : response_(response) {}

  std::string read(std::string_view input) {
    while (!input.empty()) {
      Arena arena(pool_);
      HeaderMap map(arena, response_ ? HeaderMapKind::Response : HeaderMapKind::Request);
      const ParseStatus status =
          response_ ? parser_.parse_response(input, {}, map) : parser_.parse_request(input, map);
      if (status == ParseStatus::NeedMore) return text_ + "more\n";
      if (status == ParseStatus::Error) return text_ + "error " + hex(parser_.error().reason) + "\n";
      print_head(map);
      input.remove_prefix(parser_.head().bytes);
      if (parser_.head().framing == Framing::Tunnel) return text_ + "tunnel\n";
      if (!read_body(&input)) return text_;
      text_ += "done\n";
      if (!parser_.head().keep_alive) break;
      parser_.start();
    }
    return text_;
  }

 private:
  void print_head(const HeaderMap& map) {
    text_ += "head\n";
    for (const Header& header : map) text_ += "h " + hex(header.key()) + " " + hex(header.text()) + "\n";
  }

  bool read_body(std::string_view* input) {
    BodyDecoder decoder;
    decoder.start(parser_.head(), options_);
    while (true) {
      Arena arena(pool_);
      HeaderMap trailers(arena, HeaderMapKind::RequestTrailers);
      const BodyResult result = decoder.decode(*input, trailers);
      input->remove_prefix(result.consumed);
      if (result.status == BodyStatus::Data) text_ += "b " + hex(result.data) + "\n";
      if (result.status == BodyStatus::Done) return true;
      if (result.status == BodyStatus::Error) text_ += "error " + hex(decoder.error().reason) + "\n";
      if (result.status == BodyStatus::NeedMore) text_ += "more\n";
      if (result.status != BodyStatus::Data) return false;
    }
  }

  const bool response_;
  const Options options_{.header_count_max = 1000, .accept_http_10 = true, .default_host_for_http_10 = {}};
  ArenaBlockPool pool_;
  Parser parser_{options_};
  std::string text_;
};

TEST(Http1Oracle, DISABLED_PrintsWhatItReads) {
  std::ifstream input(std::getenv("OUTRIDER_ORACLE_INPUT"), std::ios::binary);
  std::ofstream output(std::getenv("OUTRIDER_ORACLE_OUTPUT"), std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  for (size_t at = 0; at < all.size();) {
    uint32_t length = 0;
    ASSERT_GE(all.size() - at, sizeof(length) + 1);
    std::memcpy(&length, all.data() + at, sizeof(length));
    at += sizeof(length);
    ASSERT_GE(all.size() - at, length + size_t{1});
    output << Reader(all[at] != 0).read(std::string_view(all).substr(at + 1, length)) << "end\n";
    at += length + size_t{1};
  }
  ASSERT_TRUE(output.good());
}

}  // namespace
}  // namespace outrider::http1
