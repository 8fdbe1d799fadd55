#pragma once
#include <cstdint>
#include <string_view>

#include "codec/stream_codec.h"
#include "formatter/stream_info.h"
#include "upstream/pool/pool_base.h"

namespace outrider {

// What a stream may know of the upstream connection that carries it.
struct UpstreamConnectionInfo {
  uint64_t id = 0;
  Address local;
  Address remote;
  Protocol protocol = Protocol::None;
  uint64_t connect_start_ns = 0;
  uint64_t connect_complete_ns = 0;
  const TlsFacts* tls = nullptr;  // null: plain
};

// Waits for a place on an upstream connection, for one HTTP exchange.
class PoolWaiter : public Waiter {
 public:
  // The exchange may begin; `info` lives as long as it. `reused`: the connection has carried another before.
  virtual void on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& info, bool reused) = 0;

  ResponseDecoder& decoder() const { return *decoder_; }

 protected:
  ~PoolWaiter() = default;

 private:
  friend class ConnectionPool;
  ResponseDecoder* decoder_ = nullptr;
};

// A pool whose connections carry HTTP exchanges, whatever they speak.
class ConnectionPool : public PoolBase {
 public:
  // One of the waiter's two calls follows, maybe from within this one.
  virtual void request(PoolWaiter& waiter, ResponseDecoder& decoder) = 0;

 protected:
  using PoolBase::PoolBase;
  static void set_decoder(PoolWaiter& waiter, ResponseDecoder& decoder) { waiter.decoder_ = &decoder; }
};

// A non-blocking socket to `to`, with everything that the cluster says about sockets; -1 when it cannot be had.
int open_upstream_socket(const ClusterConfig& cluster, const Address& to);

}  // namespace outrider
