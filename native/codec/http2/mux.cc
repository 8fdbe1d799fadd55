#include "codec/http2/mux.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace outrider::http2 {

Mux::Mux(Role role, const Options& options, WorkerContext& worker, Workspace& space, OutputBuffer& output,
         MuxHandler& handler, StatScope<Http2Stat> stats)
    : options_(options),
      worker_(worker),
      space_(space),
      output_(output),
      handler_(handler),
      stats_(stats),
      decoder_(options.table_bytes_max),
      encoder_(options.table_bytes_max, options.huffman),
      next_id_(role == Role::Server ? 2 : 1),
      resets_(options.reset_burst, options.resets_per_second),
      last_frame_ms_(worker.loop.now_ms()),
      role_(role),
      preface_read_(role == Role::Client) {
  count(Http2Stat::created);
}

Mux::~Mux() {
  while (Stream* stream = all_.front()) close(*stream, Ended::ByUs);
}

void Mux::start() {
  if (!server()) output_.append(client_preface);
  send_settings();
  const uint32_t more = options_.connection_window_bytes - FlowWindow::bytes_at_first;
  if (more > 0) {
    send_window_update(0, more);
    (void)receive_window_.grow(more);
  }
  schedule_ping();
  handler_.on_output();
}

// ---- frames ----------------------------------------------------------------------------------------------------

