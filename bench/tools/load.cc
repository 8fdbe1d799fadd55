// load PORT [name=value...]: an HTTP/1.1 client of many kept connections, one request at a time on each.
//   connections=64 seconds=2 warmup=0.5   closed loop: the next request follows the answer
//   rate=5000                             open loop: requests start at Poisson times, whoever is late; latency counts
//                                         from those times, so a slow proxy does not slow the clock that judges it
//   bytes=1024                            every answer must be 200 with a body of so many bytes
//   paths=1                               /svc<i>/ for i below, evenly; 1 is just "/"
//   mode=first                            waits for the first 200 at all, and ends
//   mode=idle                             one request on each connection, which then all stand
// Prints "begin" when the warm-up is over, and one line of JSON at the end; holds its connections until stdin ends.
#include <sys/prctl.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "socket.h"

namespace {

struct Options {
  int port = 0;
  int connections = 64;
  double seconds = 2;
  double warmup = 0.5;
  double rate = 0;
  size_t bytes = 1024;
  int paths = 1;
  std::string mode = "load";
};

// Log-linear: 64 steps to each power of two nanoseconds, so a figure is within 1.6 %.
struct Histogram {
  static constexpr int steps = 64;
  std::vector<uint64_t> counts = std::vector<uint64_t>(64 * steps);
  uint64_t total = 0;

  void add(uint64_t ns) {
    const int power = 63 - __builtin_clzll(ns | steps);
    counts[static_cast<size_t>((power - 6) * steps) + (ns >> (power - 6))] += 1;
    total += 1;
  }
  double percentile_us(double p) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(static_cast<double>(total) * p));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      seen += counts[i];
      if (seen < wanted || seen == 0) continue;
      const size_t row = i / steps < 1 ? 0 : i / steps - 1;
      return static_cast<double>((i - row * steps) << row) / 1000;
    }
    return 0;
  }
};

