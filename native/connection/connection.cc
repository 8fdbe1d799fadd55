#include "connection/connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "connection/splice.h"

namespace outrider {

Connection::Connection(WorkerContext& context, ConnectionHandler& handler, uint32_t buffer_limit_bytes)
    : context_(context), handler_(&handler), output_(context.chunks), limit_bytes_(buffer_limit_bytes) {}

Connection::~Connection() { release(); }

bool Connection::accept(int fd) {
  fd_ = fd;
  accepted_ = true;
  state_ = State::Open;
  if (transport_ != nullptr) begin_handshake();
  if (context_.loop.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, *this)) return true;
  release();
  return false;
}

void Connection::connect(int fd, const Address& to) {
  fd_ = fd;
  state_ = State::Connecting;
  const int result = ::connect(fd, to.raw(), to.raw_bytes());
  if ((result < 0 && errno != EINPROGRESS) ||
      !context_.loop.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, *this)) {
    error_ = errno;
    context_.loop.at_end_of_turn(*this);
  }
}

void Connection::finish_connect() {
  socklen_t bytes = sizeof(error_);
  if (error_ == 0) getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_, &bytes);
  if (error_ != 0) return fail(CloseReason::ConnectFailed);
  if (transport_ != nullptr) return begin_handshake();
  state_ = State::Open;
  handler_->on_connected();
  if (state_ == State::Open && !output_.empty()) flush();
}

// Handshakes go on at the end of the turn, in the order in which they asked, so that a flood of them leaves each turn
// to the open connections first.
void Connection::begin_handshake() {
  state_ = State::Handshaking;
  transport_->start(fd_);
  if (handshake_ms_max_ > 0) context_.loop.timers().arm(*this, context_.loop.now_ms() + handshake_ms_max_);
  context_.loop.at_end_of_turn(*this);
}

void Connection::shake_hands() {
  switch (transport_->handshake()) {
    case TransportSocket::Handshake::Blocked:
      return;
    case TransportSocket::Handshake::Later:
      return context_.loop.at_end_of_turn(*this);
    case TransportSocket::Handshake::Failed:
      return fail(accepted_ ? CloseReason::Reset : CloseReason::ConnectFailed);
    case TransportSocket::Handshake::Done:
      break;
  }
  cancel();
  state_ = State::Open;
  write_blocked_ = transport_->unwritten_bytes() > 0;
  handler_->on_connected();
  if (state_ == State::Open && !output_.empty()) flush();
  readable_ = true;  // what came behind the handshake may be in the transport's hands
  if (state_ == State::Open && paused_ == 0) read();
}

void Connection::on_io(uint32_t events) {
  if (state_ == State::Connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) finish_connect();
  if (state_ == State::Closed || state_ == State::Connecting) return;
  if (state_ == State::Handshaking) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_ended_ = true;
    return context_.loop.at_end_of_turn(*this);
  }
  if ((events & EPOLLOUT) != 0 && write_blocked_) {
    write_blocked_ = false;
    flush();
    if (splice_out_ != nullptr && output_.empty()) splice_out_->pump();
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_ended_ = true;
  readable_ = true;
  if (state_ == State::Open) read();
  if (state_ == State::Lingering) discard_input();
  if (state_ == State::Open && paused_ > 0 && peer_ended_) look_at_end(events);
}

// Nobody reads on a paused connection: a peer that is gone for good is told at once, unless it left bytes that matter.
void Connection::look_at_end(uint32_t events) {
  char byte;
  if (tell_end_while_paused_) {
    if ((events & EPOLLERR) != 0) return fail(CloseReason::Reset);
    if (!std::exchange(end_delivered_, true)) handler_->on_end_of_input();
    return;
  }
  if ((events & (EPOLLHUP | EPOLLERR)) == 0 || kept_.size > 0 || splice_in_ != nullptr) return;
  const ssize_t got = ::recv(fd_, &byte, 1, MSG_PEEK);
  if (got < 0 && errno != EAGAIN && errno != EINTR) return fail(CloseReason::Reset);
  if (got == 0 && !std::exchange(end_delivered_, true)) handler_->on_end_of_input();
}

