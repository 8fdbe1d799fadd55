#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/slab.h"
#include "base/worker_context.h"
#include "codec/http2/mux.h"
#include "downstream/http1_server.h"
#include "downstream/http_connection_manager.h"
#include "downstream/listener.h"
#include "router/async_client.h"
#include "router/router.h"
#include "upstream/worker_cluster.h"
#include "worker/mailbox.h"

namespace outrider {

// How far draining has come, the same for all workers. Written by main.
struct DrainState {
  std::atomic<bool> health_failed{false};  // /healthcheck/fail: every response closes its connection
  std::atomic<uint64_t> started_ns{0};     // 0: not draining
  uint64_t drain_time_ms = 600'000;
  bool gradual = true;
};

// One thread's share of the program: an event loop, its listeners' sockets, its upstream pools. Nothing of it is
// touched by another thread but through the mailbox, and statistics, which are read.
class Worker final : UpstreamDirectory, HostSlotOwner, DrainDecision, SocketPorter {
 public:
  // Of requests of the proxy's own: their statistics, and what stands in their x-forwarded-for; that outlives the worker.
  struct OwnRequests {
    StatScope<RouterStat> stats;
    std::string_view local_ip;
  };
  Worker(uint32_t index, StatsBlock& stats, const DrainState& drain, uint64_t seed, OwnRequests own_requests);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // All workers, by index; before start().
  void set_peers(const std::vector<std::unique_ptr<Worker>>& peers) { peers_ = &peers; }
  // Runs the loop on a thread of its own, until stop().
  void start();
  // From main: ends the loop and waits for the thread.
  void stop();
  uint32_t index() const { return context_.index; }
  void post(Mailbox::Task task) { mailbox_.post(std::move(task)); }

  // On the worker's thread, from the mailbox.
  void add_listener(Ref<ListenerConfig> config, const std::vector<int>& sockets);
  void remove_listener(std::string_view name);
  void take_socket(const ListenerConfig& listener, const AcceptedSocket& socket);
  void stop_accepting();
  void drain_connections();
  void set_cluster(uint32_t index, Ref<const ClusterConfig> config, Ref<const ClusterEndpoints> endpoints);
  void set_endpoints(uint32_t index, Ref<const ClusterEndpoints> endpoints);
  void remove_cluster(uint32_t index);
  void set_routes(uint32_t index, Ref<const RouteConfig> config);
  void set_runtime(std::shared_ptr<const RuntimeValues> runtime);
  // Downstream connections that are open; read by main.
  uint64_t connections() const { return open_connections_.load(std::memory_order_relaxed); }
  // drain_connections() was done, and connections() counts what was there then.
  bool drain_begun() const { return drain_begun_.load(std::memory_order_acquire); }

 private:
  // UpstreamDirectory
  WorkerCluster* cluster(uint32_t index) override;
  WorkerCluster* cluster(std::string_view name) override;
  ConnectionPool& pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority,
                       Protocol downstream) override;
  ConnectionPool& tunnel_pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) override;
  TcpPool& tcp_pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) override;
  AsyncClient& async_client() override { return async_client_; }
  void adopt(std::unique_ptr<HostSlot> slot) override;
  bool drain_close(WorkerContext& worker) const override;
  // SocketPorter
  void carry(uint32_t worker, const Ref<ListenerConfig>& listener, const AcceptedSocket& socket) override;

  template <typename Pool>
  Pool& pool_at(PoolKind kind, WorkerCluster& cluster, HostSlot& slot, RoutePriority priority);
  void run();
  void publish_connections();

  WorkerContext context_;
  Slab<ActiveStream> streams_;
  Slab<Http1Server> http1_servers_;
  http2::Workspace http2_space_;
  HttpWorker http_;
  const DrainState& drain_;
  const std::vector<std::unique_ptr<Worker>>* peers_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<WorkerListener>> listeners_;
  std::vector<std::unique_ptr<WorkerListener>> removed_listeners_;  // their connections finish
  AsyncClient async_client_;
  std::vector<std::unique_ptr<WorkerCluster>> clusters_;          // by index; null: no such cluster
  std::unordered_map<std::string_view, uint32_t> cluster_names_;  // names are the clusters' own
  std::shared_ptr<const RuntimeValues> runtime_;
  Mailbox mailbox_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> open_connections_{0};
  std::atomic<bool> drain_begun_{false};
  std::thread thread_;
};

}  // namespace outrider
