#include "upstream/pool/http1.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "codec/http1/fields.h"
#include "codec/http1/options.h"

namespace outrider {

Http1Client::Http1Client(Http1Pool& pool, int fd)
    : pool_(pool),
      connection_(pool.context_.worker, *this, pool.cluster().connection_buffer_bytes_max),
      parser_(pool.parser_options_) {
  EventLoop& loop = pool_.context_.worker.loop;
  pool_.stats().add(pool_.cluster().stats.http1, Http1Stat::created);
  info_.id = pool_.context_.worker.connection_id();
  info_.remote = pool_.host().address;
  info_.protocol = Protocol::Http11;
  info_.connect_start_ns = loop.now_ns();
  loop.timers().arm(*this, loop.now_ms() + pool_.cluster().connect_timeout_ms);
  connection_.connect(fd, info_.remote);
}

void Http1Client::on_connected() {
  EventLoop& loop = pool_.context_.worker.loop;
  info_.connect_complete_ns = loop.now_ns();
  sockaddr_storage local;
  socklen_t bytes = sizeof(local);
  if (getsockname(connection_.fd(), reinterpret_cast<sockaddr*>(&local), &bytes) == 0) {
    info_.local = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&local), bytes);
  }
  pool_.stats().record(pool_.cluster().stats.cluster, ClusterStat::upstream_cx_connect_ms,
                       (info_.connect_complete_ns - info_.connect_start_ns) / 1'000'000);
  --pool_.connecting_;
  cancel();
  become_idle();
}

void Http1Client::become_idle() {
  state_ = State::Idle;
  idle_since_ms_ = pool_.context_.worker.loop.now_ms();
  watch_deadline();
  pool_.on_client_ready(*this);
}

void Http1Client::attach(PoolWaiter& waiter, ResponseDecoder& decoder) {
  state_ = State::Busy;
  decoder_ = &decoder;
  wire_ = decoder.wire_bytes();
  if (wire_ == nullptr) wire_ = &unwatched_;
  phase_ = Phase::Head;
  request_complete_ = false;
  response_bytes_ = 0;
  interim_heads_ = 0;
  paused_ = 0;
  headers_ = nullptr;
  parser_.start();
  ++requests_;
  const uint32_t most = pool_.cluster().max_requests_per_connection;
  if (most != 0 && requests_ >= most && !draining_) {
    draining_ = true;
    pool_.count(ClusterStat::upstream_cx_max_requests);
  }
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
      http1::encode_request_head(headers, end, pool_.encoder_options_, connection_.output());
  wire_->header_sent += encoded.field_bytes;
  wire_->sent += connection_.output().bytes() - before;
  request_framing_ = encoded.framing;
  request_complete_ = end == EndStream::Yes;
  connection_.send_soon();
}

void Http1Client::encode_data(std::string_view data, EndStream end) {
  OutputBuffer& output = connection_.output();
  const uint64_t before = output.bytes();
  const bool chunked = request_framing_ == http1::Framing::Chunked;
  if (chunked && !data.empty()) {
    output.commit(http1::write_chunk_header(data.size(), output.reserve(http1::chunk_header_bytes_max)));
    output.append_borrowed(data);
    output.append(http1::chunk_end);
  } else {
    output.append_borrowed(data);
  }
  if (end == EndStream::Yes) {
    request_complete_ = true;
    if (chunked) {
      output.commit(http1::write_last_chunk(nullptr, pool_.encoder_options_,
                                            output.reserve(http1::last_chunk_bytes_max(nullptr))));
    }
  }
  wire_->sent += output.bytes() - before;
  connection_.send_soon();
}

