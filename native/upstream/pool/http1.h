#pragma once
#include <memory>

#include "codec/http1/chunked.h"
#include "codec/http1/encoder.h"
#include "codec/http1/parser.h"
#include "connection/splice.h"
#include "upstream/pool/pool_of.h"

namespace outrider {

class Http1Pool;

// One upstream HTTP/1 connection: carries one exchange at a time. It is the exchange's encoder, and feeds the
// decoder that came with the request.
class Http1Client final : public PooledConnection, MessageEncoder, public SpliceOwner {
 public:
  using Waiter = PoolWaiter;
  explicit Http1Client(Http1Pool& pool);

  // Gives the connection to the next exchange.
  void attach(PoolWaiter& waiter);

 private:
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

  void on_open() override;
  void on_broken(CloseReason reason) override;
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_output_full(bool full) override;

  // SpliceOwner
  void on_spliced(uint64_t bytes) override;
  void on_splice_done() override;
  void on_splice_cut_off() override;

  size_t parse_head(std::string_view bytes);
  size_t pass_interim_head(HeaderMap& headers, size_t used);
  size_t parse_body(std::string_view bytes);
  void splice_rest();
  void finish_response(bool more_bytes);
  size_t fail_protocol();
  void fail_exchange(ResetReason reason, CloseReason closed_by);
  void detach();
  bool request_unseen() const;
  Http1Pool& pool();

  ResponseDecoder* decoder_ = nullptr;
  http1::Parser parser_;
  http1::BodyDecoder body_;
  std::unique_ptr<Splice> splice_;
  HeaderMap* headers_ = nullptr;  // of the response that is being read
  WireBytes unwatched_;
  WireBytes* wire_ = &unwatched_;  // of the exchange
  uint64_t response_bytes_ = 0;    // of the current response
  uint16_t paused_ = 0;
  Phase phase_ = Phase::Done;
  uint16_t interim_heads_ = 0;  // 1xx of the current response
  http1::Framing request_framing_ = http1::Framing::None;
  bool request_complete_ = false;
  bool keep_alive_ = true;
};

class Http1Pool final : public PoolOf<Http1Client, ConnectionPool> {
 public:
  explicit Http1Pool(const PoolContext& context);

  void request(PoolWaiter& waiter, ResponseDecoder& decoder) override {
    set_decoder(waiter, decoder);
    take(waiter);
  }

 private:
  friend class Http1Client;
  PooledConnection& make_connection() override { return *new Http1Client(*this); }

  http1::Options parser_options_;
  http1::EncoderOptions encoder_options_;
};

}  // namespace outrider