size_t Mux::on_data(std::string_view bytes) {
  const size_t whole = bytes.size();
  last_frame_ms_ = worker_.loop.now_ms();
  if (!preface_read_) bytes.remove_prefix(read_preface(bytes));
  while (preface_read_ && !bytes.empty() && !dead_ && doom_.empty()) {
    const size_t used = data_open_ ? read_data(bytes) : read_frame(bytes);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  return dead_ || !doom_.empty() ? whole : whole - bytes.size();
}

size_t Mux::read_preface(std::string_view bytes) {
  const std::string_view expected = client_preface.substr(0, bytes.size());
  if (!bytes.starts_with(expected)) {
    fail(ErrorCode::ProtocolError, "http2.bad_client_magic", Tell::Nothing);
    return 0;
  }
  if (bytes.size() < client_preface.size()) return 0;
  preface_read_ = true;
  return client_preface.size();
}

size_t Mux::read_frame(std::string_view bytes) {
  if (bytes.size() < frame_header_bytes) return 0;
  const FrameHeader frame = read_frame_header(bytes.data());
  if (frame.length > frame_payload_bytes_min) {
    fail(ErrorCode::FrameSizeError, "http2.frame_too_large");
    return 0;
  }
  if (!settings_received_ && (frame.type != FrameType::Settings || frame.has(flag::ack))) {
    fail(ErrorCode::ProtocolError, "http2.settings_expected");
    return 0;
  }
  const bool continues = frame.type == FrameType::Continuation && frame.stream_id == open_block_.stream_id;
  if ((open_block_.stream_id != 0 || frame.type == FrameType::Continuation) && !continues) {
    fail(ErrorCode::ProtocolError, "http2.continuation_expected");
    return 0;
  }
  if (frame.type == FrameType::Data) return begin_data(frame, bytes);
  if (bytes.size() < frame_header_bytes + frame.length) return 0;
  handle_frame(frame, bytes.substr(frame_header_bytes, frame.length));
  return frame_header_bytes + frame.length;
}

void Mux::handle_frame(const FrameHeader& frame, std::string_view payload) {
  switch (frame.type) {
    case FrameType::Headers:
      return handle_headers(frame, payload);
    case FrameType::Priority:
      return handle_priority(frame, payload);
    case FrameType::RstStream:
      return handle_reset(frame, payload);
    case FrameType::Settings:
      return handle_settings(frame, payload);
    case FrameType::PushPromise:
      return fail(ErrorCode::ProtocolError, "http2.push_promise", Tell::Nothing);
    case FrameType::Ping:
      return handle_ping(frame, payload);
    case FrameType::GoAway:
      return handle_goaway(frame, payload);
    case FrameType::WindowUpdate:
      return handle_window_update(frame, payload);
    case FrameType::Continuation:
      return handle_continuation(frame, payload);
    default:
      return;  // unknown types are passed over (RFC 9113 §5.5)
  }
}

// Frames that cost us work and carry nothing. False: too many in a row.
bool Mux::count_empty_frame(const FrameHeader& frame) {
  if (frame.length > 0 || frame.has(flag::end_stream)) {
    empty_frames_ = 0;
    return true;
  }
  if (++empty_frames_ <= options_.empty_frames_max) return true;
  flood(Http2Stat::inbound_empty_frames_flood, "http2.inbound_empty_frames_flood");
  return false;
}

// ---- DATA ------------------------------------------------------------------------------------------------------

size_t Mux::begin_data(const FrameHeader& frame, std::string_view bytes) {
  const bool padded = frame.has(flag::padded);
  if (bytes.size() < frame_header_bytes + (padded && frame.length > 0 ? 1 : 0)) return 0;
  if (frame.stream_id == 0 || is_idle(frame.stream_id)) {
    fail(ErrorCode::ProtocolError, "http2.data_on_idle_stream");
    return 0;
  }
  const uint32_t padding =
      padded && frame.length > 0 ? static_cast<uint8_t>(bytes[frame_header_bytes]) + 1u : 0;
  if (padding > frame.length || (padded && frame.length == 0)) {
    fail(ErrorCode::ProtocolError, "http2.bad_padding");
    return 0;
  }
  if (frame.length > receive_window_.open_bytes()) {
    fail(ErrorCode::FlowControlError, "http2.flow_control");
    return 0;
  }
  if (!count_empty_frame(frame)) return 0;
  receive_window_.take(frame.length);
  data_open_ = true;
  data_end_ = frame.has(flag::end_stream);
  data_left_ = frame.length - padding;
  padding_left_ = padding > 0 ? padding - 1 : 0;
  data_stream_ = table_.find(frame.stream_id);
  if (data_stream_ == nullptr) {
    const Closed* const closed = find_closed(frame.stream_id);
    if (closed != nullptr && closed->how != Ended::ByUs) send_reset(frame.stream_id, ErrorCode::StreamClosed);
  } else if (!data_stream_->remote_open()) {
    stream_error(*data_stream_, ErrorCode::StreamClosed);
  } else if (!data_stream_->head_received_) {
    stream_error(*data_stream_, ErrorCode::ProtocolError);
  } else if (frame.length > data_stream_->receive_window_.open_bytes()) {
    stream_error(*data_stream_, ErrorCode::FlowControlError);
  } else {
    data_stream_->receive_window_.take(frame.length);
    data_stream_->wire_->received += frame_header_bytes + frame.length;
  }
  if (padding > 0) consumed(data_stream_, padding);
  const size_t used = frame_header_bytes + (padding > 0 ? 1 : 0);
  if (data_left_ == 0 && padding_left_ == 0) read_data({});  // nothing more may come
  return used;
}

// What there is of the payload of the current DATA frame.
size_t Mux::read_data(std::string_view bytes) {
  const std::string_view data = bytes.substr(0, data_left_);
  const auto padding = static_cast<uint32_t>(std::min<size_t>(padding_left_, bytes.size() - data.size()));
  data_left_ -= static_cast<uint32_t>(data.size());
  padding_left_ -= padding;
  const bool last = data_left_ == 0;
  if (last && padding_left_ == 0) data_open_ = false;
  Stream* const stream = data_stream_;
  if (stream == nullptr) {
    consumed(nullptr, static_cast<uint32_t>(data.size()));
  } else if (!data.empty() || (last && data_end_)) {
    if (last) data_stream_ = nullptr;
    deliver_data(*stream, data, last && data_end_ ? EndStream::Yes : EndStream::No);
  }
  return data.size() + padding;
}

void Mux::deliver_data(Stream& stream, std::string_view data, EndStream end) {
  if (stream.length_left_ != Stream::no_length) {
    const bool too_much = data.size() > stream.length_left_;
    const bool too_little = end == EndStream::Yes && data.size() < stream.length_left_;
    if (too_much || too_little) {
      consumed(nullptr, static_cast<uint32_t>(data.size()));
      count(Http2Stat::rx_messaging_error);
      return stream_error(stream, ErrorCode::ProtocolError);
    }
    stream.length_left_ -= data.size();
  }
  if (stream.paused_ > 0 || stream.ListLink<DeliverList>::linked() || !stream.held_.empty()) {
    stream.held_.append(data);
    if (end == EndStream::Yes) {
      stream.held_end_ = true;
      // The peer has ended its side, whether anybody was told or not.
      if (stream.state_ == StreamState::Open) stream.state_ = StreamState::HalfClosedRemote;
    }
    return;
  }
  const auto bytes = static_cast<uint32_t>(data.size());
  const bool closed = end == EndStream::Yes && end_remote(stream);
  if (MessageDecoder* const decoder = stream.decoder_) decoder->on_data(data, end);
  consumed(stream.state_ == StreamState::Closed ? nullptr : &stream, bytes);
  if (end == EndStream::Yes) after_remote_end(stream, closed);
}

// The peer has sent all it will. True: so have we, and the stream is closed; its decoder is still to be told.
bool Mux::end_remote(Stream& stream) {
  if (stream.state_ == StreamState::Open) stream.state_ = StreamState::HalfClosedRemote;
  return stream.state_ == StreamState::HalfClosedLocal;
}

void Mux::after_remote_end(Stream& stream, bool closed) {
  if (stream.state_ == StreamState::Closed) return;
  if (closed) return close(stream, Ended::Normally);
  if (server()) return;
  // The answer is whole before the request was: nobody needs the rest.
  send_reset(stream.id_, ErrorCode::NoError);
  close(stream, Ended::ByUs);
}

void Mux::deliver_held(Stream& stream) {
  while (stream.paused_ == 0 && stream.state_ != StreamState::Closed && !stream.held_.empty()) {
    iovec part;
    if (stream.held_.gather(&part, 1) == 0) break;
    const bool last =
        stream.held_end_ && stream.held_trailers_ == nullptr && part.iov_len == stream.held_.bytes();
    const auto bytes = static_cast<uint32_t>(part.iov_len);
    const bool closed = last && stream.state_ == StreamState::HalfClosedLocal;
    if (last) stream.held_end_ = false;
    if (stream.decoder_ != nullptr) {
      stream.decoder_->on_data({static_cast<const char*>(part.iov_base), part.iov_len},
                               last ? EndStream::Yes : EndStream::No);
      worker_.loop.flush_lent();
    }
    if (stream.state_ == StreamState::Closed) return consumed(nullptr, bytes);
    stream.held_.consume(bytes);
    consumed(&stream, bytes);
    if (last) return after_remote_end(stream, closed);
  }
  if (stream.paused_ > 0 || stream.state_ == StreamState::Closed || !stream.held_end_) return;
  stream.held_end_ = false;
  const bool closed = stream.state_ == StreamState::HalfClosedLocal;
  HeaderMap* const trailers = std::exchange(stream.held_trailers_, nullptr);
  if (stream.decoder_ != nullptr) {
    if (trailers != nullptr) {
      stream.decoder_->on_trailers(*trailers);
    } else {
      stream.decoder_->on_data({}, EndStream::Yes);
    }
  }
  after_remote_end(stream, closed);
}

// Body bytes have been taken: the peer may send as many again, and is told in large steps.
void Mux::consumed(Stream* stream, uint32_t bytes) {
  if (bytes == 0 || dead_) return;
  consumed_ += bytes;
  if (consumed_ >= options_.connection_window_bytes / 2) {
    send_window_update(0, consumed_);
    (void)receive_window_.grow(std::exchange(consumed_, 0));
    handler_.on_output();
  }
  if (stream == nullptr || !stream->remote_open()) return;
  stream->consumed_ += bytes;
  if (stream->consumed_ >= options_.stream_window_bytes / 2) {
    send_window_update(stream->id_, stream->consumed_);
    (void)stream->receive_window_.grow(std::exchange(stream->consumed_, 0));
    handler_.on_output();
  }
}

void Mux::on_end_of_turn() {
  if (!doom_.empty() && !dead_) return fail(ErrorCode::EnhanceYourCalm, doom_, Tell::Nothing);
  while (Stream* stream = delivering_.pop_front()) deliver_held(*stream);
}

// ---- HEADERS ---------------------------------------------------------------------------------------------------

bool Mux::strip_padding(const FrameHeader& frame, std::string_view& payload) {
  if (frame.has(flag::padded)) {
    if (payload.empty()) return false;
    const auto padding = static_cast<uint8_t>(payload.front());
    payload.remove_prefix(1);
    if (padding > payload.size()) return false;
    payload.remove_suffix(padding);
  }
  return true;
}

void Mux::handle_headers(const FrameHeader& frame, std::string_view payload) {
  if (frame.stream_id == 0) return fail(ErrorCode::ProtocolError, "http2.headers_on_stream_0");
  if (!count_empty_frame(frame)) return;
  if (!strip_padding(frame, payload)) return fail(ErrorCode::ProtocolError, "http2.bad_padding");
  if (frame.has(flag::priority)) {
    if (payload.size() < 5) return fail(ErrorCode::ProtocolError, "http2.bad_priority");
    if ((read_u32(payload.data()) & stream_id_max) == frame.stream_id) {
      return fail(ErrorCode::ProtocolError, "http2.depends_on_itself");
    }
    payload.remove_prefix(5);
  }
  if (frame.has(flag::end_headers))
    return handle_block(frame.stream_id, payload, frame.has(flag::end_stream));
  open_block_ = {frame.stream_id, frame.has(flag::end_stream)};
  block_.assign(payload);
}

void Mux::handle_continuation(const FrameHeader& frame, std::string_view payload) {
  if (!count_empty_frame(frame)) return;
  // Nothing that decodes to an acceptable head is that long.
  if (block_.size() + payload.size() > options_.header_bytes_max + size_t{2} * frame_payload_bytes_min) {
    count(Http2Stat::header_overflow);
    return fail(ErrorCode::EnhanceYourCalm, "http2.too_many_continuations");
  }
  block_.append(payload);
  if (!frame.has(flag::end_headers)) return;
  const OpenBlock open = std::exchange(open_block_, {});
  const std::string block = std::exchange(block_, {});
  handle_block(open.stream_id, block, open.end_stream);
}

bool Mux::decode(std::string_view block, MessageHead& head) {
  if (decoder_.decode(block, space_.decoded, head)) return true;
  fail(ErrorCode::CompressionError, "http2.compression_error");
  return false;
}

// For what the block does to the dynamic table.
bool Mux::skip_block(std::string_view block) {
  MessageHead head(MessageHead::Kind::Skipped, nullptr, options_, space_.cookies);
  return decode(block, head);
}

void Mux::handle_block(uint32_t stream_id, std::string_view block, bool end_stream) {
  Stream* const stream = table_.find(stream_id);
  if (stream == nullptr) {
    if (server() && !ours(stream_id) && stream_id > last_peer_id_)
      return new_request(stream_id, block, end_stream);
    return late_head(stream_id, block);
  }
  stream->wire_->received += frame_header_bytes + block.size();
  stream->wire_->header_received += frame_header_bytes + block.size();
  if (!stream->remote_open()) {
    if (!skip_block(block)) return;
    return server() ? fail(ErrorCode::StreamClosed, "http2.stream_closed")
                    : stream_error(*stream, ErrorCode::StreamClosed);
  }
  if (server() || stream->head_received_) return trailers(*stream, block, end_stream);
  response_head(*stream, block, end_stream);
}

// A head on a stream that has ended, or never was.
void Mux::late_head(uint32_t id, std::string_view block) {
  if (is_idle(id)) return fail(ErrorCode::ProtocolError, "http2.bad_stream_id", Tell::Nothing);
  const Closed* const closed = find_closed(id);
  if (!skip_block(block)) return;
  if (closed == nullptr) {
    if (id > forgotten_id_) fail(ErrorCode::ProtocolError, "http2.bad_stream_id", Tell::Nothing);
    return;
  }
  if (closed->how == Ended::Normally) return fail(ErrorCode::StreamClosed, "http2.stream_closed");
  if (closed->how == Ended::ByPeer) send_reset(id, ErrorCode::StreamClosed);
}

void Mux::new_request(uint32_t id, std::string_view block, bool end_stream) {
  if (id > goaway_id_) {
    (void)skip_block(block);
    return;
  }
  last_peer_id_ = id;
  ++inbound_streams_;
  if (streams() >= options_.concurrent_streams_max) {
    if (!skip_block(block)) return;
    count(Http2Stat::stream_refused_errors);
    remember(id, Ended::ByUs);
    return send_reset(id, ErrorCode::RefusedStream);
  }
  Stream& stream = *space_.streams.make(*this, id, peer_stream_window_, options_.stream_window_bytes);
  insert(stream);
  RequestDecoder& request = handler_.on_request(stream);
  stream.decoder_ = stream.request_ = &request;
  stream.wire_ = &request.wire_bytes();
  stream.wire_->received += frame_header_bytes + block.size();
  stream.wire_->header_received += frame_header_bytes + block.size();
  HeaderMap& headers = request.request_headers();
  MessageHead head(MessageHead::Kind::Request, &headers, options_, space_.cookies);
  if (!decode(block, head)) return;
  head.finish();
  if (!judge(head, stream)) return;
  stream.head_received_ = true;
  if (head.has_content_length()) {
    if (end_stream && head.content_length() != 0)
      return message_error(stream, "http2.violation.of.messaging.rule");
    stream.length_left_ = head.content_length();
  }
  if (end_stream) stream.state_ = StreamState::HalfClosedRemote;
  request.on_headers(headers, end_stream ? EndStream::Yes : EndStream::No);
}

void Mux::response_head(Stream& stream, std::string_view block, bool end_stream) {
  HeaderMap& headers = stream.response_->response_headers();
  MessageHead head(MessageHead::Kind::Response, &headers, options_, space_.cookies);
  if (!decode(block, head)) return;
  head.finish();
  if (!judge(head, stream)) return;
  if (head.status() < 200) {
    if (end_stream) return message_error(stream, "http2.violation.of.messaging.rule");
    return stream.response_->on_1xx(headers);
  }
  stream.head_received_ = true;
  const bool bodiless = stream.response_->is_head_request() || head.status() == 204 || head.status() == 304 ||
                        (stream.response_->is_connect_request() && head.status() / 100 == 2);
  if (head.has_content_length() && !bodiless) {
    if (end_stream && head.content_length() != 0)
      return message_error(stream, "http2.violation.of.messaging.rule");
    stream.length_left_ = head.content_length();
  }
  const bool closed = end_stream && end_remote(stream);
  stream.decoder_->on_headers(headers, end_stream ? EndStream::Yes : EndStream::No);
  if (end_stream) after_remote_end(stream, closed);
}

void Mux::trailers(Stream& stream, std::string_view block, bool end_stream) {
  count(Http2Stat::trailers);
  if (stream.decoder_ == nullptr) {
    if (!skip_block(block) || !end_stream) return;
    return after_remote_end(stream, end_remote(stream));
  }
  HeaderMap& map = server() ? stream.request_->request_trailers() : stream.response_->response_trailers();
  MessageHead head(MessageHead::Kind::Trailers, &map, options_, space_.cookies);
  if (!decode(block, head)) return;
  head.finish();
  if (!judge(head, stream)) return;
  const bool incomplete = stream.length_left_ != Stream::no_length && stream.length_left_ != 0;
  if (!end_stream || incomplete) return message_error(stream, "http2.violation.of.messaging.rule");
  if (stream.paused_ > 0 || !stream.held_.empty()) {
    stream.held_end_ = true;
    stream.held_trailers_ = &map;
    (void)end_remote(stream);
    return;
  }
  const bool closed = end_remote(stream);
  if (map.empty()) {
    stream.decoder_->on_data({}, EndStream::Yes);
  } else {
    stream.decoder_->on_trailers(map);
  }
  after_remote_end(stream, closed);
}

// False: the stream, or the connection, has ended for it.
bool Mux::judge(const MessageHead& head, Stream& stream) {
  if (head.dropped_underscore_headers() > 0) {
    count(Http2Stat::dropped_headers_with_underscores, head.dropped_underscore_headers());
  }
  switch (head.fault()) {
    case HeadFault::None:
      return true;
    case HeadFault::Malformed:
      message_error(stream, "http2.invalid.header.field");
      return false;
    case HeadFault::TooLarge:
      count(Http2Stat::header_overflow);
      break;
    case HeadFault::Underscores:
      count(Http2Stat::requests_rejected_with_underscores_in_headers);
      break;
  }
  stream_error(stream, ErrorCode::InternalError);
  return false;
}

// ---- other frames ----------------------------------------------------------------------------------------------

void Mux::handle_priority(const FrameHeader& frame, std::string_view payload) {
  if (frame.stream_id == 0) return fail(ErrorCode::ProtocolError, "http2.priority_on_stream_0");
  if (payload.size() != 5) return fail(ErrorCode::FrameSizeError, "http2.bad_frame_size");
  if ((read_u32(payload.data()) & stream_id_max) == frame.stream_id) {
    return fail(ErrorCode::ProtocolError, "http2.depends_on_itself");
  }
  if (++priority_frames_ > options_.priority_frames_per_stream * (1 + inbound_streams_)) {
    flood(Http2Stat::inbound_priority_frames_flood, "http2.inbound_priority_frames_flood");
  }
}

void Mux::handle_reset(const FrameHeader& frame, std::string_view payload) {
  if (payload.size() != 4) return fail(ErrorCode::FrameSizeError, "http2.bad_frame_size");
  if (frame.stream_id == 0 || is_idle(frame.stream_id)) {
    return fail(ErrorCode::ProtocolError, "http2.reset_on_idle_stream");
  }
  count(Http2Stat::rx_reset);
  if (server() && !resets_.take(worker_.loop.now_ms())) {
    return fail(ErrorCode::InternalError, "http2.stream_reset_flood");
  }
  Stream* const stream = table_.find(frame.stream_id);
  if (stream == nullptr) return;
  const auto code = static_cast<ErrorCode>(read_u32(payload.data()));
  ResetReason reason = ResetReason::RemoteReset;
  if (code == ErrorCode::RefusedStream) reason = ResetReason::RefusedStream;
  if (code == ErrorCode::ProtocolError && !server()) reason = ResetReason::ProtocolError;  // as Envoy
  reset_stream(*stream, Ended::ByPeer, reason);
}

void Mux::handle_settings(const FrameHeader& frame, std::string_view payload) {
  if (frame.stream_id != 0) return fail(ErrorCode::ProtocolError, "http2.settings_on_stream");
  if (frame.has(flag::ack)) {
    if (!payload.empty()) fail(ErrorCode::FrameSizeError, "http2.bad_frame_size");
    return;
  }
  if (payload.size() % 6 != 0) return fail(ErrorCode::FrameSizeError, "http2.bad_frame_size");
  const bool first = !std::exchange(settings_received_, true);
  if (first && !server()) peer_streams_max_ = stream_id_max;
  for (size_t at = 0; at < payload.size(); at += 6) {
    if (!apply_setting(read_u16(payload.data() + at), read_u32(payload.data() + at + 2))) return;
  }
  control_frame(FrameType::Settings, flag::ack, 0, 0);
  handler_.on_settings();
  send_all_waiting();
}

bool Mux::apply_setting(uint16_t id, uint32_t value) {
  switch (static_cast<Setting>(id)) {
    case Setting::HeaderTableSize:
      encoder_.set_peer_table_bytes(value);
      return true;
    case Setting::EnablePush:
      if (value <= 1) return true;
      break;
    case Setting::MaxConcurrentStreams:
      peer_streams_max_ = value;
      return true;
    case Setting::InitialWindowSize: {
      if (value > INT32_MAX) {
        fail(ErrorCode::FlowControlError, "http2.bad_setting");
        return false;
      }
      const int64_t by = int64_t{value} - peer_stream_window_;
      peer_stream_window_ = value;
      for (Stream* stream = all_.front(); stream != nullptr; stream = all_.next(*stream)) {
        if (stream->send_window_.shift(by)) continue;
        fail(ErrorCode::FlowControlError, "http2.flow_control");
        return false;
      }
      return true;
    }
    case Setting::MaxFrameSize:
      if (value < frame_payload_bytes_min || value > frame_payload_bytes_most) break;
      peer_frame_max_ = value;
      return true;
    case Setting::EnableConnectProtocol:
      if (value > 1) break;
      peer_allows_connect_ = value == 1;
      return true;
    default:
      return true;
  }
  fail(ErrorCode::ProtocolError, "http2.bad_setting");
  return false;
}

void Mux::handle_ping(const FrameHeader& frame, std::string_view payload) {
  if (frame.stream_id != 0) return fail(ErrorCode::ProtocolError, "http2.ping_on_stream");
  if (payload.size() != 8) return fail(ErrorCode::FrameSizeError, "http2.bad_frame_size");
  if (!frame.has(flag::ack)) return send_ping(payload, true);
  pong_by_ms_ = UINT64_MAX;
  schedule_ping();
}

void Mux::handle_goaway(const FrameHeader& frame, std::string_view payload) {
  if (frame.stream_id != 0) return fail(ErrorCode::ProtocolError, "http2.goaway_on_stream");
  if (payload.size() < 8) return fail(ErrorCode::FrameSizeError, "http2.bad_frame_size");
  const uint32_t last_id = read_u32(payload.data()) & stream_id_max;
  const auto code = static_cast<ErrorCode>(read_u32(payload.data() + 4));
  peer_goes_away_ = true;
  handler_.on_no_new_streams();
  for (Stream* stream = all_.front(); stream != nullptr;) {
    if (!server() && stream->id_ > last_id) {
      reset_stream(*stream, Ended::ByPeer, ResetReason::RefusedStream);
      stream = all_.front();  // whoever was told may have ended others
    } else {
      stream = all_.next(*stream);
    }
  }
  if (!dead_) handler_.on_goaway(code);
}

void Mux::handle_window_update(const FrameHeader& frame, std::string_view payload) {
  if (payload.size() != 4) return fail(ErrorCode::FrameSizeError, "http2.bad_frame_size");
  const uint32_t increment = read_u32(payload.data()) & stream_id_max;
  const uint64_t most =
      5 + 2 * (inbound_streams_ + options_.window_updates_per_data_frame * data_frames_sent_);
  if (server() && ++window_updates_ > most) {
    return flood(Http2Stat::inbound_window_update_frames_flood, "http2.inbound_window_update_frames_flood");
  }
  if (frame.stream_id == 0) {
    switch (send_window_.grow(increment)) {
      case WindowError::None:
        return send_all_waiting();
      case WindowError::ZeroIncrement:
        return fail(ErrorCode::ProtocolError, "http2.zero_window_increment", Tell::Nothing);
      case WindowError::Overflow:
        return fail(ErrorCode::FlowControlError, "http2.flow_control");
    }
  }
  if (is_idle(frame.stream_id)) return fail(ErrorCode::ProtocolError, "http2.window_update_on_idle_stream");
  Stream* const stream = table_.find(frame.stream_id);
  if (stream == nullptr) return;
  switch (stream->send_window_.grow(increment)) {
    case WindowError::None:
      return send_waiting(*stream);
    case WindowError::ZeroIncrement:
      return stream_error(*stream, ErrorCode::ProtocolError);
    case WindowError::Overflow:
      return stream_error(*stream, ErrorCode::FlowControlError);
  }
}

// ---- ends ------------------------------------------------------------------------------------------------------

void Mux::insert(Stream& stream) {
  if (stream.id_ != 0) table_.insert(stream.id_, &stream);
  all_.push_back(stream);
  ++live_;
  count(Http2Stat::streams_active);
}

void Mux::remember(uint32_t id, Ended how) {
  Closed& place = closed_[closed_at_++ % closed_kept];
  forgotten_id_ = std::max(forgotten_id_, place.id);
  place = {id, how};
}

Mux::Closed* Mux::find_closed(uint32_t id) {
  for (Closed& closed : closed_) {
    if (closed.id == id) return &closed;
  }
  return nullptr;
}

// Takes the stream out; its decoder is not told.
void Mux::close(Stream& stream, Ended how) {
  if (stream.state_ == StreamState::Closed) return;
  stream.state_ = StreamState::Closed;
  stream.decoder_ = nullptr;
  stream.request_ = nullptr;
  stream.response_ = nullptr;
  stream.wire_ = &unwatched_;
  if (stream.id_ != 0) {
    table_.erase(stream.id_);
    remember(stream.id_, how);
  }
  --live_;
  uncount(Http2Stat::streams_active);
  if (const uint64_t waiting = stream.waiting_.bytes()) uncount(Http2Stat::pending_send_bytes, waiting);
  if (data_stream_ == &stream) data_stream_ = nullptr;
  const auto held = static_cast<uint32_t>(stream.held_.bytes());
  if (held > 0) consumed(nullptr, held);
  stream.ListLink<Stream>::unlink();
  stream.ListLink<SendList>::unlink();
  stream.ListLink<DeliverList>::unlink();
  worker_.loop.free_later(stream);
  if (!dead_) handler_.on_stream_closed();
}

void Mux::reset_stream(Stream& stream, Ended how, ResetReason reason) {
  MessageDecoder* const decoder = stream.decoder_;
  close(stream, how);
  if (decoder != nullptr) decoder->on_reset(reason);
}

void Mux::stream_error(Stream& stream, ErrorCode code, ResetReason reason) {
  send_reset(stream.id_, code);
  reset_stream(stream, Ended::ByUs, reason);
}

void Mux::message_error(Stream& stream, std::string_view details) {
  count(Http2Stat::rx_messaging_error);
  if (options_.stream_error_on_invalid_message) return stream_error(stream, ErrorCode::ProtocolError);
  fail(ErrorCode::ProtocolError, details, Tell::Nothing);
}

void Mux::fail(ErrorCode code, std::string_view details, Tell tell) {
  if (dead_) return;
  if (tell == Tell::GoAway) send_goaway(last_peer_id_, code);
  dead_ = true;
  handler_.on_no_new_streams();
  while (Stream* stream = all_.front()) reset_stream(*stream, Ended::ByUs, ResetReason::ProtocolError);
  handler_.on_connection_error(details);
}

// Ends with the turn: whoever writes just now need not be told from within.
void Mux::flood(Http2Stat stat, std::string_view details) {
  if (!doom_.empty() || dead_) return;
  count(stat);
  doom_ = details;
  worker_.loop.at_end_of_turn(*this);
}

void Mux::abandon(ResetReason reason) {
  dead_ = true;
  while (Stream* stream = all_.front()) reset_stream(*stream, Ended::ByPeer, reason);
  EndOfTurn::unlink();
}

void Mux::go_away(ErrorCode code) {
  if (dead_) return;
  goaway_id_ = last_peer_id_;
  send_goaway(last_peer_id_, code);
  handler_.on_output();
}

void Mux::send_shutdown_notice() {
  if (dead_) return;
  send_goaway(stream_id_max, ErrorCode::NoError);
  handler_.on_output();
}

// ---- time ------------------------------------------------------------------------------------------------------

void Mux::schedule_ping() {
  if (options_.ping_interval_ms == 0) return;
  const auto jitter = static_cast<uint64_t>(static_cast<double>(options_.ping_interval_ms) *
                                            options_.ping_jitter_percent / 100);
  next_ping_ms_ =
      worker_.loop.now_ms() + options_.ping_interval_ms + (jitter == 0 ? 0 : worker_.random.next() % jitter);
}

uint64_t Mux::deadline_ms() const { return std::min({next_ping_ms_, pong_by_ms_, next_flush_check_ms_}); }

void Mux::on_deadline() {
  const uint64_t now = worker_.loop.now_ms();
  if (dead_) return;
  if (pong_by_ms_ <= now) {
    pong_by_ms_ = UINT64_MAX;
    next_ping_ms_ = UINT64_MAX;
    count(Http2Stat::keepalive_timeout);
    return fail(ErrorCode::NoError, "http2_ping_timeout", Tell::Nothing);
  }
  if (next_ping_ms_ <= now) {
    next_ping_ms_ = UINT64_MAX;
    send_ping("outrider", false);
    pong_by_ms_ = now + options_.ping_timeout_ms;
  }
  if (next_flush_check_ms_ > now) return;
  next_flush_check_ms_ = UINT64_MAX;
  for (Stream* stream = sending_.front(); stream != nullptr;) {
    Stream* const next = sending_.next(*stream);
    if (stream->flush_by_ms_ <= now) {
      count(Http2Stat::tx_flush_timeout);
      stream_error(*stream, ErrorCode::NoError, ResetReason::LocalReset);
    } else {
      next_flush_check_ms_ = std::min(next_flush_check_ms_, stream->flush_by_ms_);
    }
    stream = next;
  }
}

}  // namespace outrider::http2
