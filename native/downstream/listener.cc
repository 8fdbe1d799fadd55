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
  Ref<ListenerConfig> config(new ListenerConfig(context.budget));
  config->source_ = std::move(source);
  const ConfigView view = config->view();
  config->name = view.string("name");
  if (auto read = config->read_addresses(view); !read) return read.error();
  config->buffer_bytes_max = static_cast<uint32_t>(view.uint("per_connection_buffer_limit_bytes", 1 << 20));
  config->accepts_per_event_max = static_cast<uint32_t>(
      std::max<uint64_t>(1, view.uint("max_connections_to_accept_per_socket_event", 1)));
  // As Envoy on Linux: the most that the kernel's somaxconn allows.
  config->backlog = static_cast<int>(view.uint("tcp_backlog_size", 65'535));
  config->fast_open_queue =
      view.has("tcp_fast_open_queue_length") ? static_cast<int>(view.uint("tcp_fast_open_queue_length")) : -1;
  config->bind_to_port = view.boolean("bind_to_port", view["deprecated_v1"].boolean("bind_to_port", true));
  config->reuse_port = view.boolean("enable_reuse_port", true);
  config->transparent = view.boolean("transparent");
  config->freebind = view.boolean("freebind");
  config->exact_balance = view["connection_balance_config"].has("exact_balance");
  config->opts_out_of_budget_ =
      view.boolean("ignore_global_conn_limit") || view.boolean("bypass_overload_manager");
  config->counts_to_budget_ = !context.budget_is_fixed || !config->opts_out_of_budget_;
  config->worker_count_ = context.worker_count;
  if (config->exact_balance) {
    config->by_worker_ = std::make_unique<std::atomic<uint32_t>[]>(context.worker_count);
  }

  const std::string prefix = listener_stat_prefix(view, config->addresses.front().address);
  config->stats = context.stats.add_scope<ListenerStat>(prefix);
  for (uint32_t i = 0; i < context.worker_count; ++i) {
    config->worker_stats.push_back(
        context.stats.add_scope<ListenerWorkerStat>(prefix + "worker_" + std::to_string(i) + "."));
  }
  if (auto read = config->read_chains(view, prefix, context); !read) return read.error();
  return config;
}

Result<bool> ListenerConfig::read_chains(ConfigView view, std::string_view stat_prefix,
                                         BuildContext& context) {
  HcmInstanceContext hcm{context.hcm, context.routes, context.stats, stat_prefix};
  NetworkBuildContext network{context.stats, context.routes, context.hcm.log_files, stat_prefix};
  const TransportBuildContext transport{context.secrets, context.stats, std::string(stat_prefix),
                                        TlsRole::Server};
  FilterChain::BuildContext chain_context{hcm, network, transport, source_};
  const ConfigView list = view.list("filter_chains");
  for (uint32_t i = 0; i < list.size(); ++i) {
    auto chain = FilterChain::build(list[i], "filter_chains[" + std::to_string(i) + "]", chain_context);
    if (!chain) return chain.error();
    chains_.push_back(std::move(chain.value()));
    auto match = matcher_.add(list[i]["filter_chain_match"]);
    if (match) continue;
    const std::string place = "filter_chains[" + std::to_string(i) + "].filter_chain_match.";
    return ConfigError{place + match.error().path, match.error().reason};
  }
  ListenerBuildContext filters{context.stats, context.worker_count};
  auto listener_filters = ListenerFilterList::read(view, filters);
  if (!listener_filters) return listener_filters.error();
  filters_ = std::move(listener_filters.value());
  if (!view.has("default_filter_chain")) return true;
  auto chain = FilterChain::build(view["default_filter_chain"], "default_filter_chain", chain_context);
  if (!chain) return chain.error();
  default_chain_ = std::move(chain.value());
  return true;
}

const FilterChain* ListenerConfig::find_chain(const ConnectionInfo& info) const {
  const uint32_t found = matcher_.find(info);
  return found == FilterChainMatcher::none ? default_chain_.get() : chains_[found].get();
}

static ListenAddress listen_address(const Address& address, ConfigView source) {
  return {.address = address,
          .options = {},
          .keepalive = {},
          .pipe_mode = static_cast<uint32_t>(source["pipe"].uint("mode")),
          .ipv4_compat = source["socket_address"].boolean("ipv4_compat")};
}

Result<bool> ListenerConfig::read_addresses(ConfigView view) {
  auto address = read_address(view["address"]);
  if (!address) return address.error();
  ListenAddress first = listen_address(address.value(), view["address"]);
  first.options = read_socket_options(view.list("socket_options"));
  first.keepalive = read_tcp_keepalive(view["tcp_keepalive"]);
  addresses.push_back(first);
  for (const ConfigView additional : view.list("additional_addresses")) {
    auto more = read_address(additional["address"]);
    const std::string place = "additional_addresses[" + std::to_string(addresses.size() - 1) + "].";
    if (!more) return ConfigError{place + more.error().path, more.error().reason};
    ListenAddress next = listen_address(more.value(), additional["address"]);
    const ConfigView own = additional["socket_options"];
    next.options = own ? read_socket_options(own.list("socket_options")) : first.options;
    const ConfigView keepalive = additional["tcp_keepalive"];
    next.keepalive = keepalive ? read_tcp_keepalive(keepalive) : first.keepalive;
    addresses.push_back(next);
  }
  return true;
}

bool ListenerConfig::same_sockets(const ListenerConfig& other) const {
  return addresses == other.addresses && backlog == other.backlog &&
         fast_open_queue == other.fast_open_queue && bind_to_port == other.bind_to_port &&
         reuse_port == other.reuse_port && transparent == other.transparent && freebind == other.freebind;
}

ListenerConfig::Admission ListenerConfig::admit() const {
  if (counts_to_budget_) {
    const uint64_t open = budget_.open.fetch_add(1, std::memory_order_relaxed);
    if (open >= budget_.max.load(std::memory_order_relaxed) && !opts_out_of_budget_) {
      budget_.open.fetch_sub(1, std::memory_order_relaxed);
      return Admission::AllAreFull;
    }
  }
  const uint64_t open = connections_.fetch_add(1, std::memory_order_relaxed);
  if (open < connections_max_.load(std::memory_order_relaxed)) return Admission::Admitted;
  leave();
  return Admission::ListenerIsFull;
}

void ListenerConfig::leave() const {
  connections_.fetch_sub(1, std::memory_order_relaxed);
  if (counts_to_budget_) budget_.open.fetch_sub(1, std::memory_order_relaxed);
}

// The worker with the fewest, and of several its own. Two workers that choose at once may choose the same.
uint32_t ListenerConfig::choose_worker(uint32_t self) const {
  if (by_worker_ == nullptr) return self;
  uint32_t best = self;
  uint32_t fewest = by_worker_[self].load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < worker_count_; ++i) {
    const uint32_t count = by_worker_[i].load(std::memory_order_relaxed);
    if (count >= fewest) continue;
    best = i;
    fewest = count;
  }
  by_worker_[best].fetch_add(1, std::memory_order_relaxed);
  return best;
}

