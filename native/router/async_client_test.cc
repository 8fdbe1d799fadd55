#include "router/async_client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "upstream/test_cluster.h"

namespace outrider {
namespace {

// A pool whose connection is the test itself.
class FakePool final : public ConnectionPool, public MessageEncoder {
 public:
  explicit FakePool(const PoolContext& context) : ConnectionPool(context, Kind{0, false, {}}) {}
  void request(PoolWaiter& waiter, ResponseDecoder& response) override {
    ++requests;
    if (refuses) return waiter.on_pool_failure(ResetReason::ConnectionFailure, {});
    cluster().breakers().acquire(RoutePriority::Default, Resource::PendingRequests);
    add_waiting(waiter);  // and not enqueue(): that would connect
    waiting = &waiter;
    decoder = &response;
  }
  PooledConnection& make_connection() override { std::abort(); }
  void give_connection() {
    cluster().breakers().release(RoutePriority::Default, Resource::PendingRequests);
    waiting->unlink();
    std::exchange(waiting, nullptr)->on_pool_ready(*this, info, false);
  }

  void encode_headers(const HeaderMap& headers, EndStream end) override {
    sent = std::string(headers.get(HeaderId::Path)) + (end == EndStream::Yes ? "$" : "");
    internal = headers.get(HeaderId::EnvoyInternal);
    forwarded = headers.get(HeaderId::ForwardedFor);
  }
  void encode_data(std::string_view data, EndStream end) override {
    sent.append("|").append(data).append(end == EndStream::Yes ? "$" : "");
  }
  void encode_trailers(const HeaderMap&) override { sent.append("|trailers$"); }
  void reset(ResetReason) override { was_reset = true; }
  void pause_input() override {}
  void resume_input() override {}

  void answer(std::string_view status, EndStream end) {
    HeaderMap& headers = decoder->response_headers();
    headers.add(HeaderId::Status, status);
    decoder->on_headers(headers, end);
  }

  int requests = 0;
  bool refuses = false;
  bool was_reset = false;
  PoolWaiter* waiting = nullptr;
  ResponseDecoder* decoder = nullptr;
  UpstreamConnectionInfo info;
  std::string sent;
  std::string internal;
  std::string forwarded;
};

class AsyncClientTest : public testing::Test, protected UpstreamDirectory, protected CallHandler {
 protected:
  WorkerCluster* cluster(uint32_t) override { return &worker_cluster_; }
  WorkerCluster* cluster(std::string_view name) override { return name == "c" ? &worker_cluster_ : nullptr; }
  ConnectionPool& pool(WorkerCluster&, HostSlot&, RoutePriority, Protocol) override { return pool_; }
  ConnectionPool& tunnel_pool(WorkerCluster&, HostSlot&, RoutePriority) override { return pool_; }
  TcpPool& tcp_pool(WorkerCluster&, HostSlot&, RoutePriority) override { std::abort(); }
  AsyncClient& async_client() override { return client_; }
  void on_call_data(AsyncCall&, std::string_view data, EndStream) override { data_.append(data); }
  void on_call_end(AsyncCall& call, CallEnd end) override {
    ends_.push_back(end);
    status_ = call.status();
    body_ = call.answer_body();
  }

  AsyncCall& open(const CallOptions& options = {}) {
    AsyncCall& call = client_.open(this, options);
    call.headers().add(HeaderId::Method, "POST");
    call.headers().add(HeaderId::Path, "/x");
    return call;
  }
  void TearDown() override {
    client_.abandon();
    turn();
  }
  uint64_t count(ClusterStat stat) { return cluster_.stat(stat); }
  void turn() { worker_.loop.run_once(0); }

