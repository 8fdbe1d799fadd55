#include "downstream/listener_filters.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace outrider {

static constexpr std::string_view tls_inspector_type =
    "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";

static bool needs_hello(ConfigView match) {
  const std::string_view transport = match.string("transport_protocol");
  if (transport == "tls") return true;
  return transport.empty() &&
         (match.list("server_names").size() > 0 || match.list("application_protocols").size() > 0);
}

bool lacks_tls_inspector(ConfigView listener) {
  for (const ConfigView filter : listener.list("listener_filters")) {
    if (filter["typed_config"].type_name() == tls_inspector_type) return false;
  }
  for (const ConfigView chain : listener.list("filter_chains")) {
    if (needs_hello(chain["filter_chain_match"])) return true;
  }
  return false;
}

Result<bool> ListenerFilterList::add(std::string_view type, ConfigView config,
                                     ListenerBuildContext& context) {
  const ListenerFilterType* const known = find_listener_filter(type);
  if (known == nullptr) return ConfigError{"", "no such filter: " + std::string(type)};
  auto filter = known->read(config, context);
  if (!filter) return filter.error();
  filters_.push_back(std::move(filter.value()));
  return true;
}

Result<ListenerFilterList> ListenerFilterList::read(ConfigView listener, ListenerBuildContext& context) {
  ListenerFilterList list;
  list.timeout_ms = static_cast<uint64_t>(listener.duration_ms("listener_filters_timeout", 15'000));
  list.continue_on_timeout = listener.boolean("continue_on_listener_filters_timeout");
  const ConfigView filters = listener.list("listener_filters");
  for (uint32_t i = 0; i < filters.size(); ++i) {
    const ConfigView config = filters[i]["typed_config"];
    auto added = list.add(config.type_name(), config, context);
    if (added) continue;
    const std::string place = "listener_filters[" + std::to_string(i) + "].typed_config";
    const ConfigError& error = added.error();
    return ConfigError{error.path.empty() ? place : place + "." + error.path, error.reason};
  }
  // The original destination is one of the things that such listeners choose a chain by.
  if (listener.boolean("use_original_dst")) {
    auto added = list.add("envoy.extensions.filters.listener.original_dst.v3.OriginalDst", {}, context);
    if (!added) return added.error();
  }
  if (lacks_tls_inspector(listener)) {  // as Envoy, which puts it in too
    if (auto added = list.add(tls_inspector_type, {}, context); !added) return added.error();
  }
  return list;
}

PendingSocket::PendingSocket(WorkerContext& worker, const RuntimeValues* runtime,
                             const ListenerFilterList& filters, PendingOwner& owner, ConnectionInfo info,
                             int fd)
    : worker_(worker), runtime_(runtime), filters_(filters), owner_(owner), info_(std::move(info)), fd_(fd) {
  if (filters.timeout_ms != 0) worker.loop.timers().arm(*this, worker.loop.now_ms() + filters.timeout_ms);
}

void PendingSocket::on_io(uint32_t events) {
  if (!over_) go_on((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

void PendingSocket::go_on(bool peer_ended) {
  ListenerSocket socket{worker_, runtime_, info_, fd_};
  while (at_ < filters_.size()) {
    const ListenerFilter& filter = filters_[at_];
    const size_t wanted = std::min(filter.peek_bytes_max(), WorkerContext::scratch_bytes);
    std::string_view bytes;
    if (wanted > 0) {
      const ssize_t got = ::recv(fd_, worker_.scratch.get(), wanted, MSG_PEEK);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return void(wait(peer_ended));
      if (got <= 0) return end(got == 0 ? PendingEnd::RemoteClosed : PendingEnd::Broken);
      bytes = {worker_.scratch.get(), static_cast<size_t>(got)};
    }
    switch (filter.inspect(socket, bytes)) {
      case ListenerStatus::Continue:
        ++at_;
        break;
      case ListenerStatus::NeedMore:
        return void(wait(peer_ended));
      case ListenerStatus::Close:
        return end(PendingEnd::Refused);
    }
  }
  end(PendingEnd::Ready);
}

bool PendingSocket::wait(bool peer_ended) {
  if (peer_ended) {  // no more will come
    end(PendingEnd::RemoteClosed);
    return false;
  }
  if (watched_) return true;
  watched_ = worker_.loop.watch(fd_, EPOLLIN | EPOLLRDHUP, *this);
  if (!watched_) end(PendingEnd::Broken);
  return watched_;
}

void PendingSocket::end(PendingEnd how) {
  if (std::exchange(over_, true)) return;
  cancel();
  ListLink<PendingSocket>::unlink();
  if (watched_) epoll_ctl(worker_.loop.fd(), EPOLL_CTL_DEL, fd_, nullptr);
  worker_.loop.free_later(*this);
  owner_.on_pending_end(*this, how);
}

void PendingSocket::abort() { end(PendingEnd::Broken); }

void PendingSocket::close() { ::close(fd_); }

}  // namespace outrider