void Http1Client::encode_trailers(const HeaderMap& trailers) {
  request_complete_ = true;
  if (request_framing_ != http1::Framing::Chunked) return;
  OutputBuffer& output = connection_.output();
  const uint64_t before = output.bytes();
  output.commit(http1::write_last_chunk(&trailers, pool_.encoder_options_,
                                        output.reserve(http1::last_chunk_bytes_max(&trailers))));
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
  pool_.count(ClusterStat::upstream_cx_destroy_with_active_rq);
  pool_.count(ClusterStat::upstream_cx_destroy_local_with_active_rq);
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
      pool_.count(ClusterStat::upstream_cx_protocol_error);
      fail_exchange(ResetReason::ProtocolError, CloseReason::Local);
      return 0;
    case http1::ParseStatus::Head:
      break;
  }
  const http1::Head& head = parser_.head();
  const size_t used = head.bytes;
  // Envoy passes a 101 on that nobody asked for; what follows it would belong to no protocol.
  if (head.status == 101 && !context.upgrade_requested) {
    pool_.count(ClusterStat::upstream_cx_protocol_error);
    fail_exchange(ResetReason::ProtocolError, CloseReason::Local);
    return 0;
  }
  wire_->received += used;
  wire_->header_received += http1::field_bytes_received(headers);
  if (head.status >= 100 && head.status < 200 && head.status != 101) {
    if (++interim_heads_ > interim_heads_max) {
      pool_.count(ClusterStat::upstream_cx_protocol_error);
      fail_exchange(ResetReason::ProtocolError, CloseReason::Local);
      return 0;
    }
    decoder_->on_1xx(headers);
    if (decoder_ == nullptr) return used;
    headers_ = nullptr;
    parser_.start();
    return used;
  }
  keep_alive_ = head.keep_alive && head.framing != http1::Framing::Tunnel;
  const bool end = head.framing == http1::Framing::None;
  phase_ = end ? Phase::Done : Phase::Body;
  body_.start(head, pool_.parser_options_);
  decoder_->on_headers(headers, end ? EndStream::Yes : EndStream::No);
  if (end && decoder_ != nullptr) finish_response(bytes.size() > used);
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
        pool_.count(ClusterStat::upstream_cx_protocol_error);
        fail_exchange(ResetReason::ProtocolError, CloseReason::Local);
        return 0;
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
  pool_.count(ClusterStat::upstream_cx_protocol_error);
  fail_exchange(ResetReason::ProtocolError, CloseReason::Local);
}

// The decoder has seen the end. Bytes behind it would be taken for the next answer, and a request that the peer has
// not taken yet may never be read, so such connections go.
void Http1Client::finish_response(bool more_bytes) {
  const bool reusable = keep_alive_ && request_complete_ && !more_bytes && !draining_ &&
                        connection_.all_written() && !connection_.output_full() && connection_.quiet();
  detach();
  if (reusable) {
    become_idle();
  } else {
    destroy(CloseReason::Local);
  }
}

void Http1Client::detach() {
  splice_.reset();
  while (paused_ > 0) resume_input();
  decoder_ = nullptr;
  wire_ = &unwatched_;
  phase_ = Phase::Done;
  pool_.uncount(ClusterStat::upstream_rq_active);
  pool_.uncount_host(HostStat::rq_active);
  pool_.breakers().release(pool_.context_.priority, Resource::Requests);
  pool_.host().state->rq_active.fetch_sub(1, std::memory_order_relaxed);
  count_bytes();
}

void Http1Client::count_bytes() {
  const uint64_t written = connection_.take_bytes_written();
  written_before_ += written;
  if (written > 0) pool_.count(ClusterStat::upstream_cx_tx_bytes_total, written);
}

