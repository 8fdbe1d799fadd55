#include "downstream/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace outrider {

static constexpr std::string_view hcm_type =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

static Result<Address> read_address(ConfigView address) {
  if (address.has("pipe")) {
    const Address pipe = Address::from_pipe(address["pipe"].string("path"));
    return pipe.valid() ? Result<Address>(pipe)
                        : ConfigError{"address.pipe.path", "longer than a socket path can be"};
  }
  const ConfigView socket = address["socket_address"];
  const Address ip =
      Address::from_ip(socket.string("address"), static_cast<uint16_t>(socket.uint("port_value")));
  if (ip.valid()) return ip;
  return ConfigError{"address.socket_address.address",
                     "no IP address: " + std::string(socket.string("address"))};
}

std::string listener_stat_prefix(ConfigView listener, const Address& address) {
  std::string name(listener.string("stat_prefix"));
  if (name.empty()) name = address.text();
  std::replace(name.begin(), name.end(), ':', '_');
  return "listener." + name + ".";
}

Result<Ref<ListenerConfig>> ListenerConfig::build(Ref<const SharedConfig> source, BuildContext& context) {
  Ref<ListenerConfig> config(new ListenerConfig());
  config->source_ = std::move(source);
  const ConfigView view = config->view();
  config->name = view.string("name");
  auto address = read_address(view["address"]);
  if (!address) return address.error();
  config->addresses.push_back(address.value());
  for (const ConfigView additional : view.list("additional_addresses")) {
    auto more = read_address(additional["address"]);
    if (!more) return more.error();
    config->addresses.push_back(more.value());
  }
  config->socket_options = read_socket_options(view.list("socket_options"));
  config->buffer_bytes_max = static_cast<uint32_t>(view.uint("per_connection_buffer_limit_bytes", 1 << 20));
  config->accepts_per_event_max = static_cast<uint32_t>(
      std::max<uint64_t>(1, view.uint("max_connections_to_accept_per_socket_event", 1)));
  // As Envoy on Linux: the most that the kernel's somaxconn allows.
  config->backlog = static_cast<int>(view.uint("tcp_backlog_size", 65'535));
  config->fast_open_queue =
      view.has("tcp_fast_open_queue_length") ? static_cast<int>(view.uint("tcp_fast_open_queue_length")) : -1;
  config->pipe_mode = static_cast<uint32_t>(view["address"]["pipe"].uint("mode"));
  config->bind_to_port = view.boolean("bind_to_port", view["deprecated_v1"].boolean("bind_to_port", true));
  config->reuse_port = view.boolean("enable_reuse_port", true);
  config->transparent = view.boolean("transparent");
  config->freebind = view.boolean("freebind");
  config->ipv4_compat = view["address"]["socket_address"].boolean("ipv4_compat");
  config->exact_balance = view["connection_balance_config"].has("exact_balance");
  config->keepalive = read_tcp_keepalive(view["tcp_keepalive"]);
  config->connections_max = context.connections_max;

  const std::string prefix = listener_stat_prefix(view, config->addresses.front());
  config->stats = context.stats.add_scope<ListenerStat>(prefix);
  for (uint32_t i = 0; i < context.worker_count; ++i) {
    config->worker_stats.push_back(
        context.stats.add_scope<ListenerWorkerStat>(prefix + "worker_" + std::to_string(i) + "."));
  }
  const bool has_default = view.has("default_filter_chain");
  const ConfigView chain =
      view.list("filter_chains").size() > 0 ? view.list("filter_chains")[0u] : view["default_filter_chain"];
  config->filter_chain_name = chain.string("name");
  const std::string path =
      has_default && view.list("filter_chains").size() == 0 ? "default_filter_chain" : "filter_chains[0]";
  const ConfigView filters = chain.list("filters");
  const ConfigView last = filters[filters.size() == 0 ? 0 : filters.size() - 1]["typed_config"];
  if (filters.size() != 1 || last.type_name() != hcm_type) {
    return ConfigError{path + ".filters", "one HttpConnectionManager is what a filter chain may hold today"};
  }
  HcmInstanceContext hcm_context{context.hcm, context.routes, context.stats, prefix};
  auto hcm = HcmInstance::build(last, hcm_context);
  if (!hcm) return ConfigError{path + ".filters[0].typed_config." + hcm.error().path, hcm.error().reason};
  config->hcm_ = std::move(hcm.value());
  return config;
}

bool ListenerConfig::admit() const {
  if (connections_.fetch_add(1, std::memory_order_relaxed) < connections_max) return true;
  leave();
  return false;
}

// ---- sockets -------------------------------------------------------------------------------------------------

static ConfigError socket_error(const Address& address, const char* what) {
  return {"address", std::string("cannot ") + what + " " + address.text() + ": " + strerrordesc_np(errno)};
}

static bool set_number(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool prepare_listen_socket(int fd, const ListenerConfig& listener, const Address& address,
                                  bool reuse_port) {
  bool ok = set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6)
    ok &= set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, listener.ipv4_compat ? 0 : 1);
  if (address.is_ip()) {
    if (reuse_port) ok &= set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    ok &= set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
    if (listener.freebind) ok &= set_number(fd, IPPROTO_IP, IP_FREEBIND, 1);
    if (listener.transparent) ok &= set_number(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
    if (listener.fast_open_queue >= 0)
      ok &= set_number(fd, IPPROTO_TCP, TCP_FASTOPEN, listener.fast_open_queue);
    apply_keepalive(fd, listener.keepalive);
  }
  return ok && apply_socket_options(fd, listener.socket_options, SocketOption::State::Prebind);
}

Result<int> open_listen_socket(const ListenerConfig& listener, const Address& address, bool reuse_port) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return socket_error(address, "open a socket for");
  const auto fail = [&](const char* what) {
    ConfigError error = socket_error(address, what);
    ::close(fd);
    return error;
  };
  if (!prepare_listen_socket(fd, listener, address, reuse_port)) return fail("set the socket options of");
  const bool is_path = address.family() == AF_UNIX && !address.text().starts_with('@');
  if (is_path) ::unlink(address.text().c_str());
  if (::bind(fd, address.raw(), address.raw_bytes()) != 0) return fail("bind");
  if (is_path && listener.pipe_mode != 0) ::chmod(address.text().c_str(), listener.pipe_mode);
  if (!apply_socket_options(fd, listener.socket_options, SocketOption::State::Bound))
    return fail("set the socket options of");
  if (::listen(fd, listener.backlog) != 0) return fail("listen on");
  if (!apply_socket_options(fd, listener.socket_options, SocketOption::State::Listening)) {
    return fail("set the socket options of");
  }
  return fd;
}

// ---- on a worker ---------------------------------------------------------------------------------------------

static Address bound_address(int fd) {
  sockaddr_storage storage;
  socklen_t bytes = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), bytes);
}

