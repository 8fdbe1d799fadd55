#include "upstream/pool/pooled_connection.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace outrider {

PooledConnection::PooledConnection(PoolBase& pool, Protocol protocol, uint32_t streams_max)
    : pool_(pool),
      connection_(pool.worker(), *this, pool.cluster().connection_buffer_bytes_max),
      streams_max_(streams_max),
      promised_(streams_max) {
  info_.id = pool_.worker().connection_id();
  info_.remote = pool_.host().address;
  info_.protocol = protocol;
  info_.connect_start_ns = pool_.loop().now_ns();
}

void PooledConnection::connect(int fd, std::unique_ptr<TransportSocket> transport) {
  connection_.set_transport(std::move(transport));
  pool_.loop().timers().arm(*this, pool_.loop().now_ms() + pool_.cluster().connect_timeout_ms);
  connection_.connect(fd, info_.remote);
}

void PooledConnection::on_connected() {
  info_.connect_complete_ns = pool_.loop().now_ns();
  info_.tls = connection_.tls();
  sockaddr_storage local;
  socklen_t bytes = sizeof(local);
  if (getsockname(connection_.fd(), reinterpret_cast<sockaddr*>(&local), &bytes) == 0) {
    info_.local = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&local), bytes);
  }
  pool_.stats().record(pool_.cluster().stats.cluster, ClusterStat::upstream_cx_connect_ms,
                       (info_.connect_complete_ns - info_.connect_start_ns) / 1'000'000);
  cancel();
  pool_.on_connected(*this);
  state_ = State::Open;
  start_idle_clock();
  on_open();
}

// ---- exchanges ---------------------------------------------------------------------------------------------------

void PooledConnection::begin_exchange() {
  ++active_;
  ++requests_;
  const uint32_t most = pool_.cluster().max_requests_per_connection;
  if (most != 0 && requests_ >= most && !draining_) {
    draining_ = true;
    pool_.count(ClusterStat::upstream_cx_max_requests);
  }
}

void PooledConnection::end_exchange() {
  --active_;
  pool_.end_exchange();
  count_bytes();
}

void PooledConnection::count_bytes() {
  const uint64_t read = connection_.take_bytes_read();
  const uint64_t written = connection_.take_bytes_written();
  written_before_ += written;
  if (read > 0) pool_.count(ClusterStat::upstream_cx_rx_bytes_total, read);
  if (written > 0) pool_.count(ClusterStat::upstream_cx_tx_bytes_total, written);
}

void PooledConnection::count_broken(CloseReason closed_by) {
  pool_.count(ClusterStat::upstream_cx_destroy_with_active_rq);
  pool_.count(closed_by == CloseReason::Local ? ClusterStat::upstream_cx_destroy_local_with_active_rq
                                              : ClusterStat::upstream_cx_destroy_remote_with_active_rq);
}

// ---- clocks ------------------------------------------------------------------------------------------------------

void PooledConnection::start_idle_clock() {
  idle_since_ms_ = pool_.loop().now_ms();
  watch_deadline();
}

uint64_t PooledConnection::deadline_ms() const {
  const ClusterConfig& cluster = pool_.cluster();
  uint64_t deadline = UINT64_MAX;
  if (active_ == 0 && pool_.idle_timeout_ms() != 0) deadline = idle_since_ms_ + pool_.idle_timeout_ms();
  if (cluster.max_connection_duration_ms != 0) {
    deadline = std::min(deadline, info_.connect_complete_ns / 1'000'000 + cluster.max_connection_duration_ms);
  }
  return deadline;
}

void PooledConnection::watch_deadline() {
  const uint64_t deadline = deadline_ms();
  if (deadline != UINT64_MAX && !draining_) pool_.loop().timers().require(*this, deadline);
}

void PooledConnection::on_timer() {
  const uint64_t now = pool_.loop().now_ms();
  if (state_ == State::Connecting) {
    pool_.count(ClusterStat::upstream_cx_connect_timeout);
    destroy(CloseReason::ConnectFailed);
    return pool_.on_connect_failure(ResetReason::ConnectTimeout, {});
  }
  if (draining_) return;
  if (deadline_ms() > now) return watch_deadline();
  const ClusterConfig& cluster = pool_.cluster();
  const bool too_old = cluster.max_connection_duration_ms != 0 &&
                       info_.connect_complete_ns / 1'000'000 + cluster.max_connection_duration_ms <= now;
  pool_.count(too_old ? ClusterStat::upstream_cx_max_duration_reached
                      : ClusterStat::upstream_cx_idle_timeout);
  drain();
}

// ---- ends --------------------------------------------------------------------------------------------------------

void PooledConnection::drain() {
  draining_ = true;
  if (active_ == 0) return destroy(CloseReason::Local);
  pool_.set_busy(*this);
}

void PooledConnection::on_end_of_input() { on_closed(CloseReason::Remote); }

void PooledConnection::on_closed(CloseReason reason) {
  if (state_ == State::Closed) return;
  if (state_ == State::Open) return on_broken(reason);
  destroy(reason);
  std::string text(connection_.transport_failure());
  if (text.empty() && connection_.connect_error() != 0)
    text.append("delayed connect error: ").append(strerrordesc_np(connection_.connect_error()));
  pool_.on_connect_failure(ResetReason::ConnectionFailure, text);
}

void PooledConnection::destroy(CloseReason reason) {
  if (state_ == State::Closed) return;
  const bool was_connecting = std::exchange(state_, State::Closed) == State::Connecting;
  cancel();
  count_bytes();
  connection_.close();
  unlink();
  const StatScope<ClusterStat> stats = pool_.cluster().stats.cluster;
  pool_.stats().record(stats, ClusterStat::upstream_cx_length_ms,
                       (pool_.loop().now_ns() - info_.connect_start_ns) / 1'000'000);
  if (!was_connecting && info_.protocol != Protocol::None) {
    pool_.stats().record(stats, ClusterStat::upstream_rq_per_cx, requests_);
  }
  pool_.loop().free_later(*this);
  pool_.on_connection_gone(*this, was_connecting, reason);
}

}  // namespace outrider
