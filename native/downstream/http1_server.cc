#include "downstream/http1_server.h"

#include <algorithm>
#include <utility>

#include "codec/http2/frame.h"
#include "connection/tls_facts.h"
#include "downstream/jitter.h"

namespace outrider {

Http1Server::Http1Server(HttpWorker& http, const HcmInstance& hcm, DownstreamOwner& owner,
                         const ConnectionInfo& info, uint32_t buffer_limit_bytes)
    : http_(http),
      hcm_(hcm),
      owner_(owner),
      connection_(http.worker, *this, buffer_limit_bytes),
      parser_(hcm.config().http1),
      info_(info),
      started_ns_(http.worker.loop.now_ns()),
      idle_since_ms_(http.worker.loop.now_ms()) {
  StatsBlock& stats = http_.worker.stats;
  stats.add(hcm_.stats, HttpStat::downstream_cx_total);
  stats.add(hcm_.stats, HttpStat::downstream_cx_active);
}

// ---- which codec ---------------------------------------------------------------------------------------------

void Http1Server::use_http1() {
  codec_chosen_ = true;
  StatsBlock& stats = http_.worker.stats;
  stats.add(hcm_.stats, HttpStat::downstream_cx_http1_total);
  stats.add(hcm_.stats, HttpStat::downstream_cx_http1_active);
  stats.add(hcm_.codec_stats, Http1Stat::created);
}

void Http1Server::use_http2() {
  codec_chosen_ = true;
  http2_ = std::make_unique<Http2Server>(http_, hcm_, *this, connection_, info_);
  http2_->start();
}

// As Envoy: what the configuration says, then ALPN, then whether the first bytes are HTTP/2's preface. False: they are
// too few to tell.
bool Http1Server::choose_codec(std::string_view bytes) {
  const CodecType configured = hcm_.config().codec_type;
  const std::string_view alpn = connection_.tls() == nullptr ? std::string_view{} : connection_.tls()->alpn();
  const bool ask_bytes = configured == CodecType::Auto && alpn.empty();
  constexpr std::string_view magic = http2::client_preface.substr(0, 12);
  if (ask_bytes && bytes.size() < magic.size() && magic.starts_with(bytes)) return false;
  const bool http2 = ask_bytes
                         ? bytes.starts_with(magic)
                         : configured == CodecType::Http2 || (configured == CodecType::Auto && alpn == "h2");
  http2 ? use_http2() : use_http1();
  return true;
}

void Http1Server::close_after_output(uint64_t linger_ms) { close(linger_ms); }

bool Http1Server::start(int fd) {
  connection_.tell_end_while_paused();  // as Envoy
  if (!connection_.accept(fd)) {
    destroy(CloseReason::Local);
    return false;
  }
  const HcmConfig& config = hcm_.config();
  if (config.max_connection_duration_ms != 0) {
    old_at_ms_ =
        idle_since_ms_ + with_jitter(config.max_connection_duration_ms,
                                     config.max_connection_duration_jitter_percent, http_.worker.random);
  }
  const uint64_t deadline = deadline_ms();
  if (deadline != UINT64_MAX) require_deadline(deadline);
  return true;
}

void Http1Server::count_read() {
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_rx_bytes_total, connection_.take_bytes_read());
}

void Http1Server::count_written() {
  const uint64_t written = connection_.take_bytes_written();
  if (written > 0) http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_tx_bytes_total, written);
}

// ---- requests ------------------------------------------------------------------------------------------------