  TestCluster cluster_{"", assignment(group(endpoint(1)))};
  WorkerContext worker_{0, *cluster_.block, 1};
  WorkerCluster worker_cluster_{cluster_.config, cluster_.endpoints, *cluster_.block, worker_.random};
  FakePool pool_{{worker_, cluster_.config, cluster_.endpoints->hosts()[0]}};
  AsyncClient client_{worker_, *this, cluster_.registry.add_scope<RouterStat>("http.async-client."),
                      "10.0.0.1"};
  std::vector<CallEnd> ends_;
  uint16_t status_ = 0;
  std::string body_;
  std::string data_;
};

TEST_F(AsyncClientTest, AWholeRequestGoesOutAsOfTheProxyItselfAndItsAnswerIsGathered) {
  AsyncCall& call = open({.body_bytes_max = 10});
  call.body() = "ask";
  call.start("c");
  pool_.give_connection();
  EXPECT_EQ(pool_.sent, "/x|ask$");
  EXPECT_EQ(pool_.internal, "true");
  EXPECT_EQ(pool_.forwarded, "10.0.0.1");
  pool_.answer("200", EndStream::No);
  pool_.decoder->on_data("yes", EndStream::No);
  pool_.decoder->on_data("!", EndStream::Yes);
  ASSERT_EQ(ends_, std::vector{CallEnd::Complete});
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(body_, "yes!");
  turn();
  EXPECT_EQ(cluster_.registry.value(cluster_.config->stats.cluster, ClusterStat::internal_upstream_rq_2xx),
            1u);
}

TEST_F(AsyncClientTest, WhatFailsWithinStartIsToldAtTheEndOfTheTurn) {
  open().start("nowhere");
  EXPECT_TRUE(ends_.empty());
  turn();
  ASSERT_EQ(ends_, std::vector{CallEnd::NoCluster});
  pool_.refuses = true;
  open().start("c");
  EXPECT_EQ(ends_.size(), 1u);
  turn();
  ASSERT_EQ(ends_.size(), 2u);
  EXPECT_EQ(ends_[1], CallEnd::Reset);
}

TEST_F(AsyncClientTest, ACancelledCallIsHeardOfNoMore) {
  AsyncCall& waiting = open();
  waiting.start("c");
  waiting.cancel();
  EXPECT_EQ(count(ClusterStat::upstream_rq_cancelled), 1u);
  AsyncCall& sent = open();
  sent.start("c");
  pool_.give_connection();
  sent.cancel();
  EXPECT_TRUE(pool_.was_reset);
  AsyncCall& failing = open();
  failing.start("nowhere");
  failing.cancel();
  turn();
  EXPECT_TRUE(ends_.empty());
}

TEST_F(AsyncClientTest, AnAnswerThatIsTooLongEndsTheCall) {
  open({.body_bytes_max = 3}).start("c");
  pool_.give_connection();
  pool_.answer("200", EndStream::No);
  pool_.decoder->on_data("four", EndStream::No);
  ASSERT_EQ(ends_, std::vector{CallEnd::TooLarge});
  EXPECT_TRUE(pool_.was_reset);
}

TEST_F(AsyncClientTest, BothDirectionsMayStream) {
  AsyncCall& call = open();
  call.start("c", EndStream::No);
  call.send("a", EndStream::No);
  pool_.give_connection();
  call.send("b", EndStream::No);
  pool_.answer("200", EndStream::No);
  pool_.decoder->on_data("x", EndStream::No);
  call.send("c", EndStream::Yes);
  EXPECT_EQ(pool_.sent, "/x|a|b|c$");
  EXPECT_EQ(data_, "x");
  EXPECT_TRUE(ends_.empty());
  call.cancel();
}

TEST_F(AsyncClientTest, ADeadlineEndsTheCall) {
  open({.timeout_ms = 1}).start("c");
  while (ends_.empty()) worker_.loop.run_once(10);
  EXPECT_EQ(ends_, std::vector{CallEnd::Timeout});
  EXPECT_EQ(count(ClusterStat::upstream_rq_cancelled), 1u);
}

TEST_F(AsyncClientTest, ARetryPolicyAsksAgainAndAStaleConnectionCostsNoRetry) {
  const auto tree = ConfigTree::parse(
      R"({"retry_on": "5xx", "num_retries": 1, "retry_back_off": {"base_interval": "0.001s"}})");
  const auto policy = RetryPolicy::read(tree->root());
  AsyncCall& call = open({.retry = policy.value().get()});
  call.body() = "ask";
  call.start("c");
  pool_.give_connection();
  pool_.decoder->on_reset(ResetReason::StaleConnection);
  EXPECT_EQ(pool_.requests, 2);
  pool_.give_connection();
  pool_.answer("503", EndStream::Yes);
  EXPECT_TRUE(ends_.empty());
  while (pool_.requests < 3) worker_.loop.run_once(10);
  pool_.give_connection();
  EXPECT_EQ(pool_.sent, "/x|ask$");
  pool_.answer("503", EndStream::Yes);
  ASSERT_EQ(ends_, std::vector{CallEnd::Complete});
  EXPECT_EQ(status_, 503);
  turn();
}

}  // namespace
}  // namespace outrider
