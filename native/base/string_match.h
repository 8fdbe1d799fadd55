#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/regex.h"
#include "base/result.h"

namespace outrider {

// envoy.type.matcher.v3.StringMatcher. Immutable, shared by all workers.
class StringMatcher {
 public:
  enum class Kind : uint8_t { Exact, Prefix, Suffix, Contains, Regex };
  enum class Case : uint8_t { Sensitive, Ignored };

  static Result<StringMatcher> read(ConfigView config);
  static Result<StringMatcher> regex(ConfigView regex_matcher);
  // `kind` is not Regex.
  StringMatcher(Kind kind, std::string_view text, Case letters = Case::Sensitive);

  bool matches(std::string_view value) const;

 private:
  explicit StringMatcher(Regex regex);

  Kind kind_;
  Case letters_ = Case::Sensitive;
  std::string text_;              // lower case when letters_ is Ignored
  std::unique_ptr<Regex> regex_;  // Kind::Regex only
};

// envoy.type.matcher.v3.ListStringMatcher, or any repeated StringMatcher: one that matches is enough.
class StringMatchers {
 public:
  static Result<StringMatchers> read(ConfigView list);
  bool empty() const { return matchers_.empty(); }
  bool matches_any(std::string_view value) const;

 private:
  std::vector<StringMatcher> matchers_;
};

}  // namespace outrider
