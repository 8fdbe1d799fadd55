#pragma once
#include "connection/connection.h"
#include "upstream/pool/connection_pool.h"

namespace outrider {

class TcpTunnelPool;

// One raw connection to a host, for a CONNECT request that ends here (connect_config): what the client sends goes to
// the host as it is, and back. The exchange's encoder; it makes up the 200 that tells the client to begin.
class TcpTunnel final : public ListLink<TcpTunnel>, MessageEncoder, ConnectionHandler, Deferred, Timer {
 public:
  TcpTunnel(TcpTunnelPool& pool, int fd);
  ~TcpTunnel() = default;

  // The connection stands: it carries this exchange, and no other.
  void attach(PoolWaiter& waiter, ResponseDecoder& decoder);
  // Nobody waits for it any more.
  void abandon() { destroy(CloseReason::Local); }

 private:
  friend class TcpTunnelPool;
  enum class State : uint8_t { Connecting, Open, Closed };

  // MessageEncoder
  void encode_headers(const HeaderMap& headers, EndStream end) override;
  void encode_data(std::string_view data, EndStream end) override;
  void encode_trailers(const HeaderMap& trailers) override;
  void reset(ResetReason reason) override;
  void pause_input() override { connection_.pause_reads(); }
  void resume_input() override { connection_.resume_reads(); }

  // ConnectionHandler
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_connected() override;
  void on_output_full(bool full) override;
  void on_closed(CloseReason reason) override;

  void on_timer() override;
  void free_deferred() override { delete this; }

  void count_bytes();
  void destroy(CloseReason reason);

  TcpTunnelPool& pool_;
  Connection connection_;
  ResponseDecoder* decoder_ = nullptr;  // null: no exchange yet, or no more
  UpstreamConnectionInfo info_;
  State state_ = State::Connecting;
};

// The tunnels of one worker to one host. A connection is made for each exchange and ends with it.
class TcpTunnelPool final : public ConnectionPool, Deferred {
 public:
  explicit TcpTunnelPool(PoolContext context) : context_(std::move(context)) {}
  virtual ~TcpTunnelPool() = default;

  void request(PoolWaiter& waiter, ResponseDecoder& decoder) override;
  void cancel(PoolWaiter& waiter) override;
  void set_host(const Ref<const Host>& host) override {
    if (!(context_.host == host)) context_.host = host;
  }
  void drain() override;

 private:
  friend class TcpTunnel;

  const ClusterConfig& cluster() const { return *context_.cluster; }
  const Host& host() const { return *context_.host; }
  StatsBlock& stats() { return context_.worker.stats; }
  CircuitBreakers& breakers() { return context_.cluster->breakers(); }
  void count(ClusterStat stat, uint64_t n = 1) { stats().add(cluster().stats.cluster, stat, n); }
  void uncount(ClusterStat stat) { stats().sub(cluster().stats.cluster, stat); }
  void count_host(HostStat stat) { stats().add(host().state->stats, stat); }
  void uncount_host(HostStat stat) { stats().sub(host().state->stats, stat); }

  void connect_for_waiting();
  bool connect();
  void dequeue(PoolWaiter& waiter);
  void fail_waiting(ResetReason reason, std::string_view transport_failure);
  void on_tunnel_ready(TcpTunnel& tunnel);
  void on_exchange_over();
  void on_tunnel_gone(bool was_connecting, CloseReason reason);
  void on_connect_failure(ResetReason reason, std::string_view transport_failure);
  void end_if_empty();
  void free_deferred() override { delete this; }

  PoolContext context_;
  IntrusiveList<PoolWaiter> waiting_;
  IntrusiveList<TcpTunnel> connecting_;
  IntrusiveList<TcpTunnel> open_;
  uint32_t waiting_count_ = 0;
  uint32_t connecting_count_ = 0;
  uint32_t tunnels_ = 0;
  bool draining_ = false;
};

}  // namespace outrider
