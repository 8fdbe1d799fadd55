#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"

namespace outrider::http1 {

enum class UnderscoresAction : uint8_t { Allow, RejectRequest, DropHeader };
enum class KeyFormat : uint8_t { None, ProperCase, PreserveCase };

// What envoy.config.core.v3.Http1ProtocolOptions and HttpProtocolOptions say about parsing.
// Plain values; the owner reads them from the configuration.
struct Options {
  uint32_t header_bytes_max = 60 * 1024;  // start line and field lines
  uint32_t header_count_max = 100;
  bool allow_absolute_url = true;
  bool accept_http_10 = false;
  std::string_view default_host_for_http_10;
  bool allow_chunked_length = false;
  bool enable_trailers = false;  // off: trailers are read, checked and dropped
  bool allow_custom_methods = false;
  bool send_fully_qualified_url = false;
  UnderscoresAction headers_with_underscores_action = UnderscoresAction::Allow;
  KeyFormat key_format = KeyFormat::None;
};

enum class ParseStatus : uint8_t { NeedMore, Head, Error };

// How the end of a message body is told (RFC 9112 §6).
enum class Framing : uint8_t {
  None,        // no body
  Length,      // content_length bytes, never 0
  Chunked,     // chunks, then trailers
  UntilClose,  // responses only
  Tunnel,      // CONNECT or upgrade: raw bytes until either side ends
};

// Why a head or body was refused. `status` is what a server answers; `details` is Envoy's
// response code detail, e.g. "http1.codec_error".
struct ParseError {
  uint16_t status = 400;
  std::string_view details;  // static text
  std::string_view reason;   // static text: Envoy's codec error message, for the log
};

// What the start line and the framing headers said. Headers themselves are in the HeaderMap.
struct Head {
  uint32_t bytes = 0;         // consumed from the input, empty lines in front included
  uint16_t status = 0;        // responses
  uint8_t minor_version = 1;  // HTTP/1.minor
  Framing framing = Framing::None;
  bool keep_alive = true;        // by version and Connection
  bool expect_continue = false;  // requests with Expect: 100-continue
  bool upgrade = false;          // Connection: upgrade and an Upgrade header (or status 101)
  bool connect = false;          // CONNECT request
  uint32_t dropped_underscore_headers = 0;
  uint64_t content_length = 0;
  std::string_view reason;  // responses: the reason phrase, in the map's arena
};

// What the response parser must know of the request that it answers.
struct ResponseContext {
  bool head_request = false;
  bool connect_request = false;
  bool upgrade_requested = false;
};

struct RequestLine;

// Parses message heads, one after the other, on one connection. No socket, no clock, no allocation but
// in the map's arena. Feed it all unconsumed bytes each time, from the start of the message; it remembers
// how far it looked, so a head that drips in costs no more than one that comes whole.
// After Head the caller consumes head().bytes and calls start() before the next message; so after a 1xx.
class Parser {
 public:
  explicit Parser(const Options& options) : options_(&options) {}

  // Fills `map` with :method, :path, :authority (from Host, the absolute form or CONNECT), :scheme (absolute
  // form only), then the field lines. No :authority means: no Host was sent.
  ParseStatus parse_request(std::string_view input, HeaderMap& map);
  // Fills `map` with :status, then the field lines. A 1xx (other than 101) is a head of its own.
  ParseStatus parse_response(std::string_view input, const ResponseContext& context, HeaderMap& map);
  void start();

  const Head& head() const { return head_; }
  const ParseError& error() const { return error_; }

 private:
  ParseStatus fail(const ParseError& error);
  template <typename Read>
  bool read_at_once(std::string_view input, HeaderMap& map, const Read& read);
  ParseStatus read_request(std::string_view input, char* copy, size_t bytes, HeaderMap& map);
  ParseStatus read_response(std::string_view input, char* copy, size_t bytes, const ResponseContext& context,
                            HeaderMap& map);
  // The whole head, copied to the arena, or nullptr: then *status says what the parse answers.
  char* take_head(std::string_view input, HeaderMap& map, ParseStatus* status, size_t* bytes);
  bool check_request_line(const RequestLine& line);
  bool read_request_version(std::string_view version);

  const Options* options_;
  uint32_t empty_lines_ = 0;  // bytes of empty lines in front of a request
  uint32_t scanned_ = 0;
  bool line_checked_ = false;
  Head head_;
  ParseError error_;
};

}  // namespace outrider::http1
