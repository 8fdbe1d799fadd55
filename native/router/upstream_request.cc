#include "router/upstream_request.h"

#include <algorithm>
#include <utility>

#include "router/router.h"

namespace outrider {

void UpstreamRequest::start(ConnectionPool& pool, Ref<const Host> host) {
  host_ = std::move(host);
  pool_ = &pool;
  state_ = State::Waiting;
  sent_anything_ = sent_all_ = retried = false;
  StreamInfo& info = router_.stream_.info();
  info.upstream_host_name = host_->hostname;
  info.upstream_remote = &host_->address;
  info.upstream_local = nullptr;
  info.upstream_tls = nullptr;
  info.upstream_connection_id = 0;
  info.host_metadata = host_->metadata;
  info.timing.upstream_request_start_ns = router_.loop().now_ns();
  info.timing.upstream_pool_ready_ns = 0;
  pool.request(*this, *this);
}

void UpstreamRequest::note_connection(const UpstreamConnectionInfo& connection) {
  StreamInfo& info = router_.stream_.info();
  info.upstream_remote = &connection.remote;
  info.upstream_local = &connection.local;
  info.upstream_tls = connection.tls;
  info.upstream_connection_id = connection.id;
  router_.note_attempt(*host_);
  if (router_.last_attempt_ != nullptr) router_.last_attempt_->connection_id = connection.id;
  info.upstream_protocol = connection.protocol;
  info.timing.upstream_connect_start_ns = connection.connect_start_ns;
  info.timing.upstream_connect_complete_ns = connection.connect_complete_ns;
  info.timing.upstream_pool_ready_ns = info.timing.first_upstream_tx_byte_ns = router_.loop().now_ns();
}

void UpstreamRequest::on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& connection, bool) {
  encoder_ = &encoder;
  state_ = State::Sent;
  sent_anything_ = true;
  note_connection(connection);
  router_.count_routed(RouteStat::upstream_rq_total);
  const bool ended = router_.request_ended_ && router_.trailers_ == nullptr;
  const bool all = ended && router_.body_.empty();
  encoder.encode_headers(router_.stream_.request_headers(), all ? EndStream::Yes : EndStream::No);
  sent_all_ = all;
  awaits_tunnel_ = router_.connect_request_;
  if (!awaits_tunnel_) send_kept();
  if (encoder_ == nullptr) return;  // the connection broke while it was written to
  if (!awaits_tunnel_) router_.on_try_ready();
  if (router_.request_ended_) start_clocks();
  const uint64_t most = router_.cluster_config_->max_stream_duration_ms;
  if (most != 0) router_.require(duration_deadline_ms = router_.loop().now_ms() + most);
}

// What of the request came before there was anybody to send it to.
void UpstreamRequest::send_kept() {
  const bool ended = router_.request_ended_ && router_.trailers_ == nullptr;
  if (!router_.body_.empty()) {
    send_data(router_.body_, ended ? EndStream::Yes : EndStream::No);
    router_.loop().flush_lent();  // the encoder only borrows
  }
  if (router_.trailers_ != nullptr) send_trailers(*router_.trailers_);
}

void UpstreamRequest::forget_connection() {
  StreamInfo& info = router_.stream_.info();
  info.upstream_remote = &host_->address;
  info.upstream_local = nullptr;
  info.upstream_tls = nullptr;
}

void UpstreamRequest::on_pool_failure(ResetReason reason, std::string_view transport_failure) {
  router_.stream_.info().timing.upstream_pool_ready_ns = router_.loop().now_ns();
  ended();
  router_.on_try_reset(*this, reason, transport_failure);
}

void UpstreamRequest::send_data(std::string_view data, EndStream end) {
  if (!connected() || sent_all_) return;
  if (end == EndStream::Yes) sent_all_ = true;
  touch();
  encoder_->encode_data(data, end);
}

void UpstreamRequest::send_trailers(HeaderMap& trailers) {
  if (!connected() || sent_all_) return;
  sent_all_ = true;
  encoder_->encode_trailers(trailers);
}

