#include "downstream/active_stream.h"
#include "downstream/client_cert.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>

#include "codec/http1/fields.h"
#include "codec/http1/reason.h"
#include "downstream/upgrade.h"
#include "router/timeouts.h"

namespace outrider {

ActiveStream::ActiveStream(StreamOwner& owner, ResponseEncoder& encoder, Protocol protocol)
    : owner_(owner),
      http_(owner.http()),
      hcm_(owner.hcm()),
      encoder_(&encoder),
      arena_(http_.worker.arena_blocks),
      request_headers_(arena_, HeaderMapKind::Request),
      router_(hcm_.router(), *this),
      last_activity_ms_(http_.worker.loop.now_ms()) {
  info_.timing.start_ns = http_.worker.loop.now_ns();
  info_.start_wall_us = http_.worker.loop.wall_us();
  info_.protocol = protocol;
  info_.connection = &owner.connection_info();
  info_.downstream_remote = &owner.connection_info().direct_remote;
  info_.stream_id = http_.worker.random.next();
  stream_idle_ms_ = hcm_.config().stream_idle_timeout_ms;
  max_duration_ms_ = hcm_.config().max_stream_duration_ms;
  if (hcm_.routes() != nullptr) {
    routes_ = hcm_.routes();
  } else {
    held_routes_ = http_.routes[hcm_.routes_index()];
    held_routes_->hold();
    routes_ = &held_routes_->config();
  }
  const uint64_t log_every_ms = hcm_.config().access_log_flush_interval_ms;
  if (log_every_ms != 0) next_log_ms_ = last_activity_ms_ + log_every_ms;
  if (hcm_.shortest_stream_timeout_ms != UINT64_MAX) {
    owner_.require_deadline(last_activity_ms_ + hcm_.shortest_stream_timeout_ms);
  }
}

ActiveStream::~ActiveStream() {
  for (int i = 0; i < filter_count_; ++i) filters_[i]->~HttpFilter();
  if (held_routes_ != nullptr) held_routes_->release();
}

void ActiveStream::log(AccessLogType type) {
  const AccessLogs& logs = hcm_.config().access_logs;
  if (logs.empty()) return;
  FormatContext context = format_context();
  context.log_type = type;
  logs.log(context, http_.log);
}

// They see the stream's end and its log line, which is that of one pass through them.
void ActiveStream::end_filters() {
  info_.timing.end_ns = http_.worker.loop.now_ns();
  for (int i = 0; i < filter_count_; ++i) filters_[i]->on_stream_end(*this);
  if (counted_) log(AccessLogType::DownstreamEnd);
}

HeaderMap* ActiveStream::new_map(HeaderMapKind kind) {
  return new (arena_.allocate_small(sizeof(HeaderMap), alignof(HeaderMap))) HeaderMap(arena_, kind);
}

HeaderMap& ActiveStream::request_trailers() {
  if (request_trailers_ == nullptr) request_trailers_ = new_map(HeaderMapKind::RequestTrailers);
  return *request_trailers_;
}

HeaderMap& ActiveStream::make_response_trailers() {
  if (response_trailers_ == nullptr) response_trailers_ = new_map(HeaderMapKind::ResponseTrailers);
  return *response_trailers_;
}

FormatContext ActiveStream::format_context() {
  FormatContext context;
  context.info = &info_;
  context.request_headers = &request_headers_;
  context.request_trailers = request_trailers_;
  context.response_headers = response_headers_;
  context.response_trailers = response_trailers_;
  return context;
}

// ---- request -------------------------------------------------------------------------------------------------

void ActiveStream::on_headers(HeaderMap&, EndStream end) {
  request_.end = request_ended_ = end == EndStream::Yes;
  StatsBlock& stats = http_.worker.stats;
  stats.add(hcm_.stats, HttpStat::downstream_rq_total);
  stats.add(hcm_.stats, HttpStat::downstream_rq_active);
  counted_ = true;
  if (info_.protocol < Protocol::Http2) {
    stats.add(hcm_.stats, HttpStat::downstream_rq_http1_total);
    info_.downstream_wire.header_received = http1::field_bytes_received(request_headers_);
  } else {
    stats.add(hcm_.stats, HttpStat::downstream_rq_http2_total);
    take_http2_head();
  }
  if (request_ended_) info_.timing.last_downstream_rx_byte_ns = http_.worker.loop.now_ns();
  if (refuse_by_rules()) return;
  if (decide_upgrade_request()) return;
  if (expects_continue_) send_continue();
  if (hcm_.config().flush_access_log_on_new_request) {
    route();
    log(AccessLogType::DownstreamStart);
  }
  make_filters();
  run_request_headers();
}

// HTTP/2's way to say what HTTP/1 says otherwise. Extended CONNECT (RFC 8441) becomes an upgrade, as in Envoy: behind
// the codec there is one form of it.
void ActiveStream::take_http2_head() {
  if (request_headers_.has(HeaderId::Expect) && request_headers_.get(HeaderId::Expect) == "100-continue") {
    expects_continue_ = true;
  }
  if (!request_headers_.has(HeaderId::Protocol)) return;
  request_headers_.set_ref(HeaderId::Method, "GET");
  request_headers_.set_ref(HeaderId::Upgrade, request_headers_.get(HeaderId::Protocol));
  request_headers_.set_ref(HeaderId::Connection, "upgrade");
  request_headers_.remove(HeaderId::Protocol);
}

// The answer to an upgrade, as HTTP/2 has it.
void ActiveStream::make_http2_response(HeaderMap& headers) {
  if (headers.get(HeaderId::Status) == "101") headers.set_ref(HeaderId::Status, "200");
}

bool ActiveStream::refuse_by_rules() {
  const HcmConfig& config = hcm_.config();
  const TlsFacts* const tls = owner_.connection_info().tls;
  std::string client_cert;
  if (tls != nullptr && config.forward_client_cert != ForwardClientCert::Sanitize)
    client_cert = client_cert_element(*tls, config.current_client_cert);
  const RequestFacts facts{.connection = owner_.connection_info(),
                           .random = http_.worker.random,
                           .scratch = http_.scratch,
                           .internal_only_headers = &routes_->table().internal_only_headers(),
                           .tls = tls != nullptr,
                           .client_cert = client_cert};
  rules_ = apply_request_rules(hcm_.config(), facts, request_headers_, info_);
  if (rules_.verdict == RequestVerdict::Continue) return false;
  StatsBlock& stats = http_.worker.stats;
  switch (rules_.fault) {
    case RequestFault::None:
      break;
    case RequestFault::NonRelativePath:
      stats.add(hcm_.stats, HttpStat::downstream_rq_non_relative_path);
      break;
    case RequestFault::FailedPathNormalization:
      stats.add(hcm_.stats, HttpStat::downstream_rq_failed_path_normalization);
      break;
    case RequestFault::RedirectedWithNormalizedPath:
      stats.add(hcm_.stats, HttpStat::downstream_rq_redirected_with_normalized_path);
      break;
    case RequestFault::RejectedViaIpDetection:
      stats.add(hcm_.stats, HttpStat::downstream_rq_rejected_via_ip_detection);
      break;
  }
  if (rules_.protocol_error && !hcm_.config().http1_stream_error_on_invalid_message)
    owner_.close_after_response();
  RouterReply reply{.status = rules_.status, .details = rules_.details};
  if (rules_.verdict == RequestVerdict::Redirect) reply.location = request_headers_.get(HeaderId::Path);
  if (rules_.protocol_error) info_.set(ResponseFlag::DownstreamProtocolError);
  send_reply(rules_.status, rules_.body, rules_.details, &reply);
  return true;
}

static RouteUpgrade route_upgrade(const RouteResult& route, std::string_view type) {
  if (route.route == nullptr) return RouteUpgrade::Unset;
  for (const ConfigView upgrade : route.route->upgrade_configs()) {
    const std::string_view name = upgrade.string("upgrade_type");
    const bool same = std::equal(name.begin(), name.end(), type.begin(), type.end(),
                                 [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    if (same) return upgrade.boolean("enabled", true) ? RouteUpgrade::Enabled : RouteUpgrade::Disabled;
  }
  return RouteUpgrade::Unset;
}

// True: the request asked for an upgrade that nobody allows, and has its answer.
bool ActiveStream::decide_upgrade_request() {
  const std::string_view type = upgrade_type(request_headers_);
  if (type.empty()) return false;
  const UpgradeDecision decision = decide_upgrade(hcm_.config(), type, route_upgrade(route(), type));
  upgrade_request_ = decision == UpgradeDecision::Accepted;
  if (decision != UpgradeDecision::Rejected) return false;
  // What follows may be payload for the upgrade, so no more requests are read from this connection.
  owner_.close_after_response();
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_rq_ws_on_non_ws_route);
  if (route().outcome == RouteOutcome::NotFound) return false;
  send_reply(403, {}, "upgrade_failed", nullptr);
  return true;
}

void ActiveStream::send_continue() {
  if (hcm_.config().proxy_100_continue) return;
  request_headers_.remove(HeaderId::Expect);
  HeaderMap* headers = new_map(HeaderMapKind::Response);
  headers->set_ref(HeaderId::Status, "100");
  encoder_->encode_1xx(*headers);
}

static uint64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

const RouteResult& ActiveStream::route() {
  if (route_known_) return route_;
  route_known_ = true;
  ++info_.route_resolution_count;
  const bool timed = hcm_.config().record_route_resolution_stats;
  const uint64_t before = timed ? monotonic_ns() : 0;
  route_ = routes_->table().route(
      RouteRequest{.headers = request_headers_, .random_value = info_.stream_id, .runtime = http_.runtime});
  if (timed) info_.route_resolution_ns += monotonic_ns() - before;
  if (route_.route != nullptr) {
    const RouteTimeouts& timeouts = route_.route->timeouts;
    if (timeouts.idle_ms != not_set) stream_idle_ms_ = static_cast<uint64_t>(timeouts.idle_ms);
    max_duration_ms_ = stream_duration_ms(timeouts, hcm_.config().max_stream_duration_ms, request_headers_);
    if (timeouts.idle_ms > 0 || max_duration_ms_ > 0) owner_.require_deadline(deadline_ms());
    info_.route_metadata = route_.route->metadata();
  }
  if (route_.virtual_host != nullptr) info_.virtual_host_metadata = route_.virtual_host->metadata();
  return route_;
}

void ActiveStream::on_data(std::string_view data, EndStream end) {
  touch();
  info_.bytes_received += data.size();
  if (end == EndStream::Yes) {
    request_.end = request_ended_ = true;
    info_.timing.last_downstream_rx_byte_ns = http_.worker.loop.now_ns();
  }
  if (local_reply_ || encoder_ == nullptr) return;
  if (filter_count_ > 0 && !run_request_body(0, data, end)) return;
  router_.on_request_data(data, end);
}

// Each pass is a request of its own in the log and in the counters, as in Envoy. The router that asked for it is
// replaced under its feet: it does nothing after the call.
void ActiveStream::redirect_internally(std::string body) {
  ++internal_redirects_;
  info_.response_code_details = "internal_redirect";
  end_filters();
  for (int i = 0; i < filter_count_; ++i) filters_[i]->~HttpFilter();
  filter_count_ = 0;
  std::destroy_at(&router_);
  std::construct_at(&router_, hcm_.router(), static_cast<RouterCallbacks&>(*this));
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_rq_total);
  info_.response_flags = 0;
  info_.response_code = 0;
  info_.response_code_details = {};
  info_.first_attempt = nullptr;
  request_ = {};
  request_.end = true;
  request_.kept = std::move(body);
  if (request_trailers_ != nullptr && !request_trailers_->empty()) request_.trailers = request_trailers_;
  make_filters();
  run_request_headers();
  if (request_.stopped || local_reply_ || encoder_ == nullptr) return;
  forward_kept_request(0);
}

void ActiveStream::on_trailers(HeaderMap& trailers) {
  touch();
  request_.end = request_ended_ = true;
  request_.trailers = &trailers;
  info_.timing.last_downstream_rx_byte_ns = http_.worker.loop.now_ns();
  if (local_reply_ || encoder_ == nullptr) return;
  for (int i = 0; i < filter_count_; ++i) {
    const FilterStatus status = filters_[i]->on_request_trailers(*this, trailers);
    if (local_reply_ || encoder_ == nullptr) return;
    const bool held_here = request_.stopped && request_.headers_at == i;
    if (held_here && status == FilterStatus::Continue) return continue_request();
    if (status != FilterStatus::Continue) {
      if (!held_here) {
        request_.stopped = true;
        request_.headers_at = i;
      }
      return;
    }
  }
  router_.on_request_trailers(trailers);
}

void ActiveStream::pause_request_input() {
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_flow_control_paused_reading_total);
  if (encoder_ != nullptr) encoder_->pause_input();
}

