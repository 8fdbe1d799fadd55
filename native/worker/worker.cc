#include "worker/worker.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "upstream/pool/http1.h"
#include "upstream/pool/http2.h"
#include "upstream/pool/tcp.h"
#include "upstream/pool/tcp_tunnel.h"

namespace outrider {

Worker::Worker(uint32_t index, StatsBlock& stats, const DrainState& drain, uint64_t seed,
               OwnRequests own_requests)
    : context_(index, stats, seed),
      http_{.worker = context_,
            .upstreams = *this,
            .drain = *this,
            .dates = {},
            .log = {},
            .scratch = {},
            .reply_text = {},
            .streams = streams_,
            .http1_servers = http1_servers_,
            .http2_space = http2_space_,
            .routes = {}},
      drain_(drain),
      async_client_(context_, *this, own_requests.stats, own_requests.local_ip),
      mailbox_(context_.loop, *this) {
  http_.log.index = index;
  http_.log.filter.random = &context_.random;
}

Worker::~Worker() { stop(); }

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  const std::string name = "wrk:worker_" + std::to_string(context_.index);
  pthread_setname_np(pthread_self(), name.c_str());
  while (!stopping_.load(std::memory_order_relaxed)) {
    context_.loop.run_once(-1);
    publish_connections();
  }
  // Everything ends on the thread that it lived on.
  listeners_.clear();
  removed_listeners_.clear();
  async_client_.abandon();
  for (auto& cluster : clusters_) {
    if (cluster != nullptr) cluster->release_slots(*this);
  }
  clusters_.clear();
  context_.loop.run_once(0);
  for (WorkerRoutes* routes : http_.routes) {
    if (routes != nullptr) routes->release();
  }
  http_.routes.clear();
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  post([](Worker& worker) { worker.stopping_.store(true, std::memory_order_relaxed); });
  thread_.join();
}

void Worker::publish_connections() {
  uint64_t count = 0;
  for (const auto& [name, listener] : listeners_) count += listener->connections();
  std::erase_if(removed_listeners_, [](const auto& listener) { return listener->connections() == 0; });
  for (const auto& listener : removed_listeners_) count += listener->connections();
  open_connections_.store(count, std::memory_order_relaxed);
  if (context_.phase == Phase::Draining) drain_begun_.store(true, std::memory_order_release);
}

void Worker::add_listener(Ref<ListenerConfig> config, const std::vector<int>& sockets) {
  const std::string name = config->name;
  remove_listener(name);
  SocketPorter& porter = *this;
  listeners_.emplace(name, std::make_unique<WorkerListener>(http_, porter, std::move(config), sockets));
}

void Worker::carry(uint32_t worker, const Ref<ListenerConfig>& listener, const AcceptedSocket& socket) {
  (*peers_)[worker]->post([listener, socket](Worker& peer) { peer.take_socket(*listener, socket); });
}

// The listener may have been removed or replaced on the way.
void Worker::take_socket(const ListenerConfig& listener, const AcceptedSocket& socket) {
  const auto found = listeners_.find(listener.name);
  if (found != listeners_.end() && &found->second->config() == &listener) return found->second->take(socket);
  for (auto& removed : removed_listeners_) {
    if (&removed->config() == &listener) return removed->take(socket);
  }
  listener.leave();
  listener.release_worker(context_.index);
  if (found != listeners_.end()) return found->second->on_accepted(socket);
  ::close(socket.fd);
}

void Worker::remove_listener(std::string_view name) {
  const auto found = listeners_.find(std::string(name));
  if (found == listeners_.end()) return;
  found->second->stop_accepting();
  found->second->drain_connections();
  removed_listeners_.push_back(std::move(found->second));
  listeners_.erase(found);
}

void Worker::stop_accepting() {
  for (auto& [name, listener] : listeners_) listener->stop_accepting();
}

void Worker::drain_connections() {
  context_.phase = Phase::Draining;
  for (auto& [name, listener] : listeners_) listener->drain_connections();
}

