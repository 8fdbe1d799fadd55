#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/end_stream.h"
#include "codec/header_map.h"
#include "codec/http1/parser.h"

namespace outrider::http1 {

// An Output, wherever one is taken: `char* reserve(size_t bytes)` gives contiguous room for that many
// bytes (nullptr: refused), `void commit(size_t bytes)` says how many were written.

struct EncoderOptions {
  KeyFormat key_format = KeyFormat::None;
  // With PreserveCase: how names are written that no peer wrote (formatter_type_on_envoy_headers).
  KeyFormat key_format_of_own = KeyFormat::None;
  bool enable_trailers = false;
  bool send_fully_qualified_url = false;
};

// What the server side must know of the request that it answers.
struct RequestFacts {
  bool head_request = false;
  bool connect_request = false;
  bool upgrade_requested = false;
  uint8_t minor_version = 1;  // 0: the answer is written as HTTP/1.0 and never chunked
};

// How the body must follow. None: nothing follows, the message is complete.
struct Encoded {
  Framing framing = Framing::None;
  uint32_t field_bytes = 0;  // of the field lines
  bool failed = false;       // no room, or a pseudo header is missing: nothing was written
};

// Upper bounds of what the writers below write.
size_t request_head_bytes_max(const HeaderMap& map, const EncoderOptions& options);
size_t response_head_bytes_max(const HeaderMap& map, std::string_view reason);

// Write a head to `out`, which has room for the bound; *written is its length. EndStream::Yes: no body
// comes. Content-Length of the map decides the framing; without it the body is chunked where that is
// possible. Transfer-Encoding of the map is never written: it is the encoder's own.
Encoded write_request_head(const HeaderMap& map, EndStream end_stream, const EncoderOptions& options,
                           char* out, size_t* written);
// A 1xx (other than 101) is a head of its own. `reason`: the phrase to write, empty: the usual one.
Encoded write_response_head(const HeaderMap& map, EndStream end_stream, const RequestFacts& request,
                            const EncoderOptions& options, std::string_view reason, char* out,
                            size_t* written);

template <typename Output>
Encoded encode_request_head(const HeaderMap& map, EndStream end_stream, const EncoderOptions& options,
                            Output& output) {
  char* const room = output.reserve(request_head_bytes_max(map, options));
  if (room == nullptr) return {.failed = true};
  size_t written = 0;
  const Encoded encoded = write_request_head(map, end_stream, options, room, &written);
  output.commit(written);
  return encoded;
}

template <typename Output>
Encoded encode_response_head(const HeaderMap& map, EndStream end_stream, const RequestFacts& request,
                             const EncoderOptions& options, Output& output, std::string_view reason = {}) {
  char* const room = output.reserve(response_head_bytes_max(map, reason));
  if (room == nullptr) return {.failed = true};
  size_t written = 0;
  const Encoded encoded = write_response_head(map, end_stream, request, options, reason, room, &written);
  output.commit(written);
  return encoded;
}

// Chunk framing: write_chunk_header(), the data, chunk_end; the body ends with write_last_chunk(), which
// carries the trailers when there are any and the options allow them.
inline constexpr size_t chunk_header_bytes_max = 18;
inline constexpr std::string_view chunk_end = "\r\n";
size_t write_chunk_header(uint64_t data_bytes, char* out);  // data_bytes > 0
size_t last_chunk_bytes_max(const HeaderMap* trailers);
size_t write_last_chunk(const HeaderMap* trailers, const EncoderOptions& options, char* out);

template <typename Output>
void encode_last_chunk(const HeaderMap* trailers, const EncoderOptions& options, Output& output) {
  output.commit(write_last_chunk(trailers, options, output.reserve(last_chunk_bytes_max(trailers))));
}

// A piece of a body, framed as its head has told. `Output` also has append() and append_borrowed().
template <typename Output>
void encode_body(std::string_view data, EndStream end, Framing framing, const EncoderOptions& options,
                 Output& output) {
  if (framing != Framing::Chunked) return output.append_borrowed(data);
  if (!data.empty()) {
    output.commit(write_chunk_header(data.size(), output.reserve(chunk_header_bytes_max)));
    output.append_borrowed(data);
    output.append(chunk_end);
  }
  if (end == EndStream::Yes) encode_last_chunk(nullptr, options, output);
}

}  // namespace outrider::http1
