#include "upstream/pool/tcp_tunnel.h"

#include <cstring>
#include <string>
#include <utility>

namespace outrider {

TcpTunnel::TcpTunnel(TcpTunnelPool& pool, int fd)
    : pool_(pool), connection_(pool.context_.worker, *this, pool.cluster().connection_buffer_bytes_max) {
  EventLoop& loop = pool_.context_.worker.loop;
  info_.id = pool_.context_.worker.connection_id();
  info_.remote = pool_.host().address;
  info_.connect_start_ns = loop.now_ns();
  loop.timers().arm(*this, loop.now_ms() + pool_.cluster().connect_timeout_ms);
  connection_.connect(fd, info_.remote);
}

void TcpTunnel::on_connected() {
  cancel();
  state_ = State::Open;
  info_.connect_complete_ns = pool_.context_.worker.loop.now_ns();
  sockaddr_storage local;
  socklen_t bytes = sizeof(local);
  if (getsockname(connection_.fd(), reinterpret_cast<sockaddr*>(&local), &bytes) == 0) {
    info_.local = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&local), bytes);
  }
  pool_.on_tunnel_ready(*this);
}

void TcpTunnel::attach(PoolWaiter& waiter, ResponseDecoder& decoder) {
  decoder_ = &decoder;
  waiter.on_pool_ready(*this, info_, false);
  if (decoder_ == nullptr) return;
  HeaderMap& headers = decoder_->response_headers();
  headers.set_ref(HeaderId::Status, "200");
  decoder_->on_headers(headers, EndStream::No);
}

// The request's head was for us.
void TcpTunnel::encode_headers(const HeaderMap&, EndStream end) {
  if (end == EndStream::Yes) connection_.end_output();
}

void TcpTunnel::encode_data(std::string_view data, EndStream end) {
  connection_.output().append_borrowed(data);
  connection_.send_soon();
  if (end == EndStream::Yes) connection_.end_output();
}

void TcpTunnel::encode_trailers(const HeaderMap&) { connection_.end_output(); }

void TcpTunnel::reset(ResetReason) {
  if (std::exchange(decoder_, nullptr) == nullptr) return;
  pool_.count(ClusterStat::upstream_cx_destroy_with_active_rq);
  pool_.count(ClusterStat::upstream_cx_destroy_local_with_active_rq);
  pool_.on_exchange_over();
  destroy(CloseReason::Local);
}

size_t TcpTunnel::on_data(std::string_view bytes) {
  count_bytes();
  if (decoder_ != nullptr) decoder_->on_data(bytes, EndStream::No);
  return bytes.size();
}

// As Envoy: what the client may still have to say is cut off with it.
void TcpTunnel::on_end_of_input() {
  ResponseDecoder* const decoder = std::exchange(decoder_, nullptr);
  if (decoder != nullptr) {
    pool_.on_exchange_over();
    decoder->on_data({}, EndStream::Yes);
  }
  destroy(CloseReason::Remote);
}

void TcpTunnel::on_closed(CloseReason reason) {
  const bool failed = state_ == State::Connecting;
  ResponseDecoder* const decoder = std::exchange(decoder_, nullptr);
  if (decoder != nullptr) {
    pool_.count(ClusterStat::upstream_cx_destroy_with_active_rq);
    pool_.count(ClusterStat::upstream_cx_destroy_remote_with_active_rq);
    pool_.on_exchange_over();
  }
  destroy(reason);
  if (decoder != nullptr) decoder->on_reset(ResetReason::ConnectionTermination);
  if (!failed) return;
  std::string text = "delayed connect error: ";
  text.append(strerrordesc_np(connection_.connect_error()));
  pool_.on_connect_failure(ResetReason::ConnectionFailure, text);
}

void TcpTunnel::on_timer() {
  pool_.count(ClusterStat::upstream_cx_connect_timeout);
  destroy(CloseReason::ConnectFailed);
  pool_.on_connect_failure(ResetReason::ConnectTimeout, {});
}

void TcpTunnel::on_output_full(bool full) {
  if (decoder_ == nullptr) return;
  pool_.count(full ? ClusterStat::upstream_flow_control_backed_up_total
                   : ClusterStat::upstream_flow_control_drained_total);
  decoder_->on_output_full(full);
}

void TcpTunnel::count_bytes() {
  const uint64_t read = connection_.take_bytes_read();
  const uint64_t written = connection_.take_bytes_written();
  if (read > 0) pool_.count(ClusterStat::upstream_cx_rx_bytes_total, read);
  if (written > 0) pool_.count(ClusterStat::upstream_cx_tx_bytes_total, written);
}

void TcpTunnel::destroy(CloseReason reason) {
  if (state_ == State::Closed) return;
  const bool was_connecting = std::exchange(state_, State::Closed) == State::Connecting;
  cancel();
  count_bytes();
  connection_.close();
  ListLink<TcpTunnel>::unlink();
  EventLoop& loop = pool_.context_.worker.loop;
  pool_.stats().record(pool_.cluster().stats.cluster, ClusterStat::upstream_cx_length_ms,
                       (loop.now_ns() - info_.connect_start_ns) / 1'000'000);
  loop.free_later(*this);
  pool_.on_tunnel_gone(was_connecting, reason);
}

// ---- pool ----------------------------------------------------------------------------------------------------

