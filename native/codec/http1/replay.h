#pragma once

#include <string>
#include <string_view>

#include "codec/http1/chunked.h"
#include "codec/http1/encoder.h"
#include "codec/http1/parser.h"

// For tests and fuzzing: a byte stream through parser, body decoder and encoder, as a proxy would do it.
namespace outrider::http1 {

struct StringOutput {
  char* reserve(size_t bytes) {
    room.assign(bytes, '\0');
    return room.data();
  }
  void commit(size_t bytes) { text.append(room, 0, bytes); }
  std::string room;
  std::string text;
};

class Replay {
 public:
  enum class Side : uint8_t { Request, Response };

  Replay(Side side, const Options& options, const ResponseContext& context = {})
      : side_(side), options_(options), context_(context), parser_(options_) {}

  // Everything that came so far and was not consumed is kept here, as a connection's buffer would.
  void feed(std::string_view bytes) {
    pending_.append(bytes);
    while (error.empty() && advance()) {
    }
  }
  void end() {
    if (!in_body_ || !error.empty()) return;
    if (decoder_.on_end_of_input() == BodyStatus::Error) return set_error(decoder_.error());
    in_body_ = false;
    finished_ = true;
    if (chunked_out_) forwarded += "0\r\n\r\n";
  }

  std::string forwarded;   // the messages as encoded for the other side
  std::string heads_text;  // the heads alone, as encoded
  std::string meaning;     // heads, body bytes and trailers without chunk framing: what no split may change
  std::string error;       // "status details"
  int heads = 0;
  bool plain = true;  // what was forwarded can be parsed again
  Head last;

 private:
  bool advance() { return !finished_ && (in_body_ ? read_body() : read_head()); }
  void set_error(const ParseError& why) {
    error = std::to_string(why.status) + " " + std::string(why.details);
  }

  bool read_head() {
    arena_.reset();
    HeaderMap map(arena_, side_ == Side::Request ? HeaderMapKind::Request : HeaderMapKind::Response);
    const ParseStatus status = side_ == Side::Request ? parser_.parse_request(pending_, map)
                                                      : parser_.parse_response(pending_, context_, map);
    if (status == ParseStatus::Error) set_error(parser_.error());
    if (status != ParseStatus::Head) return false;
    last = parser_.head();
    heads++;
    forward(&map);
    pending_.erase(0, last.bytes);
    in_body_ = last.status == 0 || last.status >= 200 || last.status == 101;
    decoder_.start(last, options_);
    parser_.start();
    return true;
  }

  // What the connection manager takes out of a head before it goes on.
  void forward(HeaderMap* map) {
    if (!last.upgrade) {
      map->remove(HeaderId::Connection);
      map->remove(HeaderId::Upgrade);
    }
    EncoderOptions options;
    options.key_format = options_.key_format;
    const EndStream end = last.framing == Framing::None ? EndStream::Yes : EndStream::No;
    StringOutput output;
    const Encoded encoded = side_ == Side::Request
                                ? encode_request_head(*map, end, options, output)
                                : encode_response_head(*map, end, facts(), options, output);
    chunked_out_ = encoded.framing == Framing::Chunked;
    forwarded += output.text;
    heads_text += output.text;
    meaning += output.text;
    plain = plain && (side_ == Side::Response || head_is_plain(*map));
  }
  // A target without a path ("http://a?q") passes the codec; the connection manager refuses it.
  static bool head_is_plain(const HeaderMap& map) {
    return !map.has(HeaderId::Path) || map.get(HeaderId::Path).front() != '?';
  }
  RequestFacts facts() const {
    return {.head_request = context_.head_request,
            .connect_request = context_.connect_request,
            .upgrade_requested = context_.upgrade_requested};
  }

  bool read_body() {
    Arena arena(pool_);
    HeaderMap trailers(
        arena, side_ == Side::Request ? HeaderMapKind::RequestTrailers : HeaderMapKind::ResponseTrailers);
    const BodyResult result = decoder_.decode(pending_, trailers);
    if (result.status == BodyStatus::Data) take_data(result.data);
    if (result.status == BodyStatus::Error) set_error(decoder_.error());
    if (result.status == BodyStatus::Done) finish_body(&trailers);
    pending_.erase(0, result.consumed);
    return result.status == BodyStatus::Data || result.status == BodyStatus::Done;
  }

  void take_data(std::string_view data) {
    meaning += data;
    if (!chunked_out_) {
      forwarded += data;
      return;
    }
    char header[chunk_header_bytes_max];
    forwarded.append(header, write_chunk_header(data.size(), header));
    forwarded.append(data).append(chunk_end);
  }

  void finish_body(const HeaderMap* trailers) {
    in_body_ = false;
    for (const Header& header : *trailers) meaning.append(header.key()).append("=").append(header.text());
    finished_ = side_ == Side::Response;  // what follows answers no request
    if (!chunked_out_) return;
    const EncoderOptions options{.enable_trailers = options_.enable_trailers};
    std::string room(last_chunk_bytes_max(trailers), '\0');
    forwarded.append(room, 0, write_last_chunk(trailers, options, room.data()));
  }

  const Side side_;
  const Options options_;
  const ResponseContext context_;
  ArenaBlockPool pool_;
  Arena arena_{pool_};
  Parser parser_;
  BodyDecoder decoder_;
  std::string pending_;
  bool in_body_ = false;
  bool finished_ = false;
  bool chunked_out_ = false;
};

}  // namespace outrider::http1
