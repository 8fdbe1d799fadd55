#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/event_loop.h"
#include "base/output_buffer.h"
#include "base/worker_context.h"
#include "connection/transport_socket.h"

namespace outrider {

class Splice;
class TlsFacts;

enum class CloseReason : uint8_t {
  Local,          // we closed it
  Remote,         // the peer ended its side
  Reset,          // the connection broke
  ConnectFailed,  // it never came to be
};

// Who uses a connection.
class ConnectionHandler {
 public:
  // Answers how many bytes it is done with. The rest is kept and comes again, with more behind it, or when reads
  // are resumed. `bytes` is valid during the call, and until the outputs that borrowed from it are flushed.
  virtual size_t on_data(std::string_view bytes) = 0;
  // The peer will send no more; everything it sent was offered.
  virtual void on_end_of_input() = 0;
  // The connection can be used: it was connected to and, with a transport socket that shakes hands, that is done. An
  // accepted one is told only in the second case. Comes before the first on_data().
  virtual void on_connected() {}
  // True: what waits to be written has passed the high watermark; false: it is below the low one again.
  virtual void on_output_full(bool full) = 0;
  // The socket is gone. Called once, never from within a call of the handler's own to close().
  virtual void on_closed(CloseReason reason) = 0;

 protected:
  ~ConnectionHandler() = default;
};

// One TCP or Unix stream socket on one worker: edge-triggered reads into the worker's scratch memory, gathered
// writes, watermarks, orderly ends. One read and one write a direction and message: nothing is read or written
// just to be told EAGAIN.
class Connection final : IoHandler, EndOfTurn, Flushable, Timer {
  friend class Splice;

 public:
  Connection(WorkerContext& context, ConnectionHandler& handler, uint32_t buffer_limit_bytes);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Before accept() or connect(): what stands between us and the socket. Null: nothing.
  void set_transport(std::unique_ptr<TransportSocket> transport) { transport_ = std::move(transport); }
  // The handshake of the transport socket may last this long; then on_closed(Local), and handshake_timed_out().
  void set_handshake_timeout(uint32_t ms) { handshake_ms_max_ = ms; }
  // Null: plain, or the handshake is not done. Valid as long as this object.
  const TlsFacts* tls() const { return transport_ == nullptr ? nullptr : transport_->tls(); }
  // Why the transport socket failed; empty: it did not.
  std::string_view transport_failure() const {
    return transport_ == nullptr ? std::string_view() : transport_->failure();
  }
  bool handshake_timed_out() const { return handshake_timed_out_; }
  // Bytes go to the socket as they are: they may be spliced.
  bool plain() const { return transport_ == nullptr || transport_->transparent(); }

  // Takes over a socket that was accepted. False when the loop cannot watch it; it is closed then.
  bool accept(int fd);
  // Starts to connect; on_connected() or on_closed() follows, never from within this call. `fd` is a non-blocking
  // socket.
  void connect(int fd, const Address& to);

  // Whoever stands between the socket and the handler that it was made with. Before accept().
  void interpose(ConnectionHandler& handler) { handler_ = &handler; }

  OutputBuffer& output() { return output_; }
  // Call after bytes were put into output(); they are written soon.
  void send_soon() {
    if (output_.lent()) {
      context_.loop.flush_after_event(*this);
    } else {
      context_.loop.flush_soon(*this);
    }
  }

  // Writes what waits at once.
  void send_now() { flush(); }
  // Ends our side once everything is written, and goes on reading. Nothing may be put into output() after it.
  void end_output() {
    ends_output_ = true;
    send_soon();
  }

  // Stops reading (counted: as many resumes as pauses are needed). Bytes that came are kept.
  void pause_reads() { ++paused_; }
  // The peer's end is told although reads are paused, and whatever it has sent before: it waits for no answer.
  void tell_end_while_paused() { tell_end_while_paused_ = true; }
  void resume_reads();
  // Offers kept bytes again at the end of the turn, and reads on; also from within on_data().
  void offer_again() { context_.loop.at_end_of_turn(*this); }

