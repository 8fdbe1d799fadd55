#pragma once

#include <string_view>

#include "codec/header_map.h"
#include "codec/http1/parser.h"

// Methods and request targets (RFC 9112 §3), as strict as Envoy is.
namespace outrider::http1 {

// One of the methods that Envoy knows, or with `allow_custom` any token.
bool is_method(std::string_view method, bool allow_custom);

// Are the characters of the target those of its form? Says nothing about the parts of an authority.
bool is_target(std::string_view target, bool connect);

// May this text be a Host or :authority (the characters that nghttp2 and Envoy allow)?
bool is_authority(std::string_view authority);

// Stores the target as :path, or as :authority for CONNECT, or takes the absolute form apart into :scheme,
// :authority and :path; the last overrides what a Host field said, so call it after the fields.
// `target` lives in the map's arena. False with *error set.
bool apply_target(std::string_view target, std::string_view method, const Options& options, HeaderMap& map,
                  ParseError* error);

}  // namespace outrider::http1
