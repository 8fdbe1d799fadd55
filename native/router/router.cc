#include "router/router.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "router/timeouts.h"
#include "upstream/cluster_stats.h"

namespace outrider {

RouterConfig RouterConfig::read(ConfigView config) {
  return {.suppress_envoy_headers = config.boolean("suppress_envoy_headers"),
          .respect_expected_request_timeout = config.boolean("respect_expected_rq_timeout")};
}

static void set_number(HeaderMap& headers, HeaderId id, uint64_t number) {
  char text[20];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), number);
  headers.set(id, {text, static_cast<size_t>(end - text)});
}

// A copy in the stream's arena, or null.
template <typename T>
static T* copy(const T& value, Arena& arena) {
  void* const memory = arena.allocate(sizeof(T), alignof(T));
  return memory == nullptr ? nullptr : new (memory) T(value);
}

static uint16_t status_of(const HeaderMap& headers) {
  const std::string_view text = headers.get(HeaderId::Status);
  uint16_t status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
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

// May a try that is too slow go on beside the next?
static bool hedges(const RouteEntry& route, HeaderMap& headers) {
  if (headers.has(HeaderId::EnvoyHedgeOnPerTryTimeout)) {
    const std::string_view wish = headers.get(HeaderId::EnvoyHedgeOnPerTryTimeout);
    headers.remove(HeaderId::EnvoyHedgeOnPerTryTimeout);
    if (wish == "true" || wish == "false") return wish == "true";
  }
  return route.hedge_on_per_try_timeout;
}

void Router::choose_timeouts(const RouteEntry& route) {
  HeaderMap& headers = stream_.request_headers();
  const Timeouts timeouts =
      read_timeouts(route.timeouts, route.retry, config_.respect_expected_request_timeout, headers);
  timeout_ms_ = timeouts.global_ms;
  per_try_timeout_ms_ = timeouts.per_try_ms;
  per_try_idle_ms_ = timeouts.per_try_idle_ms;
  timeout_status_ = timeouts.status;
  hedges_ = hedges(route, headers);
  tell_timeout(0);
}

// What the upstream is told: the time that its try has, of what is left for all of them.
void Router::tell_timeout(uint64_t elapsed_ms) {
  const uint64_t ms = expected_timeout_ms(timeout_ms_, hedges_ ? 0 : per_try_timeout_ms_, elapsed_ms);
  if (ms == 0) return;
  HeaderMap& headers = stream_.request_headers();
  if (!config_.suppress_envoy_headers) set_number(headers, HeaderId::EnvoyExpectedRequestTimeoutMs, ms);
  tell_grpc_timeout(route_.route->timeouts, ms, headers);
}

void Router::tell_attempt_count(HeaderMap& headers) const {
  set_number(headers, HeaderId::EnvoyAttemptCount, stream_.info().attempt_count);
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
  return upstreams.pool(*cluster_, slot, route.priority);
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

// ---- copies and redirects ----------------------------------------------------------------------------------------

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
  const MirrorRequest::Source source{.headers = stream_.request_headers(),
                                     .body = body_,
                                     .trailers = trailers_,
                                     .context = stream_.format_context(),
                                     .scratch = stream_.scratch(),
                                     .local_ip = stream_.local_ip(),
                                     .timeout_ms = timeout_ms_};
  const std::vector<MirrorPolicy>& policies = route_.route->mirrors;
  for (size_t i = 0; i < policies.size(); ++i) {
    if ((mirrors_ >> i) & 1) {
      MirrorRequest::send(policies[i], stream_.worker(), stream_.upstreams(), source);
    }
  }
  mirrors_ = 0;
}

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

// ---- retries -----------------------------------------------------------------------------------------------------

// Is what became of a try to be tried again? Then the pause has begun, and the try is over.
bool Router::retry(UpstreamRequest& request, bool wanted, const HeaderMap* response) {
  if (!wanted && holds_retry_) {
    count(ClusterStat::upstream_rq_retry_success);
    count_routed(RouteStat::upstream_rq_retry_success);
  }
  release_retry();
  if (!wanted) return false;
  if (!retry_->take()) {
    count(ClusterStat::upstream_rq_retry_limit_exceeded);
    count_routed(RouteStat::upstream_rq_retry_limit_exceeded);
    stream_.info().set(ResponseFlag::UpstreamRetryLimitExceeded);
    return false;
  }
  const RoutePriority priority = route_.route->priority;
  if (!cluster_config_->breakers().try_acquire(priority, Resource::Retries)) {
    count(ClusterStat::upstream_rq_retry_overflow);
    count_routed(RouteStat::upstream_rq_retry_overflow);
    stream_.info().set(ResponseFlag::UpstreamOverflow);
    return false;
  }
  holds_retry_ = true;
  count(ClusterStat::upstream_rq_retry);
  count_routed(RouteStat::upstream_rq_retry);
  const RetryState::Pause pause =
      retry_->next_pause(response, stream_.worker().random, loop().wall_us() / 1'000'000);
  count(pause.told ? ClusterStat::upstream_rq_retry_backoff_ratelimited
                   : ClusterStat::upstream_rq_retry_backoff_exponential);
  if (!request.retried) {
    state_ = State::Pausing;
    request.forget_connection();
  }
  require(retry_at_ms_ = loop().now_ms() + pause.ms);
  return true;
}

void Router::release_retry() {
  if (!holds_retry_) return;
  holds_retry_ = false;
  cluster_config_->breakers().release(route_.route->priority, Resource::Retries);
}

// For the log, once there is a connection. A host that was tried may be gone when that is written.
void Router::note_attempt(const Host& host) {
  StreamInfo& info = stream_.info();
  AttemptedHost* attempt = &first_attempt_;
  const Address* address = &host.address;
  if (retry_ != nullptr) {
    address = copy(host.address, arena());
    if (last_attempt_ != nullptr) attempt = copy(AttemptedHost{}, arena());
    if (address == nullptr || attempt == nullptr) return;
  } else if (last_attempt_ != nullptr) {
    return;  // a stale connection's second
  }
  attempt->address = address;
  attempt->hostname = host.hostname;
  (last_attempt_ == nullptr ? info.first_attempt : last_attempt_->next) = attempt;
  last_attempt_ = attempt;
}

void Router::start_retry() {
  retry_at_ms_ = UINT64_MAX;
  is_retry_ = true;
  StreamInfo& info = stream_.info();
  ++info.attempt_count;
  cluster_ = find_cluster();  // it may have gone, or have been replaced
  HostSlot* const slot = cluster_ == nullptr ? nullptr : choose_host();
  if (slot == nullptr) return reply_no_host();
  const RouteResult& result = route_;
  HeaderMap& headers = stream_.request_headers();
  if (result.virtual_host->include_request_attempt_count) tell_attempt_count(headers);
  if (result.virtual_host->include_is_timeout_retry_header) {
    headers.set_ref(HeaderId::EnvoyIsTimeoutRetry, timed_out_ ? "true" : "false");
  }
  timed_out_ = false;
  if (tries_->active()) add_try();
  if (tries_->active()) return;
  tell_timeout(complete_ns_ == 0 ? 0 : (loop().now_ns() - complete_ns_) / 1'000'000);
  send(*slot);
}

void Router::on_try_reset(UpstreamRequest& request, ResetReason reason, std::string_view transport_failure) {
  if (reason == ResetReason::StaleConnection) {
    // The kernel of the peer never took the request, so nobody has seen it: send it again, once.
    if (!had_body_ && !retried_stale_) {
      retried_stale_ = true;
      cluster_ = find_cluster();
      if (HostSlot* const slot = cluster_ == nullptr ? nullptr : choose_host()) return send(*slot);
    }
    reason = ResetReason::ConnectionTermination;
  }
  if (retry_ != nullptr && !request.retried &&
      retry(request, retry_->wants(reason, request.sent_anything()), nullptr)) {
    return count_error(request);
  }
  if (reason != ResetReason::Overflow) count_error(request);
  count_response(request, answer_to(reason).status);
  if (others_may_answer(request)) return;
  reply_to_reset(reason, transport_failure);
}

// Another try is still at work, or will be.
bool Router::others_may_answer(const UpstreamRequest& request) const {
  if (retry_at_ms_ != UINT64_MAX) return true;
  for (const UpstreamRequest* other = tries_; other != nullptr; other = other->next) {
    if (other != &request && other->awaits_headers()) return true;
  }
  return false;
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
    set_number(headers, HeaderId::EnvoyUpstreamServiceTime, (now - complete_ns_) / 1'000'000);
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
  stream_.info().set(answer_to(reason).flag);
  stream_.on_upstream_cut_off();
}

void Router::pause_response(bool pause) {
  // Counted here: a pause may come before there is an answer to hold back, and an end without its beginning.
  if (!pause && response_pauses_ == 0) return;
  pause ? ++response_pauses_ : --response_pauses_;
  if (responding_ != nullptr) responding_->pause_response(pause);
}

// ---- time --------------------------------------------------------------------------------------------------------

uint64_t Router::deadline_ms() const {
  uint64_t deadline = std::min(global_deadline_ms_, retry_at_ms_);
  for (const UpstreamRequest* request = tries_; request != nullptr; request = request->next) {
    deadline = std::min(deadline, request->deadline_ms());
  }
  return deadline;
}

void Router::on_deadline() {
  const uint64_t now = loop().now_ms();
  if (global_deadline_ms_ <= now) return on_global_timeout();
  for (UpstreamRequest* request = tries_; request != nullptr; request = request->next) {
    if (request->deadline_ms() <= now) return on_try_deadline(*request);
  }
  if (retry_at_ms_ <= now) start_retry();
}

void Router::on_global_timeout() {
  const bool responding = state_ == State::Responding;
  count(ClusterStat::upstream_rq_timeout);
  count_routed(RouteStat::upstream_rq_timeout);
  for (UpstreamRequest* request = tries_; request != nullptr; request = request->next) {
    if (!request->active()) continue;
    stats().add(request->host()->state->stats, HostStat::rq_timeout);
    if (responding) continue;
    count_response(*request, timeout_status_);
    count_error(*request);
  }
  reply_to_timeout("response_timeout");
}

void Router::on_try_deadline(UpstreamRequest& request) {
  const uint64_t now = loop().now_ms();
  if (request.duration_deadline_ms <= now) return on_duration_reached(request);
  if (request.idle_deadline_ms <= now) {
    return on_try_timeout(request, ClusterStat::upstream_rq_per_try_idle_timeout,
                          "upstream_per_try_idle_timeout");
  }
  request.try_deadline_ms = UINT64_MAX;
  if (hedges_) return hedge(request);
  on_try_timeout(request, ClusterStat::upstream_rq_per_try_timeout, "upstream_per_try_timeout");
}

void Router::on_try_timeout(UpstreamRequest& request, ClusterStat stat, std::string_view details) {
  count(stat);
  stats().add(request.host()->state->stats, HostStat::rq_timeout);
  if (state_ == State::Responding) return reply_to_timeout(details);
  request.cancel();
  if (retry_ != nullptr && retry(request, retry_->wants(ResetReason::LocalReset, true), nullptr)) {
    timed_out_ = true;
    return count_error(request);
  }
  count_response(request, timeout_status_);
  count_error(request);
  reply_to_timeout(details);
}

// The try goes on, with another one beside it: the first good answer counts.
void Router::hedge(UpstreamRequest& request) {
  if (retry_ == nullptr) return;
  request.retried = true;
  request.retried = timed_out_ = retry(request, true, nullptr);
}

void Router::add_try() {
  void* const memory = arena().allocate(sizeof(UpstreamRequest), alignof(UpstreamRequest));
  if (memory == nullptr) return;  // the arena is spent: the stream ends by that
  auto* const request = new (memory) UpstreamRequest(*this);
  request->next = tries_;
  tries_ = request;
}

// The cluster's max_stream_duration.
void Router::on_duration_reached(UpstreamRequest& request) {
  count(ClusterStat::upstream_rq_max_duration_reached);
  const bool responding = state_ == State::Responding;
  request.cancel();
  if (!responding && retry_ != nullptr &&
      retry(request, retry_->wants(ResetReason::LocalReset, true), nullptr)) {
    return count_error(request);
  }
  stream_.info().set(ResponseFlag::UpstreamMaxStreamDurationReached);
  finish();
  if (responding) {
    stream_.info().response_code_details = "upstream_max_stream_duration_reached";
    return stream_.on_upstream_cut_off();
  }
  reply_with(request_ended_ ? 504 : 408, {}, "upstream_max_stream_duration_reached",
             "upstream max stream duration reached");
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
