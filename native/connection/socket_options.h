#pragma once
#include <string>
#include <vector>

#include "base/config_view.h"

namespace outrider {

// A socket option to set before bind, after bind or after listen (envoy.config.core.v3.SocketOption).
struct SocketOption {
  enum class State : uint8_t { Prebind, Bound, Listening };
  State state = State::Prebind;
  bool is_number = true;
  int level = 0;
  int name = 0;
  int number = 0;
  std::string bytes;
  bool operator==(const SocketOption&) const = default;
};

// SO_KEEPALIVE and its times; -1: the kernel's default.
struct TcpKeepalive {
  bool enabled = false;
  int probes = -1;
  int time_s = -1;
  int interval_s = -1;
  bool operator==(const TcpKeepalive&) const = default;
};

// A list of envoy.config.core.v3.SocketOption.
std::vector<SocketOption> read_socket_options(ConfigView list);
// envoy.config.core.v3.TcpKeepalive; off where there is none.
TcpKeepalive read_tcp_keepalive(ConfigView config);

// Sets those of one state; false when the kernel refuses one.
bool apply_socket_options(int fd, const std::vector<SocketOption>& options, SocketOption::State state);
void apply_keepalive(int fd, const TcpKeepalive& keepalive);

}  // namespace outrider
