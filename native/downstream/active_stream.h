#pragma once
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/event_loop.h"
#include "codec/header_map.h"
#include "codec/stream_codec.h"
#include "downstream/http_connection_manager.h"
#include "downstream/request_rules.h"
#include "filter/chain.h"
#include "formatter/stream_info.h"
#include "router/router.h"

namespace outrider {

// The downstream connection as its streams see it.
class StreamOwner {
 public:
  virtual const ConnectionInfo& connection_info() const = 0;
  virtual const HcmInstance& hcm() const = 0;
  virtual HttpWorker& http() = 0;
  // Wants on_deadline() of its streams at this time, or before.
  virtual void require_deadline(uint64_t deadline_ms) = 0;
  // per_connection_buffer_limit_bytes
  virtual uint64_t buffer_bytes_max() const { return 1 << 20; }
  // The client asked for the connection to end, or its last request has come.
  virtual bool client_wants_close() const = 0;
  virtual bool draining() const = 0;
  // Ends the connection after this response (HTTP/1).
  virtual void close_after_response() = 0;
  // The response has ended; the stream is freed at the end of the turn.
  virtual void on_stream_complete(ActiveStream& stream) = 0;

 protected:
  ~StreamOwner() = default;
};

// One request and its response, from the first byte of its head until the log is written: the filter chain, the
// router at its end, and the rules of the connection manager around them. Everything it needs lives in its arena.
class ActiveStream final : public RequestDecoder, public Deferred, Stream, RouterCallbacks {
 public:
  ActiveStream(StreamOwner& owner, ResponseEncoder& encoder, Protocol protocol);
  ~ActiveStream();

  HeaderMap& request_headers() override { return request_headers_; }
  HeaderMap& request_trailers() override;
  WireBytes& wire_bytes() override { return info_.downstream_wire; }
  StreamInfo& info() override { return info_; }
  bool request_ended() const { return request_ended_; }
  bool response_started() const { return response_started_; }
  bool is_tunnel() const { return upgrade_request_; }
  // Facts of the head that only the codec knows.
  void set_expects_continue() { expects_continue_ = true; }

  // MessageDecoder: the request
  void on_headers(HeaderMap& headers, EndStream end) override;
  void on_data(std::string_view data, EndStream end) override;
  void on_trailers(HeaderMap& trailers) override;
  void on_reset(ResetReason reason) override;
  void on_output_full(bool full) override;

  // The codec refused the message; ends with an answer of that status.
  void on_protocol_error(uint16_t status, std::string_view details);
  // A body byte arrived or left: the stream is not idle.
  void touch() { last_activity_ms_ = http_.worker.loop.now_ms(); }

  uint64_t deadline_ms() const;
  void on_deadline();
  // The owner's connection ends: no more calls to the encoder.
  void free_deferred() override;

 private:
  enum class Side : uint8_t { Request, Response };
  // How far one direction has come through the filters.
  struct Progress {
    int headers_at = 0;         // the next filter for the head; filter_count_: all are done
    bool stopped = false;       // a filter holds the head back
    bool end = false;           // the message has ended, as far as it was read
    bool paused_input = false;  // by StopAndWatermark
    std::string kept;           // body bytes of StopAndBuffer
    HeaderMap* trailers = nullptr;
  };

  // Stream
  WorkerContext& worker() override { return http_.worker; }
  FormatContext format_context() override;
  HeaderMap* response_headers() override { return response_headers_; }
  const RouteResult& route() override;
  void clear_route_cache() override { route_known_ = false; }
  FilterStatus reply(const LocalReply& reply) override;
  void continue_request() override;
  void continue_response() override;
  std::string_view kept_request_body() const override { return request_.kept; }
  std::string_view kept_response_body() const override { return response_.kept; }

  AsyncClient& async_client() override { return http_.upstreams.async_client(); }

