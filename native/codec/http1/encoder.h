#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"
#include "codec/http1/parser.h"

namespace outrider::http1 {

// Output, wherever one is taken: `char* reserve(size_t bytes)` gives room for that many contiguous
// bytes (nullptr: refused), `void commit(size_t bytes)` says how many were written.

struct EncoderOptions {
  KeyFormat key_format = KeyFormat::None;
  bool enable_trailers = false;
  bool send_fully_qualified_url = false;
};

// What the server encoder must know of the request that it answers.
struct RequestFacts {
  bool head_request = false;
  bool connect_request = false;
  bool upgrade_requested = false;
  uint8_t minor_version = 1;  // 0: the answer is written as HTTP/1.0, never chunked
};

// How the body must follow. Chunked bodies go through chunk_header() and last_chunk().
struct Encoded {
  Framing framing = Framing::None;
  bool close = false;      // the message ends with the connection
  std::string_view error;  // not empty: nothing was written, and why
};

// Upper bounds of the bytes that the writers below write.
size_t request_head_bytes_max(const HeaderMap& map);
size_t response_head_bytes_max(const HeaderMap& map);

// Write a head to `out`, which has room for the bound; `*written` is the length. `end_stream`: no body
// follows.
Encoded write_request_head(const HeaderMap& map, bool end_stream, const EncoderOptions& options, char* out,
                           size_t* written);
Encoded write_response_head(const HeaderMap& map, bool end_stream, const RequestFacts& request,
                            const EncoderOptions& options, char* out, size_t* written);

template <typename Output>
Encoded encode_request_head(const HeaderMap& map, bool end_stream, const EncoderOptions& options,
                            Output& output) {
  size_t written = 0;
  char* const room = output.reserve(request_head_bytes_max(map));
  if (room == nullptr) return {.error = "no room for the head"};
  const Encoded encoded = write_request_head(map, end_stream, options, room, &written);
  output.commit(written);
  return encoded;
}

template <typename Output>
Encoded encode_response_head(const HeaderMap& map, bool end_stream, const RequestFacts& request,
                             const EncoderOptions& options, Output& output) {
  size_t written = 0;
  char* const room = output.reserve(response_head_bytes_max(map));
  if (room == nullptr) return {.error = "no room for the head"};
  const Encoded encoded = write_response_head(map, end_stream, request, options, room, &written);
  output.commit(written);
  return encoded;
}

// Chunk framing: chunk_header(), the data, chunk_end; after the last chunk the body ends with
// write_last_chunk() (which carries the trailers when the options allow them).
inline constexpr size_t chunk_header_bytes_max = 18;
inline constexpr std::string_view chunk_end = "\r\n";
size_t write_chunk_header(uint64_t data_bytes, char* out);  // data_bytes > 0
size_t last_chunk_bytes_max(const HeaderMap* trailers);
size_t write_last_chunk(const HeaderMap* trailers, const EncoderOptions& options, char* out);

// The reason phrase that Envoy writes; "Unknown" for a status without one.
std::string_view reason_phrase(uint16_t status);

}  // namespace outrider::http1
