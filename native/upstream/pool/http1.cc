#include "upstream/pool/http1.h"

#include <utility>

#include "codec/http1/fields.h"
#include "codec/http1/options.h"

namespace outrider {

Http1Client::Http1Client(Http1Pool& pool)
    : PooledConnection(pool, Protocol::Http11, 1), parser_(pool.parser_options_) {
  pool.count(ClusterStat::upstream_cx_http1_total);
  pool.stats().add(pool.cluster().stats.http1, Http1Stat::created);
}

Http1Pool& Http1Client::pool() { return static_cast<Http1Pool&>(pool_); }

void Http1Client::on_open() { pool().on_client_ready(*this); }

void Http1Client::attach(PoolWaiter& waiter) {
  begin_exchange();
  decoder_ = &waiter.decoder();
  wire_ = decoder_->wire_bytes();
  if (wire_ == nullptr) wire_ = &unwatched_;
  phase_ = Phase::Head;
  request_complete_ = false;
  response_bytes_ = 0;
  interim_heads_ = 0;
  paused_ = 0;
  headers_ = nullptr;
  parser_.start();
  waiter.on_pool_ready(*this, info_, requests_ > 1);
}

void Http1Client::pause_input() {
  ++paused_;
  connection_.pause_reads();
}

void Http1Client::resume_input() {
  --paused_;
  connection_.resume_reads();
}

void Http1Client::encode_headers(const HeaderMap& headers, EndStream end) {
  const uint64_t before = connection_.output().bytes();
  const http1::Encoded encoded =
      http1::encode_request_head(headers, end, pool().encoder_options_, connection_.output());
  wire_->header_sent += encoded.field_bytes;
  wire_->sent += connection_.output().bytes() - before;
  request_framing_ = encoded.framing;
  request_complete_ = end == EndStream::Yes;
  connection_.send_soon();
}

void Http1Client::encode_data(std::string_view data, EndStream end) {
  OutputBuffer& output = connection_.output();
  const uint64_t before = output.bytes();
  if (end == EndStream::Yes) request_complete_ = true;
  http1::encode_body(data, end, request_framing_, pool().encoder_options_, output);
  wire_->sent += output.bytes() - before;
  connection_.send_soon();
}

void Http1Client::encode_trailers(const HeaderMap& trailers) {
  request_complete_ = true;
  if (request_framing_ != http1::Framing::Chunked) return;
  OutputBuffer& output = connection_.output();
  const uint64_t before = output.bytes();
  http1::encode_last_chunk(&trailers, pool().encoder_options_, output);
  wire_->sent += output.bytes() - before;
  connection_.send_soon();
}

void Http1Client::reset(ResetReason) {
  if (decoder_ == nullptr) return;
  // What a tunnel's client sent before its end is on its way.
  if (phase_ == Phase::Body && parser_.head().framing == http1::Framing::Tunnel) {
    connection_.send_now();
    if (decoder_ == nullptr) return;
  }
  detach();
  count_broken(CloseReason::Local);
  destroy(CloseReason::Local);
}

size_t Http1Client::on_data(std::string_view bytes) {
  const size_t whole = bytes.size();
  pool_.count(ClusterStat::upstream_cx_rx_bytes_total, connection_.take_bytes_read());
  while (!bytes.empty() && connection_.open()) {
    if (decoder_ == nullptr) {  // nobody asked
      pool_.count(ClusterStat::upstream_cx_protocol_error);
      destroy(CloseReason::Local);
      return whole;
    }
    if (paused_ > 0) break;
    response_bytes_ += 1;
    const size_t used = phase_ == Phase::Head ? parse_head(bytes) : parse_body(bytes);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  return whole - bytes.size();
}

// Answers how many bytes the head took; 0 when more must come, or the exchange has failed.
size_t Http1Client::parse_head(std::string_view bytes) {
  if (headers_ == nullptr) headers_ = &decoder_->response_headers();
  HeaderMap& headers = *headers_;
  const http1::ResponseContext context{decoder_->is_head_request(), decoder_->is_connect_request(),
                                       decoder_->is_upgrade_request()};
  switch (parser_.parse_response(bytes, context, headers)) {
    case http1::ParseStatus::NeedMore:
      return 0;
    case http1::ParseStatus::Error:
      return fail_protocol();
    case http1::ParseStatus::Head:
      break;
  }
  const http1::Head& head = parser_.head();
  const size_t used = head.bytes;
  // Envoy passes a 101 on that nobody asked for; what follows it would belong to no protocol.
  if (head.status == 101 && !context.upgrade_requested) return fail_protocol();
  wire_->received += used;
  wire_->header_received += http1::field_bytes_received(headers);
  if (head.status >= 100 && head.status < 200 && head.status != 101) return pass_interim_head(headers, used);
  keep_alive_ = head.keep_alive && head.framing != http1::Framing::Tunnel;
  const bool end = head.framing == http1::Framing::None;
  phase_ = end ? Phase::Done : Phase::Body;
  body_.start(head, pool().parser_options_);
  decoder_->on_headers(headers, end ? EndStream::Yes : EndStream::No);
  if (end && decoder_ != nullptr) finish_response(bytes.size() > used);
  return used;
}

size_t Http1Client::pass_interim_head(HeaderMap& headers, size_t used) {
  if (++interim_heads_ > interim_heads_max) return fail_protocol();
  decoder_->on_1xx(headers);
  if (decoder_ == nullptr) return used;
  headers_ = nullptr;
  parser_.start();
  return used;
}

size_t Http1Client::parse_body(std::string_view bytes) {
  const size_t whole = bytes.size();
  // Only a chunked body has trailers; the others do not look at the map.
  const bool chunked = parser_.head().framing == http1::Framing::Chunked;
  HeaderMap& trailers = chunked ? decoder_->response_trailers() : *headers_;
  while (decoder_ != nullptr) {
    const http1::BodyResult result = body_.decode(bytes, trailers);
    bytes.remove_prefix(result.consumed);
    wire_->received += result.consumed;
    switch (result.status) {
      case http1::BodyStatus::NeedMore:
        return whole - bytes.size();
      case http1::BodyStatus::Data: {
        // The last bytes and the end go together where the framing tells.
        const bool last = body_.done();
        if (last) phase_ = Phase::Done;
        decoder_->on_data(result.data, last ? EndStream::Yes : EndStream::No);
        if (last && decoder_ != nullptr) finish_response(!bytes.empty());
        if (last || paused_ > 0 || bytes.empty()) {
          if (!last && bytes.empty() && decoder_ != nullptr) splice_rest();
          return whole - bytes.size();
        }
        break;
      }
      case http1::BodyStatus::Done:
        phase_ = Phase::Done;
        if (chunked && !trailers.empty()) {
          decoder_->on_trailers(trailers);
        } else {
          decoder_->on_data({}, EndStream::Yes);
        }
        if (decoder_ != nullptr) finish_response(!bytes.empty());
        return whole - bytes.size();
      case http1::BodyStatus::Error:
        return fail_protocol();
    }
  }
  return whole - bytes.size();
}

// A long rest of a body that nobody looks at goes through the kernel alone.
void Http1Client::splice_rest() {
  constexpr uint64_t worth_bytes_min = 128 * 1024;
  if (parser_.head().framing != http1::Framing::Length || body_.remaining() < worth_bytes_min) return;
  if (!connection_.plain()) return;
  Connection* to = decoder_->splice_target();
  if (to == nullptr) return;
  splice_ = std::make_unique<Splice>(connection_, *to, body_.remaining(), *this);
  if (!splice_->ready()) return splice_.reset();  // out of descriptors: through user space, then
  connection_.offer_again();
}

void Http1Client::on_spliced(uint64_t bytes) {
  pool_.count(ClusterStat::upstream_cx_rx_bytes_total, connection_.take_bytes_read());
  body_.skip(bytes);
  wire_->received += bytes;
  decoder_->on_spliced(bytes);
}

void Http1Client::on_splice_done() {
  splice_.reset();
  phase_ = Phase::Done;
  decoder_->on_data({}, EndStream::Yes);
  if (decoder_ != nullptr) finish_response(false);
}

void Http1Client::on_splice_cut_off() {
  splice_.reset();
  fail_protocol();
}

// The decoder has seen the end. Bytes behind it would be taken for the next answer, and a request that the peer has
// not taken yet may never be read, so such connections go.
void Http1Client::finish_response(bool more_bytes) {
  const bool reusable = keep_alive_ && request_complete_ && !more_bytes && !draining_ &&
                        connection_.all_written() && !connection_.output_full() && connection_.quiet();
  detach();
  if (!reusable) return destroy(CloseReason::Local);
  start_idle_clock();
  pool().on_client_ready(*this);
}

void Http1Client::detach() {
  splice_.reset();
  while (paused_ > 0) resume_input();
  decoder_ = nullptr;
  wire_ = &unwatched_;
  phase_ = Phase::Done;
  end_exchange();
}

// Answers 0, for whoever parses: nothing more is taken.
size_t Http1Client::fail_protocol() {
  pool_.count(ClusterStat::upstream_cx_protocol_error);
  fail_exchange(ResetReason::ProtocolError, CloseReason::Local);
  return 0;
}

void Http1Client::fail_exchange(ResetReason reason, CloseReason closed_by) {
  ResponseDecoder* decoder = decoder_;
  detach();
  count_broken(closed_by);
  destroy(closed_by);
  decoder->on_reset(reason);
}

void Http1Client::on_end_of_input() {
  if (decoder_ != nullptr && phase_ == Phase::Body && body_.on_end_of_input() == http1::BodyStatus::Done) {
    keep_alive_ = false;
    phase_ = Phase::Done;
    decoder_->on_data({}, EndStream::Yes);
    if (decoder_ != nullptr) return finish_response(false);
  }
  if (connection_.open()) on_closed(CloseReason::Remote);
}

void Http1Client::on_broken(CloseReason reason) {
  if (decoder_ != nullptr) {
    // Only an orderly end tells: one that was sent before the request came acknowledges none of it. A reset may
    // overtake the acknowledgement of a request that was read.
    const bool unseen =
        reason == CloseReason::Remote && requests_ > 1 && response_bytes_ == 0 && request_unseen();
    if (unseen) return fail_exchange(ResetReason::StaleConnection, reason);
    if (reason == CloseReason::Local || response_bytes_ == 0) {
      return fail_exchange(ResetReason::ConnectionTermination, reason);
    }
    // The end came in the middle of a message.
    pool_.count(ClusterStat::upstream_cx_protocol_error);
    return fail_exchange(ResetReason::ProtocolError, reason);
  }
  destroy(reason);
}

void Http1Client::on_output_full(bool full) {
  if (decoder_ == nullptr) return;
  pool_.count(full ? ClusterStat::upstream_flow_control_backed_up_total
                   : ClusterStat::upstream_flow_control_drained_total);
  decoder_->on_output_full(full);
}

// Has a peer's kernel taken none of what was sent last? Then nobody has seen the request.
bool Http1Client::request_unseen() const {
  if (connection_.nothing_written()) return true;
  const uint64_t acknowledged = connection_.acknowledged_bytes();
  return acknowledged != 0 && acknowledged <= written_before_ + 1;
}

Http1Pool::Http1Pool(const PoolContext& context)
    : PoolOf(context, {context.cluster->idle_timeout_ms, false, "http/1.1"}) {
  http1::read_options(cluster().http1_options, parser_options_, encoder_options_);
  parser_options_.header_bytes_max = cluster().max_response_headers_kb * 1024;
  parser_options_.header_count_max = cluster().max_response_headers_count;
}

}  // namespace outrider
