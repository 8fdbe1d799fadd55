#pragma once
#include "upstream/pool/pool_of.h"

namespace outrider {

class TcpTunnelPool;

// One raw connection to a host, for a CONNECT request that ends here (connect_config): what the client sends goes to
// the host as it is, and back. The exchange's encoder; it makes up the 200 that tells the client to begin.
class TcpTunnel final : public PooledConnection, MessageEncoder {
 public:
  using Waiter = PoolWaiter;
  explicit TcpTunnel(TcpTunnelPool& pool);

  // The connection stands: it carries this exchange, and no other.
  void attach(PoolWaiter& waiter);

 private:
  // MessageEncoder
  void encode_headers(const HeaderMap& headers, EndStream end) override;
  void encode_data(std::string_view data, EndStream end) override;
  void encode_trailers(const HeaderMap& trailers) override;
  void reset(ResetReason reason) override;
  void pause_input() override { connection_.pause_reads(); }
  void resume_input() override { connection_.resume_reads(); }

  void on_open() override;
  void on_broken(CloseReason reason) override;
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_output_full(bool full) override;

  ResponseDecoder* decoder_ = nullptr;  // null: no exchange yet, or no more
};

// The tunnels of one worker to one host.
class TcpTunnelPool final : public PoolOf<TcpTunnel, ConnectionPool> {
 public:
  explicit TcpTunnelPool(const PoolContext& context)
      : PoolOf(context, {context.cluster->tcp_idle_timeout_ms, true, {}}) {}

  void request(PoolWaiter& waiter, ResponseDecoder& decoder) override {
    set_decoder(waiter, decoder);
    take(waiter);
  }

 private:
  PooledConnection& make_connection() override { return *new TcpTunnel(*this); }
};

}  // namespace outrider
