#pragma once
#include <cstdint>
#include <string_view>

#include "base/event_loop.h"
#include "base/intrusive_list.h"
#include "base/stats.h"
#include "base/worker_context.h"
#include "codec/stream_codec.h"
#include "connection/connection.h"
#include "upstream/cluster.h"
#include "upstream/worker_cluster.h"

namespace outrider {

namespace http2 {
struct Workspace;
}
class PoolBase;
class PooledConnection;

// Stands in a pool's queue. PoolBase::cancel() takes it off.
class Waiter : public ListLink<Waiter> {
 public:
  virtual void on_pool_failure(ResetReason reason, std::string_view transport_failure) = 0;

 protected:
  ~Waiter() = default;

 private:
  friend class PoolBase;
  PoolBase* pool_ = nullptr;  // in whose queue it stands
};

// What every connection of a cluster on one worker shares.
struct PoolContext {
  WorkerContext& worker;
  Ref<const ClusterConfig> cluster;
  Ref<const Host> host;
  RoutePriority priority = RoutePriority::Default;
  http2::Workspace* http2 = nullptr;  // the worker's
};

// The connections of one worker to one host, for one priority, whatever they speak: who waits for one, how many
// there may be, what is counted, how they end. It ends itself once it was drained and is empty.
class PoolBase : Deferred {
 public:
  PoolBase(const PoolBase&) = delete;
  PoolBase& operator=(const PoolBase&) = delete;

  // Wherever it waits by now.
  static void cancel(Waiter& waiter) {
    if (waiter.linked()) waiter.pool_->cancel_here(waiter);
  }
  // No new exchanges: idle connections close now, others with the exchanges that they carry.
  void drain();
  // The host as the last update described it; new connections go to its address.
  void set_host(const Ref<const Host>& host) {
    if (!(context_.host == host)) context_.host = host;
  }

  // For its connections.
  const Host& host() const { return *context_.host; }
  const ClusterConfig& cluster() const { return *context_.cluster; }
  WorkerContext& worker() { return context_.worker; }
  EventLoop& loop() { return context_.worker.loop; }
  StatsBlock& stats() { return context_.worker.stats; }
  template <typename... N>
  void count(ClusterStat stat, N... n) {
    stats().add(cluster().stats.cluster, stat, n...);
  }
  uint64_t idle_timeout_ms() const { return kind_.idle_timeout_ms; }
  void on_connected(const PooledConnection& connection);
  void on_connection_gone(const PooledConnection& connection, bool was_connecting, CloseReason reason);
  void on_connect_failure(ResetReason reason, std::string_view transport_failure);
  // No room for more exchanges on it, now or ever.
  void set_busy(PooledConnection& connection);
  void end_exchange();

 protected:
  struct Kind {
    uint64_t idle_timeout_ms;  // 0: never
    bool closes_excess;        // a connection that nobody waits for any more is not wanted
    std::string_view alpn;     // offered where the transport socket's configuration names no protocols
  };
  PoolBase(PoolContext context, Kind kind);
  virtual ~PoolBase() = default;

  // A new one, not connected yet.
  virtual PooledConnection& make_connection() = 0;
  virtual void on_drain() {}
  const PoolContext& context() const { return context_; }

  // Both tell the waiter when a limit is reached.
  void enqueue(Waiter& waiter);
  bool begin_exchange(Waiter& waiter);
  void set_ready(PooledConnection& connection);
  void add_waiting(Waiter& waiter);
  void dequeue(Waiter& waiter);
  // As many as are needed for those who wait, and more where the cluster wants connections ahead of requests.
  void connect_for_waiting() {
    while (lacks_connection() && connect()) {
    }
  }
  bool preconnects() const { return preconnect_ratio_ > 1; }
  bool draining() const { return draining_; }

  IntrusiveList<Waiter> waiting_;
  IntrusiveList<PooledConnection> ready_;  // have room; last used first: few connections stay hot

 private:
  CircuitBreakers& breakers() { return context_.cluster->breakers(); }
  void uncount(ClusterStat stat) { stats().sub(cluster().stats.cluster, stat); }
  void count_host(HostStat stat) { stats().add(host().state->stats, stat); }
  void uncount_host(HostStat stat) { stats().sub(host().state->stats, stat); }

  void cancel_here(Waiter& waiter);
  bool lacks_connection();
  bool may_connect();
  bool connect();
  std::unique_ptr<TransportSocket> make_transport();
  void fail_waiting(ResetReason reason, std::string_view transport_failure);
  void end_if_empty();
  void free_deferred() override { delete this; }

  PoolContext context_;
  const Kind kind_;
  const double preconnect_ratio_;
  IntrusiveList<PooledConnection> busy_;
  IntrusiveList<PooledConnection> connecting_;
  uint32_t waiting_count_ = 0;
  uint32_t connections_ = 0;
  uint32_t active_ = 0;            // exchanges
  uint64_t promised_streams_ = 0;  // of connections that are not there yet
  bool draining_ = false;
};

}  // namespace outrider
