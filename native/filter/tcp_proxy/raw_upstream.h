#pragma once
#include "filter/tcp_proxy/upstream.h"
#include "upstream/pool/tcp.h"

namespace outrider {

// A connection of a TCP pool. Frees itself when it has failed, ended, or been released and flushed.
class RawUpstream final : public ProxyUpstream, TcpWaiter, ConnectionHandler, Deferred {
 public:
  RawUpstream(TcpPool& pool, UpstreamUser& user) : pool_(pool), loop_(pool.loop()), user_(&user) {}

  void request() override { pool_.request(*this); }
  void send(std::string_view bytes) override;
  void end() override { client_->connection().end_output(); }
  void pause() override;
  void resume() override;
  bool release(Ending ending) override;
  Connection* socket() override;

 private:
  virtual ~RawUpstream() = default;
  // TcpWaiter
  void on_tcp_ready(TcpClient& client) override;
  void on_pool_failure(ResetReason reason, std::string_view transport_failure) override;
  // ConnectionHandler
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_output_full(bool full) override;
  void on_closed(CloseReason reason) override;
  void free_deferred() override { delete this; }

  TcpPool& pool_;  // lives as long as its connections and who waits for one
  EventLoop& loop_;
  UpstreamUser* user_;           // null: nobody is told any more
  TcpClient* client_ = nullptr;  // null: not yet, or no more
};

}  // namespace outrider
