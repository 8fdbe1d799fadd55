#pragma once
#include "base/arena.h"
#include "base/worker_context.h"
#include "codec/stream_codec.h"

namespace outrider {

// Stands between one exchange and its HTTP/2 stream when the request is a tunnel: an HTTP/1 upgrade goes out as
// extended CONNECT (RFC 8441) and its 200 comes back as 101; a CONNECT goes out without scheme and path. Frees itself
// with the exchange.
class Http2Upgrade final : public MessageEncoder, public ResponseDecoder, Deferred {
 public:
  static Http2Upgrade& make(ResponseDecoder& decoder, WorkerContext& worker) {
    return *new Http2Upgrade(decoder, worker);
  }
  void set_encoder(MessageEncoder& stream) { stream_ = &stream; }

 private:
  Http2Upgrade(ResponseDecoder& decoder, WorkerContext& worker) : decoder_(&decoder), worker_(worker) {}

  // MessageEncoder
  void encode_headers(const HeaderMap& headers, EndStream end) override;
  void encode_data(std::string_view data, EndStream end) override { stream_->encode_data(data, end); }
  void encode_trailers(const HeaderMap& trailers) override { stream_->encode_trailers(trailers); }
  void reset(ResetReason reason) override;
  void pause_input() override { stream_->pause_input(); }
  void resume_input() override { stream_->resume_input(); }

  // ResponseDecoder
  Connection* splice_target() override { return nullptr; }
  void on_spliced(uint64_t) override {}
  HeaderMap& response_headers() override { return decoder_->response_headers(); }
  HeaderMap& response_trailers() override { return decoder_->response_trailers(); }
  WireBytes* wire_bytes() override { return decoder_->wire_bytes(); }
  bool is_head_request() const override { return false; }
  bool is_connect_request() const override { return true; }
  bool is_upgrade_request() const override { return false; }
  void on_1xx(HeaderMap& headers) override { decoder_->on_1xx(headers); }
  void on_headers(HeaderMap& headers, EndStream end) override;
  void on_data(std::string_view data, EndStream end) override;
  void on_trailers(HeaderMap& trailers) override;
  void on_reset(ResetReason reason) override;
  void on_output_full(bool full) override { decoder_->on_output_full(full); }

  void free_deferred() override { delete this; }
  void end() { worker_.loop.free_later(*this); }

  ResponseDecoder* decoder_;
  MessageEncoder* stream_ = nullptr;
  WorkerContext& worker_;
  Arena arena_{worker_.arena_blocks};
  std::string_view protocol_;  // of an upgrade; empty: CONNECT
};

}  // namespace outrider