bool Connection::quiet() {
  if (kept_.size > 0 || peer_ended_) return false;
  if (!readable_) return true;
  char byte;
  readable_ = ::recv(fd_, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN;
  return !readable_;
}

void Connection::on_end_of_turn() {
  if (state_ == State::Connecting) return finish_connect();
  if (state_ == State::Handshaking) return shake_hands();
  if (state_ != State::Open || paused_ > 0) return;
  if (kept_.size > 0) {
    const Kept mine = std::exchange(kept_, {});
    const bool go_on = deliver({mine.data, mine.size});
    std::free(mine.data);
    if (!go_on) return;
  }
  if (readable_) read();
}

void Connection::read() {
  for (int i = 0; i < reads_per_event_max; ++i) {
    if (!read_once()) return;
  }
  context_.loop.at_end_of_turn(*this);
}

// True: there may be more, and somebody wants it.
bool Connection::read_once() {
  if (state_ != State::Open || paused_ > 0 || !readable_) return false;
  if (splice_in_ != nullptr) {
    splice_in_->pump();
    return false;
  }
  char* into = context_.scratch.get();
  size_t room = std::clamp<size_t>(limit_bytes_, 16 * 1024, WorkerContext::scratch_bytes);
  const Kept mine = std::exchange(kept_, {});
  Kept joined = mine;
  if (mine.size >
      0) {  // read behind what is kept, so that a message that drips in is not copied for each drop
    joined.capacity = std::max(mine.capacity, mine.size * 2 + (transport_ == nullptr ? 4096 : 32 * 1024));
    if (joined.capacity != mine.capacity)
      joined.data = static_cast<char*>(std::realloc(mine.data, joined.capacity));
    if (joined.data == nullptr) std::abort();
    into = joined.data + joined.size;
    room = joined.capacity - joined.size;
  }
  const ssize_t got = transport_ == nullptr ? ::recv(fd_, into, room, 0) : receive_transport(into, room);
  if (got <= 0) {
    kept_ = joined;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      readable_ = errno == EINTR;
      return readable_;
    }
    readable_ = false;
    if (got < 0) {
      fail(CloseReason::Reset);
    } else if (!std::exchange(end_delivered_, true)) {
      flush();  // an answer to what came before the end must not be lost with it
      if (state_ != State::Open) return false;
      handler_->on_end_of_input();
      context_.loop.flush_lent();
    }
    return false;
  }
  bytes_read_ += static_cast<uint64_t>(got);
  if (transport_ == nullptr && static_cast<size_t>(got) < room && !peer_ended_) readable_ = false;
  bool go_on;
  if (joined.size > 0) {
    joined.size += static_cast<size_t>(got);
    // Keeps the memory when nothing of it was taken.
    const size_t taken = handler_->on_data({joined.data, joined.size});
    context_.loop.flush_lent();
    go_on = state_ == State::Open;
    if (!go_on || taken == joined.size) {
      std::free(joined.data);
    } else {
      std::memmove(joined.data, joined.data + taken, joined.size - taken);
      joined.size -= taken;
      kept_ = joined;
    }
  } else {
    go_on = deliver({into, static_cast<size_t>(got)});
  }
  return go_on && readable_;
}

// As recv(), with the payload of the transport socket; keeps readable_ itself where there are bytes.
ssize_t Connection::receive_transport(char* into, size_t room) {
  const TransportSocket::Read got = transport_->read(into, room);
  if (transport_->unwritten_bytes() > 0) write_blocked_ = true;  // an answer of its own did not go out whole
  if (got.bytes > 0) {
    // An end, or a failure, comes again with the next read.
    readable_ = got.status != TransportSocket::ReadStatus::Drained || peer_ended_;
    return static_cast<ssize_t>(got.bytes);
  }
  switch (got.status) {
    case TransportSocket::ReadStatus::Ended:
      return 0;
    case TransportSocket::ReadStatus::Failed:
      errno = ECONNRESET;
      return -1;
    case TransportSocket::ReadStatus::Drained:
      errno = peer_ended_ ? EINTR : EAGAIN;
      return -1;
    case TransportSocket::ReadStatus::More:
      break;
  }
  errno = EINTR;
  return -1;
}

// Offers bytes and keeps what is not taken. False when the connection is not open any more.
bool Connection::deliver(std::string_view bytes) {
  const size_t taken = handler_->on_data(bytes);
  context_.loop.flush_lent();
  if (state_ != State::Open) return false;
  if (taken < bytes.size()) keep(bytes.substr(taken));
  return true;
}

void Connection::keep(std::string_view bytes) {
  kept_.capacity = std::max<size_t>(bytes.size(), 512);
  kept_.data = static_cast<char*>(std::malloc(kept_.capacity));
  if (kept_.data == nullptr) std::abort();
  std::memcpy(kept_.data, bytes.data(), bytes.size());
  kept_.size = bytes.size();
}

void Connection::drop_kept() {
  std::free(kept_.data);
  kept_ = {};
}

