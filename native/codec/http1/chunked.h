#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"
#include "codec/http1/parser.h"

namespace outrider::http1 {

enum class BodyStatus : uint8_t {
  NeedMore,  // all input was taken; more must come
  Data,      // `data` is a slice of the input
  Done,      // the message is complete; input after `consumed` belongs to the next one
  Error,
};

struct BodyResult {
  BodyStatus status;
  size_t consumed;        // bytes of the input that this call is done with, data included
  std::string_view data;  // with Data: body bytes, slices of the input
};

// Decodes one message body, whatever its framing; zero copy. The caller loops:
//   while (true) { r = decoder.decode(input, &trailers); input.remove_prefix(r.consumed); ... }
// NeedMore may leave bytes unconsumed (a trailer line that is not whole): keep them and call again with
// more behind them.
class BodyDecoder {
 public:
  void start(const Head& head, const Options& options);

  // `trailers` is filled before Done when it is not null and Options::enable_trailers is on.
  BodyResult decode(std::string_view input, HeaderMap* trailers);
  // The peer ended its side: Done when the framing allows that here, Error otherwise.
  BodyStatus on_end_of_input();

  bool done() const { return state_ == State::Done; }
  // Body bytes still to come with Framing::Length or within the current chunk.
  uint64_t remaining() const { return remaining_; }
  const ParseError& error() const { return error_; }

 private:
  enum class State : uint8_t {
    Length,
    UntilClose,
    ChunkSize,
    ChunkExtension,
    ChunkData,
    ChunkEnd,
    Trailers,
    Done,
    Failed
  };

  const Options* options_ = nullptr;
  uint64_t remaining_ = 0;
  uint32_t line_bytes_ = 0;  // of the chunk line, bounded
  State state_ = State::Done;
  ParseError error_;
};

}  // namespace outrider::http1
