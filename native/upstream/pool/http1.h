#pragma once
#include "codec/http1/chunked.h"
#include "codec/http1/encoder.h"
#include "codec/http1/parser.h"
#include "connection/connection.h"
#include "connection/splice.h"
#include "upstream/pool/connection_pool.h"

namespace outrider {

class Http1Pool;
enum class IdleList : uint8_t {};

// One upstream HTTP/1 connection: carries one exchange at a time. It is the exchange's encoder, and feeds the
// decoder that came with the request.
class Http1Client final : public ListLink<Http1Client>,
                          MessageEncoder,
                          ConnectionHandler,
                          public SpliceOwner,
                          Deferred,
                          Timer {
 public:
  Http1Client(Http1Pool& pool, int fd);
  ~Http1Client() = default;

  bool ready() const { return state_ == State::Idle; }
  bool busy() const { return state_ == State::Busy; }
  // Gives the connection to the next exchange.
  void attach(PoolWaiter& waiter, ResponseDecoder& decoder);
  // Closes now if idle, else after the exchange.
  void drain();

 private:
  enum class State : uint8_t { Connecting, Idle, Busy, Closed };
  enum class Phase : uint8_t { Head, Body, Done };
  // Each is kept as long as its stream, so there may not be any number of them.
  static constexpr uint16_t interim_heads_max = 64;

  // MessageEncoder
  void encode_headers(const HeaderMap& headers, EndStream end) override;
  void encode_data(std::string_view data, EndStream end) override;
  void encode_trailers(const HeaderMap& trailers) override;
  void reset(ResetReason reason) override;
  void pause_input() override;
  void resume_input() override;

  // ConnectionHandler
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_connected() override;
  void on_output_full(bool full) override;
  void on_closed(CloseReason reason) override;

  // SpliceOwner
  void on_spliced(uint64_t bytes) override;
  void on_splice_done() override;
  void on_splice_cut_off() override;

  void on_timer() override;
  void free_deferred() override;

  size_t parse_head(std::string_view bytes);
  size_t parse_body(std::string_view bytes);
  void splice_rest();
  void finish_response(bool more_bytes);
  void fail_exchange(ResetReason reason, CloseReason closed_by);
  void become_idle();
  void detach();
  void destroy(CloseReason reason);
  bool request_unseen() const;
  void count_bytes();
  void watch_deadline();
  uint64_t deadline_ms() const;

  Http1Pool& pool_;
  Connection connection_;
  ResponseDecoder* decoder_ = nullptr;
  http1::Parser parser_;
  http1::BodyDecoder body_;
  std::unique_ptr<Splice> splice_;
  UpstreamConnectionInfo info_;
  HeaderMap* headers_ = nullptr;  // of the response that is being read
  WireBytes unwatched_;
  WireBytes* wire_ = &unwatched_;  // of the exchange
  uint64_t written_before_ = 0;    // bytes of earlier exchanges
  uint64_t requests_ = 0;
  uint64_t idle_since_ms_ = 0;
  uint64_t response_bytes_ = 0;  // of the current response
  uint16_t paused_ = 0;
  State state_ = State::Connecting;
  Phase phase_ = Phase::Done;
  uint16_t interim_heads_ = 0;  // 1xx of the current response
  http1::Framing request_framing_ = http1::Framing::None;
  bool request_complete_ = false;
  bool keep_alive_ = true;
  bool draining_ = false;
};

class Http1Pool final : public ConnectionPool, Deferred {
 public:
  explicit Http1Pool(PoolContext context);
  virtual ~Http1Pool() = default;

  void request(PoolWaiter& waiter, ResponseDecoder& decoder) override;
  void cancel(PoolWaiter& waiter) override;
  void drain() override;
  void set_host(const Ref<const Host>& host) override {
    if (!(context_.host == host)) context_.host = host;
  }
  const Host& host() const { return *context_.host; }

 private:
  friend class Http1Client;

  StatsBlock& stats() { return context_.worker.stats; }
  const ClusterConfig& cluster() const { return *context_.cluster; }
  CircuitBreakers& breakers() { return context_.cluster->breakers(); }
  template <typename... N>
  void count(ClusterStat stat, N... n) {
    stats().add(cluster().stats.cluster, stat, n...);
  }
  void uncount(ClusterStat stat) { stats().sub(cluster().stats.cluster, stat); }
  void count_host(HostStat stat) { stats().add(host().state->stats, stat); }
  void uncount_host(HostStat stat) { stats().sub(host().state->stats, stat); }

  bool start(Http1Client& client, PoolWaiter& waiter);
  void connect_for_waiting();
  bool connect();
  void dequeue(PoolWaiter& waiter);
  void fail_waiting(ResetReason reason, std::string_view transport_failure);
  void on_client_ready(Http1Client& client);
  void on_client_gone(bool was_connecting, CloseReason reason);
  void on_connect_failure(ResetReason reason, std::string_view transport_failure);
  void end_if_empty();
  void free_deferred() override { delete this; }

  PoolContext context_;
  http1::Options parser_options_;
  http1::EncoderOptions encoder_options_;
  IntrusiveList<PoolWaiter> waiting_;
  IntrusiveList<Http1Client> idle_;  // last used first: few connections stay hot
  IntrusiveList<Http1Client> busy_;  // connecting ones, too
  uint32_t waiting_count_ = 0;
  uint32_t connecting_ = 0;
  uint32_t clients_ = 0;
  bool draining_ = false;
};

}  // namespace outrider