void ListenerConfig::release_worker(uint32_t index) const {
  if (by_worker_ != nullptr) by_worker_[index].fetch_sub(1, std::memory_order_relaxed);
}

// ---- sockets -------------------------------------------------------------------------------------------------

static ConfigError socket_error(const Address& address, const char* what) {
  std::string reason = std::string("cannot ") + what + " " + address.text() + ": " + strerrordesc_np(errno);
  if (errno == EADDRINUSE) reason += " (another listener or another process listens there)";
  return {"address", reason};
}

static bool set_number(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool prepare_listen_socket(int fd, const ListenerConfig& listener, const ListenAddress& where,
                                  bool reuse_port) {
  const Address& address = where.address;
  bool ok = set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6)
    ok &= set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, where.ipv4_compat ? 0 : 1);
  if (address.is_ip()) {
    if (reuse_port) ok &= set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    ok &= set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
    if (listener.freebind) ok &= set_number(fd, IPPROTO_IP, IP_FREEBIND, 1);
    if (listener.transparent) ok &= set_number(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
    if (listener.fast_open_queue >= 0)
      ok &= set_number(fd, IPPROTO_TCP, TCP_FASTOPEN, listener.fast_open_queue);
    apply_keepalive(fd, where.keepalive);
  }
  return ok && apply_socket_options(fd, where.options, SocketOption::State::Prebind);
}