struct Connection {
  int fd = -1;
  bool busy = false;
  uint64_t started_ns = 0;
  size_t missing = 0;  // body bytes of the answer that are still to come
  bool in_body = false;
  std::string head;  // of an answer whose head came in pieces
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(epoll_create1(0)) {
    for (int i = 0; i < options.paths; ++i) {
      const std::string path =
          options.paths == 1 ? "/" : "/svc" + std::to_string(i * 7919LL % options.paths) + "/";
      requests_.push_back("GET " + path +
                          " HTTP/1.1\r\nhost: bench.test\r\nuser-agent: bench\r\naccept: */*\r\n\r\n");
    }
    connections_.resize(static_cast<size_t>(options.connections));
  }

  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    for (const Connection& c : connections_) {
      if (c.fd >= 0) close(c.fd);
    }
    close(epoll_);
  }

  void connect_all() {
    for (Connection& c : connections_) open(c);
  }

  // Runs until `end_ns`; answers that end before `count_from_ns` are not counted.
  void run(uint64_t count_from_ns, uint64_t end_ns) {
    bool begun = false;
    next_ns_ = now_ns();
    for (;;) {
      uint64_t now = now_ns();
      if (!begun && now >= count_from_ns) {
        begun = true;
        counting_ = true;
        std::puts("begin");
        std::fflush(stdout);
      }
      if (now >= end_ns) break;
      if (options_.rate > 0) start_due(now);
      wait(options_.rate > 0 ? next_ns_ : end_ns);
    }
    counting_ = false;
  }

  // One request on every connection, and no more; a few connections at a time, so that no backlog overflows.
  void once() {
    constexpr size_t at_a_time = 100;
    looping_ = false;
    for (size_t opened = 0; opened < connections_.size();) {
      open(connections_[opened++]);
      if (opened % at_a_time != 0 && opened < connections_.size()) continue;
      while (answered_ + failed_ < opened) wait(now_ns() + 1'000'000'000);
    }
  }

  uint64_t answered() const { return answered_; }
  uint64_t failed() const { return failed_; }

  void report(double seconds) const {
    std::printf(
        "{\"requests\":%llu,\"errors\":%llu,\"seconds\":%.4f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n",
        static_cast<unsigned long long>(latency_.total), static_cast<unsigned long long>(failed_), seconds,
        latency_.percentile_us(0.5), latency_.percentile_us(0.99), latency_.percentile_us(0.999));
  }

 private:
  void open(Connection& c) {
    c = {};
    c.fd = connect_to(options_.port);
    if (c.fd < 0) {
      ++failed_;
      return;
    }
    watch(epoll_, c.fd, EPOLLIN | EPOLLOUT | EPOLLET, &c);
  }

  void start(Connection& c, uint64_t when) {
    c.busy = true;
    c.started_ns = when;
    const std::string& request = requests_[next_request_];
    if (++next_request_ == requests_.size()) next_request_ = 0;
    if (send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      lose(c);
  }

  void start_due(uint64_t now) {
    while (next_ns_ <= now && !idle_.empty()) {
      Connection* c = idle_.back();
      idle_.pop_back();
      if (c->fd >= 0 && !c->busy) start(*c, next_ns_);
      next_ns_ += static_cast<uint64_t>(-std::log(1 - drand48()) / options_.rate * 1e9) + 1;
    }
  }

  void lose(Connection& c) {
    ++failed_;
    close(c.fd);
    if (looping_) {
      open(c);
    } else {
      c.fd = -1;
    }
  }

  void finish(Connection& c) {
    c.busy = false;
    c.in_body = false;
    ++answered_;
    const uint64_t now = now_ns();
    if (counting_) latency_.add(now - c.started_ns);
    if (!looping_) return;
    if (options_.rate > 0) {
      idle_.push_back(&c);
    } else {
      start(c, now);
    }
  }

  // Takes the head off what arrived; false when it is not the answer that was expected.
  bool take_head(Connection& c, std::string_view& data) {
    std::string_view text = data;
    if (!c.head.empty()) {
      c.head.append(data);
      text = c.head;
    }
    const size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (c.head.empty()) c.head = data;
      data = {};
      return c.head.size() < 16'384;
    }
    if (!text.starts_with("HTTP/1.1 200")) return false;
    c.in_body = true;
    c.missing = options_.bytes;
    const size_t body = text.size() - end - 4;
    data = data.substr(data.size() - body);
    c.head.clear();
    return body <= options_.bytes;
  }

  bool take(Connection& c, std::string_view data) {
    if (!c.busy) return false;
    if (!c.in_body && !take_head(c, data)) return false;
    if (!c.in_body) return true;
    if (data.size() > c.missing) return false;
    c.missing -= data.size();
    if (c.missing == 0) finish(c);
    return true;
  }

  void read(Connection& c) {
    static char buffer[256 * 1024];
    const int fd = c.fd;
    for (;;) {
      const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0 || !take(c, {buffer, static_cast<size_t>(n)})) return lose(c);
      if (n < static_cast<ssize_t>(sizeof buffer)) return;
    }
  }

  void wait(uint64_t until_ns) {
    epoll_event events[256];
    const uint64_t now = now_ns();
    const uint64_t left = until_ns > now ? until_ns - now : 0;
    const timespec timeout{static_cast<time_t>(left / 1'000'000'000),
                           static_cast<long>(left % 1'000'000'000)};
    const int n = epoll_pwait2(epoll_, events, 256, &timeout, nullptr);
    for (int i = 0; i < n; ++i) {
      auto& c = *static_cast<Connection*>(events[i].data.ptr);
      const uint32_t what = events[i].events;
      if ((what & (EPOLLERR | EPOLLHUP)) != 0) {
        lose(c);
      } else if ((what & EPOLLIN) != 0) {
        read(c);
      } else if ((what & EPOLLOUT) != 0 && !c.busy && c.started_ns == 0) {
        c.started_ns = 1;
        if (options_.rate > 0) {
          idle_.push_back(&c);
        } else {
          start(c, now_ns());
        }
      }
    }
  }

  const Options& options_;
  int epoll_;
  std::vector<std::string> requests_;
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  Histogram latency_;
  size_t next_request_ = 0;
  uint64_t next_ns_ = 0;
  uint64_t answered_ = 0;
  uint64_t failed_ = 0;
  bool looping_ = true;
  bool counting_ = false;
};

Options read_options(int argc, char** argv) {
  Options o;
  if (argc < 2) fail("load PORT [name=value...]");
  o.port = std::atoi(argv[1]);
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    const size_t equals = word.find('=');
    const std::string name(word.substr(0, equals));
    const char* value = argv[i] + equals + 1;
    if (name == "connections")
      o.connections = std::atoi(value);
    else if (name == "seconds")
      o.seconds = std::atof(value);
    else if (name == "warmup")
      o.warmup = std::atof(value);
    else if (name == "rate")
      o.rate = std::atof(value);
    else if (name == "bytes")
      o.bytes = static_cast<size_t>(std::atol(value));
    else if (name == "paths")
      o.paths = std::atoi(value);
    else if (name == "mode")
      o.mode = value;
    else
      fail(argv[i]);
  }
  return o;
}

// Whoever reads the figures looks at the proxy while its connections still stand.
void wait_for_end_of_stdin() {
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
}

int wait_for_first(Options o) {
  o.connections = 1;
  o.rate = 0;
  const uint64_t start = now_ns();
  while (now_ns() - start < 60'000'000'000) {
    Load load(o);
    load.once();
    if (load.answered() == 1) return std::puts("{}") < 0;
    usleep(500);
  }
  return 1;
}

void hold(const Options& o) {
  Load load(o);
  load.once();
  std::printf("{\"held\":%llu,\"errors\":%llu}\n", static_cast<unsigned long long>(load.answered()),
              static_cast<unsigned long long>(load.failed()));
  wait_for_end_of_stdin();
}

void measure(const Options& o) {
  Load load(o);
  load.connect_all();
  const uint64_t begin = now_ns() + static_cast<uint64_t>(o.warmup * 1e9);
  load.run(begin, begin + static_cast<uint64_t>(o.seconds * 1e9));
  load.report(static_cast<double>(now_ns() - begin) / 1e9);
  wait_for_end_of_stdin();
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  raise_file_limit();
  prctl(PR_SET_TIMERSLACK, 1);
  if (options.mode == "first") return wait_for_first(options);
  if (options.mode == "idle") {
    hold(options);
  } else {
    measure(options);
  }
  return 0;
}
