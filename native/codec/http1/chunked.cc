#include "codec/http1/chunked.h"

#include "codec/http1/errors.h"
#include "codec/http1/fields.h"
#include "codec/http1/scan.h"

namespace outrider::http1 {
namespace {

// A size line is skipped, not stored, so this bounds only how long a peer may talk without saying anything.
constexpr uint32_t size_line_bytes_max = 128 * 1024;

// Bytes of the trailer section with its empty line; 0: not whole yet.
size_t find_trailer_end(std::string_view input, uint32_t* scanned) {
  if (input.starts_with('\n')) return 1;
  if (input.starts_with("\r\n")) return 2;
  return find_end(input, scanned);
}

}  // namespace

void BodyDecoder::start(const Head& head, const Options& options) {
  options_ = &options;
  remaining_ = 0;
  switch (head.framing) {
    case Framing::None:
      state_ = State::Done;
      break;
    case Framing::Length:
      remaining_ = head.content_length;
      state_ = State::Length;
      break;
    case Framing::Chunked:
      start_size_line();
      break;
    case Framing::UntilClose:
    case Framing::Tunnel:
      state_ = State::UntilClose;
      break;
  }
}

void BodyDecoder::start_size_line() {
  state_ = State::ChunkSize;
  remaining_ = line_bytes_ = scanned_ = 0;
}

BodyResult BodyDecoder::fail(const ParseError& error, size_t consumed) {
  error_ = error;
  state_ = State::Failed;
  return {BodyStatus::Error, consumed, {}};
}

BodyResult BodyDecoder::data(std::string_view input, size_t from) {
  std::string_view slice = input.substr(from);
  if (state_ != State::UntilClose) {
    if (slice.size() > remaining_) slice = slice.substr(0, static_cast<size_t>(remaining_));
    remaining_ -= slice.size();
    if (remaining_ == 0) state_ = state_ == State::Length ? State::Done : State::ChunkEndCr;
  }
  return {BodyStatus::Data, from + slice.size(), slice};
}

BodyResult BodyDecoder::decode(std::string_view input, HeaderMap& trailers) {
  for (size_t at = 0;; at++) {
    if (state_ == State::Done) return {BodyStatus::Done, at, {}};
    if (state_ == State::Failed) return {BodyStatus::Error, at, {}};
    if (state_ == State::Trailers) return read_trailers(input, at, trailers);
    if (at == input.size()) return {BodyStatus::NeedMore, at, {}};
    if (state_ == State::Length || state_ == State::UntilClose || state_ == State::ChunkData)
      return data(input, at);
    if (!step(input[at])) return fail(errors::bad_chunk, at);
    if (line_bytes_ > size_line_bytes_max) return fail(errors::chunk_line_too_long, at);
  }
}

bool BodyDecoder::step(char c) {
  switch (state_) {
    case State::ChunkSize:
      line_bytes_++;
      if (add_digit(c)) return true;
      if (line_bytes_ == 1 || state_ == State::Failed) return false;  // no digit, or too many
      state_ = c == '\r' ? State::ChunkLf : State::ChunkSkip;
      return c == '\r' || c == ';' || scan::is_blank(c);
    case State::ChunkSkip:
      line_bytes_++;
      if (c == '\r') state_ = State::ChunkLf;
      return c != '\n';
    case State::ChunkLf:
      state_ = remaining_ == 0 ? State::Trailers : State::ChunkData;
      return c == '\n';
    case State::ChunkEndCr:
      // Envoy skips anything up to the LF here; RFC 9112 §7.1 has CRLF, and skipping invites smuggling.
      if (c == '\n') start_size_line();
      if (c == '\r') state_ = State::ChunkEndLf;
      return c == '\n' || c == '\r';
    case State::ChunkEndLf:
      start_size_line();
      return c == '\n';
    default:
      return false;
  }
}

bool BodyDecoder::add_digit(char c) {
  const char folded = static_cast<char>(c | 0x20);
  uint64_t digit;
  if (c >= '0' && c <= '9') {
    digit = static_cast<uint64_t>(c - '0');
  } else if (folded >= 'a' && folded <= 'f') {
    digit = static_cast<uint64_t>(folded - 'a') + 10;
  } else {
    return false;
  }
  if (remaining_ >> 60 != 0) {
    state_ = State::Failed;
    return false;
  }
  remaining_ = remaining_ << 4 | digit;
  return true;
}

BodyResult BodyDecoder::read_trailers(std::string_view input, size_t from, HeaderMap& trailers) {
  const std::string_view section = input.substr(from);
  const size_t bytes = find_trailer_end(section, &scanned_);
  if ((bytes != 0 ? bytes : section.size()) > options_->header_bytes_max)
    return fail(errors::headers_too_large, from);
  if (bytes == 0) return {BodyStatus::NeedMore, from, {}};
  if (bytes > 2) {
    Options options = *options_;
    if (!options.enable_trailers) options.header_count_max = UINT32_MAX;  // they are only checked
    uint32_t dropped = 0;
    char* const copy = copy_padded(trailers.arena(), section.substr(0, bytes));
    if (copy == nullptr) return fail(errors::headers_too_large, from);
    const Section lines{section.data(), section.data() + section.size(), copy, bytes};
    size_t read = 0;
    if (!read_fields(lines, options, trailers, &read, &dropped, &error_)) {
      return fail(error_, from);
    }
    if (!options.enable_trailers) trailers.clear();
  }
  state_ = State::Done;
  return {BodyStatus::Done, from + bytes, {}};
}

BodyStatus BodyDecoder::on_end_of_input() {
  if (state_ == State::UntilClose) state_ = State::Done;
  if (state_ == State::Done) return BodyStatus::Done;
  if (state_ != State::Failed) fail(errors::ended_early, 0);
  return BodyStatus::Error;
}

}  // namespace outrider::http1
