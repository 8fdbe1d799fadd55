// Router: what runs out, and what becomes of the request then.
#include <algorithm>

#include "router/router.h"
#include "router/timeouts.h"

namespace outrider {

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
  if (!config_.suppress_envoy_headers) headers.set_number(HeaderId::EnvoyExpectedRequestTimeoutMs, ms);
  tell_grpc_timeout(route_.route->timeouts, ms, headers);
}

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

}  // namespace outrider
