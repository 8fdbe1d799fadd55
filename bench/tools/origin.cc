// origin PORT BYTES: answers every HTTP/1.1 request without a body with 200 and a body of BYTES.
// One thread, keep-alive, pipelining; it looks for the empty line and at nothing else.
#include <string>

#include "socket.h"

namespace {

struct Connection {
  int fd;
  int matched = 0;      // how much of "\r\n\r\n" the last bytes were
  size_t unsent = 0;    // bytes of the current answer that the socket did not take
  uint64_t queued = 0;  // answers that wait behind it
};

bool flush(Connection& c, const std::string& answer) {
  while (c.unsent > 0 || c.queued > 0) {
    if (c.unsent == 0) {
      c.unsent = answer.size();
      --c.queued;
    }
    const ssize_t n = send(c.fd, answer.data() + answer.size() - c.unsent, c.unsent, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    c.unsent -= static_cast<size_t>(n);
  }
  return true;
}

bool serve(Connection& c, const std::string& answer) {
  static char buffer[64 * 1024];
  static const char end[] = "\r\n\r\n";
  for (;;) {
    const ssize_t n = recv(c.fd, buffer, sizeof buffer, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return false;
    for (ssize_t i = 0; i < n; ++i) {
      c.matched = buffer[i] == end[c.matched] ? c.matched + 1 : buffer[i] == '\r' ? 1 : 0;
      if (c.matched < 4) continue;
      c.matched = 0;
      ++c.queued;
    }
    if (n < static_cast<ssize_t>(sizeof buffer)) return flush(c, answer);
  }
}

void accept_all(int listener, int epoll) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    no_delay(fd);
    watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET, new Connection{.fd = fd});
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("origin PORT BYTES");
  raise_file_limit();
  const size_t bytes = static_cast<size_t>(std::atol(argv[2]));
  const std::string answer =
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: " + std::to_string(bytes) + "\r\n\r\n" +
      std::string(bytes, 'x');
  const int listener = listen_on(std::atoi(argv[1]));
  const int epoll = epoll_create1(0);
  watch(epoll, listener, EPOLLIN, nullptr);
  for (;;) {
    epoll_event events[256];
    const int n = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < n; ++i) {
      auto* c = static_cast<Connection*>(events[i].data.ptr);
      if (c == nullptr) {
        accept_all(listener, epoll);
      } else if (!flush(*c, answer) || ((events[i].events & ~EPOLLOUT) != 0 && !serve(*c, answer))) {
        close(c->fd);
        delete c;
      }
    }
  }
}
