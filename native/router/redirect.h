#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config_view.h"
#include "base/result.h"
#include "codec/header_map.h"

namespace outrider {

// envoy.config.route.v3.RedirectAction, without its prefix and regex rewrites (those are a PathRewrite).
struct Redirect {
  uint16_t status = 301;
  bool strip_query = false;
  bool path_has_query = false;
  std::string_view scheme;  // empty: the request's
  std::string_view host;    // empty: the request's
  std::string port;         // ":8443"; empty: as it is
  std::string_view path;    // empty: the request's

  static Result<Redirect> read(ConfigView config);
};

// Appends the Location to `out`. A null `redirect` stands for a direct response with a 3xx or 201 status.
// The :path in `headers` is the rewritten one already.
void append_location(const Redirect* redirect, const HeaderMap& headers, std::string& out);

// The Location that require_tls answers with, status 301.
void append_tls_location(const HeaderMap& headers, std::string& out);

}  // namespace outrider
