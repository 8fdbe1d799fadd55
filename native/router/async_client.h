#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/slab.h"
#include "codec/header_map.h"
#include "codec/stream_codec.h"
#include "router/retry_state.h"
#include "router/upstream_directory.h"

namespace outrider {

class AsyncCall;
class AsyncClient;

// How a call of the proxy's own ended.
enum class CallEnd : uint8_t {
  Complete,   // its answer came whole, whatever the status
  NoCluster,  // there is no cluster of that name
  NoHost,     // no host in it may be used
  Reset,      // the exchange broke off, or never came to be: reset_reason() says how
  Timeout,    // CallOptions::timeout_ms has passed
  TooLarge,   // the answer's body is longer than CallOptions::body_bytes_max
};

// Who made a call. None of this is called from within start(), send() or send_trailers(); on_call_end() comes last,
// once, and never after cancel(). A handler may cancel the call at any time.
class CallHandler {
 public:
  // The final head; the maps live as long as the call.
  virtual void on_call_headers(AsyncCall&, HeaderMap&, EndStream) {}
  // Not with CallOptions::body_bytes_max: then body() has it at the end.
  virtual void on_call_data(AsyncCall&, std::string_view, EndStream) {}
  virtual void on_call_trailers(AsyncCall&, HeaderMap&) {}
  // What was sent piles up (true), or has gone out again (false).
  virtual void on_call_output_full(AsyncCall&, bool) {}
  // The call is freed at the end of the turn: keep no pointer to it.
  virtual void on_call_end(AsyncCall& call, CallEnd end) = 0;

 protected:
  ~CallHandler() = default;
};

struct CallOptions {
  uint64_t timeout_ms = 0;             // from start() to the end of the answer; 0: none
  uint64_t body_bytes_max = 0;         // gathers the answer's body up to this; 0: on_call_data() gets it
  const RetryPolicy* retry = nullptr;  // outlives the call
  RoutePriority priority = RoutePriority::Default;
  bool envoy_headers = true;  // x-envoy-internal and x-forwarded-for, as of a request of Envoy's own
};

// One HTTP exchange with a cluster that no client asked for: filters, access loggers and scripts call with it, and
// mirrored requests are such calls that nobody waits for. Fill headers() and, where it is known, body(), then
// start(). Counted in the cluster's statistics as any request.
//
//   Idle -> Waiting -> Sent -> Responding -> Ended     and from each to Ended
//              ^         |
//              |         v
//              +------ Pausing   before a retry
class AsyncCall final : public ListLink<AsyncCall>, PoolWaiter, ResponseDecoder, Deferred, Timer, EndOfTurn {
 public:
  // Bytes of a request that are kept for a retry, or until there is a connection; more go without the first, and of
  // the second the caller is told (on_call_output_full).
  static constexpr size_t kept_bytes_max = 1 << 20;

  AsyncCall(AsyncClient& client, CallHandler* handler, const CallOptions& options);
  ~AsyncCall() = default;

  // The request. :method, :path and :authority are the caller's business, as is content-length.
  HeaderMap& headers() { return headers_; }
  HeaderMap& trailers() { return trailers_; }
  std::string& body() { return body_; }
  Arena& arena() { return arena_; }

  // Sends headers(), then body(), then trailers() where there are any, to a host of the cluster. EndStream::No: more
  // comes by send(). `cluster` need not live on.
  void start(std::string_view cluster, EndStream end = EndStream::Yes);
  // `data` is borrowed until the current event has been handled; of send_copied() not beyond the call.
  void send(std::string_view data, EndStream end);
  void send_copied(std::string_view data, EndStream end);
  void send_trailers();
  // Gives it up. The handler hears no more.
  void cancel();
  // Holds back the answer, or lets it come again (counted).
  void pause_answer(bool pause);

  // The answer, from on_call_headers() on; null where there is none.
  HeaderMap* answer() { return answer_; }
  HeaderMap* answer_trailers() { return answer_trailers_; }
  std::string& answer_body() { return answer_body_; }
  uint16_t status() const { return status_; }
  ResetReason reset_reason() const { return reset_reason_; }
  const Ref<const Host>& host() const { return host_; }

 private:
  friend class AsyncClient;
  enum class State : uint8_t { Idle, Waiting, Sent, Responding, Pausing, Ended };

