#include "downstream/http2_server.h"

#include <algorithm>
#include <utility>

#include "downstream/jitter.h"

namespace outrider {

Http2Server::Http2Server(HttpWorker& http, const HcmInstance& hcm, Http2Parent& parent,
                         Connection& connection, const ConnectionInfo& info)
    : http_(http),
      hcm_(hcm),
      parent_(parent),
      connection_(connection),
      info_(info),
      mux_(http2::Role::Server, hcm.config().http2, http.worker, http.http2_space, connection.output(), *this,
           hcm.http2_stats),
      idle_since_ms_(http.worker.loop.now_ms()) {
  mux_.set_flush_timeout(hcm.config().stream_flush_timeout_ms);
  StatsBlock& stats = http_.worker.stats;
  stats.add(hcm_.stats, HttpStat::downstream_cx_http2_total);
  stats.add(hcm_.stats, HttpStat::downstream_cx_http2_active);
}

Http2Server::~Http2Server() { http_.worker.stats.sub(hcm_.stats, HttpStat::downstream_cx_http2_active); }

void Http2Server::start() {
  const HcmConfig& config = hcm_.config();
  if (config.max_connection_duration_ms != 0) {
    old_at_ms_ =
        idle_since_ms_ + with_jitter(config.max_connection_duration_ms,
                                     config.max_connection_duration_jitter_percent, http_.worker.random);
  }
  mux_.start();
  parent_.require_deadline(deadline_ms());
}

RequestDecoder& Http2Server::on_request(http2::Stream& stream) {
  ++requests_;
  const uint32_t most = hcm_.config().max_requests_per_connection;
  if (most != 0 && requests_ >= most && drain_ == Drain::None) {
    http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_max_requests_reached);
    drain();
  }
  return *http_.streams.make(*this, stream, Protocol::Http2);
}

// A response has ended: while the worker drains, that is the time to say so.
void Http2Server::on_stream_complete(ActiveStream&) {
  if (drain_ != Drain::None || !connection_.open() || !http_.drain.drain_close(http_.worker)) return;
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_drain_close);
  drain();
}

void Http2Server::on_stream_closed() {
  if (!idle()) return;
  idle_since_ms_ = http_.worker.loop.now_ms();
  if (drain_ == Drain::Last) return parent_.close_after_output(hcm_.config().delayed_close_timeout_ms);
  parent_.require_deadline(deadline_ms());
}

void Http2Server::on_connection_error(std::string_view) {
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_protocol_error);
  parent_.close_after_output(hcm_.config().delayed_close_timeout_ms);
}

void Http2Server::drain() {
  if (drain_ != Drain::None || !connection_.open()) return;
  drain_ = Drain::Announced;
  mux_.send_shutdown_notice();
  const HcmConfig& config = hcm_.config();
  drain_at_ms_ =
      http_.worker.loop.now_ms() +
      with_jitter(config.drain_timeout_ms, config.drain_timeout_jitter_percent, http_.worker.random);
  parent_.require_deadline(drain_at_ms_);
}

uint64_t Http2Server::deadline_ms() const {
  uint64_t deadline = mux_.deadline_ms();
  mux_.for_each_request([&deadline](RequestDecoder& request) {
    deadline = std::min(deadline, static_cast<ActiveStream&>(request).deadline_ms());
  });
  if (drain_ == Drain::Announced) return std::min(deadline, drain_at_ms_);
  if (drain_ == Drain::Last) return deadline;
  const uint64_t idle_timeout_ms = hcm_.config().idle_timeout_ms;
  if (idle() && idle_timeout_ms != 0) deadline = std::min(deadline, idle_since_ms_ + idle_timeout_ms);
  return std::min(deadline, old_at_ms_);
}

void Http2Server::on_timer() {
  const uint64_t now = http_.worker.loop.now_ms();
  mux_.on_deadline();
  // Whoever is told may end itself and others; all of them stay in memory until the end of the turn.
  due_.clear();
  mux_.for_each_request([this, now](RequestDecoder& request) {
    auto& stream = static_cast<ActiveStream&>(request);
    if (stream.deadline_ms() <= now) due_.push_back(&stream);
  });
  for (ActiveStream* stream : due_) stream->on_deadline();
  if (!connection_.open()) return;
  StatsBlock& stats = http_.worker.stats;
  const HcmConfig& config = hcm_.config();
  if (drain_ == Drain::Announced && drain_at_ms_ <= now) {
    drain_ = Drain::Last;
    mux_.go_away();
    if (idle()) return parent_.close_after_output(config.delayed_close_timeout_ms);
  } else if (drain_ == Drain::None) {
    const bool old = old_at_ms_ <= now;
    const bool lazy = idle() && config.idle_timeout_ms != 0 && idle_since_ms_ + config.idle_timeout_ms <= now;
    if (old || lazy) {
      stats.add(hcm_.stats,
                old ? HttpStat::downstream_cx_max_duration_reached : HttpStat::downstream_cx_idle_timeout);
      drain();
    }
  }
  const uint64_t deadline = deadline_ms();
  if (deadline != UINT64_MAX) parent_.require_deadline(std::max(deadline, now + 1));
}

}  // namespace outrider
