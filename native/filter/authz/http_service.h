#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "base/string_match.h"
#include "filter/authz/check.h"
#include "formatter/format.h"
#include "router/async_client.h"

namespace outrider {

// envoy.extensions.filters.http.ext_authz.v3.HttpService: what is asked of an authorization service that speaks plain
// HTTP, and what its answer means. Immutable, shared by all workers.
struct AuthzHttpService {
  // `allowed_headers`: the filter's own; the service may have an older list in its place.
  static Result<std::unique_ptr<AuthzHttpService>> read(ConfigView config, ConfigView allowed_headers);

  void write_request(const CheckQuestion& question, const FormatContext& context, std::string& scratch,
                     AsyncCall& call) const;
  CheckResult read_answer(AsyncCall& call, CallEnd end) const;

  struct Addition {
    std::string name;  // lower case
    Format value;
  };
  std::string cluster;
  std::string path_prefix;
  std::string path_override;
  uint64_t timeout_ms = 0;
  std::vector<Addition> additions;
  StringMatchers allowed;
  StringMatchers upstream;         // headers of a good answer that replace the request's
  StringMatchers upstream_append;  // or are joined to them
  StringMatchers client;           // headers of a bad answer that the client gets; empty: all
  StringMatchers client_on_success;
};

}  // namespace outrider
