#include "upstream/pool/http2.h"

#include <algorithm>
#include <cstdlib>

#include "connection/tls_facts.h"
#include "upstream/pool/http1.h"
#include "upstream/pool/http2_upgrade.h"

namespace outrider {

Http2Client::Http2Client(Http2Pool& pool)
    : PooledConnection(pool, Protocol::Http2,
                       std::min(pool.options_.concurrent_streams_max, std::max(1u, pool.peer_streams_max_))),
      mux_(http2::Role::Client, pool.options_, pool.worker(), pool.space_, connection_.output(), *this,
           pool.cluster().stats.http2) {
  pool.count(ClusterStat::upstream_cx_http2_total);
}

Http2Pool& Http2Client::pool() { return static_cast<Http2Pool&>(pool_); }

static bool chose_http1(const Connection& connection) {
  return connection.tls() == nullptr || connection.tls()->alpn() != "h2";
}

void Http2Client::on_open() {
  if (pool().cluster().protocol == UpstreamProtocol::Alpn && chose_http1(connection_)) {
    pool().fall_back();
    return destroy(CloseReason::Local);
  }
  streams_max_ = std::min(streams_max_, mux_.peer_streams_max());
  mux_.start();
  watch_clock();
  pool().on_client_ready(*this);
}

// ---- exchanges ---------------------------------------------------------------------------------------------------

void Http2Client::attach(PoolWaiter& waiter) {
  begin_exchange();
  if (draining_) pool_.set_busy(*this);  // its last one
  ResponseDecoder& decoder = waiter.decoder();
  const bool reused = requests_ > 1;
  if (decoder.is_upgrade_request() || decoder.is_connect_request()) {
    Http2Upgrade& upgrade = Http2Upgrade::make(decoder, pool_.worker());
    upgrade.set_encoder(mux_.open(upgrade));
    return waiter.on_pool_ready(upgrade, info_, reused);
  }
  waiter.on_pool_ready(mux_.open(decoder), info_, reused);
}

// Whoever waits for the place, or for the end, has it when the turn ends: this comes from within the codec.
void Http2Client::on_stream_closed() {
  const bool had_room = room() > 0;
  end_exchange();
  if (!open()) return;
  if (active_ == 0) start_idle_clock();
  const bool ends = draining_ && active_ == 0;
  if (ends || (!had_room && room() > 0)) pool_.loop().at_end_of_turn(*this);
}

void Http2Client::on_settings() {
  pool().peer_streams_max_ = mux_.peer_streams_max();
  streams_max_ = std::min(pool().options_.concurrent_streams_max, mux_.peer_streams_max());
  if (!open()) return;
  if (room() == 0) return pool_.set_busy(*this);
  pool_.loop().at_end_of_turn(*this);
}

void Http2Client::on_end_of_turn() {
  if (!open()) return;
  if (mux_.dead() || (draining_ && active_ == 0)) return destroy(CloseReason::Local);
  if (room() > 0) pool().on_client_ready(*this);
}

size_t Http2Client::on_data(std::string_view bytes) {
  count_bytes();
  const size_t taken = mux_.on_data(bytes);
  if (open()) watch_clock();
  return taken;
}

void Http2Client::on_output_full(bool full) {
  pool_.count(full ? ClusterStat::upstream_flow_control_backed_up_total
                   : ClusterStat::upstream_flow_control_drained_total);
  mux_.on_output_full(full);
}

// Clients have none: the codec refuses streams that the peer opens.
RequestDecoder& Http2Client::on_request(http2::Stream&) { std::abort(); }

// ---- ends --------------------------------------------------------------------------------------------------------

// Whoever is told of an end may ask again at once: not this connection. Those that go on end first.
void Http2Client::on_no_new_streams() {
  if (!open()) return;
  draining_ = true;
  pool_.set_busy(*this);
  pool_.loop().at_end_of_turn(*this);
  if (mux_.dead()) abandon_exchanges();
}

// A dead codec does not tell of each.
void Http2Client::abandon_exchanges() {
  while (active_ > 0) end_exchange();
}

void Http2Client::on_goaway(http2::ErrorCode) { pool_.count(ClusterStat::upstream_cx_close_notify); }

void Http2Client::on_connection_error(std::string_view) {
  if (!open()) return;
  pool_.count(ClusterStat::upstream_cx_protocol_error);
  connection_.send_now();
}

void Http2Client::on_broken(CloseReason reason) {
  if (active_ > 0) count_broken(reason);
  on_no_new_streams();
  abandon_exchanges();
  mux_.abandon(ResetReason::ConnectionTermination);
  destroy(reason);
}

// ---- clocks ------------------------------------------------------------------------------------------------------

void Http2Client::watch_clock() {
  const uint64_t deadline = mux_.deadline_ms();
  if (deadline != UINT64_MAX) pool_.loop().timers().require(clock_, deadline);
}

void Http2Client::on_clock() {
  if (!open()) return;
  if (mux_.deadline_ms() <= pool_.loop().now_ms()) mux_.on_deadline();
  if (open()) watch_clock();
}

// ---- pool --------------------------------------------------------------------------------------------------------

static std::string_view alpn_of(const ClusterConfig& cluster) {
  return cluster.protocol == UpstreamProtocol::Alpn ? "h2,http/1.1" : "h2";
}

Http2Pool::Http2Pool(const PoolContext& context)
    : PoolOf(context, {context.cluster->idle_timeout_ms, false, alpn_of(*context.cluster)}),
      space_(*context.http2) {
  options_.header_bytes_max = cluster().max_response_headers_kb * 1024;
  options_.header_count_max = cluster().max_response_headers_count;
  http2::read_options(cluster().http2_options, options_);
}

void Http2Pool::request(PoolWaiter& waiter, ResponseDecoder& decoder) {
  if (fallback_ != nullptr) {
    fallback_->set_host(context().host);
    return fallback_->request(waiter, decoder);
  }
  set_decoder(waiter, decoder);
  take(waiter);
}

void Http2Pool::fall_back() {
  if (fallback_ == nullptr) fallback_ = new Http1Pool(context());
  if (draining()) fallback_->drain();
  while (Waiter* const waiter = waiting_.front()) {
    dequeue(*waiter);
    auto& http = static_cast<PoolWaiter&>(*waiter);
    fallback_->request(http, http.decoder());
  }
}

void Http2Pool::on_drain() {
  if (fallback_ != nullptr) fallback_->drain();
}

}  // namespace outrider
