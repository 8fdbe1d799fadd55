#pragma once
#include <cstdint>
#include <string_view>

#include "codec/stream_codec.h"
#include "upstream/pool/connection_pool.h"

namespace outrider {

class Router;

// One try: the request on its way to one host, and that host's answer. Made by the router, which decides what
// becomes of its end; started anew for a retry.
class UpstreamRequest final : PoolWaiter, ResponseDecoder {
 public:
  enum class State : uint8_t {
    Idle,        // not started, or ended
    Waiting,     // for a connection
    Sent,        // its head, at least
    Responding,  // the answer's head was passed on
  };

  explicit UpstreamRequest(Router& router) : router_(router) {}
  ~UpstreamRequest() = default;  // the router has cancelled it
  UpstreamRequest(const UpstreamRequest&) = delete;
  UpstreamRequest& operator=(const UpstreamRequest&) = delete;

  // Asks `pool` for a connection; the router may be called back at once.
  void start(ConnectionPool& pool, Ref<const Host> host);
  // To the host, where there is a connection already. `data` is borrowed until the event is over.
  void send_data(std::string_view data, EndStream end);
  void send_trailers(HeaderMap& trailers);
  // Gives it up; no call back follows.
  void cancel();
  // The try has come to nothing: what the log says of it must not point into its connection.
  void forget_connection();
  void pause_response(bool pause);
  // The request is complete, or a byte went by: sets the clocks of this try.
  void start_clocks();
  void touch();

  State state() const { return state_; }
  void set_responding() { state_ = State::Responding; }
  bool awaits_headers() const { return state_ == State::Waiting || state_ == State::Sent; }
  // May be sent bytes.
  bool connected() const { return encoder_ != nullptr && !awaits_tunnel_; }
  bool active() const { return state_ != State::Idle; }
  bool sent_anything() const { return sent_anything_; }
  const Ref<const Host>& host() const { return host_; }

  // The earliest of its clocks.
  uint64_t deadline_ms() const;
  uint64_t try_deadline_ms = UINT64_MAX;       // per_try_timeout
  uint64_t idle_deadline_ms = UINT64_MAX;      // per_try_idle_timeout
  uint64_t duration_deadline_ms = UINT64_MAX;  // the cluster's max_stream_duration
  bool retried = false;                        // it was too slow: another try runs beside it (hedging)
  UpstreamRequest* next = nullptr;             // an older try that goes on

 private:
  // PoolWaiter
  void on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& info, bool reused) override;
  void on_pool_failure(ResetReason reason, std::string_view transport_failure) override;
  // ResponseDecoder
  HeaderMap& response_headers() override;
  HeaderMap& response_trailers() override;
  bool is_head_request() const override;
  bool is_connect_request() const override;
  bool is_upgrade_request() const override;
  WireBytes* wire_bytes() override;
  Connection* splice_target() override;
  void on_spliced(uint64_t bytes) override;
  void on_1xx(HeaderMap& headers) override;
  void on_headers(HeaderMap& headers, EndStream end) override;
  void on_data(std::string_view data, EndStream end) override;
  void on_trailers(HeaderMap& trailers) override;
  void on_reset(ResetReason reason) override;
  void on_output_full(bool full) override;

  void send_kept();
  void count_sent_reset();
  void note_connection(const UpstreamConnectionInfo& connection);
  void ended();

  Router& router_;
  Ref<const Host> host_;
  ConnectionPool* pool_ = nullptr;
  MessageEncoder* encoder_ = nullptr;  // null: no connection yet, or no more
  State state_ = State::Idle;
  bool sent_anything_ = false;
  bool sent_all_ = false;
  bool awaits_tunnel_ = false;  // of a CONNECT request nothing is sent on before the host agrees
  bool pauses_client_ = false;  // its connection takes no more
};

}  // namespace outrider