void ActiveStream::resume_request_input() {
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_flow_control_resumed_reading_total);
  if (encoder_ != nullptr) encoder_->resume_input();
}

// ---- response ------------------------------------------------------------------------------------------------

void ActiveStream::on_upstream_1xx(HeaderMap& headers) {
  if (encoder_ == nullptr || response_started_ || !hcm_.config().proxy_100_continue) return;
  apply_informational_rules(hcm_.config(), headers, &request_headers_);
  encoder_->encode_1xx(headers);
}

void ActiveStream::on_upstream_headers(HeaderMap& headers, EndStream end) {
  response_headers_ = &headers;
  response_.headers_at = filter_count_ - 1;
  response_.end = end == EndStream::Yes;
  touch();
  run_response_headers(end);
}

void ActiveStream::on_upstream_data(std::string_view data, EndStream end) {
  touch();
  if (encoder_ == nullptr) return;
  if (end == EndStream::Yes) response_.end = true;
  if (filter_count_ > 0 && !run_response_body(filter_count_ - 1, data, end)) return;
  send_response_data(data, end);
}

void ActiveStream::on_upstream_trailers(HeaderMap& trailers) {
  touch();
  response_.end = true;
  response_.trailers = &trailers;
  if (encoder_ == nullptr) return;
  for (int i = filter_count_ - 1; i >= 0; --i) {
    const FilterStatus status = filters_[i]->on_response_trailers(*this, trailers);
    const bool held_here = response_.stopped && response_.headers_at == i;
    if (held_here && status == FilterStatus::Continue) return continue_response();
    if (status == FilterStatus::Continue) continue;
    if (!held_here) {
      response_.stopped = true;
      response_.headers_at = i;
    }
    return;
  }
  encoder_->encode_trailers(trailers);
  end_response();
}

