// The writing half of Mux.
#include <algorithm>
#include <cstring>
#include <utility>

#include "codec/http2/mux.h"

namespace outrider::http2 {

// The peer must take what we write: nothing may make us queue without end.
void Mux::count_frame(bool control) {
  if (output_.empty()) outbound_frames_ = outbound_control_frames_ = 0;
  if (++outbound_frames_ > options_.outbound_frames_max) {
    flood(Http2Stat::outbound_flood, "http2.outbound_frames_flood");
  }
  if (control && ++outbound_control_frames_ > options_.outbound_control_frames_max) {
    flood(Http2Stat::outbound_control_flood, "http2.outbound_control_frames_flood");
  }
}

// Answers where the payload goes; it is counted as written already.
char* Mux::control_frame(FrameType type, uint8_t flags, uint32_t id, uint32_t payload_bytes) {
  count_frame(true);
  char* const room = output_.reserve(frame_header_bytes + payload_bytes);
  char* const payload = write_frame_header(room, payload_bytes, type, flags, id);
  output_.commit(frame_header_bytes + payload_bytes);
  handler_.on_output();
  return payload;
}

void Mux::send_settings() {
  struct {
    Setting id;
    uint32_t value;
  } settings[5];
  uint32_t count = 0;
  settings[count++] = {Setting::HeaderTableSize, options_.table_bytes_max};
  if (!server()) settings[count++] = {Setting::EnablePush, 0};
  settings[count++] = {Setting::MaxConcurrentStreams, options_.concurrent_streams_max};
  settings[count++] = {Setting::InitialWindowSize, options_.stream_window_bytes};
  if (server() && options_.allow_connect) settings[count++] = {Setting::EnableConnectProtocol, 1};
  char* to = control_frame(FrameType::Settings, 0, 0, count * 6);
  for (uint32_t i = 0; i < count; ++i) {
    to = write_u16(to, static_cast<uint16_t>(settings[i].id));
    to = write_u32(to, settings[i].value);
  }
}

void Mux::send_reset(uint32_t id, ErrorCode code) {
  if (dead_) return;
  count(Http2Stat::tx_reset);
  write_u32(control_frame(FrameType::RstStream, 0, id, 4), static_cast<uint32_t>(code));
}

void Mux::send_window_update(uint32_t id, uint32_t bytes) {
  write_u32(control_frame(FrameType::WindowUpdate, 0, id, 4), bytes);
}

void Mux::send_ping(std::string_view payload, bool ack) {
  std::memcpy(control_frame(FrameType::Ping, ack ? flag::ack : 0, 0, 8), payload.data(), 8);
}

void Mux::send_goaway(uint32_t last_id, ErrorCode code) {
  count(Http2Stat::goaway_sent);
  char* const to = control_frame(FrameType::GoAway, 0, 0, 8);
  write_u32(write_u32(to, last_id), static_cast<uint32_t>(code));
}

// ---- heads -----------------------------------------------------------------------------------------------------

Stream& Mux::open(ResponseDecoder& decoder) {
  Stream& stream = *space_.streams.make(*this, 0u, peer_stream_window_, options_.stream_window_bytes);
  stream.decoder_ = stream.response_ = &decoder;
  if (WireBytes* wire = decoder.wire_bytes()) stream.wire_ = wire;
  insert(stream);
  return stream;
}

// The stream has its place among the others with its first frame.
void Mux::begin(Stream& stream) {
  const uint64_t now = worker_.loop.now_ms();
  if (options_.ping_when_idle_ms != 0 && last_frame_ms_ + options_.ping_when_idle_ms <= now &&
      pong_by_ms_ == UINT64_MAX) {
    send_ping("outrider", false);
    pong_by_ms_ = now + options_.ping_timeout_ms;
  }
  stream.id_ = next_id_;
  next_id_ += 2;
  stream.state_ = StreamState::Open;
  stream.send_window_ = FlowWindow(static_cast<int32_t>(peer_stream_window_));
  table_.insert(stream.id_, &stream);
}

void Mux::send_block(Stream& stream, const HeaderMap& headers, bool end_stream) {
  const size_t bytes_max = HpackEncoder::bytes_max(headers);
  const uint8_t flags = end_stream ? flag::end_stream : 0;
  if (bytes_max > peer_frame_max_) return send_large_block(stream, headers, bytes_max, flags);
  count_frame(false);
  char* const room = output_.reserve(frame_header_bytes + bytes_max);
  char* const block = room + frame_header_bytes;
  const auto bytes = static_cast<uint32_t>(encoder_.encode(headers, block) - block);
  write_frame_header(room, bytes, FrameType::Headers, flags | flag::end_headers, stream.id_);
  output_.commit(frame_header_bytes + bytes);
  stream.wire_->sent += frame_header_bytes + bytes;
  stream.wire_->header_sent += frame_header_bytes + bytes;
  handler_.on_output();
}

void Mux::send_large_block(Stream& stream, const HeaderMap& headers, size_t bytes_max, uint8_t flags) {
  std::string& block = space_.block;
  if (block.size() < bytes_max) block.resize(bytes_max);
  std::string_view rest(block.data(),
                        static_cast<size_t>(encoder_.encode(headers, block.data()) - block.data()));
  FrameType type = FrameType::Headers;
  do {
    const std::string_view part = rest.substr(0, peer_frame_max_);
    rest.remove_prefix(part.size());
    count_frame(false);
    write_frame_header(output_.reserve(frame_header_bytes), static_cast<uint32_t>(part.size()), type,
                       flags | (rest.empty() ? flag::end_headers : 0), stream.id_);
    output_.commit(frame_header_bytes);
    output_.append(part);
    stream.wire_->sent += frame_header_bytes + part.size();
    stream.wire_->header_sent += frame_header_bytes + part.size();
    type = FrameType::Continuation;
    flags = 0;
  } while (!rest.empty());
  handler_.on_output();
}

// ---- bodies ----------------------------------------------------------------------------------------------------

uint32_t Mux::sendable(const Stream& stream) const {
  return std::min({send_window_.open_bytes(), stream.send_window_.open_bytes(), peer_frame_max_});
}

void Mux::put_data_header(Stream& stream, uint32_t bytes, bool end) {
  count_frame(false);
  ++data_frames_sent_;
  write_frame_header(output_.reserve(frame_header_bytes), bytes, FrameType::Data, end ? flag::end_stream : 0,
                     stream.id_);
  output_.commit(frame_header_bytes);
  send_window_.take(bytes);
  stream.send_window_.take(bytes);
  stream.wire_->sent += frame_header_bytes + bytes;
}

// As much as the windows allow; answers how much. The stream's side has ended when that was all and the end.
size_t Mux::send_some(Stream& stream, std::string_view data, bool end) {
  size_t sent = 0;
  while (sent < data.size()) {
    const auto bytes = static_cast<uint32_t>(std::min<size_t>(data.size() - sent, sendable(stream)));
    if (bytes == 0) break;
    put_data_header(stream, bytes, end && sent + bytes == data.size());
    output_.append_borrowed(data.substr(sent, bytes));
    sent += bytes;
  }
  if (end && data.empty()) put_data_header(stream, 0, true);
  if (sent > 0 || end) handler_.on_output();
  if (end && sent == data.size()) {
    stream.release_server();
    end_local(stream);
  }
  return sent;
}

// What the windows hold back.
void Mux::wait(Stream& stream, std::string_view data) {
  stream.waiting_.append(data);
  count(Http2Stat::pending_send_bytes, data.size());
  if (!stream.ListLink<SendList>::linked()) sending_.push_back(stream);
  if (stream.waiting_end_ && flush_timeout_ms_ != 0) {
    stream.flush_by_ms_ = worker_.loop.now_ms() + flush_timeout_ms_;
    if (stream.flush_by_ms_ < next_flush_check_ms_) {
      next_flush_check_ms_ = stream.flush_by_ms_;
      handler_.on_new_deadline();
    }
  }
  if (stream.waiting_.bytes() > options_.stream_window_bytes || stream.waiting_.bytes() > waiting_bytes_max) {
    tell_full(stream, Stream::OfStream, true);
  }
}

void Mux::send_waiting(Stream& stream) {
  if (!stream.ListLink<SendList>::linked()) return;
  bool sent = false;
  while (!stream.waiting_.empty()) {
    const auto most = static_cast<uint32_t>(std::min<uint64_t>(stream.waiting_.bytes(), sendable(stream)));
    iovec part;
    if (most == 0 || stream.waiting_.gather(&part, 1) == 0) break;
    const auto bytes = static_cast<uint32_t>(std::min<size_t>(most, part.iov_len));
    const bool last = stream.waiting_end_ && stream.trailers_ == nullptr && bytes == stream.waiting_.bytes();
    put_data_header(stream, bytes, last);
    output_.append({static_cast<const char*>(part.iov_base), bytes});
    stream.waiting_.consume(bytes);
    uncount(Http2Stat::pending_send_bytes, bytes);
    sent = true;
  }
  if (sent) handler_.on_output();
  if (sent && stream.flush_by_ms_ != UINT64_MAX)
    stream.flush_by_ms_ = worker_.loop.now_ms() + flush_timeout_ms_;
  if (!stream.waiting_.empty()) {
    if (stream.waiting_.bytes() <= waiting_bytes_max / 2) tell_full(stream, Stream::OfStream, false);
    return;
  }
  stream.ListLink<SendList>::unlink();
  if (!stream.waiting_end_) return tell_full(stream, Stream::OfStream, false);
  if (stream.trailers_ != nullptr) send_waiting_trailers(stream);
  end_local(stream);
}

void Mux::send_all_waiting() {
  for (Stream* stream = sending_.front(); stream != nullptr && send_window_.open_bytes() > 0;) {
    Stream* const next = sending_.next(*stream);
    send_waiting(*stream);
    if (next != nullptr && !next->ListLink<SendList>::linked()) return send_all_waiting();
    stream = next;
  }
}

void Mux::send_waiting_trailers(Stream& stream) {
  Arena arena(worker_.arena_blocks);
  HeaderMap map(arena, server() ? HeaderMapKind::ResponseTrailers : HeaderMapKind::RequestTrailers);
  std::string_view rest = *stream.trailers_;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(name.size() + 1);
    const std::string_view value = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(value.size() + 1);
    map.add_ref(name, value);
  }
  send_block(stream, map, true);
}

