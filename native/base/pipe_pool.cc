#include "base/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

namespace outrider {

PipePool::~PipePool() {
  for (const Pipe& pipe : free_) {
    ::close(pipe.in);
    ::close(pipe.out);
  }
}

Pipe PipePool::take() {
  Pipe pipe;
  if (!free_.empty()) {
    pipe = free_.back();
    free_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return pipe;
  // May be refused past the user's share of pipe memory; a smaller pipe works, too.
  fcntl(ends[1], F_SETPIPE_SZ, Pipe::bytes_max);
  return {.in = ends[1], .out = ends[0]};
}

void PipePool::give_back(Pipe pipe) {
  if (free_.size() < kept_max) return free_.push_back(pipe);
  ::close(pipe.in);
  ::close(pipe.out);
}

}  // namespace outrider
