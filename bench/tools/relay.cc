// relay PORT UPSTREAM_PORT: joins every connection to one of its own to the upstream and copies bytes both ways
// without a look at them: what the kernel alone costs a proxy. One thread, one read and one write a piece.
#include "socket.h"

namespace {

// One direction's sender; `other` receives what it reads. Both ends of a pair are freed together, after the turn.
struct End {
  int fd = -1;
  End* other = nullptr;
  bool closed = false;
  size_t held_from = 0;
  size_t held = 0;             // bytes read from the other end that this socket did not take
  char* held_bytes = nullptr;  // only while held > 0
  static constexpr size_t max = 64 * 1024;
};

bool push(End& to, const char* data, size_t size) {
  const ssize_t n = send(to.fd, data, size, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != ENOTCONN) return false;
  const size_t taken = n < 0 ? 0 : static_cast<size_t>(n);
  if (taken == size) return true;
  to.held_bytes = static_cast<char*>(std::malloc(End::max));
  to.held_from = 0;
  to.held = size - taken;
  std::memcpy(to.held_bytes, data + taken, to.held);
  return true;
}

bool drain(End& to) {
  const ssize_t n = send(to.fd, to.held_bytes + to.held_from, to.held, MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN;
  to.held_from += static_cast<size_t>(n);
  to.held -= static_cast<size_t>(n);
  if (to.held > 0) return true;
  std::free(to.held_bytes);
  to.held_bytes = nullptr;
  return true;
}

bool pump(End& from) {
  static char buffer[End::max];
  for (;;) {
    if (from.other->held > 0) return true;  // goes on when the other end drained
    const ssize_t n = recv(from.fd, buffer, sizeof buffer, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return false;
    if (n < 0) return true;
    if (!push(*from.other, buffer, static_cast<size_t>(n))) return false;
    if (n < static_cast<ssize_t>(sizeof buffer)) return true;
  }
}

bool serve(End& end, uint32_t events) {
  if ((events & EPOLLOUT) != 0 && end.held > 0) {
    if (!drain(end)) return false;
    if (end.held == 0 && !pump(*end.other)) return false;
  }
  return (events & ~EPOLLOUT) == 0 || pump(end);
}

void accept_all(int listener, int epoll, int upstream_port) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int upstream = connect_to(upstream_port);
    if (upstream < 0) {
      close(fd);
      continue;
    }
    no_delay(fd);
    auto* pair = new End[2];
    pair[0] = {.fd = fd, .other = &pair[1]};
    pair[1] = {.fd = upstream, .other = &pair[0]};
    watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET, &pair[0]);
    watch(epoll, upstream, EPOLLIN | EPOLLOUT | EPOLLET, &pair[1]);
  }
}

void close_pair(End& end) {
  End* const both[] = {&end, end.other};
  for (End* one : both) {
    close(one->fd);
    one->closed = true;
    std::free(one->held_bytes);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("relay PORT UPSTREAM_PORT");
  raise_file_limit();
  const int listener = listen_on(std::atoi(argv[1]));
  const int epoll = epoll_create1(0);
  watch(epoll, listener, EPOLLIN, nullptr);
  for (;;) {
    epoll_event events[256];
    const int n = epoll_wait(epoll, events, 256, -1);
    End* gone[256];
    int gone_count = 0;
    for (int i = 0; i < n; ++i) {
      auto* end = static_cast<End*>(events[i].data.ptr);
      if (end == nullptr) {
        accept_all(listener, epoll, std::atoi(argv[2]));
      } else if (!end->closed && !serve(*end, events[i].events)) {
        close_pair(*end);
        gone[gone_count++] = end < end->other ? end : end->other;
      }
    }
    for (int i = 0; i < gone_count; ++i) delete[] gone[i];
  }
}
