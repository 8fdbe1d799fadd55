#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/config_view.h"
#include "base/result.h"

namespace re2 {
class RE2;
}

namespace outrider {

// A compiled RE2 expression: linear time whatever the input. Immutable, shared by all workers.
class Regex {
 public:
  static Result<Regex> compile(std::string_view pattern);
  // envoy.type.matcher.v3.RegexMatcher
  static Result<Regex> read(ConfigView matcher);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  bool full_match(std::string_view text) const;
  bool partial_match(std::string_view text) const;
  static constexpr uint32_t groups_max = 32;  // that full_match() can give
  // full_match() that also stores the groups 1..count; a group that took no part is empty.
  bool full_match(std::string_view text, std::string_view* groups, uint32_t count) const;
  uint32_t group_count() const;
  std::string_view pattern() const;
  // Bytes that every full match begins with; often all of a path before its first variable part.
  std::string literal_prefix() const;
  // Replaces every match in `text` by `substitution` ("\1-\2"), as RE2::GlobalReplace does: nothing is replaced
  // when it names a group that the pattern has not.
  void replace_all(std::string_view text, std::string_view substitution, std::string& out) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> re);
  std::unique_ptr<re2::RE2> re_;
};

// envoy.type.matcher.v3.RegexMatchAndSubstitute
struct RegexRewrite {
  Regex pattern;
  std::string substitution;

  static Result<RegexRewrite> read(ConfigView config);
  void apply(std::string_view text, std::string& out) const { pattern.replace_all(text, substitution, out); }
};

}  // namespace outrider