// Our side of the stream has ended. A server that ends before the client did wants no more of the request.
void Mux::end_local(Stream& stream) {
  if (stream.state_ == StreamState::HalfClosedRemote && !stream.held_end_)
    return close(stream, Ended::Normally);
  if (server()) {
    if (stream.state_ == StreamState::Open) send_reset(stream.id_, ErrorCode::NoError);
    return close(stream, Ended::ByUs);
  }
  stream.state_ = StreamState::HalfClosedLocal;
}

// ---- watermarks ------------------------------------------------------------------------------------------------

void Mux::tell_full(Stream& stream, uint8_t bit, bool full) {
  const uint8_t before = stream.full_;
  stream.full_ = static_cast<uint8_t>(full ? before | bit : before & ~bit);
  if ((before != 0) != (stream.full_ != 0) && stream.decoder_ != nullptr)
    stream.decoder_->on_output_full(full);
}

void Mux::on_output_full(bool full) {
  output_full_ = full;
  if (full) {
    for (Stream* stream = all_.front(); stream != nullptr; stream = all_.next(*stream)) {
      if (stream->head_sent_) tell_full(*stream, Stream::OfConnection, true);
    }
    return;
  }
  // Who is told may end, and others with it: from the front until nobody is left.
  for (Stream* stream = all_.front(); stream != nullptr;) {
    if (stream->full_ & Stream::OfConnection) {
      tell_full(*stream, Stream::OfConnection, false);
      stream = all_.front();
    } else {
      stream = all_.next(*stream);
    }
    if (output_full_) return;
  }
}

}  // namespace outrider::http2
