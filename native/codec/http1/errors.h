#pragma once

#include "codec/http1/parser.h"

// What the codec refuses: the status that a server answers and Envoy's response code details.
// A response that is refused resets its stream as a protocol error; only `reason` is of use there.
namespace outrider::http1::errors {

inline constexpr ParseError no_request_line{400, "http1.codec_error",
                                            "the message does not begin with a token"};
inline constexpr ParseError bad_method{400, "http1.codec_error", "invalid method"};
inline constexpr ParseError bad_target{400, "http1.codec_error", "invalid request target"};
inline constexpr ParseError bad_version{400, "http1.codec_error", "invalid version"};
inline constexpr ParseError bad_status_line{400, "http1.codec_error", "invalid status line"};
inline constexpr ParseError bad_header_name{400, "http1.codec_error", "invalid header name"};
inline constexpr ParseError bad_content_length{400, "http1.codec_error", "invalid content-length"};
inline constexpr ParseError bad_chunk{400, "http1.codec_error", "invalid chunk"};
inline constexpr ParseError chunk_line_too_long{400, "http1.codec_error", "a chunk extension is too long"};
inline constexpr ParseError ended_early{400, "http1.codec_error", "the peer ended its side inside a message"};
inline constexpr ParseError body_in_bodiless_response{400, "http1.codec_error",
                                                      "a 1xx or 204 response announces a body"};
inline constexpr ParseError invalid_characters{400, "http1.invalid_characters",
                                               "control characters in the head"};
inline constexpr ParseError invalid_url{400, "http1.invalid_url", "invalid url"};
inline constexpr ParseError invalid_scheme{400, "http1.invalid_scheme", "invalid scheme"};
inline constexpr ParseError invalid_authority{400, "http.invalid_authority", "invalid authority"};
inline constexpr ParseError unexpected_underscore{400, "http1.unexpected_underscore",
                                                  "header name contains underscores"};
inline constexpr ParseError body_disallowed{400, "http1.body_disallowed",
                                            "a CONNECT request announces a body"};
inline constexpr ParseError both_lengths{400, "http1.content_length_and_chunked_not_allowed",
                                         "both content-length and transfer-encoding"};
inline constexpr ParseError unknown_transfer_encoding{501, "http1.invalid_transfer_encoding",
                                                      "unsupported transfer encoding"};
inline constexpr ParseError low_version{426, "low_version", "a version other than HTTP/1.1"};
inline constexpr ParseError headers_too_large{431, "http1.headers_too_large", "headers size exceeds limit"};
inline constexpr ParseError too_many_headers{431, "http1.too_many_headers", "headers count exceeds limit"};

}  // namespace outrider::http1::errors
