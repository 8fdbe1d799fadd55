#include "upstream/pool/pool_base.h"

#include <utility>

#include "upstream/pool/connection_pool.h"
#include "upstream/pool/pooled_connection.h"

namespace outrider {

PoolBase::PoolBase(PoolContext context, Kind kind)
    : context_(std::move(context)), kind_(kind), preconnect_ratio_(context_.cluster->preconnect_ratio) {}

// ---- who waits ---------------------------------------------------------------------------------------------------

void PoolBase::enqueue(Waiter& waiter) {
  if (!breakers().try_acquire(context_.priority, Resource::PendingRequests)) {
    count(ClusterStat::upstream_rq_pending_overflow);
    return waiter.on_pool_failure(ResetReason::Overflow, {});
  }
  add_waiting(waiter);
  count(ClusterStat::upstream_rq_pending_total);
  count(ClusterStat::upstream_rq_pending_active);
  connect_for_waiting();
}

void PoolBase::add_waiting(Waiter& waiter) {
  waiter.pool_ = this;
  waiting_.push_back(waiter);
  ++waiting_count_;
}

void PoolBase::dequeue(Waiter& waiter) {
  waiter.unlink();
  --waiting_count_;
  uncount(ClusterStat::upstream_rq_pending_active);
  breakers().release(context_.priority, Resource::PendingRequests);
}

void PoolBase::cancel_here(Waiter& waiter) {
  dequeue(waiter);
  count(ClusterStat::upstream_rq_cancelled);
  if (kind_.closes_excess && promised_streams_ > waiting_count_) connecting_.front()->drain();
}

void PoolBase::fail_waiting(ResetReason reason, std::string_view transport_failure) {
  // Whoever asks again because of this failure waits for the next attempt.
  IntrusiveList<Waiter> failed;
  while (Waiter* waiter = waiting_.pop_front()) failed.push_back(*waiter);
  while (Waiter* waiter = failed.front()) {
    dequeue(*waiter);
    count(ClusterStat::upstream_rq_pending_failure_eject);
    waiter->on_pool_failure(reason, transport_failure);
  }
  end_if_empty();
}

// ---- exchanges ---------------------------------------------------------------------------------------------------

// False: there are too many, and the connection stays as it is.
bool PoolBase::begin_exchange(Waiter& waiter) {
  if (!breakers().try_acquire(context_.priority, Resource::Requests)) {
    count(ClusterStat::upstream_rq_active_overflow);
    waiter.on_pool_failure(ResetReason::Overflow, {});
    return false;
  }
  ++active_;
  count(ClusterStat::upstream_rq_total);
  count(ClusterStat::upstream_rq_active);
  count_host(HostStat::rq_total);
  count_host(HostStat::rq_active);
  host().state->rq_active.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void PoolBase::end_exchange() {
  --active_;
  uncount(ClusterStat::upstream_rq_active);
  uncount_host(HostStat::rq_active);
  breakers().release(context_.priority, Resource::Requests);
  host().state->rq_active.fetch_sub(1, std::memory_order_relaxed);
}

// ---- connections -------------------------------------------------------------------------------------------------

// As Envoy: what is provided for is what connects, what is free and what is in use; connections ahead of requests
// are for healthy hosts only.
bool PoolBase::lacks_connection() {
  if (!preconnects() || host().health() != HostHealth::Healthy) return promised_streams_ < waiting_count_;
  uint64_t provided = promised_streams_;
  for (PooledConnection* at = ready_.front(); at != nullptr; at = ready_.next(*at)) provided += at->room();
  const double wanted = static_cast<double>(waiting_count_ + active_) * preconnect_ratio_;
  return wanted > static_cast<double>(provided + active_);
}

bool PoolBase::may_connect() {
  const bool below_host_limit = host().state->cx_active.load(std::memory_order_relaxed) <
                                breakers().host_connections_max(context_.priority);
  if (below_host_limit && breakers().can_acquire(context_.priority, Resource::Connections)) return true;
  count(ClusterStat::upstream_cx_overflow);
  // A pool without any connection gets one all the same, or its requests would wait for ever.
  return connections_ == 0;
}

// Null: a plain connection.
std::unique_ptr<TransportSocket> PoolBase::make_transport() {
  if (!cluster().transport) return nullptr;
  TransportOptions options;
  options.host_name = host().hostname;
  options.alpn_fallback = kind_.alpn;
  return cluster().transport->make(worker(), options);
}

bool PoolBase::connect() {
  if (!may_connect()) return false;
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
  ++connections_;
  PooledConnection& connection = make_connection();
  promised_streams_ += connection.promised();
  connecting_.push_back(connection);
  connection.connect(fd, make_transport());
  return true;
}

void PoolBase::on_connected(const PooledConnection& connection) {
  promised_streams_ -= connection.promised();
}

void PoolBase::set_ready(PooledConnection& connection) {
  connection.unlink();
  ready_.push_front(connection);
}

void PoolBase::set_busy(PooledConnection& connection) {
  connection.unlink();
  busy_.push_front(connection);
}

void PoolBase::on_connection_gone(const PooledConnection& connection, bool was_connecting,
                                  CloseReason reason) {
  --connections_;
  breakers().release(context_.priority, Resource::Connections);
  host().state->cx_active.fetch_sub(1, std::memory_order_relaxed);
  uncount(ClusterStat::upstream_cx_active);
  uncount_host(HostStat::cx_active);
  count(ClusterStat::upstream_cx_destroy);
  count(reason == CloseReason::Local ? ClusterStat::upstream_cx_destroy_local
                                     : ClusterStat::upstream_cx_destroy_remote);
  if (was_connecting) promised_streams_ -= connection.promised();
  // After a failed connect the waiting ones are told instead.
  if (!was_connecting || reason == CloseReason::Local) connect_for_waiting();
  end_if_empty();
}

void PoolBase::on_connect_failure(ResetReason reason, std::string_view transport_failure) {
  count(ClusterStat::upstream_cx_connect_fail);
  count_host(HostStat::cx_connect_fail);
  fail_waiting(reason, transport_failure);
}

void PoolBase::drain() {
  draining_ = true;
  on_drain();
  while (PooledConnection* connection = ready_.front()) {
    set_busy(*connection);
    connection->drain();
  }
  for (PooledConnection* at = busy_.front(); at != nullptr;) {
    PooledConnection* const next = busy_.next(*at);
    at->drain();
    at = next;
  }
  // Those that connect stay while somebody waits for them: an end would only make the pool connect again.
  if (waiting_.empty()) {
    while (PooledConnection* connection = connecting_.front()) connection->drain();
  }
  end_if_empty();
}

void PoolBase::end_if_empty() {
  if (!draining_ || connections_ > 0 || !waiting_.empty()) return;
  draining_ = false;
  loop().free_later(*this);
}

}  // namespace outrider
