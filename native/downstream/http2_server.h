#pragma once
#include <vector>

#include "codec/http2/mux.h"
#include "connection/connection.h"
#include "downstream/active_stream.h"
#include "downstream/http_connection_manager.h"

namespace outrider {

// Whoever has the connection that turned out to speak HTTP/2.
class Http2Parent {
 public:
  // Wants on_timer() of its session at this time, or before.
  virtual void require_deadline(uint64_t deadline_ms) = 0;
  // Nothing more is to come: the connection ends once everything is written.
  virtual void close_after_output(uint64_t linger_ms) = 0;

 protected:
  ~Http2Parent() = default;
};

// What a downstream connection is with HTTP/2: frames to requests, many at a time, and responses to frames. The
// connection itself stays its parent's, which tells everything that happens to it.
class Http2Server final : public StreamOwner, http2::MuxHandler {
 public:
  Http2Server(HttpWorker& http, const HcmInstance& hcm, Http2Parent& parent, Connection& connection,
              const ConnectionInfo& info);
  ~Http2Server();

  void start();
  size_t on_data(std::string_view bytes) { return mux_.on_data(bytes); }
  void on_output_full(bool full) { mux_.on_output_full(full); }
  // The connection is gone.
  void abandon() { mux_.abandon(ResetReason::ConnectionTermination); }
  // Says that it is going away, and what was the last stream a little later.
  void drain();
  bool idle() const { return mux_.streams() == 0; }
  bool drains() const { return drain_ != Drain::None; }
  bool nothing_asked() const { return requests_ == 0; }
  uint64_t deadline_ms() const;
  void on_timer();

 private:
  enum class Drain : uint8_t { None, Announced, Last };

  // StreamOwner
  const ConnectionInfo& connection_info() const override { return info_; }
  const HcmInstance& hcm() const override { return hcm_; }
  HttpWorker& http() override { return http_; }
  void require_deadline(uint64_t deadline_ms) override { parent_.require_deadline(deadline_ms); }
  uint64_t buffer_bytes_max() const override { return connection_.limit_bytes(); }
  bool client_wants_close() const override { return false; }
  bool draining() const override { return false; }  // the connection says it, not its responses
  void close_after_response() override {}
  void on_stream_complete(ActiveStream& stream) override;
  // MuxHandler
  RequestDecoder& on_request(http2::Stream& stream) override;
  void on_stream_closed() override;
  void on_new_deadline() override { parent_.require_deadline(deadline_ms()); }
  void on_output() override { connection_.send_soon(); }
  void on_connection_error(std::string_view details) override;

  HttpWorker& http_;
  const HcmInstance& hcm_;
  Http2Parent& parent_;
  Connection& connection_;
  const ConnectionInfo& info_;
  http2::Mux mux_;
  std::vector<ActiveStream*> due_;
  uint64_t drain_at_ms_ = UINT64_MAX;
  uint64_t idle_since_ms_;
  uint64_t old_at_ms_ = UINT64_MAX;  // max_connection_duration
  uint32_t requests_ = 0;
  Drain drain_ = Drain::None;
};

}  // namespace outrider
