#pragma once
#include "filter/network.h"

namespace outrider {

// What every terminal filter but the HTTP connection manager is made of: the socket, its facts and its end.
class TerminalBase : public DownstreamConnection, public Deferred {
 public:
  TerminalBase(NetworkWorker& network, DownstreamOwner& owner, const ConnectionInfo& info,
               uint32_t buffer_limit_bytes);
  virtual ~TerminalBase() = default;

  bool start(int fd) override;
  // It has no exchanges to wait for; whoever ends the process or the listener ends it in time.
  void drain() override {}
  void abort() override { on_closed(CloseReason::Local); }
  Connection& connection() final { return connection_; }
  ConnectionInfo& info() final { return info_; }
  void free_deferred() override { delete this; }

  void on_connected() override { info_.on_secured(connection_.tls(), loop().now_ns()); }
  size_t on_data(std::string_view bytes) override { return bytes.size(); }
  void on_end_of_input() override { connection_.close_when_written(0); }
  void on_output_full(bool) override {}
  void on_closed(CloseReason reason) override;

 protected:
  // The connection is over: before its facts are passed on and it is freed.
  virtual void on_over(CloseReason) {}
  NetworkWorker& network() { return network_; }
  EventLoop& loop() { return network_.worker.loop; }
  StatsBlock& stats() { return network_.worker.stats; }
  bool over() const { return over_; }

 private:
  NetworkWorker& network_;
  DownstreamOwner& owner_;
  Connection connection_;
  ConnectionInfo info_;
  bool over_ = false;
};

}  // namespace outrider