  // RouterCallbacks
  UpstreamDirectory& upstreams() override { return http_.upstreams; }
  HeaderMap& make_response_headers() override { return *new_map(HeaderMapKind::Response); }
  HeaderMap& make_response_trailers() override;
  const RouteTable* route_table() override { return &routes_->table(); }
  std::string& scratch() override { return http_.scratch; }
  bool internal_request() const override { return rules_.internal_request; }
  bool upgrade_request() const override { return upgrade_request_; }
  uint16_t stripped_port() const override { return rules_.stripped_port; }
  Connection* splice_target() override;
  void on_spliced(uint64_t bytes) override;
  const RuntimeValues* runtime() const override { return http_.runtime; }
  void count(RouterStat stat) override { http_.worker.stats.add(hcm_.router_stats, stat); }
  uint32_t internal_redirects() const override { return internal_redirects_; }
  void redirect_internally(std::string body) override;
  uint64_t buffer_bytes_max() const override { return owner_.buffer_bytes_max(); }
  void on_upstream_1xx(HeaderMap& headers) override;
  void on_upstream_headers(HeaderMap& headers, EndStream end) override;
  void on_upstream_data(std::string_view data, EndStream end) override;
  void on_upstream_trailers(HeaderMap& trailers) override;
  void on_upstream_cut_off() override;
  void on_router_reply(const RouterReply& reply) override;
  void pause_request_input() override;
  void resume_request_input() override;
  void require_deadline(uint64_t deadline_ms) override { owner_.require_deadline(deadline_ms); }

  HeaderMap* new_map(HeaderMapKind kind);
  void take_http2_head();
  static void make_http2_response(HeaderMap& headers);
  bool refuse_by_rules();
  bool decide_upgrade_request();
  void make_filters();
  void send_continue();

  void run_request_headers();
  void forward_kept_request(int from);
  void end_filters();
  void log(AccessLogType type);
  void make_grpc_reply(int64_t status, std::string_view message, HeaderMap& headers);
  bool run_request_body(int from, std::string_view& data, EndStream end);
  void after_request_filters(std::string_view data, EndStream end);
  void run_response_headers(EndStream end);
  bool run_response_body(int from, std::string_view& data, EndStream end);
  uint64_t kept_bytes_max(Side side);
  bool keep(Progress& progress, std::string_view data, FilterStatus status, Side side);

  void send_response_headers(EndStream end);
  void send_response_data(std::string_view data, EndStream end);
  void send_reply(uint16_t status, std::string_view body, std::string_view details,
                  const RouterReply* router);
  void end_response();
  void abort_response();
  void finish();

  StreamOwner& owner_;
  HttpWorker& http_;
  const HcmInstance& hcm_;
  const RouteConfig* routes_;
  WorkerRoutes* held_routes_ = nullptr;  // keeps routes_, where another version may take over
  ResponseEncoder* encoder_;             // null once the response has ended
  Arena arena_;
  StreamInfo info_;
  HeaderMap request_headers_;
  HeaderMap* request_trailers_ = nullptr;
  HeaderMap* response_headers_ = nullptr;
  HeaderMap* response_trailers_ = nullptr;
  HttpFilter** filters_ = nullptr;
  int filter_count_ = 0;
  Progress request_;
  Progress response_;
  RequestRulesResult rules_;
  RouteResult route_;
  Router router_;
  uint64_t last_activity_ms_;
  uint64_t stream_idle_ms_ = 0;
  uint64_t max_duration_ms_ = 0;
  uint64_t next_log_ms_ = UINT64_MAX;  // access_log_flush_interval
  uint16_t internal_redirects_ = 0;
  bool route_known_ = false;
  bool request_ended_ = false;
  bool response_started_ = false;
  bool local_reply_ = false;
  bool upgrade_request_ = false;
  bool expects_continue_ = false;
  bool counted_ = false;  // as an active request
  bool finished_ = false;
};

}  // namespace outrider
