#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "base/string_match.h"
#include "codec/header_map.h"

namespace outrider {

// A repeated envoy.config.route.v3.QueryParameterMatcher: all must match. Only the first parameter of a name
// counts, and nothing is percent-decoded. Immutable, shared by all workers.
class QueryMatchers {
 public:
  static Result<QueryMatchers> read(ConfigView list);
  bool empty() const { return matchers_.empty(); }
  bool match_all(std::string_view path_with_query) const;

 private:
  struct Matcher {
    std::string name;
    bool present;  // without a text
    std::optional<StringMatcher> text;
  };
  std::vector<Matcher> matchers_;
};

// A repeated envoy.config.route.v3.CookieMatcher: all must match.
class CookieMatchers {
 public:
  static Result<CookieMatchers> read(ConfigView list);
  bool empty() const { return matchers_.empty(); }
  bool match_all(const HeaderMap& headers) const;

 private:
  struct Matcher {
    std::string name;
    StringMatcher text;
    bool inverted;
  };
  std::vector<Matcher> matchers_;
};

// The first value of a query parameter in a path, as it stands there.
std::optional<std::string_view> query_parameter(std::string_view path_with_query, std::string_view name);

// The value of a cookie, without quotes around it.
std::optional<std::string_view> cookie_value(const HeaderMap& headers, std::string_view name);

}  // namespace outrider
