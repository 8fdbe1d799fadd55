#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upstream/pool/connection_pool.h"

namespace outrider {

static void set_number(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof(value));
}

static bool bind_source(int fd, const BindSource& source) {
  if (source.freebind) set_number(fd, IPPROTO_IP, IP_FREEBIND, 1);
  // The port is chosen at connect, by the whole four-tuple, so that ephemeral ports do not run out.
  set_number(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return ::bind(fd, source.address.raw(), source.address.raw_bytes()) == 0;
}

static bool prepare(int fd, const ClusterConfig& cluster, const Address& to) {
  if (to.is_ip()) set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  apply_keepalive(fd, cluster.keepalive);
  const BindSource* source = cluster.bind.source_for(to.family());
  const std::vector<SocketOption>& options = source == nullptr ? cluster.bind.options : source->options;
  if (!apply_socket_options(fd, options, SocketOption::State::Prebind)) return false;
  if (source != nullptr && !bind_source(fd, *source)) return false;
  return apply_socket_options(fd, options, SocketOption::State::Bound);
}

int open_upstream_socket(const ClusterConfig& cluster, const Address& to) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || prepare(fd, cluster, to)) return fd;
  ::close(fd);
  return -1;
}

}  // namespace outrider
