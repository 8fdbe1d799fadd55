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
#include "downstream/filter_chain.h"
#include "downstream/filter_chain_match.h"
#include "downstream/http_connection_manager.h"
#include "downstream/listener_filters.h"

namespace outrider {

// Connections from outside, of all listeners that do not ignore this, and how many there may be.
struct ConnectionBudget {
  std::atomic<uint64_t> open{0};
  std::atomic<uint64_t> max{UINT64_MAX};
};

// Where a listener listens, and what its socket is like.
struct ListenAddress {
  Address address;  // as configured; the port may be 0
  std::vector<SocketOption> options;
  TcpKeepalive keepalive;
  uint32_t pipe_mode = 0;  // 0: as the umask has it
  bool ipv4_compat = false;
  bool operator==(const ListenAddress&) const = default;
};

// envoy.config.listener.v3.Listener, read once. Immutable but for its count of connections; shared by all workers.
class ListenerConfig final : public RefCounted<ListenerConfig> {
 public:
  struct BuildContext {
    HcmBuildContext& hcm;
    RouteBuildContext& routes;
    StatsRegistry& stats;
    SecretStore& secrets;
    uint32_t worker_count;
    ConnectionBudget& budget;
    bool budget_is_fixed;  // by the overload manager: listeners that opt out of it are not even counted
  };
  static Result<Ref<ListenerConfig>> build(Ref<const SharedConfig> source, BuildContext& context);

  ConfigView view() const { return source_->root(); }
  // The chain for a connection; null: none matches.
  const FilterChain* find_chain(const ConnectionInfo& info) const;
  const ListenerFilterList& filters() const { return filters_; }

  std::string name;
  std::vector<ListenAddress> addresses;
  uint32_t buffer_bytes_max = 1 << 20;
  uint32_t accepts_per_event_max = 1;
  int backlog = 0;
  int fast_open_queue = -1;  // -1: off
  bool bind_to_port = true;
  bool reuse_port = true;
  bool transparent = false;
  bool freebind = false;
  bool exact_balance = false;
  StatScope<ListenerStat> stats;
  std::vector<StatScope<ListenerWorkerStat>> worker_stats;

  // Runtime key envoy.resource_limits.listener.<name>.connection_limit. From main.
  void set_connections_max(uint64_t most) const { connections_max_.store(most, std::memory_order_relaxed); }
  // Do sockets that were opened for `other` serve this one as well?
  bool same_sockets(const ListenerConfig& other) const;

  enum class Admission : uint8_t { Admitted, ListenerIsFull, AllAreFull };
  // Counts one more connection unless that would be too many.
  Admission admit() const;
  void leave() const;
  // Which worker a connection goes to that `self` accepted; it is counted there until release_worker().
  uint32_t choose_worker(uint32_t self) const;
  void release_worker(uint32_t index) const;

 private:
  explicit ListenerConfig(ConnectionBudget& budget) : budget_(budget) {}
  Result<bool> read_addresses(ConfigView view);
  Result<bool> read_chains(ConfigView view, std::string_view stat_prefix, BuildContext& context);

  Ref<const SharedConfig> source_;
  ListenerFilterList filters_;
  FilterChainMatcher matcher_;
  std::vector<std::unique_ptr<FilterChain>> chains_;
  std::unique_ptr<FilterChain> default_chain_;  // null: connections without a match are closed
  ConnectionBudget& budget_;
  bool counts_to_budget_ = true;
  bool opts_out_of_budget_ = false;
  mutable std::atomic<uint64_t> connections_{0};
  mutable std::atomic<uint64_t> connections_max_{UINT64_MAX};
  std::unique_ptr<std::atomic<uint32_t>[]> by_worker_;  // connections, with exact_balance alone
  uint32_t worker_count_ = 0;
};

// A connection that was accepted and belongs to nobody yet.
struct AcceptedSocket {
  int fd;
  Address remote;
  Address local;
};

// Takes an accepted connection to another worker (exact_balance).
class SocketPorter {
 public:
  virtual void carry(uint32_t worker, const Ref<ListenerConfig>& listener, const AcceptedSocket& socket) = 0;

 protected:
  ~SocketPorter() = default;
};

// A socket that is bound and listens, with everything the listener says about sockets; or why not.
Result<int> open_listen_socket(const ListenerConfig& listener, const ListenAddress& where, bool reuse_port);
// Envoy's name of the listener's statistics: "listener.127.0.0.1_80."
std::string listener_stat_prefix(ConfigView listener, const Address& address);

// A listener on one worker: its sockets and its connections.
class WorkerListener final : public DownstreamOwner, PendingOwner {
 public:
  // Takes the sockets over.
  WorkerListener(HttpWorker& http, SocketPorter& porter, Ref<ListenerConfig> config,
                 const std::vector<int>& sockets);
  ~WorkerListener();

  // Closes the sockets; connections go on.
  void stop_accepting();
  // One connection, fresh from the kernel: refused, carried to another worker, or taken.
  void on_accepted(const AcceptedSocket& socket);
  // One that was admitted and counted for this worker.
  void take(const AcceptedSocket& socket);
  // Idle connections end now, the others with their exchange.
  void drain_connections();
  size_t connections() const { return active_; }
  const ListenerConfig& config() const { return *config_; }

 private:
  // One listening socket.
  class Acceptor final : IoHandler, Timer {
   public:
    Acceptor(WorkerListener& listener, int fd, bool ipv4_compat);
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
    bool ipv4_compat_;
    bool local_is_fixed_ = false;  // bound to one address: no need to ask each connection
  };

  void on_downstream_closed(uint64_t started_ns) override;
  void on_pending_end(PendingSocket& pending, PendingEnd end) override;
  void leave();
  void serve(int fd, ConnectionInfo& info);

  HttpWorker& http_;
  NetworkWorker network_;
  SocketPorter& porter_;
  Ref<ListenerConfig> config_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  IntrusiveList<PendingSocket> pending_;
  IntrusiveList<DownstreamConnection> connections_;
  size_t active_ = 0;
};

}  // namespace outrider