size_t Http1Server::on_data(std::string_view bytes) {
  const size_t whole = bytes.size();
  count_read();
  if (!codec_chosen_ && !choose_codec(bytes)) return 0;
  if (http2_ != nullptr) return http2_->on_data(bytes);
  in_on_data_ = true;
  while (!bytes.empty() && connection_.open() && paused_ == 0) {
    if (phase_ == Phase::Waiting) {  // pipelined: its turn comes when the answer is out
      hold_input();
      break;
    }
    if (phase_ == Phase::Idle && !may_begin(bytes)) break;
    const size_t used = phase_ == Phase::Head ? parse_head(bytes) : parse_body(bytes);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  in_on_data_ = false;
  return whole - bytes.size();
}

void Http1Server::hold_input() {
  if (!std::exchange(input_paused_, true)) connection_.pause_reads();
}

// The next request begins, unless there is none yet, or the client has not taken the answers that it has got: else
// one that pipelines and never reads would fill our memory.
bool Http1Server::may_begin(std::string_view& bytes) {
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  if (bytes.empty()) return false;
  if (connection_.output().bytes() > connection_.limit_bytes()) connection_.send_now();
  if (!connection_.open()) return false;
  if (connection_.output_full()) {
    hold_input();
    return false;
  }
  begin_stream();
  return true;
}

void Http1Server::begin_stream() {
  phase_ = Phase::Head;
  parser_.start();
  stream_ = http_.streams.make(*this, *this, Protocol::Http11);
}

size_t Http1Server::parse_head(std::string_view bytes) {
  switch (parser_.parse_request(bytes, stream_->request_headers())) {
    case http1::ParseStatus::NeedMore:
      return 0;
    case http1::ParseStatus::Error:
      phase_ = Phase::Waiting;
      stream_->info().downstream_wire.received += bytes.size();
      stream_->on_protocol_error(parser_.error().status, parser_.error().details);
      return bytes.size();
    case http1::ParseStatus::Head:
      break;
  }
  const size_t used = parser_.head().bytes;
  stream_->info().downstream_wire.received += used;
  on_head();
  return used;
}

void Http1Server::on_head() {
  const http1::Head& head = parser_.head();
  StatsBlock& stats = http_.worker.stats;
  if (head.dropped_underscore_headers > 0) {
    stats.add(hcm_.codec_stats, Http1Stat::dropped_headers_with_underscores, head.dropped_underscore_headers);
  }
  HeaderMap& headers = stream_->request_headers();
  request_ = {.head_request = headers.get(HeaderId::Method) == "HEAD",
              .connect_request = head.connect,
              .upgrade_requested = head.upgrade,
              .minor_version = head.minor_version};
  client_wants_close_ = !head.keep_alive;
  ++requests_;
  const uint32_t most = hcm_.config().max_requests_per_connection;
  if (most != 0 && requests_ >= most) {
    client_wants_close_ = close_after_response_ = true;
    stats.add(hcm_.stats, HttpStat::downstream_cx_max_requests_reached);
  }
  if (http10()) stream_->info().protocol = Protocol::Http10;
  if (head.expect_continue) stream_->set_expects_continue();
  const bool end = head.framing == http1::Framing::None;
  phase_ = end ? Phase::Waiting : Phase::Body;
  body_.start(head, hcm_.config().http1);
  stream_->on_headers(headers, end ? EndStream::Yes : EndStream::No);
}

size_t Http1Server::parse_body(std::string_view bytes) {
  const size_t whole = bytes.size();
  const bool chunked = parser_.head().framing == http1::Framing::Chunked;
  while (phase_ == Phase::Body && stream_ != nullptr) {
    HeaderMap& trailers = chunked ? stream_->request_trailers() : stream_->request_headers();
    const http1::BodyResult result = body_.decode(bytes, trailers);
    bytes.remove_prefix(result.consumed);
    stream_->info().downstream_wire.received += result.consumed;
    switch (result.status) {
      case http1::BodyStatus::NeedMore:
        return whole - bytes.size();
      case http1::BodyStatus::Data: {
        const bool last = body_.done();
        if (last) phase_ = Phase::Waiting;
        stream_->on_data(result.data, last ? EndStream::Yes : EndStream::No);
        if (paused_ > 0 || bytes.empty()) return whole - bytes.size();
        break;
      }
      case http1::BodyStatus::Done:
        phase_ = Phase::Waiting;
        if (chunked && !trailers.empty()) {
          stream_->on_trailers(trailers);
        } else {
          stream_->on_data({}, EndStream::Yes);
        }
        break;
      case http1::BodyStatus::Error:
        phase_ = Phase::Waiting;
        stream_->on_protocol_error(body_.error().status, body_.error().details);
        return whole;
    }
  }
  return whole - bytes.size();
}

void Http1Server::on_connected() {
  info_.on_secured(connection_.tls(), http_.worker.loop.now_ns());
  if (info_.tls == nullptr) return;
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_ssl_total);
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_ssl_active);
}

void Http1Server::on_end_of_input() {
  if (!connection_.open()) return;
  StatsBlock& stats = http_.worker.stats;
  info_.end_ns = http_.worker.loop.now_ns();
  if (stream_ != nullptr) {
    stats.add(hcm_.stats, HttpStat::downstream_cx_destroy_remote_active_rq);
    stats.add(hcm_.stats, HttpStat::downstream_cx_destroy_active_rq);
    // Told first, so that nothing is written any more.
    std::exchange(stream_, nullptr)->on_reset(ResetReason::ConnectionTermination);
  }
  abandon_http2(HttpStat::downstream_cx_destroy_remote_active_rq);
  destroy(CloseReason::Remote);
}