void ActiveStream::send_response_headers(EndStream end) {
  HeaderMap& headers = *response_headers_;
  const ResponseFacts facts{.dates = http_.dates,
                            .now_wall_s = http_.worker.loop.wall_us() / 1'000'000,
                            .info = info_,
                            .request = &request_headers_,
                            .client_wants_close = owner_.client_wants_close(),
                            .draining = owner_.draining(),
                            .request_complete = request_ended_,
                            .from_upstream = !local_reply_};
  const AfterResponse after = apply_response_rules(hcm_.config(), facts, headers);
  // Where the client itself asked for the end, the connection knows.
  if (after == AfterResponse::Close && !facts.client_wants_close) owner_.close_after_response();
  const std::string_view status = headers.get(HeaderId::Status);
  std::from_chars(status.data(), status.data() + status.size(), info_.response_code);
  StatsBlock& stats = http_.worker.stats;
  stats.add_response(hcm_.stats, HttpStat::downstream_rq_completed, info_.response_code);
  stats.add_response(hcm_.listener_stats, ListenerHttpStat::downstream_rq_completed, info_.response_code);
  response_started_ = true;
  info_.timing.first_downstream_tx_byte_ns = http_.worker.loop.now_ns();
  if (upgrade_request_ && info_.protocol >= Protocol::Http2) make_http2_response(headers);
  encoder_->encode_headers(headers, end);
  const bool tunnel =
      upgrade_request_ && !local_reply_ && (info_.response_code == 101 || info_.response_code / 100 == 2);
  if (tunnel && hcm_.config().flush_log_on_tunnel_established)
    log(AccessLogType::DownstreamTunnelSuccessfullyEstablished);
  if (end == EndStream::Yes) end_response();
}

