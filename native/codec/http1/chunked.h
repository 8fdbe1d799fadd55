#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"
#include "codec/http1/parser.h"

namespace outrider::http1 {

enum class BodyStatus : uint8_t {
  NeedMore,  // nothing more can be done with this input
  Data,      // `data` is a slice of the input
  Done,      // the message is complete; input after `consumed` belongs to the next one
  Error,
};

struct BodyResult {
  BodyStatus status;
  size_t consumed;        // bytes of the input that this call is done with, data included
  std::string_view data;  // with Data: body bytes, never empty
};

// Decodes one message body, whatever its framing; zero copy. The caller loops:
//   r = decoder.decode(input, trailers); input.remove_prefix(r.consumed);  until NeedMore, Done or Error.
// After Data, done() may be true already. NeedMore may leave bytes unconsumed (trailers that are not
// whole): keep them and call again with more behind them.
class BodyDecoder {
 public:
  // A Tunnel is handed through as data without end.
  void start(const Head& head, const Options& options);

  // The trailer section is read into `trailers`, which is left empty unless Options::enable_trailers is on.
  BodyResult decode(std::string_view input, HeaderMap& trailers);
  // The peer ended its side: Done when the framing allows that here, Error otherwise.
  BodyStatus on_end_of_input();

  bool done() const { return state_ == State::Done; }
  // `bytes` of a body with Framing::Length were moved past the decoder.
  void skip(uint64_t bytes) {
    remaining_ -= bytes;
    if (remaining_ == 0) state_ = State::Done;
  }
  // Body bytes still to come with Framing::Length, or within the current chunk.
  uint64_t remaining() const { return remaining_; }
  const ParseError& error() const { return error_; }

 private:
  enum class State : uint8_t {
    Length,
    UntilClose,
    ChunkSize,  // hex digits
    ChunkSkip,  // blanks and extensions, up to CR
    ChunkLf,    // the LF of the size line
    ChunkData,
    ChunkEndCr,  // CR or LF after the data
    ChunkEndLf,
    Trailers,
    Done,
    Failed,
  };

  BodyResult data(std::string_view input, size_t from);
  BodyResult fail(const ParseError& error, size_t consumed);
  BodyResult read_trailers(std::string_view input, size_t from, HeaderMap& trailers);
  // One byte of chunk framing; false: it is not allowed here.
  bool step(char c);
  bool add_digit(char c);
  void start_size_line();

  const Options* options_ = nullptr;
  uint64_t remaining_ = 0;
  uint32_t line_bytes_ = 0;  // of the chunk's size line
  uint32_t scanned_ = 0;     // of the trailers
  State state_ = State::Done;
  ParseError error_;
};

}  // namespace outrider::http1