void Http1Server::on_closed(CloseReason reason) {
  if (closed_) return;
  if (reason == CloseReason::Local && lingers_) {
    http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_delayed_close_timeout);
  }
  info_.end_ns = http_.worker.loop.now_ns();
  info_.transport_failure_reason = connection_.transport_failure();
  if (stream_ != nullptr) {
    http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_destroy_active_rq);
    std::exchange(stream_, nullptr)->on_reset(ResetReason::ConnectionTermination);
  }
  abandon_http2(reason == CloseReason::Local ? HttpStat::downstream_cx_destroy_local_active_rq
                                             : HttpStat::downstream_cx_destroy_remote_active_rq);
  destroy(reason);
}

void Http1Server::abandon_http2(HttpStat ended_by) {
  if (http2_ == nullptr || http2_->idle()) return;
  http_.worker.stats.add(hcm_.stats, ended_by);
  http_.worker.stats.add(hcm_.stats, HttpStat::downstream_cx_destroy_active_rq);
  http2_->abandon();
}

void Http1Server::on_output_full(bool full) {
  if (http2_ != nullptr) return http2_->on_output_full(full);
  if (stream_ != nullptr) stream_->on_output_full(full);
  if (!full && phase_ == Phase::Idle && std::exchange(input_paused_, false)) connection_.resume_reads();
}

// ---- responses -----------------------------------------------------------------------------------------------

void Http1Server::encode_1xx(const HeaderMap& headers) {
  if (http10()) return;
  const uint64_t before = connection_.output().bytes();
  const http1::Encoded encoded = http1::encode_response_head(
      headers, EndStream::No, request_, hcm_.config().http1_encoder, connection_.output());
  WireBytes& wire = stream_->info().downstream_wire;
  wire.header_sent += encoded.field_bytes;
  wire.sent += connection_.output().bytes() - before;
  connection_.send_soon();
}

void Http1Server::encode_headers(const HeaderMap& headers, EndStream end) {
  const uint64_t before = connection_.output().bytes();
  const http1::Encoded encoded =
      http1::encode_response_head(headers, end, request_, hcm_.config().http1_encoder, connection_.output());
  response_framing_ = encoded.framing;
  WireBytes& wire = stream_->info().downstream_wire;
  wire.header_sent += encoded.field_bytes;
  wire.sent += connection_.output().bytes() - before;
  if (response_framing_ == http1::Framing::UntilClose || encoded.failed) close_after_response_ = true;
  connection_.send_soon();
}

void Http1Server::encode_data(std::string_view data, EndStream end) {
  OutputBuffer& output = connection_.output();
  if (response_framing_ == http1::Framing::None) return;  // HEAD and the like
  const uint64_t before = output.bytes();
  http1::encode_body(data, end, response_framing_, hcm_.config().http1_encoder, output);
  stream_->info().downstream_wire.sent += output.bytes() - before;
  connection_.send_soon();
}

Connection* Http1Server::splice_target() {
  const bool plain =
      response_framing_ == http1::Framing::Length || response_framing_ == http1::Framing::UntilClose;
  return plain && connection_.plain() && connection_.open() ? &connection_ : nullptr;
}

void Http1Server::encode_trailers(const HeaderMap& trailers) {
  if (response_framing_ != http1::Framing::Chunked) return;
  OutputBuffer& output = connection_.output();
  const uint64_t before = output.bytes();
  http1::encode_last_chunk(&trailers, hcm_.config().http1_encoder, output);
  stream_->info().downstream_wire.sent += output.bytes() - before;
  connection_.send_soon();
}

// A response that breaks off: what was written so far goes out, then the connection ends.
void Http1Server::reset(ResetReason) { close_after_response_ = true; }

void Http1Server::on_stream_complete(ActiveStream& stream) {
  if (stream_ != &stream) return;
  const bool tunnel = response_framing_ == http1::Framing::Tunnel;
  stream_ = nullptr;
  while (paused_ > 0) resume_input();
  if (!connection_.open()) return;
  if (phase_ != Phase::Waiting || close_after_response_ || tunnel)
    return close(hcm_.config().delayed_close_timeout_ms);
  // A client that asked for the end sends no more, so there is nothing to wait for.
  if (client_wants_close_)
    return close(connection_.kept_bytes() > 0 ? hcm_.config().delayed_close_timeout_ms : 0);
  phase_ = Phase::Idle;
  response_framing_ = http1::Framing::None;
  idle_since_ms_ = http_.worker.loop.now_ms();
  count_written();
  const uint64_t deadline = deadline_ms();
  if (deadline != UINT64_MAX) require_deadline(deadline);
  if (!connection_.output_full() && std::exchange(input_paused_, false)) connection_.resume_reads();
}

