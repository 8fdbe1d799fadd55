#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/config_view.h"
#include "base/regex.h"
#include "base/result.h"
#include "base/runtime_values.h"
#include "codec/header_match.h"
#include "router/path_index.h"
#include "router/query_match.h"
#include "router/uri_template.h"

namespace outrider {

// What a lookup reads: borrowed for the call. `headers` are the request's, its :path with the query.
struct RouteRequest {
  const HeaderMap& headers;
  uint64_t random_value = 0;               // the same for the whole stream
  const RuntimeValues* runtime = nullptr;  // null: every key has its default
  bool peer_certificate_presented = false;
  bool peer_certificate_validated = false;
};

enum class PathKind : uint8_t { Exact, Prefix, SeparatedPrefix, Regex, Template, Connect };

// The path_specifier of a RouteMatch.
struct PathMatch {
  PathKind kind = PathKind::Prefix;
  bool ignore_case = false;
  bool ignore_parameters = false;    // what follows ";" is no part of the path
  std::string_view text;             // path, prefix, regex or template
  std::unique_ptr<Regex> regex;      // Regex
  std::unique_ptr<UriTemplate> uri;  // Template

  static Result<PathMatch> read(ConfigView match);
  // What a path index needs to know; `route` and `certain` are the caller's.
  PathIndex::Rule rule() const;
  // For a candidate of rule(): whether the path is one indeed.
  bool confirm(std::string_view path, const HeaderMap& headers) const;
};

// Everything else in a RouteMatch.
class RouteConditions {
 public:
  // Null when there is no condition.
  static Result<std::unique_ptr<RouteConditions>> read(ConfigView match);
  bool hold(const RouteRequest& request) const;

 private:
  HeaderMatchers headers_;
  QueryMatchers query_;
  CookieMatchers cookies_;
  std::optional<RuntimeFraction> fraction_;
  bool grpc_ = false;
  std::optional<bool> certificate_presented_;
  std::optional<bool> certificate_validated_;
};

// The part of a :path that routes match: without query and fragment.
std::string_view matched_path(std::string_view path);
std::string_view path_without_parameters(std::string_view path);

}  // namespace outrider
