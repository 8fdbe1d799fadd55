#include "router/router.h"

#include <algorithm>
#include <charconv>

#include "router/mirror_request.h"
#include "router/reset_answer.h"
#include "upstream/cluster_stats.h"

namespace outrider {

RouterConfig RouterConfig::read(ConfigView config) {
  return {.suppress_envoy_headers = config.boolean("suppress_envoy_headers"),
          .respect_expected_request_timeout = config.boolean("respect_expected_rq_timeout")};
}

static uint16_t status_of(const HeaderMap& headers) {
  const std::string_view text = headers.get(HeaderId::Status);
  uint16_t status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

Router::~Router() {
  cancel();
  for (UpstreamRequest* request = tries_; request != &first_;) {
    UpstreamRequest* const next = request->next;
    request->~UpstreamRequest();  // its memory is the arena's
    request = next;
  }
}

// ---- the request -------------------------------------------------------------------------------------------------

void Router::on_request_headers(EndStream end) {
  request_ended_ = end == EndStream::Yes;
  had_body_ = !request_ended_;
  const HeaderMap& headers = stream_.request_headers();
  const std::string_view method = headers.get(HeaderId::Method);
  head_request_ = method == "HEAD";
  connect_request_ = method == "CONNECT";
  route_ = stream_.route();
  const RouteResult& result = route_;
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

void Router::choose_virtual_cluster() {
  const VirtualHost& host = *route_.virtual_host;
  if (host.virtual_clusters.empty()) return;
  const VirtualCluster* const found = RouteTable::virtual_cluster(host, stream_.request_headers());
  virtual_cluster_stats_ = found == nullptr ? host.other_stats : found->stats;
  if (found != nullptr) stream_.info().virtual_cluster_name = found->name;
}

void Router::count_routed(RouteStat stat) {
  if (virtual_cluster_stats_.base != 0)
    stats().add(virtual_cluster_stats_, static_cast<VirtualClusterStat>(stat));
  if (route_.route->stats.base != 0) stats().add(route_.route->stats, stat);
}

void Router::forward(const RouteEntry& route) {
  const RouteResult& result = route_;
  cluster_ = find_cluster();
  choose_virtual_cluster();
  if (cluster_ == nullptr) {
    return reply(route.cluster_not_found_status, ResponseFlag::NoClusterFound, "cluster_not_found", {});
  }
  cluster_config_ = Ref<const ClusterConfig>(&cluster_->config());
  StreamInfo& info = stream_.info();
  info.upstream_cluster_name = cluster_config_->observability_name;
  info.upstream_cluster_raw_name = cluster_config_->name;
  info.cluster_metadata = cluster_config_->metadata;
  info.attempt_count = 1;
  HeaderMap& headers = stream_.request_headers();
  if (route.hash_policy != nullptr) {
    hash_ = route.hash_policy->hash(headers, info, stream_.scratch(), new_cookies_);
  }
  HostSlot* const slot = choose_host();
  if (slot == nullptr) return reply_no_host();

  choose_timeouts(route);
  if (result.virtual_host->include_request_attempt_count) tell_attempt_count(headers);
  info.upstream_remote = &slot->host->address;  // header formats may name it
  stream_.route_table()->finalize_request_headers(result, headers, stream_.format_context(), keep_originals(),
                                                  stream_.scratch());
  retry_ = RetryState::create(route.retry, headers, arena());
  if (!route.mirrors.empty()) mirrors_ = choose_mirrors(route);
  keeps_body_ = had_body_ && (retry_ != nullptr || mirrors_ != 0 || route.internal_redirect != nullptr);
  if (keeps_body_) body_bytes_max_ = kept_bytes_max(route);
  send(*slot);
  if (request_ended_) on_request_end();
}

WorkerCluster* Router::find_cluster() {
  const RouteResult& result = route_;
  return result.cluster == cluster_by_name ? stream_.upstreams().cluster(result.cluster_name)
                                           : stream_.upstreams().cluster(result.cluster);
}

RouteTable::KeepOriginals Router::keep_originals() const {
  return config_.suppress_envoy_headers ? RouteTable::KeepOriginals::No : RouteTable::KeepOriginals::Yes;
}

uint64_t Router::kept_bytes_max(const RouteEntry& route) const {
  const uint64_t connection = stream_.buffer_bytes_max();
  const RouteEntry::BodyLimit limit = route.body_limit();
  if (limit.kind == RouteEntry::BodyLimit::Kind::Replaces) return limit.bytes;
  return limit.kind == RouteEntry::BodyLimit::Kind::Lowers ? std::min(limit.bytes, connection) : connection;
}

void Router::tell_attempt_count(HeaderMap& headers) const {
  headers.set_number(HeaderId::EnvoyAttemptCount, stream_.info().attempt_count);
}

HostSlot* Router::choose_host() {
  LbContext context{.random = stream_.worker().random, .hash = hash_};
  if (is_retry_ && retry_ != nullptr) {
    context.predicate = retry_;
    context.attempts_max = retry_->host_attempts_max();
  }
  return cluster_->choose_host(context);
}

// To a host, in the newest try's name.
void Router::send(HostSlot& slot) {
  const RouteEntry& route = *route_.route;
  const Ref<const Host> host = slot.host;
  if (route.auto_host_rewrite && !host->hostname.empty()) {
    update_authority(stream_.request_headers(), host->hostname, route.append_x_forwarded_host,
                     keep_originals());
  }
  if (connect_request_) restore_port();
  state_ = State::Trying;
  if (retry_ != nullptr) retry_->remember(host->state.get(), arena());
  tries_->start(choose_pool(slot), host);
}

ConnectionPool& Router::choose_pool(HostSlot& slot) {
  const RouteEntry& route = *stream_.route().route;
  UpstreamDirectory& upstreams = stream_.upstreams();
  const bool post =
      route.tunnel == RouteTunnel::ConnectOrPost && stream_.request_headers().get(HeaderId::Method) == "POST";
  if (route.tunnel != RouteTunnel::None && (connect_request_ || post)) {
    return upstreams.tunnel_pool(*cluster_, slot, route.priority);
  }
  return upstreams.pool(*cluster_, slot, route.priority, stream_.info().protocol);
}

// A CONNECT request that is sent on needs the port that strip_*_port took off for routing.
void Router::restore_port() {
  const uint16_t port = stream_.stripped_port();
  HeaderMap& headers = stream_.request_headers();
  const std::string_view host = headers.get(HeaderId::Authority);
  const size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  if (port == 0 || has_port) return;
  std::string& text = stream_.scratch();
  text.assign(host).append(":").append(std::to_string(port));
  headers.set(HeaderId::Authority, text);
}

void Router::on_try_ready() {
  if (!keeps_body_) body_ = {};
  if (held_back_) {
    held_back_ = false;
    stream_.resume_request_input();
  }
}

void Router::on_request_data(std::string_view data, EndStream end) {
  if (state_ == State::Idle || state_ == State::Done) return;
  if (end == EndStream::Yes) request_ended_ = true;
  if (keeps_body_ && body_.size() + data.size() > body_bytes_max_ && !give_up_keeping()) return;
  const bool connected = tries_->connected();
  for (UpstreamRequest* request = tries_; request != nullptr; request = request->next) {
    request->send_data(data, end);
  }
  if (keeps_body_ || (!connected && state_ == State::Trying)) keep_body(data);
  if (request_ended_) on_request_end();
}

void Router::keep_body(std::string_view data) {
  body_.append(data);
  if (held_back_ || keeps_body_ || body_.size() < cluster_config_->connection_buffer_bytes_max) return;
  held_back_ = true;
  stream_.pause_request_input();
}

// The request has grown too long to be kept: it goes on without retries. False: it cannot, since no try is at work.
bool Router::give_up_keeping() {
  count(ClusterStat::retry_or_shadow_abandoned);
  keeps_body_ = false;
  overflowed_ = true;
  mirrors_ = 0;
  release_retry();
  retry_ = nullptr;
  if (state_ != State::Pausing) {
    if (tries_->connected()) body_ = {};
    return true;
  }
  reply_with(507, {}, "request_payload_exceeded_retry_buffer_limit",
             "exceeded request buffer limit while retrying upstream");
  return false;
}

void Router::on_request_trailers(HeaderMap& trailers) {
  if (state_ == State::Idle || state_ == State::Done) return;
  request_ended_ = true;
  trailers_ = &trailers;
  for (UpstreamRequest* request = tries_; request != nullptr; request = request->next) {
    request->send_trailers(trailers);
  }
  on_request_end();
}

// The whole request has come: the route's timeout runs from here.
void Router::on_request_end() {
  if (complete_ns_ != 0 || state_ == State::Done) return;
  complete_ns_ = loop().now_ns();
  if (timeout_ms_ != 0) require(global_deadline_ms_ = loop().now_ms() + timeout_ms_);
  for (UpstreamRequest* request = tries_; request != nullptr; request = request->next)
    request->start_clocks();
  if (mirrors_ != 0) send_mirrors();
}

uint64_t Router::choose_mirrors(const RouteEntry& route) {
  uint64_t chosen = 0;
  for (size_t i = 0; i < route.mirrors.size(); ++i) {
    if (route.mirrors[i].fraction.enabled(stream_.runtime(), stream_.info().stream_id)) {
      chosen |= uint64_t{1} << i;
    }
  }
  return chosen;
}

void Router::send_mirrors() {
  const MirrorSource source{.headers = stream_.request_headers(),
                            .body = body_,
                            .trailers = trailers_,
                            .context = stream_.format_context(),
                            .scratch = stream_.scratch(),
                            .timeout_ms = timeout_ms_};
  const std::vector<MirrorPolicy>& policies = route_.route->mirrors;
  for (size_t i = 0; i < policies.size(); ++i) {
    if ((mirrors_ >> i) & 1) send_mirror(policies[i], stream_.upstreams(), source);
  }
  mirrors_ = 0;
}

// ---- the response ------------------------------------------------------------------------------------------------

void Router::on_try_headers(UpstreamRequest& request, HeaderMap& headers, EndStream end) {
  const uint16_t status = status_of(headers);
  if (retry_ != nullptr) {
    const bool wanted = retry_->wants(headers, status);
    if (!request.retried && retry(request, wanted, &headers)) {
      count_error(request);
      stats().add_status(cluster_config_->stats.cluster, ClusterStat::retry_upstream_rq_completed, status);
      return request.cancel();
    }
    if (wanted && others_may_answer(request)) {
      count_error(request);
      return request.cancel();
    }
  }
  const InternalRedirectPolicy* const redirects = route_.route->internal_redirect.get();
  if (redirects != nullptr && redirects->wants(status) && follow_redirect(request, headers, status)) return;
  pass_on(request, headers, status, end);
}

// This try's answer is the one.
void Router::pass_on(UpstreamRequest& request, HeaderMap& headers, uint16_t status, EndStream end) {
  release_retry();
  retry_ = nullptr;
  retry_at_ms_ = UINT64_MAX;
  if (keeps_body_ && mirrors_ == 0) {
    keeps_body_ = false;
    body_ = {};
  }
  for (UpstreamRequest* other = tries_; other != nullptr; other = other->next) {
    if (other != &request && other->active()) other->cancel();
  }
  responding_ = &request;
  for (uint32_t i = 0; i < response_pauses_; ++i) request.pause_response(true);
  if (end == EndStream::No) request.set_responding();
  state_ = State::Responding;
  StreamInfo& info = stream_.info();
  const uint64_t now = loop().now_ns();
  info.timing.first_upstream_rx_byte_ns = now;
  info.response_code = status;
  info.response_code_details = "via_upstream";
  canary_ = request.host()->canary || headers.get(HeaderId::EnvoyUpstreamCanary) == "true";
  count_response(request, status);
  stats().add(request.host()->state->stats, status >= 500 ? HostStat::rq_error : HostStat::rq_success);
  // Only once the whole request was there: an upgrade has no such moment.
  if (!config_.suppress_envoy_headers && complete_ns_ != 0) {
    headers.set_number(HeaderId::EnvoyUpstreamServiceTime, (now - complete_ns_) / 1'000'000);
  }
  new_cookies_.write(headers);
  const RouteResult& result = route_;
  stream_.route_table()->finalize_response_headers(result, headers, stream_.format_context(),
                                                   stream_.scratch());
  if (result.virtual_host->include_attempt_count_in_response) tell_attempt_count(headers);
  if (end == EndStream::Yes) on_response_end();
  stream_.on_upstream_headers(headers, end);
}

void Router::on_try_data(std::string_view data, EndStream end) {
  StreamTiming& timing = stream_.info().timing;
  if (timing.first_upstream_rx_body_byte_ns == 0) timing.first_upstream_rx_body_byte_ns = loop().now_ns();
  if (end == EndStream::Yes) on_response_end();
  stream_.on_upstream_data(data, end);
}

void Router::on_try_trailers(HeaderMap& trailers) {
  on_response_end();
  stream_.on_upstream_trailers(trailers);
}

void Router::on_response_end() {
  const uint64_t now = loop().now_ns();
  stream_.info().timing.last_upstream_rx_byte_ns = now;
  finish();
  if (complete_ns_ == 0) return;
  record_response_time(
      stats(), cluster_config_->stats,
      {.status = stream_.info().response_code, .internal = stream_.internal_request(), .canary = canary_},
      (now - complete_ns_) / 1'000'000);
  const uint64_t ms = (now - complete_ns_) / 1'000'000;
  if (virtual_cluster_stats_.base != 0) {
    stats().record(virtual_cluster_stats_, VirtualClusterStat::upstream_rq_time, ms);
  }
  if (route_.route->stats.base != 0) stats().record(route_.route->stats, RouteStat::upstream_rq_time, ms);
}

void Router::on_response_reset(ResetReason reason) {
  finish();
  const ResetAnswer answer = answer_to(reason);
  std::string& text = stream_.scratch();
  text.assign("upstream_reset_after_response_started{").append(answer.details).append("}");
  StreamInfo& info = stream_.info();
  info.set(answer.flag);
  info.response_code_details = arena().copy_view(text);
  stream_.on_upstream_cut_off();
}

void Router::pause_response(bool pause) {
  // Counted here: a pause may come before there is an answer to hold back, and an end without its beginning.
  if (!pause && response_pauses_ == 0) return;
  pause ? ++response_pauses_ : --response_pauses_;
  if (responding_ != nullptr) responding_->pause_response(pause);
}

// ---- ends --------------------------------------------------------------------------------------------------------

void Router::finish() {
  state_ = State::Done;
  global_deadline_ms_ = retry_at_ms_ = UINT64_MAX;
  responding_ = nullptr;
  if (!held_back_) return;
  held_back_ = false;
  stream_.resume_request_input();
}

void Router::cancel() {
  if (state_ == State::Idle) {
    state_ = State::Done;
    return;
  }
  finish();
  release_retry();
  for (UpstreamRequest* request = tries_; request != nullptr; request = request->next) {
    if (request->active()) request->cancel();
  }
}

void Router::count_response(const UpstreamRequest& request, uint16_t status) {
  const bool canary = canary_ || (request.host() && request.host()->canary);
  record_response(stats(), cluster_config_->stats,
                  {.status = status, .internal = stream_.internal_request(), .canary = canary});
  if (virtual_cluster_stats_.base != 0) {
    stats().add_status(virtual_cluster_stats_, VirtualClusterStat::upstream_rq_completed, status);
  }
  if (route_.route->stats.base != 0) {
    stats().add_status(route_.route->stats, RouteStat::upstream_rq_completed, status);
  }
}

void Router::count_error(const UpstreamRequest& request) {
  stats().add(request.host()->state->stats, HostStat::rq_error);
}

}  // namespace outrider