void Http1Client::fail_exchange(ResetReason reason, CloseReason closed_by) {
  ResponseDecoder* decoder = decoder_;
  detach();
  pool_.count(ClusterStat::upstream_cx_destroy_with_active_rq);
  pool_.count(closed_by == CloseReason::Local ? ClusterStat::upstream_cx_destroy_local_with_active_rq
                                              : ClusterStat::upstream_cx_destroy_remote_with_active_rq);
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

void Http1Client::on_closed(CloseReason reason) {
  if (state_ == State::Closed) return;
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
  if (reason != CloseReason::ConnectFailed) return;
  std::string text = "delayed connect error: ";
  text.append(strerrordesc_np(connection_.connect_error()));
  pool_.on_connect_failure(ResetReason::ConnectionFailure, text);
}

void Http1Client::on_output_full(bool full) {
  if (decoder_ == nullptr) return;
  pool_.count(full ? ClusterStat::upstream_flow_control_backed_up_total
                   : ClusterStat::upstream_flow_control_drained_total);
  decoder_->on_output_full(full);
}

uint64_t Http1Client::deadline_ms() const {
  const ClusterConfig& cluster = pool_.cluster();
  uint64_t deadline = UINT64_MAX;
  if (state_ == State::Idle && cluster.idle_timeout_ms != 0)
    deadline = idle_since_ms_ + cluster.idle_timeout_ms;
  if (cluster.max_connection_duration_ms != 0) {
    deadline = std::min(deadline, info_.connect_complete_ns / 1'000'000 + cluster.max_connection_duration_ms);
  }
  return deadline;
}

void Http1Client::watch_deadline() {
  const uint64_t deadline = deadline_ms();
  if (deadline != UINT64_MAX && !draining_) pool_.context_.worker.loop.timers().require(*this, deadline);
}

void Http1Client::on_timer() {
  const uint64_t now = pool_.context_.worker.loop.now_ms();
  if (state_ == State::Connecting) {
    pool_.count(ClusterStat::upstream_cx_connect_timeout);
    destroy(CloseReason::ConnectFailed);
    return pool_.on_connect_failure(ResetReason::ConnectTimeout, {});
  }
  if (deadline_ms() > now) return watch_deadline();
  const ClusterConfig& cluster = pool_.cluster();
  const bool too_old = cluster.max_connection_duration_ms != 0 &&
                       info_.connect_complete_ns / 1'000'000 + cluster.max_connection_duration_ms <= now;
  pool_.count(too_old ? ClusterStat::upstream_cx_max_duration_reached
                      : ClusterStat::upstream_cx_idle_timeout);
  drain();
}

void Http1Client::drain() {
  draining_ = true;
  if (state_ == State::Idle || state_ == State::Connecting) destroy(CloseReason::Local);
}

void Http1Client::destroy(CloseReason reason) {
  if (state_ == State::Closed) return;
  const bool was_connecting = state_ == State::Connecting;
  state_ = State::Closed;
  cancel();
  count_bytes();
  connection_.close();
  ListLink<Http1Client>::unlink();
  EventLoop& loop = pool_.context_.worker.loop;
  pool_.stats().record(pool_.cluster().stats.cluster, ClusterStat::upstream_cx_length_ms,
                       (loop.now_ns() - info_.connect_start_ns) / 1'000'000);
  if (!was_connecting)
    pool_.stats().record(pool_.cluster().stats.cluster, ClusterStat::upstream_rq_per_cx, requests_);
  loop.free_later(*this);
  pool_.on_client_gone(was_connecting, reason);
}

// Has a peer's kernel taken none of what was sent last? Then nobody has seen the request.
bool Http1Client::request_unseen() const {
  if (connection_.nothing_written()) return true;
  const uint64_t acknowledged = connection_.acknowledged_bytes();
  return acknowledged != 0 && acknowledged <= written_before_ + 1;
}

void Http1Client::free_deferred() { delete this; }

Http1Pool::Http1Pool(PoolContext context) : context_(std::move(context)) {
  http1::read_options(cluster().http1_options, parser_options_, encoder_options_);
  parser_options_.header_bytes_max = cluster().max_response_headers_kb * 1024;
  parser_options_.header_count_max = cluster().max_response_headers_count;
}

void Http1Pool::request(PoolWaiter& waiter, ResponseDecoder& decoder) {
  waiter.decoder_ = &decoder;
  if (Http1Client* client = idle_.front(); client != nullptr) {
    start(*client, waiter);
    return;
  }
  if (!breakers().try_acquire(context_.priority, Resource::PendingRequests)) {
    count(ClusterStat::upstream_rq_pending_overflow);
    return waiter.on_pool_failure(ResetReason::Overflow, {});
  }
  waiting_.push_back(waiter);
  ++waiting_count_;
  count(ClusterStat::upstream_rq_pending_total);
  count(ClusterStat::upstream_rq_pending_active);
  connect_for_waiting();
}

// A waiter with an idle or new connection. False: there are too many requests, and the connection stays as it is.
bool Http1Pool::start(Http1Client& client, PoolWaiter& waiter) {
  if (!breakers().try_acquire(context_.priority, Resource::Requests)) {
    count(ClusterStat::upstream_rq_pending_overflow);
    waiter.on_pool_failure(ResetReason::Overflow, {});
    return false;
  }
  static_cast<ListLink<Http1Client>&>(client).unlink();
  busy_.push_front(client);
  count(ClusterStat::upstream_rq_total);
  count(ClusterStat::upstream_rq_active);
  count_host(HostStat::rq_total);
  count_host(HostStat::rq_active);
  host().state->rq_active.fetch_add(1, std::memory_order_relaxed);
  client.attach(waiter, *waiter.decoder_);
  return true;
}

void Http1Pool::connect_for_waiting() {
  while (connecting_ < waiting_count_) {
    if (!breakers().can_acquire(context_.priority, Resource::Connections)) {
      count(ClusterStat::upstream_cx_overflow);
      // A pool without any connection gets one all the same, or its requests would wait for ever.
      if (clients_ > 0) return;
    }
    if (!connect()) return;
  }
}

bool Http1Pool::connect() {
  const int fd = open_upstream_socket(cluster(), host().address);
  if (fd < 0) {
    count(ClusterStat::bind_errors);
    fail_waiting(ResetReason::LocalConnectionFailure, {});
    return false;
  }
  breakers().acquire(context_.priority, Resource::Connections);
  count(ClusterStat::upstream_cx_total);
  count(ClusterStat::upstream_cx_http1_total);
  count(ClusterStat::upstream_cx_active);
  count_host(HostStat::cx_total);
  count_host(HostStat::cx_active);
  host().state->cx_active.fetch_add(1, std::memory_order_relaxed);
  ++clients_;
  ++connecting_;
  busy_.push_back(*new Http1Client(*this, fd));
  return true;
}

void Http1Pool::dequeue(PoolWaiter& waiter) {
  waiter.unlink();
  --waiting_count_;
  uncount(ClusterStat::upstream_rq_pending_active);
  breakers().release(context_.priority, Resource::PendingRequests);
}

void Http1Pool::cancel(PoolWaiter& waiter) {
  if (!waiter.linked()) return;
  dequeue(waiter);
  count(ClusterStat::upstream_rq_cancelled);
}

void Http1Pool::fail_waiting(ResetReason reason, std::string_view transport_failure) {
  // Whoever asks again because of this failure waits for the next attempt.
  IntrusiveList<PoolWaiter> failed;
  while (PoolWaiter* waiter = waiting_.pop_front()) failed.push_back(*waiter);
  while (PoolWaiter* waiter = failed.front()) {
    dequeue(*waiter);
    count(ClusterStat::upstream_rq_pending_failure_eject);
    waiter->on_pool_failure(reason, transport_failure);
  }
  end_if_empty();
}

void Http1Pool::on_client_ready(Http1Client& client) {
  while (PoolWaiter* waiter = waiting_.front()) {
    dequeue(*waiter);
    if (start(client, *waiter)) return;
  }
  if (draining_) return client.drain();
  static_cast<ListLink<Http1Client>&>(client).unlink();
  idle_.push_front(client);
}

void Http1Pool::on_client_gone(bool was_connecting, CloseReason reason) {
  --clients_;
  breakers().release(context_.priority, Resource::Connections);
  host().state->cx_active.fetch_sub(1, std::memory_order_relaxed);
  uncount(ClusterStat::upstream_cx_active);
  uncount_host(HostStat::cx_active);
  count(ClusterStat::upstream_cx_destroy);
  count(reason == CloseReason::Local ? ClusterStat::upstream_cx_destroy_local
                                     : ClusterStat::upstream_cx_destroy_remote);
  if (was_connecting) --connecting_;
  if (!was_connecting || reason == CloseReason::Local) connect_for_waiting();
  end_if_empty();
}

void Http1Pool::on_connect_failure(ResetReason reason, std::string_view transport_failure) {
  count(ClusterStat::upstream_cx_connect_fail);
  count_host(HostStat::cx_connect_fail);
  fail_waiting(reason, transport_failure);
}

void Http1Pool::drain() {
  draining_ = true;
  while (Http1Client* client = idle_.front()) client->drain();
  // Those that connect stay while somebody waits for them: an end would only make the pool connect again.
  for (Http1Client* client = busy_.front(); client != nullptr;) {
    Http1Client* next = busy_.next(*client);
    if (waiting_.empty() || client->busy()) client->drain();
    client = next;
  }
  end_if_empty();
}

void Http1Pool::end_if_empty() {
  if (!draining_ || clients_ > 0 || !waiting_.empty()) return;
  draining_ = false;
  context_.worker.loop.free_later(*this);
}

}  // namespace outrider
