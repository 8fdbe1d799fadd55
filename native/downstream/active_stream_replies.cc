// ActiveStream: answers of our own.
#include "codec/http1/reason.h"
#include "downstream/active_stream.h"
#include "formatter/grpc_status.h"

namespace outrider {

FilterStatus ActiveStream::reply(const LocalReply& reply) {
  if (reply.flag != nullptr) info_.set(*reply.flag);
  if (reply.close_connection) owner_.close_after_response();
  RouterReply details{.status = reply.status,
                      .location = reply.location,
                      .headers = reply.headers,
                      .grpc_status = reply.grpc_status};
  send_reply(reply.status, reply.body, reply.details, &details);
  return FilterStatus::StopIteration;
}

void ActiveStream::on_router_reply(const RouterReply& reply) {
  StatsBlock& stats = http_.worker.stats;
  if (info_.has(ResponseFlag::NoRouteFound)) stats.add(hcm_.router_stats, RouterStat::no_route);
  if (info_.has(ResponseFlag::NoClusterFound)) stats.add(hcm_.router_stats, RouterStat::no_cluster);
  // Redirects, too: Envoy's rq_redirect stays at 0.
  if (reply.details == "direct_response") stats.add(hcm_.router_stats, RouterStat::rq_direct_response);
  send_reply(reply.status, reply.body, reply.details, &reply);
}

void ActiveStream::send_reply(uint16_t status, std::string_view body, std::string_view details,
                              const RouterReply* router) {
  if (encoder_ == nullptr) return;
  if (response_started_) return abort_response();
  local_reply_ = true;
  const std::string_view location =
      router == nullptr ? std::string_view{} : arena_.copy_view(router->location);
  router_.cancel();
  info_.response_code = status;
  info_.response_code_details = details;
  response_ = {};
  response_headers_ = new_map(HeaderMapKind::Response);
  HeaderMap& headers = *response_headers_;
  std::string& text = http_.reply_text;
  text.assign(body);
  std::string_view content_type = "text/plain";
  if (router != nullptr && !router->content_type.empty()) content_type = router->content_type;
  if (!location.empty()) headers.set_ref(HeaderId::Location, location);
  if (router != nullptr && router->headers != nullptr) {
    for (const Header& header : *router->headers) headers.add(header.key(), header.text());
  }
  if (router != nullptr && router->overloaded) headers.set_ref(HeaderId::EnvoyOverloaded, "true");
  if (router != nullptr && router->attempt_count != 0) {
    headers.set_number(HeaderId::EnvoyAttemptCount, router->attempt_count);
  }
  if (details == "direct_response" && route_.route != nullptr) {
    routes_->table().finalize_response_headers(route_, headers, format_context(), http_.scratch);
  }
  if (!hcm_.config().local_reply.empty()) {
    hcm_.config().local_reply.rewrite(format_context(), info_, http_.log.filter, http_.scratch, status, text,
                                      content_type, headers);
    info_.response_code = status;
  }
  headers.set_number(HeaderId::Status, status);
  if (is_grpc_content_type(request_headers_.get(HeaderId::ContentType))) {
    const bool told = router != nullptr && router->grpc_status.has_value();
    make_grpc_reply(told ? *router->grpc_status : grpc_status_of_http(status), text, headers);
    text.clear();
  }
  if (!text.empty()) {
    headers.set_number(HeaderId::ContentLength, text.size());
    if (!headers.has(HeaderId::ContentType)) headers.set_ref(HeaderId::ContentType, content_type);
  }
  const bool head = request_headers_.get(HeaderId::Method) == "HEAD";
  const bool has_body = !text.empty() && !head;
  const std::string_view kept = has_body ? arena_.copy_view(text) : std::string_view{};
  response_.headers_at = filter_count_ - 1;
  response_.end = !has_body;
  run_response_headers(has_body ? EndStream::No : EndStream::Yes);
  if (has_body && encoder_ != nullptr) on_upstream_data(kept, EndStream::Yes);
}

// An answer of our own as a gRPC client understands it: the head alone, with the status in it.
void ActiveStream::make_grpc_reply(int64_t status, std::string_view message, HeaderMap& headers) {
  headers.set_ref(HeaderId::Status, "200");
  headers.set_ref(HeaderId::ContentType, "application/grpc");
  headers.set_number(HeaderId::GrpcStatus, static_cast<uint64_t>(status));
  if (message.empty()) return;
  std::string& encoded = http_.scratch;
  encoded.clear();
  append_grpc_message(message, encoded);
  headers.set(HeaderId::GrpcMessage, encoded);
}

void ActiveStream::on_protocol_error(uint16_t status, std::string_view details) {
  StatsBlock& stats = http_.worker.stats;
  if (!counted_) {
    counted_ = true;
    request_headers_.clear();  // nobody may take what could not be read for a request
    stats.add(hcm_.stats, HttpStat::downstream_rq_total);
    stats.add(hcm_.stats, HttpStat::downstream_rq_active);
    stats.add(hcm_.stats, info_.protocol < Protocol::Http2 ? HttpStat::downstream_rq_http1_total
                                                           : HttpStat::downstream_rq_http2_total);
  }
  stats.add(hcm_.stats, HttpStat::downstream_cx_protocol_error);
  stats.add(hcm_.stats, HttpStat::downstream_rq_rx_reset);
  info_.set(ResponseFlag::DownstreamProtocolError);
  owner_.close_after_response();
  if (response_started_) return abort_response();
  send_reply(status, http1::reason_phrase(status), details, nullptr);
}

}  // namespace outrider
