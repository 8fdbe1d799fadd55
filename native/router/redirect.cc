#include "router/redirect.h"

namespace outrider {

static uint16_t read_status(std::string_view code) {
  if (code == "FOUND") return 302;
  if (code == "SEE_OTHER") return 303;
  if (code == "TEMPORARY_REDIRECT") return 307;
  return code == "PERMANENT_REDIRECT" ? 308 : 301;
}

Result<Redirect> Redirect::read(ConfigView config) {
  Redirect redirect;
  redirect.status = read_status(config.string("response_code"));
  redirect.strip_query = config.boolean("strip_query");
  redirect.scheme = config.boolean("https_redirect") ? "https" : config.string("scheme_redirect");
  redirect.host = config.string("host_redirect");
  redirect.path = config.string("path_redirect");
  redirect.path_has_query = redirect.path.find('?') != std::string_view::npos;
  const uint64_t port = config.uint("port_redirect");
  if (port > 65'535) return ConfigError{"port_redirect", std::to_string(port) + " is no port"};
  if (port != 0) redirect.port = ":" + std::to_string(port);
  return redirect;
}

// The request's own host, without a port that is replaced or that was the default of the scheme before.
static std::string_view own_host(const HeaderMap& headers, std::string_view scheme,
                                 std::string_view new_port) {
  const std::string_view host = headers.get(HeaderId::Authority);
  const bool bracketed = host.starts_with('[');  // IPv6
  size_t colon = bracketed ? host.rfind("]:") : host.rfind(':');
  if (colon == std::string_view::npos) return host;
  if (bracketed) colon++;
  const std::string_view port = host.substr(colon);
  // Not :scheme: "http://x:80" over TLS keeps its port.
  const std::string_view protocol = headers.get(HeaderId::ForwardedProto);
  const bool was_default = (protocol == "https" && port == ":443") || (protocol == "http" && port == ":80");
  return !new_port.empty() || (scheme != protocol && was_default) ? host.substr(0, colon) : host;
}

void append_location(const Redirect* redirect, const HeaderMap& headers, std::string& out) {
  static const Redirect nothing;
  const Redirect& to = redirect == nullptr ? nothing : *redirect;
  const std::string_view scheme = to.scheme.empty() ? headers.get(HeaderId::Scheme) : to.scheme;
  out.append(scheme).append("://");
  out.append(to.host.empty() ? own_host(headers, scheme, to.port) : to.host).append(to.port);
  const std::string_view path = headers.get(HeaderId::Path);
  const size_t query = path.find('?');
  const bool keep_query = !to.path_has_query && !to.strip_query && query != std::string_view::npos;
  out.append(to.path.empty() ? path.substr(0, query) : to.path);
  if (keep_query) out.append(path.substr(query));
}

void append_tls_location(const HeaderMap& headers, std::string& out) {
  out.append("https://").append(headers.get(HeaderId::Authority)).append(headers.get(HeaderId::Path));
}

}  // namespace outrider