// A socket that a dead process left behind goes; one that somebody listens on stays, and so does any other file.
static void remove_stale_socket(const Address& address) {
  const std::string path = address.text();
  struct stat file;
  if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (::connect(fd, address.raw(), address.raw_bytes()) != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
  ::close(fd);
}

Result<int> open_listen_socket(const ListenerConfig& listener, const ListenAddress& where, bool reuse_port) {
  const Address& address = where.address;
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return socket_error(address, "open a socket for");
  const auto fail = [&](const char* what) {
    ConfigError error = socket_error(address, what);
    ::close(fd);
    return error;
  };
  if (!prepare_listen_socket(fd, listener, where, reuse_port)) return fail("set the socket options of");
  const bool is_path = address.family() == AF_UNIX && !address.text().starts_with('@');
  if (is_path) remove_stale_socket(address);
  if (::bind(fd, address.raw(), address.raw_bytes()) != 0) return fail("bind");
  if (is_path && where.pipe_mode != 0 && ::chmod(address.text().c_str(), where.pipe_mode) != 0)
    return fail("set the mode of");
  if (!apply_socket_options(fd, where.options, SocketOption::State::Bound))
    return fail("set the socket options of");
  if (::listen(fd, listener.backlog) != 0) return fail("listen on");
  if (!apply_socket_options(fd, where.options, SocketOption::State::Listening)) {
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

WorkerListener::WorkerListener(HttpWorker& http, SocketPorter& porter, Ref<ListenerConfig> config,
                               const std::vector<int>& sockets)
    : http_(http),
      network_{http.worker, http.upstreams, http.log},
      porter_(porter),
      config_(std::move(config)) {
  for (size_t i = 0; i < sockets.size(); ++i) {
    const bool ipv4_compat = config_->addresses[i].ipv4_compat;
    acceptors_.push_back(std::make_unique<Acceptor>(*this, sockets[i], ipv4_compat));
  }
}

WorkerListener::~WorkerListener() {
  while (PendingSocket* pending = pending_.front()) pending->abort();
  while (DownstreamConnection* connection = connections_.front()) connection->abort();
}

// Closing a socket resets whoever waits to be accepted, so they are taken first.
void WorkerListener::stop_accepting() {
  for (auto& acceptor : acceptors_) acceptor->accept_all();
  acceptors_.clear();
}

void WorkerListener::drain_connections() {
  for (DownstreamConnection* connection = connections_.front(); connection != nullptr;) {
    DownstreamConnection* next = connections_.next(*connection);
    connection->drain();
    connection = next;
  }
}

// An IPv4 peer of an IPv6 socket is an IPv4 peer.
static Address unmapped(const Address& address) {
  if (address.family() != AF_INET6) return address;
  sockaddr_in6 v6;
  std::memcpy(&v6, address.raw(), sizeof(v6));
  if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return address;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = v6.sin6_port;
  std::memcpy(&v4.sin_addr, v6.sin6_addr.s6_addr + 12, sizeof(v4.sin_addr));
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&v4), sizeof(v4));
}

WorkerListener::Acceptor::Acceptor(WorkerListener& listener, int fd, bool ipv4_compat)
    : listener_(listener), fd_(fd), local_(bound_address(fd)), ipv4_compat_(ipv4_compat) {
  uint8_t ip[16];
  local_.ip_bytes(ip);
  const uint8_t any_v4[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const uint8_t any_v6[16] = {};
  local_is_fixed_ = !local_.is_ip() || (std::memcmp(ip, any_v4, 16) != 0 && std::memcmp(ip, any_v6, 16) != 0);
  watch();
}

WorkerListener::Acceptor::~Acceptor() {
  cancel();
  // Others may hold the same socket, and then closing ours alone would leave it in the set.
  epoll_ctl(listener_.http_.worker.loop.fd(), EPOLL_CTL_DEL, fd_, nullptr);
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
  AcceptedSocket socket{.fd = fd,
                        .remote = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&peer), bytes),
                        .local = local_is_fixed_ ? local_ : bound_address(fd)};
  if (ipv4_compat_) {
    socket.remote = unmapped(socket.remote);
    socket.local = unmapped(socket.local);
  }
  listener_.on_accepted(socket);
  return true;
}