WorkerListener::WorkerListener(HttpWorker& http, Ref<ListenerConfig> config, const std::vector<int>& sockets)
    : http_(http), config_(std::move(config)) {
  for (const int fd : sockets) acceptors_.push_back(std::make_unique<Acceptor>(*this, fd));
}

WorkerListener::~WorkerListener() {
  while (Http1Server* server = connections_.front()) server->abort();
}

// Closing a socket resets whoever waits to be accepted, so they are taken first.
void WorkerListener::stop_accepting() {
  for (auto& acceptor : acceptors_) acceptor->accept_all();
  acceptors_.clear();
}

void WorkerListener::drain_connections() {
  for (Http1Server* server = connections_.front(); server != nullptr;) {
    Http1Server* next = connections_.next(*server);
    server->drain();
    server = next;
  }
}

WorkerListener::Acceptor::Acceptor(WorkerListener& listener, int fd)
    : listener_(listener), fd_(fd), local_(bound_address(fd)) {
  uint8_t ip[16];
  local_.ip_bytes(ip);
  const uint8_t any_v4[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const uint8_t any_v6[16] = {};
  local_is_fixed_ = !local_.is_ip() || (std::memcmp(ip, any_v4, 16) != 0 && std::memcmp(ip, any_v6, 16) != 0);
  watch();
}

WorkerListener::Acceptor::~Acceptor() {
  cancel();
  ::close(fd_);
}

bool WorkerListener::Acceptor::watch() {
  return listener_.http_.worker.loop.watch(fd_, EPOLLIN, *this, EventLoop::Trigger::Level);
}

void WorkerListener::Acceptor::on_timer() { watch(); }

void WorkerListener::Acceptor::on_io(uint32_t) {
  const uint32_t accepted = accept_some();
  if (accepted == 0) return;
  listener_.http_.worker.stats.record(listener_.config_->stats,
                                      ListenerStat::connections_accepted_per_socket_event, accepted);
}

uint32_t WorkerListener::Acceptor::accept_some() {
  uint32_t accepted = 0;
  for (uint32_t i = 0; i < listener_.config_->accepts_per_event_max; ++i) {
    if (!accept_one()) return accepted;
    ++accepted;
  }
  return accepted;
}

// False: nobody waits, or there is no descriptor for who does.
bool WorkerListener::Acceptor::accept_one() {
  sockaddr_storage peer;
  socklen_t bytes = sizeof(peer);
  const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
      return errno == ECONNABORTED;
    // Out of descriptors: asking again at once would only burn the processor.
    EventLoop& loop = listener_.http_.worker.loop;
    epoll_ctl(loop.fd(), EPOLL_CTL_DEL, fd_, nullptr);
    loop.timers().arm(*this, loop.now_ms() + 100);
    return false;
  }
  const Address remote = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&peer), bytes);
  listener_.on_accepted(fd, remote, local_is_fixed_ ? local_ : bound_address(fd));
  return true;
}

