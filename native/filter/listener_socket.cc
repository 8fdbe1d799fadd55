#include <sys/socket.h>

#include <algorithm>

#include "filter/listener.h"

namespace outrider {

bool ListenerSocket::consume(size_t bytes) const {
  while (bytes > 0) {
    const ssize_t got =
        ::recv(fd, worker.scratch.get(), std::min<size_t>(bytes, WorkerContext::scratch_bytes), 0);
    if (got <= 0) return false;
    bytes -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace outrider
