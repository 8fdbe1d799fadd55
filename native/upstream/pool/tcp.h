#pragma once
#include "upstream/pool/pool_of.h"

namespace outrider {

class TcpClient;
class TcpPool;

// Waits for a raw connection.
class TcpWaiter : public Waiter {
 public:
  // The connection is the waiter's own from here on: it calls TcpClient::use() at once, and close() in the end.
  virtual void on_tcp_ready(TcpClient& client) = 0;

 protected:
  ~TcpWaiter() = default;
};

// One raw connection to a host. Whoever it is handed to gets what happens on it, and ends it.
class TcpClient final : public PooledConnection {
 public:
  using Waiter = TcpWaiter;
  explicit TcpClient(TcpPool& pool);

  void attach(TcpWaiter& waiter);
  // Who is told from now on. After its on_closed() the client is gone; the end of input is told once, and leaves
  // our side open.
  void use(ConnectionHandler& user) { user_ = &user; }
  Connection& connection() { return connection_; }
  const UpstreamConnectionInfo& info() const { return info_; }
  // The user has done with it. Nothing is told any more.
  void close(CloseReason reason = CloseReason::Local);
  // Adds what was read and written to the cluster's counters; done by itself when bytes arrive and at the end.
  void count() { count_bytes(); }

 private:
  void on_open() override;
  void on_broken(CloseReason reason) override;
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_output_full(bool full) override;

  ConnectionHandler* user_ = nullptr;  // null: nobody's yet, or no more
};

// The raw connections of one worker to one host. Each carries one exchange and ends with it.
class TcpPool final : public PoolOf<TcpClient, PoolBase> {
 public:
  explicit TcpPool(const PoolContext& context)
      : PoolOf(context, {context.cluster->tcp_idle_timeout_ms, true, {}}) {}
  // One of the waiter's two calls follows, maybe from within this one.
  void request(TcpWaiter& waiter) { take(waiter); }

 private:
  PooledConnection& make_connection() override { return *new TcpClient(*this); }
};

}  // namespace outrider
