// Router: redirects of an upstream that are followed inside (internal_redirect_policy).
#include <utility>

#include "router/router.h"

namespace outrider {

// True: the answer is a redirect that was followed. The router is another one then.
bool Router::follow_redirect(UpstreamRequest& request, const HeaderMap& headers, uint16_t status) {
  const bool may = request_ended_ && !overflowed_ && headers.has(HeaderId::Location);
  if (!may || !point_elsewhere(headers)) {
    count(ClusterStat::upstream_internal_redirect_failed_total);
    return false;
  }
  count(ClusterStat::upstream_internal_redirect_succeeded_total);
  stream_.info().response_code = status;
  std::string body = std::move(body_);
  HeaderMap& sent = stream_.request_headers();
  const std::string_view method = sent.get(HeaderId::Method);
  if (status == 303 && method != "GET" && !head_request_) {
    sent.set_ref(HeaderId::Method, "GET");
    sent.remove(HeaderId::ContentLength);
    body.clear();
  }
  request.forget_connection();
  cancel();
  stream_.redirect_internally(std::move(body));
  return true;
}

// Changes the request to what the Location asks for, if that may be and leads anywhere.
bool Router::point_elsewhere(const HeaderMap& response) {
  const InternalRedirectPolicy& policy = *route_.route->internal_redirect;
  HeaderMap& request = stream_.request_headers();
  AbsoluteUrl url;
  const auto refuse = [this](RouterStat stat) {
    stream_.count(stat);
    return false;
  };
  if (!AbsoluteUrl::parse(response.get(HeaderId::Location), url)) {
    return refuse(RouterStat::passthrough_internal_redirect_bad_location);
  }
  const bool from_http = request.get(HeaderId::Scheme) != "https";
  const bool to_http = url.scheme == "http";
  if (!policy.cross_scheme && from_http != to_http) {
    return refuse(RouterStat::passthrough_internal_redirect_unsafe_scheme);
  }
  if (stream_.internal_redirects() >= policy.redirects_max) {
    return refuse(RouterStat::passthrough_internal_redirect_too_many_redirects);
  }
  SavedTarget before(request, policy);
  redirect_request(url, policy, response, request);
  stream_.clear_route_cache();
  const RouteResult& found = stream_.route();
  if (found.route != nullptr && policy.allows_route(found.route->name) &&
      !(policy.safe_cross_scheme && from_http && !to_http)) {
    return true;
  }
  const bool nowhere = found.route == nullptr;
  before.restore();
  stream_.clear_route_cache();
  return refuse(nowhere ? RouterStat::passthrough_internal_redirect_no_route
                        : RouterStat::passthrough_internal_redirect_predicate);
}

}  // namespace outrider
