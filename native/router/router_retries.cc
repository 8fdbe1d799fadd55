// Router: tries that are made again, one after the other or beside each other.
#include <new>

#include "router/reset_answer.h"
#include "router/router.h"

namespace outrider {

// A copy in the stream's arena, or null.
template <typename T>
static T* copy(const T& value, Arena& arena) {
  void* const memory = arena.allocate(sizeof(T), alignof(T));
  return memory == nullptr ? nullptr : new (memory) T(value);
}

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

}  // namespace outrider
