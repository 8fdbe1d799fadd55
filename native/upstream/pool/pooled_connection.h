#pragma once
#include <cstdint>

#include "connection/connection.h"
#include "upstream/pool/connection_pool.h"

namespace outrider {

// One connection of a pool, whatever it speaks: how it comes to be, its clocks, its end. What it carries is the
// business of the classes that derive from it.
class PooledConnection : public ListLink<PooledConnection>, protected ConnectionHandler, Deferred, Timer {
 public:
  using ListLink<PooledConnection>::unlink;
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;

  // Begins to connect; `transport` is null for a plain connection.
  void connect(int fd, std::unique_ptr<TransportSocket> transport);
  // Closes now if it carries nothing, else after its exchanges.
  void drain();
  // Exchanges that it could take now.
  uint32_t room() const {
    return draining_ || state_ != State::Open || active_ >= streams_max_ ? 0 : streams_max_ - active_;
  }
  // Exchanges that it was expected to take, while it connected.
  uint32_t promised() const { return promised_; }

 protected:
  enum class State : uint8_t { Connecting, Open, Closed };
  PooledConnection(PoolBase& pool, Protocol protocol, uint32_t streams_max);
  virtual ~PooledConnection() = default;

  // It stands.
  virtual void on_open() = 0;
  // It is gone, or its peer's side is, though it stood.
  virtual void on_broken(CloseReason reason) = 0;

  // ConnectionHandler
  void on_end_of_input() override;
  void on_connected() final;
  void on_closed(CloseReason reason) final;

  bool open() const { return state_ == State::Open; }
  // Takes one more exchange, maybe the last one.
  void begin_exchange();
  // The exchange is over, and the connection may have become idle.
  void end_exchange();
  void start_idle_clock();
  // A connection that broke with exchanges on it.
  void count_broken(CloseReason closed_by);
  void count_bytes();
  void destroy(CloseReason reason);

  PoolBase& pool_;
  Connection connection_;
  UpstreamConnectionInfo info_;
  uint64_t requests_ = 0;
  uint64_t written_before_ = 0;  // bytes of earlier exchanges
  uint32_t active_ = 0;          // exchanges that it carries
  uint32_t streams_max_;         // of them at once
  const uint32_t promised_;
  State state_ = State::Connecting;
  bool draining_ = false;

 private:
  void on_timer() override;
  void free_deferred() override { delete this; }
  void watch_deadline();
  uint64_t deadline_ms() const;

  uint64_t idle_since_ms_ = 0;
};

}  // namespace outrider