void UpstreamRequest::start_clocks() {
  if (state_ != State::Sent) return;
  router_.stream_.info().timing.last_upstream_tx_byte_ns = router_.loop().now_ns();
  if (router_.per_try_timeout_ms_ != 0) {
    router_.require(try_deadline_ms = router_.loop().now_ms() + router_.per_try_timeout_ms_);
  }
  touch();
}

void UpstreamRequest::touch() {
  if (router_.per_try_idle_ms_ == 0) return;
  router_.require(idle_deadline_ms = router_.loop().now_ms() + router_.per_try_idle_ms_);
}

uint64_t UpstreamRequest::deadline_ms() const {
  return std::min({try_deadline_ms, idle_deadline_ms, duration_deadline_ms});
}

// Nothing may point into the connection any more, which goes with this turn.
void UpstreamRequest::ended() {
  encoder_ = nullptr;
  state_ = State::Idle;
  try_deadline_ms = idle_deadline_ms = duration_deadline_ms = UINT64_MAX;
  if (!std::exchange(pauses_client_, false)) return;
  router_.stream_.resume_request_input();
}

void UpstreamRequest::cancel() {
  if (state_ == State::Waiting && encoder_ == nullptr) pool_->cancel(*this);
  MessageEncoder* const encoder = encoder_;
  ended();
  if (encoder == nullptr) return;
  count_sent_reset();
  encoder->reset(ResetReason::LocalReset);
}

// Of HTTP/1 the whole connection goes.
void UpstreamRequest::count_sent_reset() {
  if (router_.stream_.info().upstream_protocol != Protocol::Http2) return;
  router_.count(ClusterStat::upstream_rq_tx_reset);
}

void UpstreamRequest::pause_response(bool pause) {
  if (encoder_ == nullptr) return;
  pause ? encoder_->pause_input() : encoder_->resume_input();
}

HeaderMap& UpstreamRequest::response_headers() { return router_.stream_.make_response_headers(); }
HeaderMap& UpstreamRequest::response_trailers() { return router_.stream_.make_response_trailers(); }
bool UpstreamRequest::is_head_request() const { return router_.head_request_; }
bool UpstreamRequest::is_connect_request() const { return router_.connect_request_; }
bool UpstreamRequest::is_upgrade_request() const { return router_.stream_.upgrade_request(); }

WireBytes* UpstreamRequest::wire_bytes() { return &router_.stream_.info().upstream_wire; }

Connection* UpstreamRequest::splice_target() { return router_.stream_.splice_target(); }

void UpstreamRequest::on_spliced(uint64_t bytes) {
  touch();
  router_.stream_.on_spliced(bytes);
}

void UpstreamRequest::on_1xx(HeaderMap& headers) { router_.stream_.on_upstream_1xx(headers); }

void UpstreamRequest::on_headers(HeaderMap& headers, EndStream end) {
  try_deadline_ms = UINT64_MAX;
  touch();
  if (awaits_tunnel_ && headers.get(HeaderId::Status).starts_with('2')) {
    awaits_tunnel_ = false;
    send_kept();
    if (encoder_ == nullptr) return;
    router_.on_try_ready();
  }
  if (end == EndStream::Yes) ended();
  router_.on_try_headers(*this, headers, end);
}

void UpstreamRequest::on_data(std::string_view data, EndStream end) {
  touch();
  if (end == EndStream::Yes) ended();
  router_.on_try_data(data, end);
}

void UpstreamRequest::on_trailers(HeaderMap& trailers) {
  ended();
  router_.on_try_trailers(trailers);
}

void UpstreamRequest::on_reset(ResetReason reason) {
  if (reason == ResetReason::RemoteReset) router_.count(ClusterStat::upstream_rq_rx_reset);
  if (reason == ResetReason::ProtocolError) count_sent_reset();
  const bool responding = state_ == State::Responding;
  ended();
  responding ? router_.on_response_reset(reason) : router_.on_try_reset(*this, reason, {});
}

void UpstreamRequest::on_output_full(bool full) {
  pauses_client_ = full;
  full ? router_.stream_.pause_request_input() : router_.stream_.resume_request_input();
}

}  // namespace outrider
