#include "connection/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace outrider {
namespace {

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

// `text` is a proto3 JSON bytes field, which TypeScript has checked.
std::string decode_base64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) break;
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
  }
  return bytes;
}

int kernel_value(ConfigView config, std::string_view field) {
  return config.has(field) ? static_cast<int>(config.uint(field)) : -1;
}

void set_number(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof(value));
}

}  // namespace

std::vector<SocketOption> read_socket_options(ConfigView list) {
  std::vector<SocketOption> options;
  for (ConfigView item : list) {
    SocketOption& option = options.emplace_back();
    option.level = static_cast<int>(item.integer("level"));
    option.name = static_cast<int>(item.integer("name"));
    option.is_number = item.has("int_value");
    option.number = static_cast<int>(item.integer("int_value"));
    option.bytes = decode_base64(item.string("buf_value"));
    const std::string_view state = item.string("state");
    if (state == "STATE_BOUND") option.state = SocketOption::State::Bound;
    if (state == "STATE_LISTENING") option.state = SocketOption::State::Listening;
  }
  return options;
}

TcpKeepalive read_tcp_keepalive(ConfigView config) {
  return {static_cast<bool>(config), kernel_value(config, "keepalive_probes"),
          kernel_value(config, "keepalive_time"), kernel_value(config, "keepalive_interval")};
}

bool apply_socket_options(int fd, const std::vector<SocketOption>& options, SocketOption::State state) {
  for (const SocketOption& option : options) {
    if (option.state != state) continue;
    const void* value = option.is_number ? static_cast<const void*>(&option.number) : option.bytes.data();
    const auto bytes = static_cast<socklen_t>(option.is_number ? sizeof(option.number) : option.bytes.size());
    if (setsockopt(fd, option.level, option.name, value, bytes) != 0) return false;
  }
  return true;
}

void apply_keepalive(int fd, const TcpKeepalive& keepalive) {
  if (!keepalive.enabled) return;
  set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (keepalive.probes >= 0) set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive.probes);
  if (keepalive.time_s >= 0) set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive.time_s);
  if (keepalive.interval_s >= 0) set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive.interval_s);
}

}  // namespace outrider
