#include "filter/network/all.gen.h"
#include "filter/tcp_proxy/session.h"

namespace outrider {

// envoy.filters.network.tcp_proxy: carries bytes to a cluster, and back.
// Config: envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
const NetworkFilterType tcp_proxy =
    terminal_filter_type<TcpProxySession, TcpProxyConfig, &TcpProxyConfig::read>(
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy");

}  // namespace outrider
