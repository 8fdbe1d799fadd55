#pragma once
#include <string_view>

#include "connection/connection.h"
#include "upstream/pool/connection_pool.h"

namespace outrider {

// Who forwards bytes to an upstream, whatever carries them there.
class UpstreamUser {
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
  ~UpstreamUser() = default;
};

// Where the bytes of one downstream connection go.
class ProxyUpstream {
 public:
  // One of the user's first two calls follows, maybe from within this one.
  virtual void request() = 0;
  // `bytes` may be borrowed until the current event has been handled.
  virtual void send(std::string_view bytes) = 0;
  virtual void end() = 0;
  virtual void pause() = 0;
  virtual void resume() = 0;
  // Its user has done with it: no call back follows. With Flush what was sent still goes out; answers whether there
  // is such.
  enum class Ending : uint8_t { Flush, Abort };
  virtual bool release(Ending ending) = 0;
  // The plain socket that bytes may be spliced to and from; null: there is none.
  virtual Connection* socket() { return nullptr; }

 protected:
  ~ProxyUpstream() = default;
};

}  // namespace outrider
