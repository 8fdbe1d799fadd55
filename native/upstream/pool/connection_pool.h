#pragma once
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "base/intrusive_list.h"
#include "base/stats.h"
#include "base/worker_context.h"
#include "codec/stream_codec.h"
#include "formatter/stream_info.h"
#include "upstream/cluster.h"
#include "upstream/worker_cluster.h"

namespace outrider {

// What a stream may know of the upstream connection that carries it.
struct UpstreamConnectionInfo {
  uint64_t id = 0;
  Address local;
  Address remote;
  Protocol protocol = Protocol::None;
  uint64_t connect_start_ns = 0;
  uint64_t connect_complete_ns = 0;
};

// Waits for a place on an upstream connection. Unlinking it takes it off the queue; use ConnectionPool::cancel().
class PoolWaiter : public ListLink<PoolWaiter> {
 public:
  // The exchange may begin; `info` lives as long as it. `reused`: the connection has carried another before.
  virtual void on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& info, bool reused) = 0;
  virtual void on_pool_failure(ResetReason reason, std::string_view transport_failure) = 0;

 protected:
  ~PoolWaiter() = default;

 private:
  friend class ConnectionPool;
  friend class Http1Pool;
  friend class TcpTunnelPool;
  ResponseDecoder* decoder_ = nullptr;
};

// The connections of one worker to one host, for one priority. It ends itself once it was drained and is empty.
class ConnectionPool {
 public:
  // One of the waiter's two calls follows, maybe from within this one.
  virtual void request(PoolWaiter& waiter, ResponseDecoder& decoder) = 0;
  virtual void cancel(PoolWaiter& waiter) = 0;
  // The host as the last update described it; new connections go to its address.
  virtual void set_host(const Ref<const Host>& host) = 0;
  // No new exchanges: idle connections close now, others with the exchange that they carry.
  virtual void drain() = 0;

 protected:
  ~ConnectionPool() = default;
};

// What every connection of a cluster on one worker shares.
struct PoolContext {
  WorkerContext& worker;
  Ref<const ClusterConfig> cluster;
  Ref<const Host> host;
  RoutePriority priority = RoutePriority::Default;
};

// A non-blocking socket to `to`, with everything that the cluster says about sockets; -1 when it cannot be had.
int open_upstream_socket(const ClusterConfig& cluster, const Address& to);

}  // namespace outrider