void WorkerListener::Acceptor::accept_all() {
  while (accept_one()) continue;
}

void WorkerListener::on_accepted(const AcceptedSocket& socket) {
  WorkerContext& worker = http_.worker;
  const ListenerConfig::Admission admission = config_->admit();
  if (admission != ListenerConfig::Admission::Admitted) {
    const bool alone = admission == ListenerConfig::Admission::ListenerIsFull;
    worker.stats.add(config_->stats, alone ? ListenerStat::downstream_cx_overflow
                                           : ListenerStat::downstream_global_cx_overflow);
    ::close(socket.fd);
    return;
  }
  const uint32_t where = config_->choose_worker(worker.index);
  where == worker.index ? take(socket) : porter_.carry(where, config_, socket);
}

void WorkerListener::take(const AcceptedSocket& socket) {
  WorkerContext& worker = http_.worker;
  ++active_;
  ConnectionInfo info;
  info.id = worker.connection_id();
  info.local = socket.local;
  info.direct_local = socket.local;
  info.direct_remote = socket.remote;
  info.start_ns = worker.loop.now_ns();
  info.listener_name = config_->name;
  if (config_->filters().empty()) return serve(socket.fd, info);
  worker.stats.add(config_->stats, ListenerStat::downstream_pre_cx_active);
  auto* pending =
      new PendingSocket(worker, network_.runtime(), config_->filters(), *this, std::move(info), socket.fd);
  pending_.push_back(*pending);
  pending->run();
}

void WorkerListener::on_pending_end(PendingSocket& pending, PendingEnd end) {
  StatsBlock& stats = http_.worker.stats;
  stats.sub(config_->stats, ListenerStat::downstream_pre_cx_active);
  if (end == PendingEnd::TimedOut) stats.add(config_->stats, ListenerStat::downstream_pre_cx_timeout);
  if (end == PendingEnd::RemoteClosed)
    stats.add(config_->stats, ListenerStat::downstream_listener_filter_remote_close);
  if (end == PendingEnd::Broken) stats.add(config_->stats, ListenerStat::downstream_listener_filter_error);
  const bool go_on =
      end == PendingEnd::Ready || (end == PendingEnd::TimedOut && config_->filters().continue_on_timeout);
  if (go_on) return serve(pending.fd(), pending.info());
  pending.close();
  leave();
}

void WorkerListener::serve(int fd, ConnectionInfo& info) {
  WorkerContext& worker = http_.worker;
  const FilterChain* chain = config_->find_chain(info);
  if (chain == nullptr) {
    worker.stats.add(config_->stats, ListenerStat::no_filter_chain_match);
    ::close(fd);
    return leave();
  }
  const StatScope<ListenerWorkerStat> per_worker = config_->worker_stats[worker.index];
  worker.stats.add(config_->stats, ListenerStat::downstream_cx_total);
  worker.stats.add(config_->stats, ListenerStat::downstream_cx_active);
  worker.stats.add(per_worker, ListenerWorkerStat::downstream_cx_total);
  worker.stats.add(per_worker, ListenerWorkerStat::downstream_cx_active);
  info.filter_chain_name = chain->name;
  DownstreamConnection& connection = chain->make(http_, network_, *this, info, config_->buffer_bytes_max);
  connections_.push_back(connection);
  chain->prepare(http_.worker, connection.connection());
  if (connection.start(fd)) connection.begin();
}

void WorkerListener::leave() {
  config_->leave();
  config_->release_worker(http_.worker.index);
  --active_;
}

void WorkerListener::on_downstream_closed(uint64_t started_ns) {
  WorkerContext& worker = http_.worker;
  const StatScope<ListenerWorkerStat> per_worker = config_->worker_stats[worker.index];
  leave();
  worker.stats.sub(config_->stats, ListenerStat::downstream_cx_active);
  worker.stats.sub(per_worker, ListenerWorkerStat::downstream_cx_active);
  worker.stats.add(config_->stats, ListenerStat::downstream_cx_destroy);
  worker.stats.record(config_->stats, ListenerStat::downstream_cx_length_ms,
                      (worker.loop.now_ns() - started_ns) / 1'000'000);
}

}  // namespace outrider
