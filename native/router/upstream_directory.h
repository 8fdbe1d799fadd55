#pragma once
#include <cstdint>
#include <string_view>

#include "upstream/pool/connection_pool.h"
#include "upstream/worker_cluster.h"

namespace outrider {

class AsyncClient;
class TcpPool;

// Where the router finds what it sends to. One for each worker.
class UpstreamDirectory {
 public:
  // Null when there is no such cluster (now).
  virtual WorkerCluster* cluster(uint32_t index) = 0;
  virtual WorkerCluster* cluster(std::string_view name) = 0;
  // `downstream`: what the request came by, for clusters that go on in the same protocol.
  virtual ConnectionPool& pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority,
                               Protocol downstream) = 0;
  // Raw connections, for CONNECT requests that end here.
  virtual ConnectionPool& tunnel_pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) = 0;
  // Raw connections, for whoever relays bytes.
  virtual TcpPool& tcp_pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) = 0;
  // For requests of the proxy's own.
  virtual AsyncClient& async_client() = 0;

 protected:
  ~UpstreamDirectory() = default;
};

}  // namespace outrider
