#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/output_buffer.h"
#include "base/ref.h"
#include "base/worker_context.h"

namespace outrider {

class TlsFacts;

// What stands between a connection and its socket when it is not plain: TLS, a PROXY header. Owned by the connection;
// told its descriptor once. A plain connection has none.
class TransportSocket {
 public:
  virtual ~TransportSocket() = default;

  enum class Handshake : uint8_t {
    Done,
    Blocked,  // until the socket is ready again
    Later,    // this turn has done enough of them: again in the next
    Failed,   // failure() says why
  };
  enum class ReadStatus : uint8_t {
    More,     // there may be more at once
    Drained,  // the socket is empty
    Ended,    // the peer has ended its side
    Failed,
  };
  struct Read {
    size_t bytes;  // of the payload, whatever the status
    ReadStatus status;
  };
  enum class WriteStatus : uint8_t { Done, Blocked, Failed };

  virtual void start(int fd) = 0;
  // Goes on with the handshake; nothing is read or written by the owner before it is done.
  virtual Handshake handshake() = 0;
  virtual Read read(char* into, size_t room) = 0;
  // Takes all it can from `output` and writes it.
  virtual WriteStatus write(OutputBuffer& output) = 0;
  // Bytes taken by write() that the socket has not taken.
  virtual size_t unwritten_bytes() const { return 0; }
  // Says to the peer that no more comes (close_notify), as far as the socket takes it. May be called more than once.
  virtual void end_output() {}
  // Null: not TLS, or not known before the handshake.
  virtual const TlsFacts* tls() const { return nullptr; }
  // Why it failed, as in Envoy's %…_TRANSPORT_FAILURE_REASON%; empty: it did not.
  virtual std::string_view failure() const { return {}; }
  // Payload goes over the socket as it is once the handshake is done, so that it may be spliced.
  virtual bool transparent() const { return false; }
};

// What one upstream connection asks of its transport socket beyond its configuration. Texts are valid during the call.
struct TransportOptions {
  std::string_view host_name = {};    // of the endpoint, for auto_host_sni
  std::string_view server_name = {};  // SNI instead of the configured one
  std::string_view verified_name =
      {};                      // a DNS name that the peer's certificate must have (auto_san_validation)
  std::string_view alpn = {};  // instead of the configured: names with commas between, "h2,http/1.1"
  std::string_view alpn_fallback = {};  // where none is configured
};

// A transport_socket as configured, for every worker. Held by filter chains and clusters; null stands for raw_buffer.
class TransportSocketFactory : public RefCounted<TransportSocketFactory> {
 public:
  virtual ~TransportSocketFactory() = default;
  // On the worker that the connection belongs to. Never null: while its secrets have not come, handshakes fail.
  virtual std::unique_ptr<TransportSocket> make(WorkerContext& worker,
                                                const TransportOptions& options) const = 0;
  // Every secret that it needs is there.
  virtual bool ready() const { return true; }
  // The scheme that a request on it has: https.
  virtual bool secure() const { return true; }
};

}  // namespace outrider
