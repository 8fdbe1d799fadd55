#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/config_view.h"
#include "base/regex.h"
#include "base/result.h"
#include "codec/header_map.h"
#include "formatter/format.h"
#include "router/route_match.h"
#include "router/uri_template.h"

namespace outrider {

// prefix_rewrite, regex_rewrite, path_rewrite_policy or path_rewrite of a RouteAction or RedirectAction.
class PathRewrite {
 public:
  // Null when `action` has none of them. `match` outlives the rewrite.
  static Result<std::unique_ptr<PathRewrite>> read(ConfigView action, const PathMatch& match);
  // Writes the new :path, query included, to `out`; empty when the path is to stay.
  void apply(std::string_view path_with_query, const FormatContext& context, std::string& out) const;

 private:
  struct Prefix {
    std::string_view text;
  };
  using Rule = std::variant<Prefix, RegexRewrite, UriTemplateRewrite, Format>;
  PathRewrite(Rule rule, const PathMatch& match) : rule_(std::move(rule)), match_(match) {}
  size_t matched_bytes(std::string_view path) const;

  Rule rule_;
  const PathMatch& match_;
};

// host_rewrite_literal, host_rewrite_header, host_rewrite_path_regex or host_rewrite of a RouteAction.
class HostRewrite {
 public:
  // Null when `action` has none of them.
  static Result<std::unique_ptr<HostRewrite>> read(ConfigView action);
  // Writes the new host to `out`; empty when the host is to stay.
  void apply(const HeaderMap& headers, const FormatContext& context, std::string& out) const;

 private:
  struct Literal {
    std::string_view text;
  };
  struct FromHeader {
    std::string name;  // lower case
  };
  using Rule = std::variant<Literal, FromHeader, RegexRewrite, Format>;
  explicit HostRewrite(Rule rule) : rule_(std::move(rule)) {}

  Rule rule_;
};

}  // namespace outrider