bool Http1Server::draining() const {
  return drain_at_ms_ != UINT64_MAX || soft_drain_ || http_.drain.drain_close(http_.worker);
}

void Http1Server::drain() {
  if (http2_ != nullptr) return http2_->drain();
  drain_at_ms_ = std::min(drain_at_ms_, http_.worker.loop.now_ms());
  if (stream_ == nullptr) require_deadline(idle_end_ms());
}

// When an idle connection that drains ends.
uint64_t Http1Server::idle_end_ms() const {
  return drain_at_ms_ == UINT64_MAX ? UINT64_MAX : std::max(drain_at_ms_, idle_since_ms_ + next_request_ms);
}

// ---- ends ----------------------------------------------------------------------------------------------------

void Http1Server::close(uint64_t linger_ms) {
  if (!connection_.open()) return;
  lingers_ = linger_ms > 0;
  connection_.close_when_written(linger_ms);
}

void Http1Server::destroy(CloseReason reason) {
  if (closed_) return;
  closed_ = true;
  count_written();
  connection_.close();
  cancel();
  ListLink<DownstreamConnection>::unlink();
  StatsBlock& stats = http_.worker.stats;
  stats.sub(hcm_.stats, HttpStat::downstream_cx_active);
  if (info_.tls != nullptr) stats.sub(hcm_.stats, HttpStat::downstream_cx_ssl_active);
  if (codec_chosen_ && http2_ == nullptr) stats.sub(hcm_.stats, HttpStat::downstream_cx_http1_active);
  if (soft_drain_) stats.sub(hcm_.stats, HttpStat::downstream_cx_http1_soft_drain);
  stats.add(hcm_.stats, HttpStat::downstream_cx_destroy);
  stats.add(hcm_.stats, reason == CloseReason::Local ? HttpStat::downstream_cx_destroy_local
                                                     : HttpStat::downstream_cx_destroy_remote);
  stats.record(hcm_.stats, HttpStat::downstream_cx_length_ms,
               (http_.worker.loop.now_ns() - started_ns_) / 1'000'000);
  http_.worker.loop.free_later(*this);
  owner_.on_downstream_closed(started_ns_);
}

void Http1Server::free_deferred() { http_.http1_servers.destroy(this); }

uint64_t Http1Server::deadline_ms() const {
  if (http2_ != nullptr) return http2_->deadline_ms();
  const HcmConfig& config = hcm_.config();
  uint64_t deadline = stream_ == nullptr ? idle_end_ms() : stream_->deadline_ms();
  if (stream_ == nullptr && config.idle_timeout_ms != 0 && drain_at_ms_ == UINT64_MAX) {
    deadline = std::min(deadline, idle_since_ms_ + config.idle_timeout_ms);
  }
  return drain_at_ms_ == UINT64_MAX ? std::min(deadline, old_at_ms_) : deadline;
}

void Http1Server::on_timer() {
  const HcmConfig& config = hcm_.config();
  StatsBlock& stats = http_.worker.stats;
  const uint64_t now = http_.worker.loop.now_ms();
  if (closed_ || !connection_.open()) return;
  if (http2_ != nullptr) return http2_->on_timer();
  if (stream_ != nullptr && stream_->deadline_ms() <= now) stream_->on_deadline();
  if (closed_ || !connection_.open()) return;
  if (stream_ == nullptr && idle_end_ms() <= now) return close(0);
  const bool old = old_at_ms_ <= now;
  const bool idle =
      stream_ == nullptr && config.idle_timeout_ms != 0 && idle_since_ms_ + config.idle_timeout_ms <= now;
  if (drain_at_ms_ == UINT64_MAX && (old || idle)) {
    stats.add(hcm_.stats,
              old ? HttpStat::downstream_cx_max_duration_reached : HttpStat::downstream_cx_idle_timeout);
    if (requests_ == 0 && stream_ == nullptr) return close(0);
    if (old && config.http1_safe_max_connection_duration) {
      old_at_ms_ = UINT64_MAX;
      soft_drain_ = true;
      stats.add(hcm_.stats, HttpStat::downstream_cx_http1_soft_drain);
    } else {
      drain_at_ms_ = now + with_jitter(config.drain_timeout_ms, config.drain_timeout_jitter_percent,
                                       http_.worker.random);
    }
  }
  const uint64_t deadline = deadline_ms();
  if (deadline != UINT64_MAX) require_deadline(std::max(deadline, now + 1));
}

}  // namespace outrider