void TcpTunnelPool::request(PoolWaiter& waiter, ResponseDecoder& decoder) {
  waiter.decoder_ = &decoder;
  if (!breakers().try_acquire(context_.priority, Resource::PendingRequests)) {
    count(ClusterStat::upstream_rq_pending_overflow);
    return waiter.on_pool_failure(ResetReason::Overflow, {});
  }
  waiting_.push_back(waiter);
  ++waiting_count_;
  count(ClusterStat::upstream_rq_pending_total);
  count(ClusterStat::upstream_rq_pending_active);
  connect_for_waiting();
}

void TcpTunnelPool::connect_for_waiting() {
  while (connecting_count_ < waiting_count_) {
    if (!breakers().can_acquire(context_.priority, Resource::Connections)) {
      count(ClusterStat::upstream_cx_overflow);
      // A pool without any connection gets one all the same, or its requests would wait for ever.
      if (tunnels_ > 0) return;
    }
    if (!connect()) return;
  }
}

bool TcpTunnelPool::connect() {
  const int fd = open_upstream_socket(cluster(), host().address);
  if (fd < 0) {
    count(ClusterStat::bind_errors);
    fail_waiting(ResetReason::LocalConnectionFailure, {});
    return false;
  }
  breakers().acquire(context_.priority, Resource::Connections);
  count(ClusterStat::upstream_cx_total);
  count(ClusterStat::upstream_cx_active);
  count_host(HostStat::cx_total);
  count_host(HostStat::cx_active);
  host().state->cx_active.fetch_add(1, std::memory_order_relaxed);
  ++tunnels_;
  ++connecting_count_;
  connecting_.push_back(*new TcpTunnel(*this, fd));
  return true;
}

void TcpTunnelPool::dequeue(PoolWaiter& waiter) {
  waiter.unlink();
  --waiting_count_;
  uncount(ClusterStat::upstream_rq_pending_active);
  breakers().release(context_.priority, Resource::PendingRequests);
}

void TcpTunnelPool::cancel(PoolWaiter& waiter) {
  if (!waiter.linked()) return;
  dequeue(waiter);
  count(ClusterStat::upstream_rq_cancelled);
  // No one else could use the connection that was on its way: tunnels are not kept.
  if (connecting_count_ > waiting_count_) connecting_.front()->abandon();
}

void TcpTunnelPool::fail_waiting(ResetReason reason, std::string_view transport_failure) {
  while (PoolWaiter* waiter = waiting_.front()) {
    dequeue(*waiter);
    count(ClusterStat::upstream_rq_pending_failure_eject);
    waiter->on_pool_failure(reason, transport_failure);
  }
}

void TcpTunnelPool::on_tunnel_ready(TcpTunnel& tunnel) {
  --connecting_count_;
  static_cast<ListLink<TcpTunnel>&>(tunnel).unlink();
  open_.push_back(tunnel);
  stats().record(cluster().stats.cluster, ClusterStat::upstream_cx_connect_ms,
                 (tunnel.info_.connect_complete_ns - tunnel.info_.connect_start_ns) / 1'000'000);
  PoolWaiter* const waiter = waiting_.front();
  if (waiter == nullptr) return tunnel.abandon();
  dequeue(*waiter);
  if (!breakers().try_acquire(context_.priority, Resource::Requests)) {
    count(ClusterStat::upstream_rq_pending_overflow);
    tunnel.abandon();
    return waiter->on_pool_failure(ResetReason::Overflow, {});
  }
  count(ClusterStat::upstream_rq_total);
  count(ClusterStat::upstream_rq_active);
  count_host(HostStat::rq_total);
  count_host(HostStat::rq_active);
  host().state->rq_active.fetch_add(1, std::memory_order_relaxed);
  tunnel.attach(*waiter, *waiter->decoder_);
}

void TcpTunnelPool::on_exchange_over() {
  uncount(ClusterStat::upstream_rq_active);
  uncount_host(HostStat::rq_active);
  breakers().release(context_.priority, Resource::Requests);
  host().state->rq_active.fetch_sub(1, std::memory_order_relaxed);
}

void TcpTunnelPool::on_tunnel_gone(bool was_connecting, CloseReason reason) {
  --tunnels_;
  if (was_connecting) --connecting_count_;
  breakers().release(context_.priority, Resource::Connections);
  host().state->cx_active.fetch_sub(1, std::memory_order_relaxed);
  uncount(ClusterStat::upstream_cx_active);
  uncount_host(HostStat::cx_active);
  count(ClusterStat::upstream_cx_destroy);
  count(reason == CloseReason::Local ? ClusterStat::upstream_cx_destroy_local
                                     : ClusterStat::upstream_cx_destroy_remote);
  // After a failed connect the waiting ones are told instead.
  if (!was_connecting || reason == CloseReason::Local) connect_for_waiting();
  end_if_empty();
}

void TcpTunnelPool::on_connect_failure(ResetReason reason, std::string_view transport_failure) {
  count(ClusterStat::upstream_cx_connect_fail);
  count_host(HostStat::cx_connect_fail);
  fail_waiting(reason, transport_failure);
}

// Tunnels end with their exchange anyway.
void TcpTunnelPool::drain() {
  draining_ = true;
  end_if_empty();
}

void TcpTunnelPool::end_if_empty() {
  if (!draining_ || tunnels_ > 0 || !waiting_.empty()) return;
  draining_ = false;
  context_.worker.loop.free_later(*this);
}

}  // namespace outrider
