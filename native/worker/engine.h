#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access_log/file_sink.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/runtime_values.h"
#include "base/shared_config.h"
#include "base/stats.h"
#include "downstream/hcm_config.h"
#include "downstream/listener.h"
#include "transport/tls_factory.h"
#include "upstream/cluster_store.h"
#include "worker/worker.h"

namespace outrider {

// What the process was started with.
struct EngineOptions {
  uint32_t concurrency = 1;
  uint32_t log_flush_interval_ms = 10'000;
  uint32_t log_flush_bytes_min = 64 * 1024;
  uint64_t drain_time_ms = 600'000;
  bool gradual_drain = true;
  bool local_ipv6 = false;
  uint64_t downstream_connections_max = UINT64_MAX;  // of all listeners; UINT64_MAX: the runtime says
  std::string node_id;
  std::string node_cluster;
  static EngineOptions read(ConfigView options);
};

// The main thread's side of the native program: keeps what was configured, builds the immutable objects, and posts
// them to the workers. Every method belongs to the main thread; configuration that is refused changes nothing.
class Engine final : RouteBuildContext, SecretStore::Distributor {
 public:
  explicit Engine(EngineOptions options);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // envoy.config.cluster.v3.Cluster, with its load_assignment where the addresses are known. A cluster of that name
  // is replaced.
  Result<bool> set_cluster(const Ref<const SharedConfig>& source, ConfigView cluster);
  // envoy.config.endpoint.v3.ClusterLoadAssignment with resolved addresses, for the cluster of `name`.
  // What active health checks found; see ClusterStore. Nothing happens where there is no such cluster.
  void set_host_health(std::string_view name, ConfigView hosts);
  Result<bool> set_endpoints(std::string_view name, Ref<const SharedConfig> source, ConfigView assignment);
  Result<bool> remove_cluster(std::string_view name);
  // envoy.extensions.transport_sockets.tls.v3.Secret, of any source: what uses it goes on with the new one.
  Result<bool> set_secret(std::string_view name, Ref<const SharedConfig> secret);

  // envoy.config.route.v3.RouteConfiguration, for the connection managers whose rds names `name`; those that come
  // later find it, too. Until then, and after remove_routes(), they have no routes.
  Result<bool> set_routes(std::string_view name, Ref<const SharedConfig> source);
  void remove_routes(std::string_view name);

  // envoy.config.listener.v3.Listener. Binds; answers the addresses that it listens on. A listener of that name is
  // replaced, and where both want the same sockets no connection attempt is lost.
  Result<std::vector<Address>> add_listener(Ref<const SharedConfig> source);
  void remove_listener(std::string_view name);

  // Starts the worker threads. Call once.
  void start();
  // Hands what set_cluster() and the like have gathered to the workers.
  void publish();
  void stop_accepting();
  // Ends idle connections now and the others with their exchange.
  void drain_connections();
  void set_draining(bool draining);
  void set_health_failed(bool failed);
  void set_runtime(ConfigView values);
  void reopen_logs() { logs_->reopen(); }
  // Ends the workers and writes the logs out.
  void stop();

  uint64_t connections() const;
  StatsRegistry& stats() { return stats_; }
  // One of the counters of cluster.NAME. that main keeps; false when there is none of that name.
  bool count_update(std::string_view cluster, std::string_view stat);
  // Brings the gauges up to date that are only computed when somebody looks, and frees what nobody counts any more.
  void refresh_gauges();
  // Hosts of every cluster with their counters, as JSON text: {"name": [{...}]}.
  std::string describe_hosts() const;

 private:
  uint32_t cluster_index(std::string_view name) override;
  uint32_t routes_index(std::string_view name) override;
  Result<Ref<const RouteConfig>> build_routes(Ref<const SharedConfig> source, ConfigView config);
  void publish_routes(std::string_view name, const Ref<const RouteConfig>& config);
  StatsRegistry* stats_registry() override { return &stats_; }
  void distribute(const Ref<const TlsFactory>& factory, const Ref<const TlsContext>& context) override;
  void post_all(const Mailbox::Task& task);
  HcmBuildContext hcm_context() const;
  using WorkerSockets = std::vector<std::vector<int>>;  // by worker, then by address
  // A listener and its sockets, which are the workers': open until those are told to close them.
  struct Listening {
    Ref<ListenerConfig> config;
    WorkerSockets sockets;
    std::vector<Address> bound;
  };
  Result<bool> open_sockets(Listening& listening);
  static bool share_sockets(const Listening& from, Listening& to);
  void apply_connection_limits();

  EngineOptions options_;
  std::string local_ip_;
  StatsRegistry stats_;
  StatScope<FilesystemStat> filesystem_stats_;
  std::unique_ptr<LogFiles> logs_;
  DrainState drain_;
  SecretStore secrets_;
  ClusterStore clusters_;
  std::unordered_map<std::string, uint32_t> cluster_indices_;  // also of names that only routes know
  std::unordered_map<std::string, uint32_t> routes_indices_;
  ConnectionBudget budget_;
  std::unordered_map<std::string, Listening> listeners_;
  std::shared_ptr<const RuntimeValues> runtime_;
  std::vector<Mailbox::Task> unpublished_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool started_ = false;
  bool drain_asked_ = false;
};

}  // namespace outrider
