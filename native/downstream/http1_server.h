#pragma once
#include <memory>

#include "base/event_loop.h"
#include "codec/http1/chunked.h"
#include "codec/http1/encoder.h"
#include "codec/http1/parser.h"
#include "connection/connection.h"
#include "downstream/active_stream.h"
#include "downstream/http2_server.h"
#include "downstream/http_connection_manager.h"
#include "filter/network.h"

namespace outrider {

// One downstream HTTP connection: with HTTP/1, bytes to requests, one at a time, and responses to bytes. Where the
// client turns out to speak HTTP/2, an Http2Server does that instead.
class Http1Server final : public DownstreamConnection,
                          public Deferred,
                          public StreamOwner,
                          public ResponseEncoder,
                          public Http2Parent,
                          Timer {
 public:
  Http1Server(HttpWorker& http, const HcmInstance& hcm, DownstreamOwner& owner, const ConnectionInfo& info,
              uint32_t buffer_limit_bytes);

  // DownstreamConnection
  bool start(int fd) override;
  void drain() override;
  void abort() override { on_closed(CloseReason::Local); }
  Connection& connection() override { return connection_; }
  ConnectionInfo& info() override { return info_; }
  void free_deferred() override;

 private:
  enum class Phase : uint8_t {
    Idle,
    Head,
    Body,
    Waiting
  };  // Waiting: the request is read, its answer is not out

  // ConnectionHandler
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_connected() override;
  void on_output_full(bool full) override;
  void on_closed(CloseReason reason) override;
  // StreamOwner
  const ConnectionInfo& connection_info() const override { return info_; }
  const HcmInstance& hcm() const override { return hcm_; }
  HttpWorker& http() override { return http_; }
  void require_deadline(uint64_t deadline_ms) override {
    http_.worker.loop.timers().require(*this, deadline_ms);
  }
  uint64_t buffer_bytes_max() const override { return connection_.limit_bytes(); }
  bool client_wants_close() const override { return client_wants_close_; }
  bool draining() const override;
  void close_after_response() override { close_after_response_ = true; }
  void on_stream_complete(ActiveStream& stream) override;
  // ResponseEncoder
  Connection* splice_target() override;
  void encode_1xx(const HeaderMap& headers) override;
  void encode_headers(const HeaderMap& headers, EndStream end) override;
  void encode_data(std::string_view data, EndStream end) override;
  void encode_trailers(const HeaderMap& trailers) override;
  void reset(ResetReason reason) override;
  void pause_input() override {
    connection_.pause_reads();
    ++paused_;
  }
  void resume_input() override {
    --paused_;
    connection_.resume_reads();
  }

  void on_timer() override;

  // An idle connection that drains may have its next request on the way: it has this long to arrive.
  static constexpr uint64_t next_request_ms = 1'000;

  void close_after_output(uint64_t linger_ms) override;

  bool choose_codec(std::string_view bytes);
  void use_http1();
  void use_http2();
  void abandon_http2(HttpStat ended_by);
  bool may_begin(std::string_view& bytes);
  void hold_input();
  uint64_t idle_end_ms() const;
  size_t parse_head(std::string_view bytes);
  size_t parse_body(std::string_view bytes);
  void begin_stream();
  void on_head();
  void on_request_complete();
  void close(uint64_t linger_ms);
  void destroy(CloseReason reason);
  void count_read();
  void count_written();
  uint64_t deadline_ms() const;
  bool http10() const { return parser_.head().minor_version == 0; }

  HttpWorker& http_;
  const HcmInstance& hcm_;
  DownstreamOwner& owner_;
  Connection connection_;
  ActiveStream* stream_ = nullptr;
  std::unique_ptr<Http2Server> http2_;
  http1::Parser parser_;
  http1::BodyDecoder body_;
  ConnectionInfo info_;
  uint64_t started_ns_;
  uint64_t idle_since_ms_;
  uint64_t old_at_ms_ = UINT64_MAX;    // max_connection_duration
  uint64_t drain_at_ms_ = UINT64_MAX;  // an idle or old connection ends then
  uint32_t requests_ = 0;
  uint16_t paused_ = 0;
  Phase phase_ = Phase::Idle;
  http1::Framing response_framing_ = http1::Framing::None;
  http1::RequestFacts request_;
  bool client_wants_close_ = false;
  bool close_after_response_ = false;
  bool input_paused_ = false;  // the next request has come before its turn
  bool closed_ = false;
  bool soft_drain_ = false;  // the connection is too old: it ends with the next response
  bool lingers_ = false;     // waits for the client's end, after ours
  bool in_on_data_ = false;
  bool codec_chosen_ = false;
};

}  // namespace outrider
