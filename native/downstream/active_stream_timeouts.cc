// ActiveStream: what runs out.
#include <algorithm>

#include "downstream/active_stream.h"

namespace outrider {

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
