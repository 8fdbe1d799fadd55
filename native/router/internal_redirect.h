#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "base/stats.h"
#include "codec/header_map.h"

namespace outrider {

// envoy.config.route.v3.InternalRedirectPolicy: redirects of an upstream that the proxy follows itself. Immutable,
// shared by all workers.
struct InternalRedirectPolicy {
  uint32_t redirects_max = 1;
  std::vector<uint16_t> statuses;
  bool cross_scheme = false;
  bool safe_cross_scheme = false;  // to http from http only
  bool lists_routes = false;
  std::vector<std::string_view> routes;  // the ones that may be gone to, where lists_routes
  std::vector<std::string> headers_to_copy;

  static Result<std::unique_ptr<InternalRedirectPolicy>> read(ConfigView config);
  bool wants(uint16_t status) const;
  bool allows_route(std::string_view name) const;
};

// An absolute URL, taken apart; the views point into it. The fragment is left out.
struct AbsoluteUrl {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path_with_query;  // empty: "/"
  // False when it is none of http or https.
  static bool parse(std::string_view text, AbsoluteUrl& out);
};

// The headers of a request as they were, for when the way that they were changed for does not exist.
class SavedTarget {
 public:
  SavedTarget(HeaderMap& request, const InternalRedirectPolicy& policy);
  void restore();

 private:
  HeaderMap& request_;
  std::string_view scheme_;
  std::string_view authority_;
  std::string_view path_;
  std::string_view original_url_;
  struct Line {
    std::string_view name;
    std::string_view value;
  };
  const InternalRedirectPolicy& policy_;
  std::vector<Line> lines_;
};

// Points `request` at `url`, with what is to be copied from `response`, and notes where it went before.
void redirect_request(const AbsoluteUrl& url, const InternalRedirectPolicy& policy, const HeaderMap& response,
                      HeaderMap& request);

}  // namespace outrider
