#include "router/path_rewrite.h"

#include <algorithm>

#include "codec/header_match.h"

namespace outrider {

static ConfigError below(std::string_view field, const ConfigError& error) {
  return {std::string(field) + (error.path.empty() ? "" : ".") + error.path, error.reason};
}

static Result<UriTemplateRewrite> read_policy(ConfigView config, const PathMatch& match) {
  constexpr std::string_view known = "envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig";
  const ConfigView typed = config["typed_config"];
  if (typed.type_name() != known)
    return ConfigError{"", std::string(typed.type_name()) + " is not supported"};
  if (match.kind != PathKind::Template) return ConfigError{"", "needs a UriTemplateMatchConfig in the match"};
  return UriTemplateRewrite::parse(typed.string("path_template_rewrite"), *match.uri);
}

Result<std::unique_ptr<PathRewrite>> PathRewrite::read(ConfigView action, const PathMatch& match) {
  static constexpr std::string_view fields[] = {"prefix_rewrite", "regex_rewrite", "path_rewrite_policy",
                                                "path_rewrite"};
  const auto given = [action](std::string_view field) {
    const ConfigView value = action[field];
    return value.kind() == ConfigView::Kind::String ? !value.as_string().empty() : static_cast<bool>(value);
  };
  const auto count = std::count_if(std::begin(fields), std::end(fields), given);
  if (count == 0) return std::unique_ptr<PathRewrite>();
  if (count > 1) {
    return ConfigError{"", "only one of prefix_rewrite, regex_rewrite, path_rewrite_policy and path_rewrite"};
  }
  const auto make = [&match](Rule rule) {
    return std::unique_ptr<PathRewrite>(new PathRewrite(std::move(rule), match));
  };
  if (given("prefix_rewrite")) {
    if (match.kind == PathKind::Template)
      return ConfigError{"prefix_rewrite", "does not go with path_match_policy"};
    return make(Prefix{action.string("prefix_rewrite")});
  }
  if (given("regex_rewrite")) {
    Result<RegexRewrite> rewrite = RegexRewrite::read(action["regex_rewrite"]);
    if (!rewrite) return below("regex_rewrite", rewrite.error());
    return make(std::move(rewrite.value()));
  }
  if (given("path_rewrite_policy")) {
    Result<UriTemplateRewrite> rewrite = read_policy(action["path_rewrite_policy"], match);
    if (!rewrite) return below("path_rewrite_policy", rewrite.error());
    return make(std::move(rewrite.value()));
  }
  Result<Format> format = Format::parse(action.string("path_rewrite"), MissingValue::Nothing);
  if (!format) return below("path_rewrite", format.error());
  return make(std::move(format.value()));
}

// How much of :path the match took, which is what prefix_rewrite replaces.
size_t PathRewrite::matched_bytes(std::string_view path) const {
  if (match_.kind != PathKind::Regex && match_.kind != PathKind::Connect) return match_.text.size();
  const std::string_view plain = matched_path(path);
  return match_.ignore_parameters ? path_without_parameters(plain).size() : plain.size();
}

void PathRewrite::apply(std::string_view path, const FormatContext& context, std::string& out) const {
  out.clear();
  if (const Prefix* prefix = std::get_if<Prefix>(&rule_)) {
    out.append(prefix->text).append(path.substr(std::min(matched_bytes(path), path.size())));
    return;
  }
  const std::string_view plain = matched_path(path);
  if (const RegexRewrite* regex = std::get_if<RegexRewrite>(&rule_)) {
    regex->apply(plain, out);
  } else if (const UriTemplateRewrite* uri = std::get_if<UriTemplateRewrite>(&rule_)) {
    if (!uri->apply(plain, out)) out.assign(plain);
  } else if (const Format* format = std::get_if<Format>(&rule_)) {
    format->append(context, out);
    if (out.empty()) return;
  }
  out.append(path.substr(plain.size()));
}

Result<std::unique_ptr<HostRewrite>> HostRewrite::read(ConfigView action) {
  const auto make = [](Rule rule) { return std::unique_ptr<HostRewrite>(new HostRewrite(std::move(rule))); };
  if (!action.string("host_rewrite_literal").empty()) {
    return make(Literal{action.string("host_rewrite_literal")});
  }
  if (!action.string("host_rewrite_header").empty()) {
    return make(FromHeader{request_header_name(action.string("host_rewrite_header"))});
  }
  if (action.has("host_rewrite_path_regex")) {
    Result<RegexRewrite> rewrite = RegexRewrite::read(action["host_rewrite_path_regex"]);
    if (!rewrite) return below("host_rewrite_path_regex", rewrite.error());
    return make(std::move(rewrite.value()));
  }
  if (action.string("host_rewrite").empty()) return std::unique_ptr<HostRewrite>();
  Result<Format> format = Format::parse(action.string("host_rewrite"), MissingValue::Dash);
  if (!format) return below("host_rewrite", format.error());
  return make(std::move(format.value()));
}

void HostRewrite::apply(const HeaderMap& headers, const FormatContext& context, std::string& out) const {
  out.clear();
  if (const Literal* literal = std::get_if<Literal>(&rule_)) {
    out.assign(literal->text);
  } else if (const FromHeader* header = std::get_if<FromHeader>(&rule_)) {
    out.assign(headers.get(header->name));
  } else if (const RegexRewrite* regex = std::get_if<RegexRewrite>(&rule_)) {
    regex->apply(matched_path(headers.get(HeaderId::Path)), out);
  } else if (const Format* format = std::get_if<Format>(&rule_)) {
    format->append(context, out);
  }
}

}  // namespace outrider