  // PoolWaiter
  void on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& info, bool reused) override;
  void on_pool_failure(ResetReason reason, std::string_view transport_failure) override;
  // ResponseDecoder
  HeaderMap& response_headers() override { return *new_map(HeaderMapKind::Response); }
  HeaderMap& response_trailers() override { return *new_map(HeaderMapKind::ResponseTrailers); }
  bool is_head_request() const override { return headers_.get(HeaderId::Method) == "HEAD"; }
  bool is_connect_request() const override { return false; }
  bool is_upgrade_request() const override { return false; }
  Connection* splice_target() override { return nullptr; }
  void on_spliced(uint64_t) override {}
  void on_1xx(HeaderMap&) override {}
  void on_headers(HeaderMap& headers, EndStream end) override;
  void on_data(std::string_view data, EndStream end) override;
  void on_trailers(HeaderMap& trailers) override;
  void on_reset(ResetReason reason) override;
  void on_output_full(bool full) override;

  void on_timer() override;
  void on_end_of_turn() override;
  void free_deferred() override;

  HeaderMap* new_map(HeaderMapKind kind);
  void add_envoy_headers();
  void try_host();
  void send_kept();
  bool retry(bool wanted, const HeaderMap* answer);
  void release_retry();
  void on_try_failure(ResetReason reason);
  void on_timeout();
  void watch_deadline();
  void complete();
  void end(CallEnd how);
  void deliver_end();
  void count(ClusterStat stat);
  void count_answer(uint16_t status);

  AsyncClient& client_;
  CallHandler* handler_;
  const CallOptions options_;
  Ref<const ClusterConfig> cluster_;
  Ref<const Host> host_;
  Arena arena_;
  HeaderMap headers_{arena_, HeaderMapKind::Request};
  HeaderMap trailers_{arena_, HeaderMapKind::RequestTrailers};
  std::string body_;
  std::string answer_body_;
  std::string_view cluster_name_;
  ConnectionPool* pool_ = nullptr;
  MessageEncoder* encoder_ = nullptr;  // null: no connection yet, or no more
  RetryState* retry_ = nullptr;        // null: nothing is retried (any more)
  HeaderMap* answer_ = nullptr;
  HeaderMap* answer_trailers_ = nullptr;
  uint64_t sent_ns_ = 0;
  uint64_t deadline_ms_ = UINT64_MAX;
  uint64_t try_deadline_ms_ = UINT64_MAX;
  uint64_t retry_at_ms_ = UINT64_MAX;
  uint32_t pauses_ = 0;
  uint16_t status_ = 0;
  State state_ = State::Idle;
  CallEnd end_ = CallEnd::Complete;
  ResetReason reset_reason_ = ResetReason::LocalReset;
  bool request_ended_ = false;
  bool kept_whole_ = true;  // body_ has everything that was sent, so that it can be sent again
  bool full_told_ = false;  // body_ has outgrown kept_bytes_max before there was a connection
  bool inside_ = false;     // a call of the handler's: what ends now is told at the end of the turn
  bool resent_ = false;     // over a fresh connection, since a stale one never took it
  bool holds_retry_ = false;
};

// The calls of one worker. What is left when it ends is given up.
class AsyncClient {
 public:
  // What is passed outlives the client. `stats`: "http.async-client."
  AsyncClient(WorkerContext& worker, UpstreamDirectory& upstreams, StatScope<RouterStat> stats,
              std::string_view local_ip)
      : worker_(worker), upstreams_(upstreams), stats_(stats), local_ip_(local_ip) {}
  ~AsyncClient() = default;
  AsyncClient(const AsyncClient&) = delete;
  AsyncClient& operator=(const AsyncClient&) = delete;

  UpstreamDirectory& upstreams() { return upstreams_; }
  // A call to be filled and started (or cancelled). `handler` may be null: nobody waits for the answer; else it
  // outlives the call, or cancels it.
  AsyncCall& open(CallHandler* handler, const CallOptions& options);
  // The worker ends: no handler is called any more.
  void abandon();

 private:
  friend class AsyncCall;
  WorkerContext& worker_;
  UpstreamDirectory& upstreams_;
  StatScope<RouterStat> stats_;
  std::string_view local_ip_;
  Slab<AsyncCall> slab_;
  IntrusiveList<AsyncCall> calls_;
};

}  // namespace outrider
