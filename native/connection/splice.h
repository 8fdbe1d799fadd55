#pragma once
#include <cstdint>

#include "base/pipe_pool.h"

namespace outrider {

class Connection;

// Who is told how a splice goes on.
class SpliceOwner {
 public:
  virtual void on_spliced(uint64_t bytes) = 0;
  // All bytes have been moved; the splice is over.
  virtual void on_splice_done() = 0;
  // The source ended before that.
  virtual void on_splice_cut_off() = 0;
  // All that the source has for now was moved, `bytes` of it in one go. The splice may be ended here.
  virtual void on_splice_idle(uint64_t /*bytes*/) {}

 protected:
  ~SpliceOwner() = default;
};

// Moves a number of bytes (UINT64_MAX: all) from one plain connection to another without bringing them to user space (140 us a MiB
// instead of 235). While it lives, nothing else reads from the source or writes to the sink.
class Splice {
 public:
  Splice(Connection& from, Connection& to, uint64_t bytes, SpliceOwner& owner);
  ~Splice();
  Splice(const Splice&) = delete;
  Splice& operator=(const Splice&) = delete;

  // False: the kernel gave no pipe.
  bool ready() const { return pipe_.in >= 0; }
  // Moves what can be moved now, but not so much that others wait for long.
  void pump();

 private:
  enum class Step : uint8_t { Moved, Blocked, Ended };
  static constexpr int steps_per_pump_max = 16;
  Step fill();
  Step drain();

  Connection& from_;
  Connection& to_;
  SpliceOwner& owner_;
  Pipe pipe_;
  uint64_t left_;         // not read from the source yet
  uint64_t in_pipe_ = 0;  // read, not written
};

}  // namespace outrider
