#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/config_view.h"
#include "base/event_loop.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/shared_config.h"
#include "base/stats.h"
#include "connection/socket_options.h"
#include "downstream/http1_server.h"
#include "downstream/http_connection_manager.h"

namespace outrider {

// envoy.config.listener.v3.Listener, read once. Immutable but for its count of connections; shared by all workers.
class ListenerConfig final : public RefCounted<ListenerConfig> {
 public:
  struct BuildContext {
    HcmBuildContext& hcm;
    RouteBuildContext& routes;
    StatsRegistry& stats;
    uint32_t worker_count;
    uint64_t connections_max;  // runtime key envoy.resource_limits.listener.<name>.connection_limit
  };
  static Result<Ref<ListenerConfig>> build(Ref<const SharedConfig> source, BuildContext& context);

  ConfigView view() const { return source_->root(); }
  const HcmInstance& hcm() const { return *hcm_; }

  std::string name;
  std::string_view filter_chain_name;
  std::vector<Address> addresses;  // as configured; the port may be 0
  std::vector<SocketOption> socket_options;
  uint32_t buffer_bytes_max = 1 << 20;
  uint32_t accepts_per_event_max = 1;
  int backlog = 0;
  int fast_open_queue = -1;  // -1: off
  uint32_t pipe_mode = 0;
  bool bind_to_port = true;
  bool reuse_port = true;
  bool transparent = false;
  bool freebind = false;
  bool ipv4_compat = false;
  bool exact_balance = false;
  TcpKeepalive keepalive;
  uint64_t connections_max = UINT64_MAX;
  StatScope<ListenerStat> stats;
  std::vector<StatScope<ListenerWorkerStat>> worker_stats;

  // Counts one more connection unless that would be too many.
  bool admit() const;
  void leave() const { connections_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  ListenerConfig() = default;
  Ref<const SharedConfig> source_;
  std::unique_ptr<HcmInstance> hcm_;
  mutable std::atomic<uint64_t> connections_{0};
};

// A socket that is bound and listens, with everything the listener says about sockets; or why not.
Result<int> open_listen_socket(const ListenerConfig& listener, const Address& address, bool reuse_port);
// Envoy's name of the listener's statistics: "listener.127.0.0.1_80."
std::string listener_stat_prefix(ConfigView listener, const Address& address);

// A listener on one worker: its sockets and its connections.
class WorkerListener final : public DownstreamOwner {
 public:
  // Takes the sockets over.
  WorkerListener(HttpWorker& http, Ref<ListenerConfig> config, const std::vector<int>& sockets);
  ~WorkerListener();

  // Closes the sockets; connections go on.
  void stop_accepting();
  // Idle connections end now, the others with their exchange.
  void drain_connections();
  size_t connections() const { return active_; }
  const ListenerConfig& config() const { return *config_; }

 private:
  // One listening socket.
  class Acceptor final : IoHandler, Timer {
   public:
    Acceptor(WorkerListener& listener, int fd);
    ~Acceptor();
    // Takes whoever has connected already.
    void accept_all();

   private:
    void on_io(uint32_t events) override;
    uint32_t accept_some();
    void on_timer() override;
    bool watch();
    bool accept_one();
    WorkerListener& listener_;
    int fd_;
    Address local_;
    bool local_is_fixed_ = false;  // bound to one address: no need to ask each connection
  };

  void on_accepted(int fd, const Address& remote, const Address& local);
  void on_downstream_closed(uint64_t started_ns) override;

  HttpWorker& http_;
  Ref<ListenerConfig> config_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  IntrusiveList<Http1Server> connections_;
  size_t active_ = 0;
};

}  // namespace outrider