  // Closes at once and forgets the output; on_closed() is not called.
  void close();
  // As close(), with a reset instead of an orderly end.
  void reset();
  // Writes what waits, ends our side, then waits for the peer's end for at most `linger_ms` (0: does not wait), so
  // that bytes on their way do not turn the answer into a reset. on_closed() follows: Remote where the peer ended it in that time.
  void close_when_written(uint64_t linger_ms);

  bool open() const { return state_ == State::Open; }
  bool closing() const { return state_ == State::Flushing || state_ == State::Lingering; }
  bool connecting() const { return state_ == State::Connecting || state_ == State::Handshaking; }
  bool closed() const { return state_ == State::Closed; }
  // Bytes that were read and not yet taken.
  size_t kept_bytes() const { return kept_.size; }
  bool output_full() const { return full_; }
  // Everything that was put into output() is with the kernel.
  bool all_written() const {
    return output_.empty() && (transport_ == nullptr || transport_->unwritten_bytes() == 0);
  }
  uint32_t limit_bytes() const { return limit_bytes_; }
  // Nothing that was sent to us is left unread, and the peer has not ended its side. Asks the kernel only when the
  // last read may have left something.
  bool quiet();
  // Nothing has been written since take_bytes_written().
  bool nothing_written() const { return bytes_written_ == 0; }
  int fd() const { return fd_; }
  WorkerContext& context() { return context_; }
  // Totals since the last call, for whoever counts bytes.
  uint64_t take_bytes_read() { return std::exchange(bytes_read_, 0); }
  uint64_t take_bytes_written() { return std::exchange(bytes_written_, 0); }
  int connect_error() const { return error_; }
  // Payload bytes that the peer's kernel has taken, plus one for the handshake; also after a reset. 0: unknown.
  uint64_t acknowledged_bytes() const;

 private:
  enum class State : uint8_t { Idle, Connecting, Handshaking, Open, Flushing, Lingering, Closed };
  // Bytes that were read before anybody wanted them.
  struct Kept {
    char* data = nullptr;
    size_t size = 0;
    size_t capacity = 0;
  };
  // One event reads at most this often before others have their turn.
  static constexpr int reads_per_event_max = 4;
  // A peer that takes nothing of our last bytes for this long loses them, where no delayed close timeout says it.
  static constexpr uint64_t stalled_ms_max = 60'000;

  void on_io(uint32_t events) override;
  void on_end_of_turn() override;
  void flush() override;
  void on_timer() override;

  void finish_connect();
  void begin_handshake();
  void shake_hands();
  bool flush_transport();
  ssize_t receive_transport(char* into, size_t room);
  void end_our_side();
  void read();
  bool read_once();
  bool deliver(std::string_view bytes);
  void keep(std::string_view bytes);
  void drop_kept();
  void discard_input();
  void expect_progress();
  void after_flush();
  void look_at_end(uint32_t events);
  void fail(CloseReason reason);
  void release();

  WorkerContext& context_;
  ConnectionHandler* handler_;
  OutputBuffer output_;
  Kept kept_;
  std::unique_ptr<TransportSocket> transport_;
  Splice* splice_in_ = nullptr;   // reads in our place
  Splice* splice_out_ = nullptr;  // writes once our output is out
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  uint64_t linger_ms_ = 0;
  uint64_t acknowledged_ = 0;  // as it was when the connection broke
  int fd_ = -1;
  int error_ = 0;
  uint32_t handshake_ms_max_ = 0;  // 0: any time
  uint32_t limit_bytes_;
  uint16_t paused_ = 0;
  State state_ = State::Idle;
  bool readable_ = false;    // an edge came that has not been read to its end
  bool peer_ended_ = false;  // EPOLLRDHUP was seen: the end must be read too
  bool end_delivered_ = false;
  bool tell_end_while_paused_ = false;
  bool write_blocked_ = false;
  bool ends_output_ = false;
  bool full_ = false;
  bool accepted_ = false;
  bool handshake_timed_out_ = false;
};

}  // namespace outrider
