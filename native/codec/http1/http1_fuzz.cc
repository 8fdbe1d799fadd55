// Bytes of a peer through parser, body decoder and encoder. What must hold for any input:
//   - however the bytes are cut into reads, the outcome is the same;
//   - what is forwarded has no bare CR or LF, and reads again as the same messages (no smuggling).
// Input: a byte of flags, a byte that seeds the cuts, the peer's bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/http1/replay.h"

namespace outrider::http1 {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

Options options_of(uint8_t flags) {
  return {.header_bytes_max = flags & 2 ? 4096u : 200u,
          .header_count_max = 20,
          .accept_http_10 = true,
          .default_host_for_http_10 = "default.test",
          .allow_chunked_length = (flags & 4) != 0,
          .enable_trailers = (flags & 8) != 0,
          .allow_custom_methods = (flags & 16) != 0,
          .key_format = flags & 32 ? KeyFormat::PreserveCase : KeyFormat::None};
}

void feed_in_pieces(Replay* replay, std::string_view bytes, uint32_t seed) {
  while (!bytes.empty()) {
    seed = seed * 1664525u + 1013904223u;
    const size_t piece = 1 + (seed >> 24) % 7;
    replay->feed(bytes.substr(0, piece));
    bytes.remove_prefix(piece < bytes.size() ? piece : bytes.size());
  }
  replay->end();
}

void require_clean_lines(std::string_view text) {
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\n') require(i > 0 && text[i - 1] == '\r');
    if (text[i] == '\r') require(i + 1 < text.size() && text[i + 1] == '\n');
  }
}

void check(std::string_view bytes, uint8_t flags, uint8_t seed) {
  const Replay::Side side = flags & 1 ? Replay::Side::Response : Replay::Side::Request;
  const ResponseContext context{.head_request = (flags & 64) != 0,
                                .connect_request = (flags & 128) != 0,
                                .upgrade_requested = (flags & 16) != 0};
  const Options options = options_of(flags);
  Replay whole(side, options, context);
  whole.feed(bytes);
  whole.end();
  Replay pieces(side, options, context);
  feed_in_pieces(&pieces, bytes, seed);
  require(whole.meaning == pieces.meaning && whole.heads == pieces.heads);
  require(whole.error.empty() == pieces.error.empty());
  require_clean_lines(whole.heads_text);
  if (!whole.error.empty() || !whole.plain) return;
  Options roomy = options;  // a line that the encoder adds may pass the limits
  roomy.header_bytes_max = 1 << 20;
  roomy.header_count_max = 1000;
  Replay again(side, roomy, context);
  again.feed(whole.forwarded);
  again.end();
  require(again.error.empty() && again.heads == whole.heads && again.meaning == whole.meaning);
}

}  // namespace
}  // namespace outrider::http1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  outrider::http1::check({reinterpret_cast<const char*>(data) + 2, size - 2}, data[0], data[1]);
  return 0;
}
