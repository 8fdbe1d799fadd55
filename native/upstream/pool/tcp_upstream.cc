#include "upstream/pool/tcp_upstream.h"

#include <cstring>
#include <string>
#include <utility>

namespace outrider {

TcpClient* TcpClient::connect(PoolContext context, TcpUpstreamUser& user, ResetReason& failure) {
  const ClusterConfig& cluster = *context.cluster;
  StatsBlock& stats = context.worker.stats;
  if (!cluster.breakers().try_acquire(context.priority, Resource::PendingRequests)) {
    stats.add(cluster.stats.cluster, ClusterStat::upstream_rq_pending_overflow);
    failure = ResetReason::Overflow;
    return nullptr;
  }
  const int fd = open_upstream_socket(cluster, context.host->address);
  if (fd < 0) {
    stats.add(cluster.stats.cluster, ClusterStat::bind_errors);
    cluster.breakers().release(context.priority, Resource::PendingRequests);
    failure = ResetReason::LocalConnectionFailure;
    return nullptr;
  }
  return new TcpClient(std::move(context), user, fd);
}

TcpClient::TcpClient(PoolContext context, TcpUpstreamUser& user, int fd)
    : context_(std::move(context)),
      user_(&user),
      connection_(context_.worker, *this, cluster().connection_buffer_bytes_max) {
  EventLoop& loop = context_.worker.loop;
  info_.id = context_.worker.connection_id();
  info_.remote = host().address;
  info_.connect_start_ns = loop.now_ns();
  count_connection();
  loop.timers().arm(*this, loop.now_ms() + cluster().connect_timeout_ms);
  connection_.connect(fd, info_.remote);
}

void TcpClient::count_connection() {
  breakers().acquire(context_.priority, Resource::Connections);
  count(ClusterStat::upstream_rq_pending_total);
  count(ClusterStat::upstream_rq_pending_active);
  count(ClusterStat::upstream_cx_total);
  count(ClusterStat::upstream_cx_active);
  stats().add(host().state->stats, HostStat::cx_total);
  stats().add(host().state->stats, HostStat::cx_active);
  host().state->cx_active.fetch_add(1, std::memory_order_relaxed);
}

void TcpClient::stop_waiting() {
  cancel();
  uncount(ClusterStat::upstream_rq_pending_active);
  breakers().release(context_.priority, Resource::PendingRequests);
}

void TcpClient::on_connected() {
  if (!breakers().try_acquire(context_.priority, Resource::Requests)) {
    count(ClusterStat::upstream_rq_pending_overflow);
    TcpUpstreamUser* const user = std::exchange(user_, nullptr);
    destroy(CloseReason::Local);
    if (user != nullptr) user->on_upstream_failed(ResetReason::Overflow, {});
    return;
  }
  stop_waiting();
  state_ = State::Open;
  info_.connect_complete_ns = context_.worker.loop.now_ns();
  sockaddr_storage local;
  socklen_t bytes = sizeof(local);
  if (getsockname(connection_.fd(), reinterpret_cast<sockaddr*>(&local), &bytes) == 0) {
    info_.local = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&local), bytes);
  }
  stats().record(cluster().stats.cluster, ClusterStat::upstream_cx_connect_ms,
                 (info_.connect_complete_ns - info_.connect_start_ns) / 1'000'000);
  count(ClusterStat::upstream_rq_total);
  count(ClusterStat::upstream_rq_active);
  stats().add(host().state->stats, HostStat::rq_total);
  stats().add(host().state->stats, HostStat::rq_active);
  host().state->rq_active.fetch_add(1, std::memory_order_relaxed);
  if (user_ != nullptr) user_->on_upstream_connected(info_);
}

void TcpClient::send(std::string_view bytes) {
  count_sent(bytes.size());
  connection_.output().append_borrowed(bytes);
  connection_.send_soon();
}

void TcpClient::pause() {
  count(ClusterStat::upstream_flow_control_paused_reading_total);
  connection_.pause_reads();
}

void TcpClient::resume() {
  count(ClusterStat::upstream_flow_control_resumed_reading_total);
  connection_.resume_reads();
}

size_t TcpClient::on_data(std::string_view bytes) {
  count_received(bytes.size());
  if (user_ != nullptr) user_->on_upstream_data(bytes);
  return bytes.size();
}

void TcpClient::on_end_of_input() {
  if (user_ != nullptr) user_->on_upstream_end();
}

void TcpClient::on_output_full(bool full) {
  count(full ? ClusterStat::upstream_flow_control_backed_up_total
             : ClusterStat::upstream_flow_control_drained_total);
  if (user_ != nullptr) user_->on_upstream_full(full);
}

void TcpClient::on_closed(CloseReason reason) {
  if (state_ != State::Connecting) {
    TcpUpstreamUser* const user = std::exchange(user_, nullptr);
    destroy(reason);
    if (user != nullptr) user->on_upstream_closed();
    return;
  }
  std::string text = "delayed connect error: ";
  text.append(strerrordesc_np(connection_.connect_error()));
  fail(ResetReason::ConnectionFailure, text);
}

void TcpClient::on_timer() {
  count(ClusterStat::upstream_cx_connect_timeout);
  fail(ResetReason::ConnectTimeout, {});
}

void TcpClient::fail(ResetReason reason, std::string_view transport_failure) {
  count(ClusterStat::upstream_cx_connect_fail);
  count(ClusterStat::upstream_rq_pending_failure_eject);
  stats().add(host().state->stats, HostStat::cx_connect_fail);
  TcpUpstreamUser* const user = std::exchange(user_, nullptr);
  destroy(CloseReason::ConnectFailed);
  if (user != nullptr) user->on_upstream_failed(reason, transport_failure);
}

bool TcpClient::release(Ending ending) {
  user_ = nullptr;
  if (state_ == State::Closed) return false;
  if (state_ == State::Connecting) count(ClusterStat::upstream_rq_cancelled);
  if (state_ == State::Open && ending == Ending::Flush && !connection_.output().empty()) {
    connection_.close_when_written(0);
    return true;
  }
  destroy(CloseReason::Local);
  return false;
}

void TcpClient::destroy(CloseReason reason) {
  const State before = std::exchange(state_, State::Closed);
  if (before == State::Closed) return;
  if (before == State::Connecting) {
    stop_waiting();
  } else {
    uncount(ClusterStat::upstream_rq_active);
    stats().sub(host().state->stats, HostStat::rq_active);
    breakers().release(context_.priority, Resource::Requests);
    host().state->rq_active.fetch_sub(1, std::memory_order_relaxed);
  }
  connection_.close();
  breakers().release(context_.priority, Resource::Connections);
  host().state->cx_active.fetch_sub(1, std::memory_order_relaxed);
  uncount(ClusterStat::upstream_cx_active);
  stats().sub(host().state->stats, HostStat::cx_active);
  count(ClusterStat::upstream_cx_destroy);
  count(reason == CloseReason::Local ? ClusterStat::upstream_cx_destroy_local
                                     : ClusterStat::upstream_cx_destroy_remote);
  EventLoop& loop = context_.worker.loop;
  stats().record(cluster().stats.cluster, ClusterStat::upstream_cx_length_ms,
                 (loop.now_ns() - info_.connect_start_ns) / 1'000'000);
  loop.free_later(*this);
}

}  // namespace outrider
