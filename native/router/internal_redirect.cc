#include "router/internal_redirect.h"

#include <algorithm>

#include "base/ascii.h"
#include "codec/header_match.h"

namespace outrider {
namespace {

constexpr std::string_view kListedRoutes =
    "envoy.extensions.internal_redirect.allow_listed_routes.v3.AllowListedRoutesConfig";
constexpr std::string_view kSafeScheme =
    "envoy.extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig";

Result<bool> read_predicates(ConfigView list, InternalRedirectPolicy& policy) {
  size_t index = 0;
  for (const ConfigView item : list) {
    const ConfigView config = item["typed_config"];
    if (config.type_name() == kSafeScheme) {
      policy.safe_cross_scheme = true;
    } else if (config.type_name() == kListedRoutes) {
      policy.lists_routes = true;
      for (const ConfigView name : config.list("allowed_route_names")) {
        policy.routes.push_back(name.as_string());
      }
    } else {
      return ConfigError{"predicates[" + std::to_string(index) + "].typed_config", "is not supported"};
    }
    ++index;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<InternalRedirectPolicy>> InternalRedirectPolicy::read(ConfigView config) {
  auto policy = std::make_unique<InternalRedirectPolicy>();
  policy->redirects_max =
      static_cast<uint32_t>(std::min<uint64_t>(config.uint("max_internal_redirects", 1), 1000));
  policy->cross_scheme = config.boolean("allow_cross_scheme_redirect");
  for (const ConfigView code : config.list("redirect_response_codes")) {
    const auto status = static_cast<uint16_t>(code.as_uint());
    // Others say nothing of another place for the same request.
    if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
      policy->statuses.push_back(status);
    }
  }
  if (config["redirect_response_codes"].size() == 0) policy->statuses.push_back(302);
  for (const ConfigView name : config.list("response_headers_to_copy")) {
    policy->headers_to_copy.push_back(request_header_name(name.as_string()));
  }
  if (Result<bool> read = read_predicates(config["predicates"], *policy); !read) return read.error();
  return policy;
}

bool InternalRedirectPolicy::wants(uint16_t status) const {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

bool InternalRedirectPolicy::allows_route(std::string_view name) const {
  return !lists_routes || std::find(routes.begin(), routes.end(), name) != routes.end();
}

bool AbsoluteUrl::parse(std::string_view text, AbsoluteUrl& out) {
  text = text.substr(0, text.find('#'));
  const size_t mark = text.find("://");
  if (mark == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, mark);
  out.scheme = equals_lower(scheme, "http") ? "http" : equals_lower(scheme, "https") ? "https" : "";
  if (out.scheme.empty()) return false;
  text.remove_prefix(mark + 3);
  const size_t path = std::min(text.find_first_of("/?"), text.size());
  out.authority = text.substr(0, path);
  out.path_with_query = text.substr(path);
  return !out.authority.empty() && out.authority.find_first_of(" @\\") == std::string_view::npos;
}

SavedTarget::SavedTarget(HeaderMap& request, const InternalRedirectPolicy& policy)
    : request_(request),
      scheme_(request.get(HeaderId::Scheme)),
      authority_(request.get(HeaderId::Authority)),
      path_(request.get(HeaderId::Path)),
      original_url_(request.get(HeaderId::EnvoyOriginalUrl)),
      policy_(policy) {
  for (const std::string& name : policy.headers_to_copy) {
    for (const Header* line = request.find(name); line != nullptr; line = request.next_same(line)) {
      lines_.push_back({line->key(), line->text()});
    }
  }
}

void SavedTarget::restore() {
  request_.set_ref(HeaderId::Scheme, scheme_);
  request_.set_ref(HeaderId::Authority, authority_);
  request_.set_ref(HeaderId::Path, path_);
  request_.remove(HeaderId::EnvoyOriginalUrl);
  if (!original_url_.empty()) request_.set_ref(HeaderId::EnvoyOriginalUrl, original_url_);
  for (const std::string& name : policy_.headers_to_copy) request_.remove(name);
  for (const Line& line : lines_) request_.add_ref(line.name, line.value);
}

void redirect_request(const AbsoluteUrl& url, const InternalRedirectPolicy& policy, const HeaderMap& response,
                      HeaderMap& request) {
  for (const std::string& name : policy.headers_to_copy) {
    request.remove(name);
    for (const Header* line = response.find(name); line != nullptr; line = response.next_same(line)) {
      request.add(name, line->text());
    }
  }
  std::string original(request.get(HeaderId::Scheme));
  original.append("://").append(request.get(HeaderId::Authority)).append(request.get(HeaderId::Path));
  request.set(HeaderId::EnvoyOriginalUrl, original);
  request.set_ref(HeaderId::Scheme, url.scheme);
  request.set(HeaderId::Authority, url.authority);
  std::string path(url.path_with_query);
  if (!path.starts_with('/')) path.insert(0, 1, '/');
  request.set(HeaderId::Path, path);
}

}  // namespace outrider