void Worker::set_cluster(uint32_t index, Ref<const ClusterConfig> config,
                         Ref<const ClusterEndpoints> endpoints) {
  remove_cluster(index);
  if (clusters_.size() <= index) clusters_.resize(index + 1);
  clusters_[index] = std::make_unique<WorkerCluster>(std::move(config), std::move(endpoints), context_.stats,
                                                     context_.random);
  cluster_names_.emplace(clusters_[index]->config().name, index);
}

void Worker::set_endpoints(uint32_t index, Ref<const ClusterEndpoints> endpoints) {
  if (WorkerCluster* found = cluster(index)) found->set_endpoints(std::move(endpoints), *this);
}

void Worker::remove_cluster(uint32_t index) {
  WorkerCluster* found = cluster(index);
  if (found == nullptr) return;
  found->release_slots(*this);
  cluster_names_.erase(found->config().name);
  clusters_[index] = nullptr;
}

// What was there serves the streams that began with it.
void Worker::set_routes(uint32_t index, Ref<const RouteConfig> config) {
  if (http_.routes.size() <= index) http_.routes.resize(index + 1);
  WorkerRoutes* const before = std::exchange(http_.routes[index], new WorkerRoutes(std::move(config)));
  if (before != nullptr) before->release();
}

void Worker::set_runtime(std::shared_ptr<const RuntimeValues> runtime) {
  runtime_ = std::move(runtime);
  http_.log.filter.runtime = runtime_.get();
  http_.runtime = runtime_.get();
}

WorkerCluster* Worker::cluster(uint32_t index) {
  return index < clusters_.size() ? clusters_[index].get() : nullptr;
}

WorkerCluster* Worker::cluster(std::string_view name) {
  const auto found = cluster_names_.find(name);
  return found == cluster_names_.end() ? nullptr : cluster(found->second);
}

// Made when it is first asked for.
template <typename Pool>
Pool& Worker::pool_at(PoolKind kind, WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) {
  PoolBase*& place = slot.pools[static_cast<size_t>(kind)][static_cast<size_t>(priority)];
  if (place == nullptr) {
    place =
        new Pool({context_, Ref<const ClusterConfig>(&cluster.config()), slot.host, priority, &http2_space_});
  }
  place->set_host(slot.host);
  return static_cast<Pool&>(*place);
}

static bool speaks_http2(UpstreamProtocol protocol, Protocol downstream) {
  if (protocol == UpstreamProtocol::SameAsDownstream) return downstream == Protocol::Http2;
  return protocol == UpstreamProtocol::Http2 || protocol == UpstreamProtocol::Alpn;
}

ConnectionPool& Worker::pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority,
                             Protocol downstream) {
  if (speaks_http2(cluster.config().protocol, downstream)) {
    return pool_at<Http2Pool>(PoolKind::Http2, cluster, slot, priority);
  }
  return pool_at<Http1Pool>(PoolKind::Http1, cluster, slot, priority);
}

ConnectionPool& Worker::tunnel_pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) {
  return pool_at<TcpTunnelPool>(PoolKind::Tunnel, cluster, slot, priority);
}

TcpPool& Worker::tcp_pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) {
  return pool_at<TcpPool>(PoolKind::Tcp, cluster, slot, priority);
}

// The host is gone: its pools end with their last exchange.
void Worker::adopt(std::unique_ptr<HostSlot> slot) {
  for (const auto& pools : slot->pools) {
    for (PoolBase* pool : pools) {
      if (pool != nullptr) pool->drain();
    }
  }
}

bool Worker::drain_close(WorkerContext& worker) const {
  if (drain_.health_failed.load(std::memory_order_relaxed)) return true;
  const uint64_t started = drain_.started_ns.load(std::memory_order_relaxed);
  if (started == 0) return context_.phase == Phase::Draining;
  if (!drain_.gradual || context_.phase == Phase::Draining) return true;
  // The chance grows with the time that has passed, so that clients do not come back all at once.
  const uint64_t elapsed_ms = (worker.loop.now_ns() - std::min(started, worker.loop.now_ns())) / 1'000'000;
  return worker.random.next() % std::max<uint64_t>(drain_.drain_time_ms, 1) < elapsed_ms;
}

}  // namespace outrider
