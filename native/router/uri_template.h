#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/result.h"

namespace outrider {

// envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig: "/videos/{lang=*}/**".
// Immutable, shared by all workers.
class UriTemplate {
 public:
  static Result<UriTemplate> parse(std::string_view pattern);
  bool matches(std::string_view path) const { return regex_.full_match(path); }
  std::string literal_prefix() const { return regex_.literal_prefix(); }
  const Regex& regex() const { return regex_; }
  // The number of a variable's group in regex(), 0 when there is none of that name.
  uint32_t group(std::string_view name) const;

 private:
  explicit UriTemplate(Regex regex) : regex_(std::move(regex)) {}
  Regex regex_;
  std::vector<std::string> variables_;  // the n-th is group n + 1
};

// envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig: "/{lang}/x".
class UriTemplateRewrite {
 public:
  // Every variable must be one of `match`, which outlives the rewrite.
  static Result<UriTemplateRewrite> parse(std::string_view rewrite, const UriTemplate& match);
  // False, with `out` unchanged, when `path` does not match.
  bool apply(std::string_view path, std::string& out) const;

 private:
  struct Piece {
    std::string literal;
    uint32_t group;  // 0: the literal
  };
  const UriTemplate* match_ = nullptr;
  std::vector<Piece> pieces_;
};

}  // namespace outrider
