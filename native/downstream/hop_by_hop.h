#pragma once
#include "codec/header_map.h"

namespace outrider {

enum class Nominated : uint8_t {
  Removed,   // done; the Connection header keeps what is no nomination
  Rejected,  // 400, details "http1.connection_header_rejected": too many names, or one that must stay
};

// Removes the headers that an HTTP/1 Connection header nominates, TE down to "trailers" (RFC 9110 §7.6.1).
// Not for upgrades and CONNECT, whose heads go on as they are. Envoy's limits: fewer than 10 names; x-forwarded-{for,host,proto} and pseudo headers must not be named.
[[nodiscard]] Nominated remove_nominated_headers(HeaderMap& headers);

}  // namespace outrider
