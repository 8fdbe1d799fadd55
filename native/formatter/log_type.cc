#include "formatter/log_type.h"

#include <iterator>

namespace outrider {

namespace {

// In the order of enum AccessLogType.
constexpr std::string_view names[] = {
    "NotSet",
    "TcpUpstreamConnected",
    "TcpPeriodic",
    "TcpConnectionEnd",
    "DownstreamStart",
    "DownstreamPeriodic",
    "DownstreamEnd",
    "UpstreamPoolReady",
    "UpstreamPeriodic",
    "UpstreamEnd",
    "DownstreamTunnelSuccessfullyEstablished",
    "UdpTunnelUpstreamConnected",
    "UdpPeriodic",
    "UdpSessionEnd",
};
static_assert(static_cast<size_t>(AccessLogType::UdpSessionEnd) + 1 == std::size(names));

}  // namespace

std::string_view log_type_name(AccessLogType type) { return names[static_cast<size_t>(type)]; }

std::optional<AccessLogType> find_log_type(std::string_view name) {
  for (size_t i = 0; i < std::size(names); i++) {
    if (names[i] == name) return static_cast<AccessLogType>(i);
  }
  return std::nullopt;
}

}  // namespace outrider
