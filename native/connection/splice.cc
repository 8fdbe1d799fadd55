#include "connection/splice.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "connection/connection.h"

namespace outrider {

Splice::Splice(Connection& from, Connection& to, uint64_t bytes, SpliceOwner& owner)
    : from_(from), to_(to), owner_(owner), pipe_(from.context().pipes.take()), left_(bytes) {
  from_.splice_in_ = this;
  to_.splice_out_ = this;
}

Splice::~Splice() {
  from_.splice_in_ = nullptr;
  to_.splice_out_ = nullptr;
  if (pipe_.in < 0) return;
  if (in_pipe_ == 0) {
    from_.context().pipes.give_back(pipe_);
  } else {
    ::close(pipe_.in);
    ::close(pipe_.out);
  }
}

void Splice::pump() {
  const uint64_t left_before = left_;
  for (int steps = 0; left_ > 0 || in_pipe_ > 0; ++steps) {
    if (steps == steps_per_pump_max) return from_.offer_again();
    const Step step = in_pipe_ > 0 ? drain() : fill();
    if (step == Step::Blocked && in_pipe_ == 0) return owner_.on_splice_idle(left_before - left_);
    if (step == Step::Blocked) return;
    if (step == Step::Ended) return owner_.on_splice_cut_off();
  }
  owner_.on_splice_done();
}

Splice::Step Splice::fill() {
  if (!from_.readable_) return Step::Blocked;
  const ssize_t moved =
      ::splice(from_.fd_, nullptr, pipe_.in, nullptr, std::min<uint64_t>(left_, Pipe::bytes_max),
               SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (moved < 0 && errno == EINTR) return Step::Moved;
  if (moved < 0 && errno == EAGAIN) {
    from_.readable_ = false;
    return Step::Blocked;
  }
  if (moved <= 0) return Step::Ended;
  left_ -= static_cast<uint64_t>(moved);
  in_pipe_ = static_cast<uint64_t>(moved);
  from_.bytes_read_ += static_cast<uint64_t>(moved);
  return Step::Moved;
}

Splice::Step Splice::drain() {
  Connection& to = to_;  // a flush that fails ends the stream, and this splice with it
  if (!to.output_.empty()) to.flush();
  if (!to.open()) return Step::Blocked;
  if (to.write_blocked_) return Step::Blocked;
  const ssize_t moved =
      ::splice(pipe_.out, nullptr, to_.fd_, nullptr, in_pipe_, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (moved < 0 && errno == EINTR) return Step::Moved;
  if (moved < 0 && errno != EAGAIN) {
    to_.context().loop.at_end_of_turn(to_);  // reads the error there
    to_.readable_ = true;
    return Step::Blocked;
  }
  if (moved > 0) {
    in_pipe_ -= static_cast<uint64_t>(moved);
    to_.bytes_written_ += static_cast<uint64_t>(moved);
    owner_.on_spliced(static_cast<uint64_t>(moved));
  }
  if (moved <= 0) to_.write_blocked_ = true;
  return moved > 0 ? Step::Moved : Step::Blocked;
}

}  // namespace outrider
