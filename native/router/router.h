#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/worker_context.h"
#include "codec/stream_codec.h"
#include "formatter/stream_info.h"
#include "router/route_table.h"
#include "upstream/pool/connection_pool.h"
#include "upstream/worker_cluster.h"

namespace outrider {

// envoy.extensions.filters.http.router.v3.Router
struct RouterConfig {
  bool suppress_envoy_headers = false;
  bool respect_expected_request_timeout = false;
  static RouterConfig read(ConfigView config);
};

// Where the router finds what it sends to. One for each worker.
class UpstreamDirectory {
 public:
  // Null when there is no such cluster (now).
  virtual WorkerCluster* cluster(uint32_t index) = 0;
  virtual WorkerCluster* cluster(std::string_view name) = 0;
  virtual ConnectionPool& pool(WorkerCluster& cluster, HostSlot& slot, RoutePriority priority) = 0;

 protected:
  ~UpstreamDirectory() = default;
};

// An answer of the router's own making.
struct RouterReply {
  uint16_t status = 503;
  std::string_view body = {};
  std::string_view details = {};
  std::string_view location = {};
  bool overloaded = false;  // x-envoy-overloaded
};

// Whose request is routed. The stream implements this.
class RouterCallbacks {
 public:
  virtual WorkerContext& worker() = 0;
  virtual UpstreamDirectory& upstreams() = 0;
  virtual StreamInfo& info() = 0;
  virtual FormatContext format_context() = 0;
  virtual HeaderMap& request_headers() = 0;
  virtual HeaderMap& make_response_headers() = 0;  // empty, for one upstream response
  virtual HeaderMap& make_response_trailers() = 0;
  virtual const RouteTable* route_table() = 0;
  virtual const RouteResult& route() = 0;
  virtual std::string& scratch() = 0;
  virtual bool internal_request() const = 0;
  virtual bool upgrade_request() const = 0;

  virtual Connection* splice_target() = 0;
  virtual void on_spliced(uint64_t bytes) = 0;
  virtual void on_upstream_1xx(HeaderMap& headers) = 0;
  virtual void on_upstream_headers(HeaderMap& headers, EndStream end) = 0;
  virtual void on_upstream_data(std::string_view data, EndStream end) = 0;
  virtual void on_upstream_trailers(HeaderMap& trailers) = 0;
  // The response broke off after its head was passed on.
  virtual void on_upstream_cut_off() = 0;
  virtual void on_router_reply(const RouterReply& reply) = 0;
  virtual void pause_request_input() = 0;
  virtual void resume_request_input() = 0;
  // Wants on_deadline() at this time of the loop's clock, or before.
  virtual void require_deadline(uint64_t deadline_ms) = 0;

 protected:
  ~RouterCallbacks() = default;
};

// The end of the filter chain: sends one request to the cluster that its route names, and the response back.
class Router final : PoolWaiter, ResponseDecoder {
 public:
  Router(const RouterConfig& config, RouterCallbacks& stream) : config_(config), stream_(stream) {}
  ~Router() { cancel(); }
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  void on_request_headers(EndStream end);
  void on_request_data(std::string_view data, EndStream end);
  void on_request_trailers(HeaderMap& trailers);
  // Gives the upstream exchange up, if there is one.
  void cancel();
  // The client takes the response no faster (true), or again (false).
  void pause_response(bool pause);

  // When on_deadline() has work; UINT64_MAX: never.
  uint64_t deadline_ms() const { return deadline_ms_; }
  void on_deadline();
  bool started() const { return state_ != State::Idle; }
  bool request_ended() const { return request_ended_; }

 private:
  enum class State : uint8_t { Idle, Waiting, Sent, Responding, Done };

  // PoolWaiter
  void on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& info, bool reused) override;
  void on_pool_failure(ResetReason reason, std::string_view transport_failure) override;
  // ResponseDecoder
  HeaderMap& response_headers() override { return stream_.make_response_headers(); }
  HeaderMap& response_trailers() override { return stream_.make_response_trailers(); }
  bool is_head_request() const override { return head_request_; }
  bool is_connect_request() const override { return connect_request_; }
  bool is_upgrade_request() const override { return stream_.upgrade_request(); }
  Connection* splice_target() override { return stream_.splice_target(); }
  void on_spliced(uint64_t bytes) override { stream_.on_spliced(bytes); }
  void on_1xx(HeaderMap& headers) override;
  void on_headers(HeaderMap& headers, EndStream end) override;
  void on_data(std::string_view data, EndStream end) override;
  void on_trailers(HeaderMap& trailers) override;
  void on_reset(ResetReason reason) override;
  void on_output_full(bool full) override;

  void forward(const RouteEntry& route);
  void answer_without_upstream(const RouteEntry& route);
  void choose_timeouts(const RouteEntry& route);
  void send_to_a_host();
  void on_request_end();
  void on_response_end();
  void count_response(uint16_t status);
  void reply(uint16_t status, ResponseFlag flag, std::string_view details, std::string_view body);
  void reply_to_reset(ResetReason reason, std::string_view transport_failure);
  uint64_t now_ms() const { return stream_.worker().loop.now_ms(); }

  const RouterConfig& config_;
  RouterCallbacks& stream_;
  WorkerCluster* cluster_ = nullptr;
  Ref<const ClusterConfig> cluster_config_;  // counts and names stay valid, whatever becomes of the cluster
  Ref<const Host> host_;
  ConnectionPool* pool_ = nullptr;
  MessageEncoder* encoder_ = nullptr;
  std::string early_body_;  // request bytes that came before there was a connection
  HeaderMap* early_trailers_ = nullptr;
  uint64_t deadline_ms_ = UINT64_MAX;
  uint64_t timeout_ms_ = 0;  // 0: none
  uint64_t sent_ns_ = 0;     // when the request had gone out whole
  State state_ = State::Idle;
  bool request_ended_ = false;
  bool had_body_ = false;
  bool head_request_ = false;
  bool connect_request_ = false;
  bool held_back_ = false;  // the client, until the early body is sent
  bool retried_stale_ = false;
};

}  // namespace outrider
