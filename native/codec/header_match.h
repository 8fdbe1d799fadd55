#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "base/string_match.h"
#include "codec/header_map.h"

namespace outrider {

// A header name of the configuration as a request's HeaderMap has it: lower case, and Host is the authority.
std::string request_header_name(std::string_view configured);

// envoy.config.route.v3.HeaderMatcher. Of several lines of one name, one that matches is enough (in Envoy 1.40).
// Immutable, shared by all workers.
class HeaderMatcher {
 public:
  static Result<HeaderMatcher> read(ConfigView config);
  bool matches(const HeaderMap& headers) const;

 private:
  enum class Kind : uint8_t { Present, Text, Range };

  HeaderMatcher() = default;
  Result<bool> read_specifier(ConfigView config);
  bool matches_value(std::string_view value) const;
  bool matches_any(const HeaderMap& headers, const Header* line) const;

  std::string name_;  // lower case
  HeaderId id_ = HeaderId::None;
  Kind kind_ = Kind::Present;
  bool present_ = true;
  bool inverted_ = false;
  bool missing_is_empty_ = false;
  int64_t range_start_ = 0;  // inclusive
  int64_t range_end_ = 0;    // exclusive
  std::optional<StringMatcher> text_;
};

// A repeated HeaderMatcher: all must match.
class HeaderMatchers {
 public:
  static Result<HeaderMatchers> read(ConfigView list);
  bool empty() const { return matchers_.empty(); }
  bool match_all(const HeaderMap& headers) const;

 private:
  std::vector<HeaderMatcher> matchers_;
};

}  // namespace outrider
