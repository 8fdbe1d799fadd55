#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/worker_context.h"
#include "codec/stream_codec.h"
#include "formatter/stream_info.h"
#include "router/retry_state.h"
#include "router/route_table.h"
#include "router/upstream_directory.h"
#include "router/upstream_request.h"

namespace outrider {

// envoy.extensions.filters.http.router.v3.Router
struct RouterConfig {
  bool suppress_envoy_headers = false;
  bool respect_expected_request_timeout = false;
  static RouterConfig read(ConfigView config);
};

// An answer of the router's own making.
struct RouterReply {
  uint16_t status = 503;
  std::string_view body = {};
  std::string_view details = {};
  std::string_view location = {};
  std::string_view content_type = {};        // empty: text/plain
  bool overloaded = false;                   // x-envoy-overloaded
  uint16_t attempt_count = 0;                // x-envoy-attempt-count; 0: is not told
  const HeaderMap* headers = nullptr;        // further ones; null: none
  std::optional<uint32_t> grpc_status = {};  // for gRPC clients; else it follows from `status`
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
  // Of a CONNECT request's authority; 0: none was taken off.
  virtual uint16_t stripped_port() const = 0;
  virtual const RuntimeValues* runtime() const = 0;  // null: every key has its default
  virtual void count(RouterStat stat) = 0;
  virtual void clear_route_cache() = 0;
  // How often the request was sent on by an internal redirect.
  virtual uint32_t internal_redirects() const = 0;
  // Sends the request, whose headers were changed, through the filters again. The router that calls is gone then.
  virtual void redirect_internally(std::string body) = 0;
  // Bytes of a request that may be kept, as the listener has it.
  virtual uint64_t buffer_bytes_max() const = 0;

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

// The end of the filter chain: sends one request to the cluster that its route names, again where a retry policy says
// so, and the response back.
//
//   Idle -> Trying -> Responding -> Done        and from each of the first three to Done by an answer of our own
//           |    ^
//           v    |
//           Pausing   before a retry
class Router final {
 public:
  Router(const RouterConfig& config, RouterCallbacks& stream) : config_(config), stream_(stream) {}
  ~Router();
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
  uint64_t deadline_ms() const;
  void on_deadline();
  bool started() const { return state_ != State::Idle; }
  bool request_ended() const { return request_ended_; }

 private:
  friend class UpstreamRequest;
  enum class State : uint8_t { Idle, Trying, Pausing, Responding, Done };

  // From the tries.
  void on_try_ready();
  void on_try_reset(UpstreamRequest& request, ResetReason reason, std::string_view transport_failure);
  void on_try_headers(UpstreamRequest& request, HeaderMap& headers, EndStream end);
  void on_try_data(std::string_view data, EndStream end);
  void on_try_trailers(HeaderMap& trailers);
  void on_response_reset(ResetReason reason);

  void answer_without_upstream(const RouteEntry& route);
  void forward(const RouteEntry& route);
  WorkerCluster* find_cluster();
  RouteTable::KeepOriginals keep_originals() const;
  uint64_t kept_bytes_max(const RouteEntry& route) const;
  void choose_timeouts(const RouteEntry& route);
  void tell_timeout(uint64_t elapsed_ms);
  void tell_attempt_count(HeaderMap& headers) const;
  HostSlot* choose_host();
  ConnectionPool& choose_pool(HostSlot& slot);
  void restore_port();
  void send(HostSlot& slot);
  void keep_body(std::string_view data);
  bool give_up_keeping();
  void on_request_end();
  uint64_t choose_mirrors(const RouteEntry& route);
  void send_mirrors();
  bool follow_redirect(UpstreamRequest& request, const HeaderMap& headers, uint16_t status);
  bool point_elsewhere(const HeaderMap& response);

  bool retry(UpstreamRequest& request, bool wanted, const HeaderMap* response);
  void release_retry();
  void start_retry();
  void note_attempt(const Host& host);
  void add_try();
  bool others_may_answer(const UpstreamRequest& request) const;
  void pass_on(UpstreamRequest& request, HeaderMap& headers, uint16_t status, EndStream end);
  void on_response_end();

  void on_global_timeout();
  void on_try_deadline(UpstreamRequest& request);
  void on_try_timeout(UpstreamRequest& request, ClusterStat stat, std::string_view details);
  void hedge(UpstreamRequest& request);
  void on_duration_reached(UpstreamRequest& request);

  void finish();
  void count_response(const UpstreamRequest& request, uint16_t status);
  void count_error(const UpstreamRequest& request);
  void reply(uint16_t status, ResponseFlag flag, std::string_view details, std::string_view body);
  void reply_with(uint16_t status, RouterReply reply, std::string_view details, std::string_view body);
  void reply_no_host();
  void reply_to_timeout(std::string_view details);
  void reply_to_reset(ResetReason reason, std::string_view transport_failure);
  void require(uint64_t deadline_ms) { stream_.require_deadline(deadline_ms); }
  EventLoop& loop() { return stream_.worker().loop; }
  StatsBlock& stats() { return stream_.worker().stats; }
  Arena& arena() { return stream_.request_headers().arena(); }
  // Also at the virtual cluster and the route.
  void count_routed(RouteStat stat);
  void choose_virtual_cluster();
  void count(ClusterStat stat) { stats().add(cluster_config_->stats.cluster, stat); }

  const RouterConfig& config_;
  RouterCallbacks& stream_;
  RouteResult route_;  // as it was when the request came to the router, whatever filters do to it later
  WorkerCluster* cluster_ = nullptr;         // valid within forward(); looked up again for a retry
  Ref<const ClusterConfig> cluster_config_;  // counts and names stay valid, whatever becomes of the cluster
  StatScope<VirtualClusterStat> virtual_cluster_stats_;
  UpstreamRequest first_{*this};
  UpstreamRequest* tries_ = &first_;       // the newest first; more than one only when hedging
  UpstreamRequest* responding_ = nullptr;  // the one whose answer is passed on
  RetryState* retry_ = nullptr;            // null: nothing is retried (any more)
  AttemptedHost first_attempt_;
  AttemptedHost* last_attempt_ = nullptr;
  std::string body_;  // bytes that a try, now or later, must send yet
  HeaderMap* trailers_ = nullptr;
  std::optional<uint64_t> hash_;  // of the route's hash_policy
  HashPolicy::Cookies new_cookies_;
  uint64_t global_deadline_ms_ = UINT64_MAX;
  uint64_t retry_at_ms_ = UINT64_MAX;
  uint64_t timeout_ms_ = 0;          // 0: none
  uint64_t per_try_timeout_ms_ = 0;  // 0: none
  uint64_t per_try_idle_ms_ = 0;     // 0: none
  uint64_t body_bytes_max_ = 0;
  uint64_t mirrors_ = 0;      // bits: the route's mirrors that want this request
  uint64_t complete_ns_ = 0;  // when the request had come whole
  uint32_t response_pauses_ = 0;
  State state_ = State::Idle;
  uint16_t timeout_status_ = 504;
  bool request_ended_ = false;
  bool had_body_ = false;
  bool keeps_body_ = false;  // for retries, mirrors or redirects
  bool overflowed_ = false;  // and had to give that up
  bool head_request_ = false;
  bool connect_request_ = false;
  bool held_back_ = false;  // the client, until a connection takes the early body
  bool retried_stale_ = false;
  bool holds_retry_ = false;  // one of the circuit breaker's
  bool is_retry_ = false;
  bool timed_out_ = false;  // the last try, which is why there is a retry
  bool hedges_ = false;
  bool canary_ = false;
};

}  // namespace outrider
