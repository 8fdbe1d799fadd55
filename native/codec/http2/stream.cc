#include "codec/http2/mux.h"

namespace outrider::http2 {

Stream::Stream(Mux& mux, uint32_t id, uint32_t send_window, uint32_t receive_window)
    : mux_(mux),
      space_(&mux.space_),
      wire_(&mux.unwatched_),
      waiting_(mux.worker_.chunks),
      held_(mux.worker_.chunks),
      id_(id),
      send_window_(static_cast<int32_t>(send_window)),
      receive_window_(static_cast<int32_t>(receive_window)),
      state_(id == 0 ? StreamState::Idle : StreamState::Open) {}

void Stream::free_deferred() { space_->streams.destroy(this); }

// The exchange is complete as far as whoever encodes is concerned: a server's stream ends there.
void Stream::release_server() {
  if (request_ == nullptr) return;
  decoder_ = nullptr;
  request_ = nullptr;
  wire_ = &mux_.unwatched_;
}

void Stream::encode_1xx(const HeaderMap& headers) {
  if (local_open() && !head_sent_) mux_.send_block(*this, headers, false);
}

void Stream::encode_headers(const HeaderMap& headers, EndStream end) {
  if (state_ == StreamState::Idle) mux_.begin(*this);
  if (!local_open() || head_sent_) return;
  head_sent_ = true;
  const bool last = end == EndStream::Yes;
  mux_.send_block(*this, headers, last);
  if (last) {
    release_server();
    mux_.end_local(*this);
  } else if (mux_.output_full_) {
    mux_.tell_full(*this, OfConnection, true);
  }
}

void Stream::encode_data(std::string_view data, EndStream end) {
  if (!local_open() || waiting_end_) return;
  const bool last = end == EndStream::Yes;
  if (waiting_.empty()) data.remove_prefix(mux_.send_some(*this, data, last));
  if (!local_open()) return;  // all of it is out, and was the last
  if (last) release_server();
  if (!data.empty() || last) {
    waiting_end_ = last;
    mux_.wait(*this, data);
  }
  if (mux_.output_full_ && !last) mux_.tell_full(*this, OfConnection, true);
}

void Stream::encode_trailers(const HeaderMap& trailers) {
  if (!local_open() || waiting_end_) return;
  if (waiting_.empty()) {
    mux_.send_block(*this, trailers, true);
    release_server();
    return mux_.end_local(*this);
  }
  // They wait with the body; the map goes before that.
  trailers_ = std::make_unique<std::string>();
  for (const Header& header : trailers) {
    trailers_->append(header.key()).push_back('\0');
    trailers_->append(header.text()).push_back('\0');
  }
  waiting_end_ = true;
  release_server();
  mux_.wait(*this, {});
}

void Stream::reset(ResetReason reason) {
  if (state_ == StreamState::Closed) return;
  decoder_ = nullptr;
  if (state_ == StreamState::Idle) return mux_.close(*this, Mux::Ended::ByUs);
  const ErrorCode code = reason == ResetReason::ProtocolError   ? ErrorCode::ProtocolError
                         : reason == ResetReason::RefusedStream ? ErrorCode::RefusedStream
                                                                : ErrorCode::InternalError;
  mux_.send_reset(id_, code);
  mux_.close(*this, Mux::Ended::ByUs);
}

void Stream::resume_input() {
  if (--paused_ > 0 || (held_.empty() && !held_end_) || ListLink<DeliverList>::linked()) return;
  mux_.delivering_.push_back(*this);
  mux_.worker_.loop.at_end_of_turn(mux_);
}

}  // namespace outrider::http2
