#include "router/router.h"

#include <algorithm>
#include <charconv>

#include "upstream/cluster_stats.h"

namespace outrider {

RouterConfig RouterConfig::read(ConfigView config) {
  return {.suppress_envoy_headers = config.boolean("suppress_envoy_headers"),
          .respect_expected_request_timeout = config.boolean("respect_expected_rq_timeout")};
}

void Router::on_request_headers(EndStream end) {
  request_ended_ = end == EndStream::Yes;
  had_body_ = !request_ended_;
  const HeaderMap& headers = stream_.request_headers();
  const std::string_view method = headers.get(HeaderId::Method);
  head_request_ = method == "HEAD";
  connect_request_ = method == "CONNECT";
  const RouteResult& result = stream_.route();
  if (result.virtual_host != nullptr) stream_.info().virtual_host_name = result.virtual_host->name;
  if (result.outcome == RouteOutcome::NotFound) {
    return reply(404, ResponseFlag::NoRouteFound, "route_not_found", {});
  }
  if (result.outcome == RouteOutcome::TlsRequired) {
    std::string& location = stream_.scratch();
    location.clear();
    append_tls_location(headers, location);
    state_ = State::Done;
    return stream_.on_router_reply({.status = 301, .details = "direct_response", .location = location});
  }
  const RouteEntry& route = *result.route;
  stream_.info().route_name = route.name;
  if (route.kind == RouteKind::Forward) return forward(route);
  answer_without_upstream(route);
}

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
  if (route.direct_response != nullptr) answer.body = route.direct_response->body;
  stream_.on_router_reply(answer);
}

void Router::forward(const RouteEntry& route) {
  const RouteResult& result = stream_.route();
  cluster_ = result.cluster == cluster_by_name ? stream_.upstreams().cluster(result.cluster_name)
                                               : stream_.upstreams().cluster(result.cluster);
  if (cluster_ == nullptr) {
    return reply(route.cluster_not_found_status, ResponseFlag::NoClusterFound, "cluster_not_found", {});
  }
  cluster_config_ = Ref<const ClusterConfig>(&cluster_->config());
  StreamInfo& info = stream_.info();
  info.upstream_cluster_name = cluster_config_->observability_name;
  info.upstream_cluster_raw_name = cluster_config_->name;
  info.cluster_metadata = cluster_config_->metadata;
  choose_timeouts(route);
  const auto keep =
      config_.suppress_envoy_headers ? RouteTable::KeepOriginals::No : RouteTable::KeepOriginals::Yes;
  stream_.route_table()->finalize_request_headers(result, stream_.request_headers(), stream_.format_context(),
                                                  keep, stream_.scratch());
  if (result.virtual_host->include_request_attempt_count) {
    stream_.request_headers().set_ref(HeaderId::EnvoyAttemptCount, "1");
  }
  send_to_a_host();
}

// A header's decimal milliseconds; -1 when it is missing or no number.
static int64_t header_ms(const HeaderMap& headers, HeaderId id) {
  const std::string_view text = headers.get(id);
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? value : -1;
}

// The route's timeout, the request's own wish, and what the upstream is told of it.
void Router::choose_timeouts(const RouteEntry& route) {
  HeaderMap& headers = stream_.request_headers();
  timeout_ms_ = static_cast<uint64_t>(std::max<int64_t>(route.timeouts.route_ms, 0));
  int64_t wish = header_ms(headers, HeaderId::EnvoyUpstreamRequestTimeoutMs);
  if (wish < 0 && config_.respect_expected_request_timeout) {
    wish = header_ms(headers, HeaderId::EnvoyExpectedRequestTimeoutMs);
  }
  if (wish >= 0) timeout_ms_ = static_cast<uint64_t>(wish);
  headers.remove(HeaderId::EnvoyUpstreamRequestTimeoutMs);
  if (timeout_ms_ == 0 || config_.suppress_envoy_headers) return;
  char text[20];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), timeout_ms_);
  headers.set(HeaderId::EnvoyExpectedRequestTimeoutMs, {text, static_cast<size_t>(end - text)});
}

