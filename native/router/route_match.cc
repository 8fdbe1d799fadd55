#include "router/route_match.h"

#include <algorithm>

namespace outrider {

// A plain loop: find_first_of() asks memchr() about every byte.
std::string_view matched_path(std::string_view path) {
  size_t size = 0;
  while (size < path.size() && path[size] != '?' && path[size] != '#') size++;
  return path.substr(0, size);
}

std::string_view path_without_parameters(std::string_view path) { return path.substr(0, path.find(';')); }

static Result<PathMatch> read_regex(ConfigView config, PathMatch match) {
  Result<Regex> regex = Regex::read(config);
  if (!regex) return ConfigError{"safe_regex." + regex.error().path, regex.error().reason};
  match.kind = PathKind::Regex;
  match.ignore_case = false;  // the expression says so itself
  match.regex = std::make_unique<Regex>(std::move(regex.value()));
  match.text = match.regex->pattern();
  return match;
}

static Result<PathMatch> read_policy(ConfigView config, PathMatch match) {
  constexpr std::string_view known = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
  const ConfigView typed = config["typed_config"];
  if (typed.type_name() != known) {
    return ConfigError{"path_match_policy", std::string(typed.type_name()) + " is not supported"};
  }
  match.kind = PathKind::Template;
  match.ignore_case = false;
  match.text = typed.string("path_template");
  Result<UriTemplate> uri = UriTemplate::parse(match.text);
  if (!uri) return ConfigError{"path_match_policy.typed_config.path_template", uri.error().reason};
  match.uri = std::make_unique<UriTemplate>(std::move(uri.value()));
  return match;
}

Result<PathMatch> PathMatch::read(ConfigView config) {
  static constexpr std::pair<std::string_view, PathKind> texts[] = {
      {"path", PathKind::Exact},
      {"prefix", PathKind::Prefix},
      {"path_separated_prefix", PathKind::SeparatedPrefix}};
  PathMatch match;
  match.ignore_case = !config.boolean("case_sensitive", true);
  for (const auto& [field, kind] : texts) {
    if (!config.has(field)) continue;
    match.kind = kind;
    match.text = config.string(field);
    return match;
  }
  if (config.has("safe_regex")) return read_regex(config["safe_regex"], std::move(match));
  if (config.has("path_match_policy")) return read_policy(config["path_match_policy"], std::move(match));
  if (!config.has("connect_matcher")) return ConfigError{"", "says no path to match"};
  match.kind = PathKind::Connect;
  return match;
}

PathIndex::Rule PathMatch::rule() const {
  using Ends = PathIndex::Ends;
  switch (kind) {
    case PathKind::Exact:
      return {std::string(text), 0, Ends::AtEnd, ignore_case};
    case PathKind::Prefix:
      return {std::string(text), 0, Ends::Anywhere, ignore_case};
    case PathKind::SeparatedPrefix:
      return {std::string(text), 0, Ends::AtEndOrSlash, ignore_case};
    case PathKind::Regex:
      return {regex->literal_prefix(), 0};
    case PathKind::Template:
      return {uri->literal_prefix(), 0};
    case PathKind::Connect:
      return {{}, 0};
  }
  return {};
}

bool PathMatch::confirm(std::string_view path, const HeaderMap& headers) const {
  if (kind == PathKind::Connect) return headers.get(HeaderId::Method) == "CONNECT";
  if (!headers.has(HeaderId::Path)) return false;
  if (kind == PathKind::Regex) return regex->full_match(path);
  return kind != PathKind::Template || uri->matches(path);
}

static std::optional<bool> read_optional(ConfigView config, std::string_view field) {
  return config.has(field) ? std::optional(config.boolean(field)) : std::nullopt;
}

static ConfigError below(std::string_view field, const ConfigError& error) {
  return {std::string(field) + error.path, error.reason};
}

Result<std::unique_ptr<RouteConditions>> RouteConditions::read(ConfigView config) {
  for (const std::string_view field : {"dynamic_metadata", "filter_state"}) {
    if (config[field].size() != 0) return ConfigError{std::string(field), "is not supported"};
  }
  static constexpr std::string_view fields[] = {"headers", "query_parameters", "cookies", "runtime_fraction",
                                                "grpc",    "tls_context"};
  auto made = std::make_unique<RouteConditions>();
  if (std::none_of(std::begin(fields), std::end(fields),
                   [config](auto field) { return config.has(field); })) {
    made.reset();
    return made;
  }
  Result<HeaderMatchers> headers = HeaderMatchers::read(config["headers"]);
  if (!headers) return below("headers", headers.error());
  Result<QueryMatchers> query = QueryMatchers::read(config["query_parameters"]);
  if (!query) return below("query_parameters", query.error());
  Result<CookieMatchers> cookies = CookieMatchers::read(config["cookies"]);
  if (!cookies) return below("cookies", cookies.error());
  made->headers_ = std::move(headers.value());
  made->query_ = std::move(query.value());
  made->cookies_ = std::move(cookies.value());
  if (config.has("runtime_fraction")) made->fraction_ = RuntimeFraction::read(config["runtime_fraction"]);
  made->grpc_ = config.has("grpc");
  made->certificate_presented_ = read_optional(config["tls_context"], "presented");
  made->certificate_validated_ = read_optional(config["tls_context"], "validated");
  return made;
}

static bool is_grpc(const HeaderMap& headers) {
  constexpr std::string_view grpc = "application/grpc";
  const std::string_view type = headers.get(HeaderId::ContentType);
  return type.starts_with(grpc) && (type.size() == grpc.size() || type[grpc.size()] == '+');
}

bool RouteConditions::hold(const RouteRequest& request) const {
  if (fraction_ && !fraction_->enabled(request.runtime, request.random_value)) return false;
  if (grpc_ && !is_grpc(request.headers)) return false;
  if (certificate_presented_.value_or(request.peer_certificate_presented) !=
          request.peer_certificate_presented ||
      certificate_validated_.value_or(request.peer_certificate_validated) !=
          request.peer_certificate_validated) {
    return false;
  }
  return headers_.match_all(request.headers) &&
         (query_.empty() || query_.match_all(request.headers.get(HeaderId::Path))) &&
         (cookies_.empty() || cookies_.match_all(request.headers));
}

}  // namespace outrider
