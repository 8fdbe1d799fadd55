#pragma once
#include "codec/http2/mux.h"
#include "upstream/pool/pool_of.h"

namespace outrider {

class Http1Pool;
class Http2Pool;

// One upstream HTTP/2 connection: carries many exchanges at once, each over a stream of the codec's own.
class Http2Client final : public PooledConnection, http2::MuxHandler, EndOfTurn {
 public:
  using Waiter = PoolWaiter;
  explicit Http2Client(Http2Pool& pool);

  void attach(PoolWaiter& waiter);

 private:
  // Keepalive pings, and bytes that the peer does not take.
  class Clock final : public outrider::Timer {
   public:
    explicit Clock(Http2Client& client) : client_(client) {}
    void on_timer() override { client_.on_clock(); }

   private:
    Http2Client& client_;
  };

  void on_open() override;
  void on_broken(CloseReason reason) override;
  size_t on_data(std::string_view bytes) override;
  void on_output_full(bool full) override;

  // MuxHandler
  RequestDecoder& on_request(http2::Stream& stream) override;
  void on_stream_closed() override;
  void on_settings() override;
  void on_no_new_streams() override;
  void on_goaway(http2::ErrorCode code) override;
  void on_output() override { connection_.send_soon(); }
  void on_new_deadline() override { watch_clock(); }
  void on_connection_error(std::string_view details) override;

  void on_end_of_turn() override;
  void on_clock();
  void watch_clock();
  void abandon_exchanges();
  Http2Pool& pool();

  http2::Mux mux_;
  Clock clock_{*this};
};

// The HTTP/2 connections of one worker to one host.
class Http2Pool final : public PoolOf<Http2Client, ConnectionPool> {
 public:
  explicit Http2Pool(const PoolContext& context);

  void request(PoolWaiter& waiter, ResponseDecoder& decoder) override;

 private:
  friend class Http2Client;
  void on_drain() override;
  // auto_config: the host has chosen HTTP/1 by ALPN. All that waits, and all that comes, goes to a pool of that kind.
  void fall_back();
  PooledConnection& make_connection() override { return *new Http2Client(*this); }

  http2::Options options_;
  http2::Workspace& space_;
  // As the host last said; what a new connection goes by until it is told itself.
  uint32_t peer_streams_max_ = UINT32_MAX;
  Http1Pool* fallback_ = nullptr;  // frees itself once it was drained
};

}  // namespace outrider