void Router::send_to_a_host() {
  WorkerContext& worker = stream_.worker();
  const ClusterStats& stats = cluster_config_->stats;
  const LbContext context{.random = worker.random};
  HostSlot* slot = cluster_->choose_host(context);
  if (slot == nullptr) {
    worker.stats.add(stats.cluster, ClusterStat::upstream_cx_none_healthy);
    count_response(503);
    return reply(503, ResponseFlag::NoHealthyUpstream, "no_healthy_upstream", "no healthy upstream");
  }
  host_ = slot->host;
  StreamInfo& info = stream_.info();
  info.upstream_host_name = host_->hostname;
  info.upstream_remote = &host_->address;
  info.host_metadata = host_->metadata;
  ++info.attempt_count;
  const RouteEntry& route = *stream_.route().route;
  if (route.auto_host_rewrite && !host_->hostname.empty()) {
    update_authority(
        stream_.request_headers(), host_->hostname, route.append_x_forwarded_host,
        config_.suppress_envoy_headers ? RouteTable::KeepOriginals::No : RouteTable::KeepOriginals::Yes);
  }
  pool_ = &stream_.upstreams().pool(*cluster_, *slot, route.priority);
  state_ = State::Waiting;
  pool_->request(*this, *this);
  if (state_ == State::Waiting && request_ended_) on_request_end();
}

void Router::on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& connection, bool) {
  encoder_ = &encoder;
  StreamInfo& info = stream_.info();
  info.upstream_remote = &connection.remote;
  info.upstream_local = &connection.local;
  info.upstream_connection_id = connection.id;
  info.upstream_protocol = connection.protocol;
  info.timing.upstream_connect_start_ns = connection.connect_start_ns;
  info.timing.upstream_connect_complete_ns = connection.connect_complete_ns;
  info.timing.first_upstream_tx_byte_ns = stream_.worker().loop.now_ns();
  state_ = State::Sent;
  const bool all = request_ended_ && early_body_.empty() && early_trailers_ == nullptr;
  encoder.encode_headers(stream_.request_headers(), all ? EndStream::Yes : EndStream::No);
  if (!early_body_.empty()) {
    const bool last = request_ended_ && early_trailers_ == nullptr;
    encoder.encode_data(early_body_, last ? EndStream::Yes : EndStream::No);
    // The encoder borrows until the event ends.
    stream_.worker().loop.flush_now();
    early_body_ = {};
  } else if (request_ended_ && had_body_ && early_trailers_ == nullptr) {
    // The end came as an empty last piece, and went with the headers.
  }
  if (early_trailers_ != nullptr) encoder.encode_trailers(*early_trailers_);
  if (held_back_) {
    held_back_ = false;
    stream_.resume_request_input();
  }
  if (request_ended_) on_request_end();
}

void Router::on_pool_failure(ResetReason reason, std::string_view transport_failure) {
  reply_to_reset(reason, transport_failure);
}

void Router::on_request_data(std::string_view data, EndStream end) {
  if (end == EndStream::Yes) request_ended_ = true;
  if (state_ == State::Sent || state_ == State::Responding) {
    if (encoder_ == nullptr) return;
    encoder_->encode_data(data, end);
    if (request_ended_) on_request_end();
    return;
  }
  if (state_ != State::Waiting) return;
  early_body_.append(data);
  if (!held_back_ && early_body_.size() >= cluster_config_->connection_buffer_bytes_max) {
    held_back_ = true;
    stream_.pause_request_input();
  }
  if (request_ended_) on_request_end();
}

void Router::on_request_trailers(HeaderMap& trailers) {
  request_ended_ = true;
  if (state_ == State::Waiting) {
    early_trailers_ = &trailers;
  } else if (encoder_ != nullptr) {
    encoder_->encode_trailers(trailers);
  }
  on_request_end();
}

// The whole request has come: the route's timeout runs from here.
void Router::on_request_end() {
  sent_ns_ = stream_.worker().loop.now_ns();
  stream_.info().timing.last_upstream_tx_byte_ns = sent_ns_;
  if (timeout_ms_ == 0 || deadline_ms_ != UINT64_MAX || state_ == State::Done) return;
  deadline_ms_ = now_ms() + timeout_ms_;
  stream_.require_deadline(deadline_ms_);
}

