#pragma once
#include <string_view>

namespace outrider {

// What Envoy lets pass as a Referer (RFC 9110 §10.1.3): an absolute URL or a relative reference, neither with
// user information nor fragment. Others are taken off the request.
bool is_valid_referer(std::string_view value);

}  // namespace outrider