void ActiveStream::send_response_data(std::string_view data, EndStream end) {
  info_.bytes_sent += data.size();
  encoder_->encode_data(data, end);
  if (end == EndStream::Yes) end_response();
}

Connection* ActiveStream::splice_target() {
  return filter_count_ == 0 && encoder_ != nullptr ? encoder_->splice_target() : nullptr;
}

void ActiveStream::on_spliced(uint64_t bytes) {
  touch();
  info_.bytes_sent += bytes;
  info_.downstream_wire.sent += bytes;
}

void ActiveStream::on_upstream_cut_off() {
  http_.worker.stats.add(hcm_.router_stats, RouterStat::rq_reset_after_downstream_response_started);
  abort_response();
}

// A response that cannot be completed: the client must see that.
void ActiveStream::abort_response() {
  if (encoder_ == nullptr) return;
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_rq_tx_reset);
  ResponseEncoder* encoder = std::exchange(encoder_, nullptr);
  encoder->reset(ResetReason::LocalReset);
  finish();
}

// ---- ends ----------------------------------------------------------------------------------------------------

void ActiveStream::on_reset(ResetReason reason) {
  if (encoder_ == nullptr) return;
  encoder_ = nullptr;
  StatsBlock& stats = http_.worker.stats;
  stats.add(hcm_.stats, HttpStat::downstream_rq_rx_reset);
  const bool http2 = info_.protocol >= Protocol::Http2;
  if (http2 && reason != ResetReason::ConnectionTermination) {
    const bool by_client = reason != ResetReason::ProtocolError;
    info_.set(by_client ? ResponseFlag::DownstreamRemoteReset : ResponseFlag::DownstreamProtocolError);
    info_.response_code_details = by_client ? "http2.remote_reset" : "http2.violation.of.messaging.rule";
  }
  if (reason == ResetReason::ConnectionTermination) info_.set(ResponseFlag::DownstreamConnectionTermination);
  if (info_.response_code_details.empty() || info_.response_code_details == "via_upstream") {
    info_.response_code_details = "downstream_remote_disconnect";
  }
  finish();
}

void ActiveStream::on_output_full(bool full) { router_.pause_response(full); }

void ActiveStream::end_response() {
  encoder_ = nullptr;
  if (!request_ended_ && !upgrade_request_) {
    http_.worker.stats.add(hcm_.stats, HttpStat::downstream_rq_response_before_rq_complete);
  }
  const uint64_t now = info_.timing.last_downstream_tx_byte_ns = http_.worker.loop.now_ns();
  if (counted_) {
    http_.worker.stats.record(hcm_.stats, HttpStat::downstream_rq_time,
                              (now - info_.timing.start_ns) / 1'000'000);
  }
  finish();
}

void ActiveStream::finish() {
  if (finished_) return;
  finished_ = true;
  router_.cancel();
  if (counted_) http_.worker.stats.sub(hcm_.stats, HttpStat::downstream_rq_active);
  end_filters();
  http_.worker.loop.free_later(*this);
  owner_.on_stream_complete(*this);
}

void ActiveStream::free_deferred() { http_.streams.destroy(this); }

}  // namespace outrider