void Router::on_1xx(HeaderMap& headers) { stream_.on_upstream_1xx(headers); }

static uint16_t status_of(const HeaderMap& headers) {
  const std::string_view text = headers.get(HeaderId::Status);
  uint16_t status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

void Router::on_headers(HeaderMap& headers, EndStream end) {
  StreamInfo& info = stream_.info();
  const uint64_t now = stream_.worker().loop.now_ns();
  info.timing.first_upstream_rx_byte_ns = now;
  const uint16_t status = status_of(headers);
  info.response_code = status;
  info.response_code_details = "via_upstream";
  count_response(status);
  stream_.worker().stats.add(host_->state->stats, status >= 500 ? HostStat::rq_error : HostStat::rq_success);
  // Only once the whole request was there: an upgrade has no such moment.
  if (!config_.suppress_envoy_headers && sent_ns_ != 0) {
    char text[20];
    const auto [last, error] = std::to_chars(text, text + sizeof(text), (now - sent_ns_) / 1'000'000);
    headers.set(HeaderId::EnvoyUpstreamServiceTime, {text, static_cast<size_t>(last - text)});
  }
  const RouteResult& result = stream_.route();
  if (result.virtual_host->include_attempt_count_in_response) {
    char text[6];
    const auto [last, error] = std::to_chars(text, text + sizeof(text), info.attempt_count);
    headers.set(HeaderId::EnvoyAttemptCount, {text, static_cast<size_t>(last - text)});
  }
  stream_.route_table()->finalize_response_headers(result, headers, stream_.format_context(),
                                                   stream_.scratch());
  state_ = State::Responding;
  if (end == EndStream::Yes) on_response_end();
  stream_.on_upstream_headers(headers, end);
}

void Router::on_data(std::string_view data, EndStream end) {
  if (end == EndStream::Yes) on_response_end();
  stream_.on_upstream_data(data, end);
}

void Router::on_trailers(HeaderMap& trailers) {
  on_response_end();
  stream_.on_upstream_trailers(trailers);
}

void Router::on_response_end() {
  const uint64_t now = stream_.worker().loop.now_ns();
  stream_.info().timing.last_upstream_rx_byte_ns = now;
  state_ = State::Done;
  encoder_ = nullptr;
  deadline_ms_ = UINT64_MAX;
  if (sent_ns_ == 0) return;
  record_response_time(stream_.worker().stats, cluster_config_->stats,
                       {.status = stream_.info().response_code,
                        .internal = stream_.internal_request(),
                        .canary = host_->canary},
                       (now - sent_ns_) / 1'000'000);
}

void Router::count_response(uint16_t status) {
  const bool canary = host_ && host_->canary;
  record_response(stream_.worker().stats, cluster_config_->stats,
                  {.status = status, .internal = stream_.internal_request(), .canary = canary});
}

void Router::on_reset(ResetReason reason) {
  encoder_ = nullptr;
  if (state_ == State::Responding) {
    state_ = State::Done;
    deadline_ms_ = UINT64_MAX;
    stream_.info().set(reason == ResetReason::ProtocolError ? ResponseFlag::UpstreamProtocolError
                                                            : ResponseFlag::UpstreamConnectionTermination);
    return stream_.on_upstream_cut_off();
  }
  if (reason == ResetReason::StaleConnection) {
    // The kernel of the peer never took the request, so nobody has seen it: send it again, once.
    if (!had_body_ && !retried_stale_) {
      retried_stale_ = true;
      --stream_.info().attempt_count;
      return send_to_a_host();
    }
    reason = ResetReason::ConnectionTermination;
  }
  reply_to_reset(reason, {});
}

void Router::on_output_full(bool full) {
  full ? stream_.pause_request_input() : stream_.resume_request_input();
}

void Router::pause_response(bool pause) {
  if (encoder_ == nullptr) return;
  pause ? encoder_->pause_input() : encoder_->resume_input();
}

void Router::cancel() {
  if (state_ == State::Waiting && pool_ != nullptr) pool_->cancel(*this);
  if (encoder_ != nullptr) {
    stream_.worker().stats.add(cluster_config_->stats.cluster, ClusterStat::upstream_rq_tx_reset);
    MessageEncoder* encoder = std::exchange(encoder_, nullptr);
    encoder->reset(ResetReason::LocalReset);
  }
  state_ = State::Done;
  deadline_ms_ = UINT64_MAX;
}

void Router::on_deadline() {
  if (now_ms() < deadline_ms_) return;
  const bool responding = state_ == State::Responding;
  StatsBlock& stats = stream_.worker().stats;
  stats.add(cluster_config_->stats.cluster, ClusterStat::upstream_rq_timeout);
  if (host_) stats.add(host_->state->stats, HostStat::rq_timeout);
  cancel();
  stream_.info().set(ResponseFlag::UpstreamRequestTimeout);
  if (responding) {
    stream_.info().response_code_details = "response_timeout";
    return stream_.on_upstream_cut_off();
  }
  count_response(504);
  if (host_) stats.add(host_->state->stats, HostStat::rq_error);
  reply(504, ResponseFlag::UpstreamRequestTimeout, "response_timeout", "upstream request timeout");
}

void Router::reply(uint16_t status, ResponseFlag flag, std::string_view details, std::string_view body) {
  state_ = State::Done;
  deadline_ms_ = UINT64_MAX;
  stream_.info().set(flag);
  stream_.on_router_reply({.status = status, .body = body, .details = details});
}

struct ResetAnswer {
  uint16_t status;
  ResponseFlag flag;
  std::string_view text;     // in the body
  std::string_view details;  // in the response code details
};

static ResetAnswer answer_to(ResetReason reason) {
  switch (reason) {
    case ResetReason::ConnectionFailure:
      return {503, ResponseFlag::UpstreamConnectionFailure, "remote connection failure",
              "remote_connection_failure"};
    case ResetReason::ConnectTimeout:
      return {503, ResponseFlag::UpstreamConnectionFailure, "connection timeout", "connection_timeout"};
    case ResetReason::LocalConnectionFailure:
      return {503, ResponseFlag::UpstreamConnectionFailure, "local connection failure",
              "local_connection_failure"};
    case ResetReason::Overflow:
      return {503, ResponseFlag::UpstreamOverflow, "overflow", "overflow"};
    case ResetReason::ProtocolError:
      return {502, ResponseFlag::UpstreamProtocolError, "protocol error", "protocol_error"};
    case ResetReason::RemoteReset:
      return {503, ResponseFlag::UpstreamRemoteReset, "remote reset", "remote_reset"};
    case ResetReason::LocalReset:
      return {503, ResponseFlag::LocalReset, "local reset", "local_reset"};
    case ResetReason::ConnectionTermination:
    case ResetReason::StaleConnection:
      break;
  }
  return {503, ResponseFlag::UpstreamConnectionTermination, "connection termination",
          "connection_termination"};
}

void Router::reply_to_reset(ResetReason reason, std::string_view transport_failure) {
  const ResetAnswer answer = answer_to(reason);
  StreamInfo& info = stream_.info();
  count_response(answer.status);
  if (reason != ResetReason::Overflow && host_) {
    stream_.worker().stats.add(host_->state->stats, HostStat::rq_error);
  }
  Arena& arena = stream_.request_headers().arena();
  std::string& text = stream_.scratch();
  text.assign("upstream_reset_before_response_started{").append(answer.details);
  if (!transport_failure.empty()) {
    info.upstream_transport_failure_reason = arena.copy_view(transport_failure);
    text.append("|").append(transport_failure);
    std::replace(text.begin(), text.end(), ' ', '_');
  }
  text.push_back('}');
  const std::string_view details = arena.copy_view(text);
  text.assign("upstream connect error or disconnect/reset before headers. reset reason: ")
      .append(answer.text);
  const std::string_view body = arena.copy_view(text);
  state_ = State::Done;
  deadline_ms_ = UINT64_MAX;
  info.set(answer.flag);
  stream_.on_router_reply({.status = answer.status,
                           .body = body,
                           .details = details,
                           .overloaded = reason == ResetReason::Overflow});
}

}  // namespace outrider
