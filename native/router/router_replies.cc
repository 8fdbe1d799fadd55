// Router: answers of our own, without an upstream or in its place.
#include <algorithm>

#include "router/reset_answer.h"
#include "router/router.h"

namespace outrider {

// Redirects and direct responses.
void Router::answer_without_upstream(const RouteEntry& route) {
  state_ = State::Done;
  HeaderMap& headers = stream_.request_headers();
  if (route.kind == RouteKind::NonForwarding) {
    return reply(404, ResponseFlag::NoRouteFound, "route_not_found", {});
  }
  std::string& location = stream_.scratch();
  std::string rewritten;
  const uint16_t status =
      route.kind == RouteKind::Redirect ? route.redirect->status : route.direct_response->status;
  rewrite_path(route, headers, stream_.format_context(), RouteTable::KeepOriginals::No, rewritten);
  location.clear();
  const bool has_location = route.redirect != nullptr || status == 201 || (status >= 300 && status < 400);
  if (has_location) append_location(route.redirect.get(), headers, location);
  RouterReply answer{.status = status, .details = "direct_response", .location = location};
  std::string body;
  if (route.direct_response != nullptr) {
    const DirectResponse& direct = *route.direct_response;
    answer.body = direct.body;
    if (direct.format) {
      FormatContext context = stream_.format_context();
      context.local_reply_body = direct.body;
      direct.format->append(context, body);
      answer.body = body;
      answer.content_type = direct.format->content_type();
    }
  }
  stream_.on_router_reply(answer);
}

void Router::reply(uint16_t status, ResponseFlag flag, std::string_view details, std::string_view body) {
  stream_.info().set(flag);
  reply_with(status, {}, details, body);
}

void Router::reply_with(uint16_t status, RouterReply reply, std::string_view details, std::string_view body) {
  finish();
  reply.status = status;
  reply.details = details;
  reply.body = body;
  const RouteResult& result = route_;
  if (result.virtual_host != nullptr && result.virtual_host->include_attempt_count_in_response) {
    reply.attempt_count = stream_.info().attempt_count;
  }
  stream_.on_router_reply(reply);
}

void Router::reply_no_host() {
  count(ClusterStat::upstream_cx_none_healthy);
  count_response(*tries_, 503);
  reply(503, ResponseFlag::NoHealthyUpstream, "no_healthy_upstream", "no healthy upstream");
}

void Router::reply_to_timeout(std::string_view details) {
  const bool responding = state_ == State::Responding;
  cancel();
  StreamInfo& info = stream_.info();
  info.set(ResponseFlag::UpstreamRequestTimeout);
  if (responding) {
    info.response_code_details = details;
    return stream_.on_upstream_cut_off();
  }
  reply_with(timeout_status_, {}, details, timeout_status_ == 504 ? "upstream request timeout" : "");
}

void Router::reply_to_reset(ResetReason reason, std::string_view transport_failure) {
  const ResetAnswer answer = answer_to(reason);
  StreamInfo& info = stream_.info();
  std::string& text = stream_.scratch();
  text.assign("upstream_reset_before_response_started{").append(answer.details);
  if (!transport_failure.empty()) {
    text.append("|").append(transport_failure);
    std::replace(text.begin(), text.end(), ' ', '_');
    info.upstream_transport_failure_reason =
        arena().copy_view(std::string_view(text).substr(text.size() - transport_failure.size()));
  }
  text.push_back('}');
  const std::string_view details = arena().copy_view(text);
  text.assign("upstream connect error or disconnect/reset before headers. ")
      .append(info.attempt_count > 1 ? "retried and the latest reset reason: " : "reset reason: ")
      .append(answer.text);
  const std::string_view body = arena().copy_view(text);
  info.set(answer.flag);
  const bool overloaded = reason == ResetReason::Overflow && !config_.suppress_envoy_headers;
  reply_with(answer.status, {.overloaded = overloaded}, details, body);
}

}  // namespace outrider
