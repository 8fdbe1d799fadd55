#include <gtest/gtest.h>

#include "codec/http2/testing.h"

namespace outrider::http2 {
namespace {

using testing::Asked;
using testing::End;
using testing::Served;

class Pair : public ::testing::Test {
 protected:
  // Carries bytes both ways, in pieces of `step`, until nothing moves any more.
  void run(size_t step = SIZE_MAX) {
    for (bool moved = true; moved;) {
      moved = carry(client_, server_, to_server_, step);
      moved = carry(server_, client_, to_client_, step) || moved;
      worker_.loop.run_once(0);
      moved = moved || !client_.output.empty() || !server_.output.empty();
    }
  }
  static bool carry(End& from, End& to, std::string& kept, size_t step) {
    std::string bytes = from.take_output();
    if (bytes.empty()) return false;
    for (size_t at = 0; at < bytes.size(); at += step) {
      kept.append(bytes, at, step);
      kept.erase(0, to.mux.on_data(kept));
      if (step == SIZE_MAX) break;
    }
    return true;
  }
  Asked& ask(EndStream end, std::string_view path = "/") {
    Asked& exchange = client_.open();
    HeaderMap& request = exchange.request;
    request.set_ref(HeaderId::Method, end == EndStream::Yes ? "GET" : "POST");
    request.set_ref(HeaderId::Scheme, "http");
    request.set_ref(HeaderId::Authority, "a.test");
    request.set(HeaderId::Path, path);
    exchange.stream->encode_headers(request, end);
    return exchange;
  }
  void answer(Served& exchange, EndStream end) {
    exchange.response.set_ref(HeaderId::Status, "200");
    exchange.stream->encode_headers(exchange.response, end);
  }

  Workspace space_;  // outlives the loop, which frees streams
  StatsRegistry registry_;
  WorkerContext worker_{0, *registry_.add_block(), 1};
  Options server_options_{.stream_window_bytes = 65'535, .connection_window_bytes = 131'072};
  Options client_options_{.stream_window_bytes = 65'535, .connection_window_bytes = 131'072};
  End server_{Role::Server, server_options_, worker_, space_};
  End client_{Role::Client, client_options_, worker_, space_};
  std::string to_server_, to_client_;
};

TEST_F(Pair, ARequestAndItsAnswerPassByteByByte) {
  Asked& asked = ask(EndStream::No);
  asked.stream->encode_data("hello", EndStream::Yes);
  run(1);
  ASSERT_EQ(server_.served.size(), 1u);
  Served& served = *server_.served[0];
  EXPECT_EQ(served.body, "hello");
  EXPECT_TRUE(served.ended);
  EXPECT_EQ(served.request_headers().get(HeaderId::Path), "/");
  answer(served, EndStream::No);
  served.stream->encode_data("world", EndStream::No);
  served.response_trailer.add("grpc-status", "0");
  served.stream->encode_trailers(served.response_trailer);
  run(1);
  EXPECT_EQ(asked.body, "world");
  EXPECT_EQ(asked.trailer_count, 1u);
  EXPECT_EQ(server_.mux.streams() + client_.mux.streams(), 0u);
  EXPECT_EQ(server_.error + client_.error, "");
}

TEST_F(Pair, ABodyLargerThanAllWindowsArrivesWholeWithItsTrailersBehindIt) {
  Asked& asked = ask(EndStream::Yes);
  run();
  Served& served = *server_.served[0];
  answer(served, EndStream::No);
  const std::string body(1'000'000, 'b');
  served.stream->encode_data(body, EndStream::No);
  served.response_trailer.add("x-sum", "1");
  served.stream->encode_trailers(served.response_trailer);
  run();
  EXPECT_EQ(asked.body.size(), body.size());
  EXPECT_EQ(asked.trailer_count, 1u);
  EXPECT_EQ(server_.mux.streams() + client_.mux.streams(), 0u);
}

TEST_F(Pair, APausedStreamHoldsItsWindowAndLosesNothing) {
  Asked& asked = ask(EndStream::Yes);
  run();
  asked.stream->pause_input();
  Served& served = *server_.served[0];
  answer(served, EndStream::No);
  const std::string body(300'000, 'b');
  served.stream->encode_data(body, EndStream::Yes);
  run();
  EXPECT_EQ(asked.body, "");
  EXPECT_EQ(server_.mux.streams(), 1u);
  asked.stream->resume_input();
  run();
  EXPECT_EQ(asked.body.size(), body.size());
  EXPECT_TRUE(asked.ended);
}

TEST_F(Pair, AResetIsToldOnceAndLateFramesAreNoError) {
  Asked& asked = ask(EndStream::No);
  run();
  Served& served = *server_.served[0];
  served.stream->reset(ResetReason::LocalReset);
  asked.stream->encode_data("late", EndStream::Yes);
  run();
  EXPECT_TRUE(asked.reset);
  EXPECT_EQ(asked.reason, ResetReason::RemoteReset);
  EXPECT_FALSE(served.reset);
  EXPECT_EQ(server_.error + client_.error, "");
  ask(EndStream::Yes);
  run();
  EXPECT_EQ(server_.served.size(), 2u);
}

TEST_F(Pair, AHeadLargerThanAFrameGoesOnInContinuations) {
  const std::string path = "/" + std::string(40'000, 'p');
  ask(EndStream::Yes, path);
  run();
  ASSERT_EQ(server_.served.size(), 1u);
  EXPECT_EQ(server_.served[0]->request_headers().get(HeaderId::Path), path);
}

TEST_F(Pair, StreamsThatAGoawayLeavesOutAreRefusedAndMayBeSentAgain) {
  run();
  server_.mux.go_away();
  Asked& asked = ask(EndStream::Yes);
  run();
  EXPECT_TRUE(client_.goaway);
  EXPECT_TRUE(asked.reset);
  EXPECT_EQ(asked.reason, ResetReason::RefusedStream);
  EXPECT_FALSE(client_.mux.can_open());
}

TEST_F(Pair, AnExchangeThatOutgrowsTheWindowsIsToldToWait) {
  Asked& asked = ask(EndStream::No);
  run();
  server_.served[0]->stream->pause_input();
  asked.stream->encode_data(std::string(3 << 20, 'x'), EndStream::No);
  EXPECT_TRUE(asked.full);
  server_.served[0]->stream->resume_input();
  run();
  EXPECT_FALSE(asked.full);
  EXPECT_EQ(server_.served[0]->body.size(), size_t{3} << 20);
}

}  // namespace
}  // namespace outrider::http2