void Connection::resume_reads() {
  // Without a look at what is kept: this may come while the bytes of the current event are not put there yet.
  if (--paused_ == 0) context_.loop.at_end_of_turn(*this);
}

void Connection::flush() {
  if (state_ == State::Closed) return;
  if (connecting() || state_ == State::Idle) return output_.settle();
  if (transport_ != nullptr && !write_blocked_ && !flush_transport()) return;
  while (transport_ == nullptr && !output_.empty() && !write_blocked_) {
    iovec parts[16];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = static_cast<size_t>(output_.gather(parts, 16));
    size_t whole = 0;
    for (size_t i = 0; i < message.msg_iovlen; ++i) whole += parts[i].iov_len;
    const ssize_t sent = message.msg_iovlen == 1
                             ? ::send(fd_, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                             : ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return fail(CloseReason::Reset);
    const size_t written = sent < 0 ? 0 : static_cast<size_t>(sent);
    bytes_written_ += written;
    output_.consume(written);
    if (state_ == State::Flushing && written > 0) expect_progress();
    write_blocked_ = written < whole;
  }
  after_flush();
}

bool Connection::flush_transport() {
  const uint64_t before = output_.bytes();
  const TransportSocket::WriteStatus status = transport_->write(output_);
  const uint64_t written = before - output_.bytes();
  bytes_written_ += written;
  if (status == TransportSocket::WriteStatus::Failed) {
    fail(CloseReason::Reset);
    return false;
  }
  write_blocked_ = status == TransportSocket::WriteStatus::Blocked;
  if (state_ == State::Flushing && written > 0) expect_progress();
  return true;
}

void Connection::end_our_side() {
  if (transport_ != nullptr) transport_->end_output();
  ::shutdown(fd_, SHUT_WR);
}

void Connection::after_flush() {
  output_.settle();
  if (state_ == State::Flushing && all_written()) {
    if (linger_ms_ == 0) return fail(CloseReason::Local);
    end_our_side();
    state_ = State::Lingering;
    context_.loop.timers().arm(*this, context_.loop.now_ms() + linger_ms_);
    if (readable_) discard_input();
    return;
  }
  if (ends_output_ && all_written()) end_our_side();
  const uint64_t waiting = output_.bytes() + (transport_ == nullptr ? 0 : transport_->unwritten_bytes());
  if (!full_ && waiting > limit_bytes_) {
    full_ = true;
    handler_->on_output_full(true);
  } else if (full_ && waiting <= limit_bytes_ / 2) {
    full_ = false;
    handler_->on_output_full(false);
  }
}

void Connection::close_when_written(uint64_t linger_ms) {
  if (state_ != State::Open) return;
  drop_kept();
  linger_ms_ = linger_ms;
  state_ = State::Flushing;
  expect_progress();
  send_soon();
}

// A peer that does not read must not hold the connection for ever; one that reads slowly may.
void Connection::expect_progress() {
  context_.loop.timers().arm(*this, context_.loop.now_ms() + (linger_ms_ == 0 ? stalled_ms_max : linger_ms_));
}

// The end of a connection that lingers: the peer's end, or enough of its bytes.
void Connection::discard_input() {
  for (int i = 0; i < reads_per_event_max && readable_; ++i) {
    const ssize_t got = ::recv(fd_, context_.scratch.get(), WorkerContext::scratch_bytes, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return fail(CloseReason::Remote);
    readable_ = got > 0;
  }
}

void Connection::on_timer() {
  handshake_timed_out_ = state_ == State::Handshaking;
  fail(handshake_timed_out_ && !accepted_ ? CloseReason::ConnectFailed : CloseReason::Local);
}

uint64_t Connection::acknowledged_bytes() const {
  tcp_info info;
  socklen_t bytes = sizeof(info);
  if (fd_ < 0 || getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return acknowledged_;
  constexpr size_t needed = offsetof(tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked);
  return bytes >= needed ? info.tcpi_bytes_acked : 0;
}

void Connection::fail(CloseReason reason) {
  if (state_ == State::Closed) return;
  if (reason == CloseReason::Reset) acknowledged_ = acknowledged_bytes();
  reason == CloseReason::Reset ? release() : close();
  handler_->on_closed(reason);
}

void Connection::close() {
  if (transport_ != nullptr && fd_ >= 0 && !connecting()) transport_->end_output();
  release();
}

void Connection::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  if (fd_ >= 0) setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  release();
}

void Connection::release() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::Closed;
  output_.clear();
  drop_kept();
  cancel();
  ListLink<EndOfTurn>::unlink();
  ListLink<Flushable>::unlink();
}

}  // namespace outrider
