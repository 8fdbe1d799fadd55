#include <netinet/in.h>
#include <sys/socket.h>

#include "filter/listener/all.gen.h"

namespace outrider {
namespace {

// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST, whose headers do not go with netinet/in.h.
constexpr int original_destination = 80;

// envoy.filters.listener.original_dst: the address that a client meant, before iptables redirected it.
// Config: envoy.extensions.filters.listener.original_dst.v3.OriginalDst
class OriginalDst final : public ListenerFilter {
 public:
  ListenerStatus inspect(ListenerSocket& socket, std::string_view) const override {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof(storage);
    const bool v6 = socket.info.local.family() == AF_INET6;
    if (!socket.info.local.is_ip() ||
        getsockopt(socket.fd, v6 ? SOL_IPV6 : SOL_IP, original_destination, &storage, &bytes) != 0)
      return ListenerStatus::Continue;
    const Address meant = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), bytes);
    if (meant.is_ip()) socket.info.local = meant;
    return ListenerStatus::Continue;
  }
};

Result<std::unique_ptr<ListenerFilter>> read(ConfigView, ListenerBuildContext&) {
  return std::unique_ptr<ListenerFilter>(new OriginalDst());
}

}  // namespace

const ListenerFilterType original_dst{"envoy.extensions.filters.listener.original_dst.v3.OriginalDst", &read};

}  // namespace outrider
