#pragma once
#include <string_view>

#include "connection/connection.h"
#include "upstream/pool/connection_pool.h"

namespace outrider {

// Who forwards raw bytes to an upstream, whatever carries them there.
class TcpUpstreamUser {
 public:
  virtual void on_upstream_connected(const UpstreamConnectionInfo& info) = 0;
  // It never came to be, and is gone.
  virtual void on_upstream_failed(ResetReason reason, std::string_view transport_failure) = 0;
  // Valid during the call, and until outputs that borrowed from it are flushed.
  virtual void on_upstream_data(std::string_view bytes) = 0;
  virtual void on_upstream_end() = 0;
  virtual void on_upstream_full(bool full) = 0;
  // It stood, and is gone.
  virtual void on_upstream_closed() = 0;

 protected:
  ~TcpUpstreamUser() = default;
};

class TcpUpstream {
 public:
  // `bytes` may be borrowed until the current event has been handled.
  virtual void send(std::string_view bytes) = 0;
  virtual void end() = 0;
  virtual void pause() = 0;
  virtual void resume() = 0;
  // Its user is done with it: no call back follows. With Flush what was sent still goes out; answers whether there
  // is such.
  enum class Ending : uint8_t { Flush, Abort };
  virtual bool release(Ending ending) = 0;
  // The socket that bytes may be spliced to and from; null: there is none.
  virtual Connection* socket() { return nullptr; }

 protected:
  ~TcpUpstream() = default;
};

// One raw connection to a host, made for one user. Counts as Envoy's TCP pool does, which keeps none either.
class TcpClient final : public TcpUpstream, ConnectionHandler, Deferred, Timer {
 public:
  // Starts to connect; null where that cannot even begin, and `failure` says why.
  static TcpClient* connect(PoolContext context, TcpUpstreamUser& user, ResetReason& failure);

  void send(std::string_view bytes) override;
  void end() override { connection_.end_output(); }
  void pause() override;
  void resume() override;
  bool release(Ending ending) override;
  Connection* socket() override { return &connection_; }
  // Bytes that were spliced from and to the socket.
  void count_received(uint64_t bytes) { count(ClusterStat::upstream_cx_rx_bytes_total, bytes); }
  void count_sent(uint64_t bytes) { count(ClusterStat::upstream_cx_tx_bytes_total, bytes); }

 private:
  enum class State : uint8_t { Connecting, Open, Closed };
  TcpClient(PoolContext context, TcpUpstreamUser& user, int fd);
  virtual ~TcpClient() = default;

  // ConnectionHandler
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_connected() override;
  void on_output_full(bool full) override;
  void on_closed(CloseReason reason) override;

  void on_timer() override;
  void free_deferred() override { delete this; }

  const ClusterConfig& cluster() const { return *context_.cluster; }
  const Host& host() const { return *context_.host; }
  StatsBlock& stats() { return context_.worker.stats; }
  CircuitBreakers& breakers() { return context_.cluster->breakers(); }
  void count(ClusterStat stat, uint64_t n = 1) { stats().add(cluster().stats.cluster, stat, n); }
  void uncount(ClusterStat stat) { stats().sub(cluster().stats.cluster, stat); }
  void count_connection();
  void stop_waiting();
  void fail(ResetReason reason, std::string_view transport_failure);
  void destroy(CloseReason reason);

  PoolContext context_;
  TcpUpstreamUser* user_;  // null: nobody is told any more
  Connection connection_;
  UpstreamConnectionInfo info_;
  State state_ = State::Connecting;
};

}  // namespace outrider
