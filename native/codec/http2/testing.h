#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/http2/mux.h"

// Both ends of an HTTP/2 connection without sockets, for tests and fuzzing.
namespace outrider::http2::testing {

// One exchange, at either end: keeps what comes. Both kinds have all four maps.
template <typename Decoder>
class Exchange : public Decoder {
 public:
  explicit Exchange(WorkerContext& worker)
      : arena(worker.arena_blocks),
        request(arena, HeaderMapKind::Request),
        request_trailer(arena, HeaderMapKind::RequestTrailers),
        response(arena, HeaderMapKind::Response),
        response_trailer(arena, HeaderMapKind::ResponseTrailers) {}
  virtual ~Exchange() = default;

  void on_headers(HeaderMap&, EndStream end) override {
    ++heads;
    ended = ended || end == EndStream::Yes;
  }
  void on_data(std::string_view data, EndStream end) override {
    body.append(data);
    ended = ended || end == EndStream::Yes;
  }
  void on_trailers(HeaderMap& trailers) override {
    trailer_count = trailers.count();
    ended = true;
  }
  void on_reset(ResetReason why) override {
    reset = true;
    reason = why;
  }
  void on_output_full(bool is_full) override { full = is_full; }

  Arena arena;
  HeaderMap request;
  HeaderMap request_trailer;
  HeaderMap response;
  HeaderMap response_trailer;
  WireBytes wire;
  std::string body;
  size_t trailer_count = 0;
  int heads = 0;
  bool ended = false;
  bool answered = false;
  bool reset = false;
  bool full = false;
  ResetReason reason = ResetReason::LocalReset;
  Stream* stream = nullptr;
};

class Served final : public Exchange<RequestDecoder> {
 public:
  using Exchange::Exchange;
  HeaderMap& request_headers() override { return request; }
  HeaderMap& request_trailers() override { return request_trailer; }
  WireBytes& wire_bytes() override { return wire; }
};

class Asked final : public Exchange<ResponseDecoder> {
 public:
  using Exchange::Exchange;
  Connection* splice_target() override { return nullptr; }
  void on_spliced(uint64_t) override {}
  HeaderMap& response_headers() override { return response; }
  HeaderMap& response_trailers() override { return response_trailer; }
  void on_1xx(HeaderMap& headers) override { headers.clear(); }
  WireBytes* wire_bytes() override { return &wire; }
  bool is_head_request() const override { return false; }
  bool is_connect_request() const override { return false; }
  bool is_upgrade_request() const override { return false; }
};

// One end, with everything that it stands on.
class End final : MuxHandler {
 public:
  End(Role role, const Options& options, WorkerContext& worker, Workspace& space)
      : worker_(worker),
        output(worker.chunks),
        mux(role, options, worker, space, output, *this, StatScope<Http2Stat>{}) {
    mux.start();
  }
  ~End() { mux.abandon(ResetReason::ConnectionTermination); }

  Asked& open() {
    asked.push_back(std::make_unique<Asked>(worker_));
    asked.back()->stream = &mux.open(*asked.back());
    return *asked.back();
  }
  // What is to be written, once.
  std::string take_output() {
    std::string bytes;
    while (!output.empty()) {
      iovec part;
      output.gather(&part, 1);
      bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
      output.consume(part.iov_len);
    }
    return bytes;
  }

 private:
  RequestDecoder& on_request(Stream& stream) override {
    served.push_back(std::make_unique<Served>(worker_));
    served.back()->stream = &stream;
    return *served.back();
  }
  void on_stream_closed() override { ++closed_streams; }
  void on_goaway(ErrorCode) override { goaway = true; }
  void on_output() override { output.settle(); }  // whatever was lent may go
  void on_connection_error(std::string_view why) override { error = why; }

  WorkerContext& worker_;

 public:
  OutputBuffer output;
  std::vector<std::unique_ptr<Served>> served;
  std::vector<std::unique_ptr<Asked>> asked;
  std::string error;
  int closed_streams = 0;
  bool goaway = false;
  Mux mux;
};

}  // namespace outrider::http2::testing