void WorkerListener::Acceptor::accept_all() {
  while (accept_one()) continue;
}

void WorkerListener::on_accepted(int fd, const Address& remote, const Address& local) {
  WorkerContext& worker = http_.worker;
  const StatScope<ListenerWorkerStat> per_worker = config_->worker_stats[worker.index];
  if (!config_->admit()) {
    worker.stats.add(config_->stats, ListenerStat::downstream_cx_overflow);
    ::close(fd);
    return;
  }
  worker.stats.add(config_->stats, ListenerStat::downstream_cx_total);
  worker.stats.add(config_->stats, ListenerStat::downstream_cx_active);
  worker.stats.add(per_worker, ListenerWorkerStat::downstream_cx_total);
  worker.stats.add(per_worker, ListenerWorkerStat::downstream_cx_active);
  ++active_;
  ConnectionInfo info;
  info.id = worker.connection_id();
  info.local = local;
  info.direct_local = local;
  info.direct_remote = remote;
  info.start_ns = worker.loop.now_ns();
  info.listener_name = config_->name;
  info.filter_chain_name = config_->filter_chain_name;
  Http1Server* server =
      http_.http1_servers.make(http_, config_->hcm(), *this, info, config_->buffer_bytes_max);
  connections_.push_back(*server);
  server->start(fd);
}

void WorkerListener::on_downstream_closed(uint64_t started_ns) {
  WorkerContext& worker = http_.worker;
  const StatScope<ListenerWorkerStat> per_worker = config_->worker_stats[worker.index];
  config_->leave();
  --active_;
  worker.stats.sub(config_->stats, ListenerStat::downstream_cx_active);
  worker.stats.sub(per_worker, ListenerWorkerStat::downstream_cx_active);
  worker.stats.add(config_->stats, ListenerStat::downstream_cx_destroy);
  worker.stats.record(config_->stats, ListenerStat::downstream_cx_length_ms,
                      (worker.loop.now_ns() - started_ns) / 1'000'000);
}

}  // namespace outrider
