#include "downstream/active_stream.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>

#include "codec/http1/fields.h"
#include "codec/http1/reason.h"
#include "downstream/upgrade.h"
#include "formatter/grpc_status.h"
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
  const uint64_t log_every_ms = hcm_.config().access_log_flush_interval_ms;
  if (log_every_ms != 0) next_log_ms_ = last_activity_ms_ + log_every_ms;
  if (hcm_.shortest_stream_timeout_ms != UINT64_MAX) {
    owner_.require_deadline(last_activity_ms_ + hcm_.shortest_stream_timeout_ms);
  }
}

ActiveStream::~ActiveStream() {
  for (int i = 0; i < filter_count_; ++i) filters_[i]->~HttpFilter();
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
  stats.add(hcm_.stats, HttpStat::downstream_rq_http1_total);
  counted_ = true;
  info_.downstream_wire.header_received = http1::field_bytes_received(request_headers_);
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

bool ActiveStream::refuse_by_rules() {
  const RequestFacts facts{.connection = owner_.connection_info(),
                           .random = http_.worker.random,
                           .scratch = http_.scratch,
                           .internal_only_headers = &hcm_.internal_only_headers};
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
  route_ = hcm_.routes().route(
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

void ActiveStream::make_filters() {
  const auto& chain = hcm_.filters();
  if (chain.empty()) return;
  filters_ =
      static_cast<HttpFilter**>(arena_.allocate(chain.size() * sizeof(HttpFilter*), alignof(HttpFilter*)));
  if (filters_ == nullptr) return;  // the stream ends for want of memory before it is routed
  for (const ChainFilter& entry : chain) {
    const RouteFilter* on_route = hcm_.has_route_filters() ? hcm_.route_filter(route(), entry.name) : nullptr;
    if (on_route == nullptr ? entry.disabled : on_route->disabled) continue;
    HttpFilter* filter = entry.factory->make(arena_, on_route == nullptr ? nullptr : on_route->factory.get());
    if (filter != nullptr) filters_[filter_count_++] = filter;
  }
}

// Takes the request's head on through the filters, from where it stopped, and to the router.
void ActiveStream::run_request_headers() {
  while (request_.headers_at < filter_count_) {
    HttpFilter& filter = *filters_[request_.headers_at];
    const bool end = request_.end && request_.kept.empty() && request_.trailers == nullptr;
    const FilterStatus status =
        filter.on_request_headers(*this, request_headers_, end ? EndStream::Yes : EndStream::No);
    if (local_reply_ || encoder_ == nullptr) return;
    if (status != FilterStatus::Continue) {
      request_.stopped = true;
      return;
    }
    ++request_.headers_at;
  }
  if (arena_.failed()) {
    return send_reply(431, http1::reason_phrase(431), "request_headers_too_large_for_a_stream", nullptr);
  }
  const bool end = request_.end && request_.kept.empty() && request_.trailers == nullptr;
  http_.worker.stats.add(hcm_.router_stats, RouterStat::rq_total);
  router_.on_request_headers(end ? EndStream::Yes : EndStream::No);
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

// Takes a piece of the body through the filters from `from` on. False: it stays with one of them.
bool ActiveStream::run_request_body(int from, std::string_view& data, EndStream end) {
  for (int i = from; i < filter_count_; ++i) {
    const FilterStatus status = filters_[i]->on_request_body(*this, data, end);
    if (local_reply_ || encoder_ == nullptr) return false;
    const bool held_here = request_.stopped && request_.headers_at == i;
    if (status != FilterStatus::Continue) {
      if (!held_here) {  // the body alone stops here; the head has gone on
        request_.stopped = true;
        request_.headers_at = i;
      }
      keep(request_, data, status, Side::Request);
      return false;
    }
    if (held_here) {  // the filter had waited for the body
      request_.kept.append(data);
      continue_request();
      return false;
    }
  }
  return true;
}

// Of what filters hold back: the connection's limit; a route may replace it for requests.
uint64_t ActiveStream::kept_bytes_max(Side side) {
  if (side == Side::Request && route().route != nullptr) {
    const RouteEntry::BodyLimit limit = route().route->body_limit();
    if (limit.kind == RouteEntry::BodyLimit::Kind::Replaces) return limit.bytes;
  }
  return owner_.buffer_bytes_max();
}

bool ActiveStream::keep(Progress& progress, std::string_view data, FilterStatus status, Side side) {
  if (status == FilterStatus::StopIteration) return true;
  progress.kept.append(data);
  if (progress.kept.size() <= kept_bytes_max(side)) return true;
  if (status == FilterStatus::StopAndWatermark) {
    if (!std::exchange(progress.paused_input, true)) {
      side == Side::Request ? pause_request_input() : router_.pause_response(true);
    }
    return true;
  }
  if (side == Side::Request) {
    http_.worker.stats.add(hcm_.stats, HttpStat::downstream_rq_too_large);
    send_reply(413, "Payload Too Large", "request_payload_too_large", nullptr);
  } else {
    http_.worker.stats.add(hcm_.stats, HttpStat::rs_too_large);
    send_reply(500, "Internal Server Error", "response_payload_too_large", nullptr);
  }
  return false;
}

void ActiveStream::continue_request() {
  if (!request_.stopped || local_reply_ || encoder_ == nullptr) return;
  request_.stopped = false;
  const int from = ++request_.headers_at;
  if (!router_.started()) run_request_headers();
  if (request_.stopped || local_reply_ || encoder_ == nullptr) return;
  forward_kept_request(from);
}

// What was held back of the body, and the trailers, through the filters from `from` on.
void ActiveStream::forward_kept_request(int from) {
  const std::string kept = std::exchange(request_.kept, {});
  std::string_view data = kept;
  const bool end = request_.end && request_.trailers == nullptr;
  if (!data.empty() || (end && !router_.request_ended())) {
    if (run_request_body(from, data, end ? EndStream::Yes : EndStream::No)) {
      router_.on_request_data(data, end ? EndStream::Yes : EndStream::No);
      http_.worker.loop.flush_lent();
    }
  }
  if (request_.trailers != nullptr && !request_.stopped && !local_reply_)
    router_.on_request_trailers(*request_.trailers);
  if (std::exchange(request_.paused_input, false)) resume_request_input();
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

// Takes the response's head back through the filters, from where it stopped, and to the client.
void ActiveStream::run_response_headers(EndStream) {
  while (response_.headers_at >= 0) {
    const bool end = response_.end && response_.kept.empty() && response_.trailers == nullptr;
    const FilterStatus status = filters_[response_.headers_at]->on_response_headers(
        *this, *response_headers_, end ? EndStream::Yes : EndStream::No);
    if (encoder_ == nullptr) return;
    if (status != FilterStatus::Continue) {
      response_.stopped = true;
      return;
    }
    --response_.headers_at;
  }
  const bool end = response_.end && response_.kept.empty() && response_.trailers == nullptr;
  send_response_headers(end ? EndStream::Yes : EndStream::No);
}

void ActiveStream::on_upstream_data(std::string_view data, EndStream end) {
  touch();
  if (encoder_ == nullptr) return;
  if (end == EndStream::Yes) response_.end = true;
  if (filter_count_ > 0 && !run_response_body(filter_count_ - 1, data, end)) return;
  send_response_data(data, end);
}

bool ActiveStream::run_response_body(int from, std::string_view& data, EndStream end) {
  for (int i = from; i >= 0; --i) {
    const FilterStatus status = filters_[i]->on_response_body(*this, data, end);
    if (encoder_ == nullptr) return false;
    const bool held_here = response_.stopped && response_.headers_at == i;
    if (status != FilterStatus::Continue) {
      if (!held_here) {
        response_.stopped = true;
        response_.headers_at = i;
      }
      keep(response_, data, status, Side::Response);
      return false;
    }
    if (held_here) {
      response_.kept.append(data);
      continue_response();
      return false;
    }
  }
  return true;
}

void ActiveStream::continue_response() {
  if (!response_.stopped || encoder_ == nullptr) return;
  response_.stopped = false;
  const int from = --response_.headers_at;
  if (!response_started_) run_response_headers(EndStream::No);
  if (response_.stopped || encoder_ == nullptr) return;
  const std::string kept = std::exchange(response_.kept, {});
  std::string_view data = kept;
  const bool end = response_.end && response_.trailers == nullptr;
  if (!data.empty() || end) {
    if (run_response_body(from, data, end ? EndStream::Yes : EndStream::No)) {
      send_response_data(data, end ? EndStream::Yes : EndStream::No);
      http_.worker.loop.flush_lent();
    }
  }
  if (response_.trailers != nullptr && !response_.stopped && encoder_ != nullptr) {
    encoder_->encode_trailers(*response_.trailers);
    end_response();
  }
  if (std::exchange(response_.paused_input, false)) router_.pause_response(false);
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
  if (info_.response_code_details == "via_upstream") {
    info_.response_code_details = info_.has(ResponseFlag::UpstreamProtocolError)
                                      ? "upstream_reset_after_response_started{protocol_error}"
                                      : "upstream_reset_after_response_started{connection_termination}";
  }
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

// ---- answers of our own ----------------------------------------------------------------------------------------

FilterStatus ActiveStream::reply(const LocalReply& reply) {
  if (reply.flag != nullptr) info_.set(*reply.flag);
  if (reply.close_connection) owner_.close_after_response();
  RouterReply details{.status = reply.status, .location = reply.location};
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
  if (router != nullptr && router->overloaded) headers.set_ref(HeaderId::EnvoyOverloaded, "true");
  if (router != nullptr && router->attempt_count != 0) {
    char count[6];
    const auto last = std::to_chars(count, count + sizeof(count), router->attempt_count).ptr;
    headers.set(HeaderId::EnvoyAttemptCount, {count, static_cast<size_t>(last - count)});
  }
  if (details == "direct_response" && route_.route != nullptr) {
    hcm_.routes().finalize_response_headers(route_, headers, format_context(), http_.scratch);
  }
  if (!hcm_.config().local_reply.empty()) {
    hcm_.config().local_reply.rewrite(format_context(), info_, http_.log.filter, http_.scratch, status, text,
                                      content_type, headers);
    info_.response_code = status;
  }
  char number[20];
  auto end = std::to_chars(number, number + sizeof(number), status).ptr;
  headers.set(HeaderId::Status, {number, static_cast<size_t>(end - number)});
  if (is_grpc_content_type(request_headers_.get(HeaderId::ContentType))) {
    make_grpc_reply(status, text, headers);
    text.clear();
  }
  if (!text.empty()) {
    end = std::to_chars(number, number + sizeof(number), text.size()).ptr;
    headers.set(HeaderId::ContentLength, {number, static_cast<size_t>(end - number)});
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
void ActiveStream::make_grpc_reply(uint16_t status, std::string_view message, HeaderMap& headers) {
  char number[20];
  const char* end = std::to_chars(number, number + sizeof(number), grpc_status_of_http(status)).ptr;
  headers.set_ref(HeaderId::Status, "200");
  headers.set_ref(HeaderId::ContentType, "application/grpc");
  headers.set(HeaderId::GrpcStatus, {number, static_cast<size_t>(end - number)});
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
    stats.add(hcm_.stats, HttpStat::downstream_rq_http1_total);
  }
  stats.add(hcm_.stats, HttpStat::downstream_cx_protocol_error);
  stats.add(hcm_.stats, HttpStat::downstream_rq_rx_reset);
  info_.set(ResponseFlag::DownstreamProtocolError);
  owner_.close_after_response();
  if (response_started_) return abort_response();
  send_reply(status, http1::reason_phrase(status), details, nullptr);
}

// ---- ends ----------------------------------------------------------------------------------------------------

void ActiveStream::on_reset(ResetReason reason) {
  if (encoder_ == nullptr) return;
  encoder_ = nullptr;
  StatsBlock& stats = http_.worker.stats;
  stats.add(hcm_.stats, HttpStat::downstream_rq_rx_reset);
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

// ---- time ----------------------------------------------------------------------------------------------------

uint64_t ActiveStream::deadline_ms() const {
  const HcmConfig& config = hcm_.config();
  const uint64_t start_ms = info_.timing.start_ns / 1'000'000;
  uint64_t deadline = std::min(router_.deadline_ms(), next_log_ms_);
  if (stream_idle_ms_ != 0) deadline = std::min(deadline, last_activity_ms_ + stream_idle_ms_);
  if (max_duration_ms_ != 0) deadline = std::min(deadline, start_ms + max_duration_ms_);
  if (config.request_timeout_ms != 0 && !request_ended_ && !upgrade_request_) {
    deadline = std::min(deadline, start_ms + config.request_timeout_ms);
  }
  if (config.request_headers_timeout_ms != 0 && !counted_) {
    deadline = std::min(deadline, start_ms + config.request_headers_timeout_ms);
  }
  return deadline;
}

void ActiveStream::on_deadline() {
  const HcmConfig& config = hcm_.config();
  StatsBlock& stats = http_.worker.stats;
  const uint64_t now = http_.worker.loop.now_ms();
  const uint64_t start_ms = info_.timing.start_ns / 1'000'000;
  if (finished_) return;
  if (next_log_ms_ <= now) {
    next_log_ms_ = now + config.access_log_flush_interval_ms;
    if (counted_) log(AccessLogType::DownstreamPeriodic);
  }
  if (max_duration_ms_ != 0 && start_ms + max_duration_ms_ <= now) {
    stats.add(hcm_.stats, HttpStat::downstream_rq_max_duration_reached);
    info_.set(ResponseFlag::DurationTimeout);
    return send_reply(request_ended_ ? 504 : 408, "downstream duration timeout", "max_duration_timeout",
                      nullptr);
  }
  if (config.request_headers_timeout_ms != 0 && !counted_ &&
      start_ms + config.request_headers_timeout_ms <= now) {
    stats.add(hcm_.stats, HttpStat::downstream_rq_header_timeout);
    info_.set(ResponseFlag::DownstreamProtocolError);
    owner_.close_after_response();
    return send_reply(408, "request header timeout", "request_header_timeout", nullptr);
  }
  if (config.request_timeout_ms != 0 && !request_ended_ && !upgrade_request_ &&
      start_ms + config.request_timeout_ms <= now) {
    stats.add(hcm_.stats, HttpStat::downstream_rq_timeout);
    return send_reply(408, "request timeout", "request_overall_timeout", nullptr);
  }
  if (stream_idle_ms_ != 0 && last_activity_ms_ + stream_idle_ms_ <= now) {
    stats.add(hcm_.stats, HttpStat::downstream_rq_idle_timeout);
    info_.set(ResponseFlag::StreamIdleTimeout);
    return send_reply(request_ended_ ? 504 : 408, "stream timeout", "stream_idle_timeout", nullptr);
  }
  router_.on_deadline();
}

}  // namespace outrider
