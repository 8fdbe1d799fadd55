#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace outrider {

Address Address::from_sockaddr(const sockaddr* address, socklen_t bytes) {
  Address result;
  if (bytes < sizeof(sa_family_t) || bytes > sizeof(result.storage_)) return result;
  std::memcpy(&result.storage_, address, bytes);
  result.bytes_ = bytes;
  return result;
}

Address Address::from_ip(std::string_view ip, uint16_t port) {
  Address result;
  char text[INET6_ADDRSTRLEN + 1] = {};
  if (ip.size() >= sizeof(text)) return result;
  std::memcpy(text, ip.data(), ip.size());
  if (inet_pton(AF_INET, text, &result.storage_.v4.sin_addr) == 1) {
    result.storage_.v4.sin_family = AF_INET;
    std::memset(result.storage_.v4.sin_zero, 0, sizeof(result.storage_.v4.sin_zero));
    result.bytes_ = sizeof(sockaddr_in);
  } else if (in6_addr v6; inet_pton(AF_INET6, text, &v6) == 1) {
    result.storage_.v6 = {};
    result.storage_.v6.sin6_family = AF_INET6;
    result.storage_.v6.sin6_addr = v6;
    result.bytes_ = sizeof(sockaddr_in6);
  }
  if (result.valid()) result.set_port(port);
  return result;
}

Address Address::from_pipe(std::string_view path) {
  Address result;
  if (path.empty() || path.size() >= sizeof(result.storage_.local.sun_path)) return result;
  result.storage_.local = {};
  result.storage_.local.sun_family = AF_UNIX;
  std::memcpy(result.storage_.local.sun_path, path.data(), path.size());
  const bool abstract = path[0] == '@';
  if (abstract) result.storage_.local.sun_path[0] = '\0';
  result.bytes_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return result;
}

uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  return family() == AF_INET6 ? ntohs(storage_.v6.sin6_port) : 0;
}

void Address::set_port(uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN];
  if (family() == AF_INET) return inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof(text));
  if (family() == AF_INET6) return inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof(text));
  if (family() != AF_UNIX) return {};
  const size_t bytes = bytes_ - offsetof(sockaddr_un, sun_path);
  if (bytes == 0 || bytes > sizeof(storage_.local.sun_path)) return {};
  if (storage_.local.sun_path[0] == '\0') return '@' + std::string(storage_.local.sun_path + 1, bytes - 1);
  return std::string(storage_.local.sun_path, strnlen(storage_.local.sun_path, bytes));
}

std::string Address::text() const {
  if (!is_ip()) return ip();
  const std::string port_text = std::to_string(port());
  return family() == AF_INET ? ip() + ':' + port_text : '[' + ip() + "]:" + port_text;
}

void Address::ip_bytes(uint8_t out[16]) const {
  std::memset(out, 0, 16);
  if (family() == AF_INET6) std::memcpy(out, &storage_.v6.sin6_addr, 16);
  if (family() != AF_INET) return;
  out[10] = out[11] = 0xff;
  std::memcpy(out + 12, &storage_.v4.sin_addr, 4);
}

static bool is_mapped_v4(const uint8_t ip[16]) {
  static constexpr uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(ip, prefix, sizeof(prefix)) == 0;
}

bool Address::is_loopback() const {
  if (!is_ip()) return false;
  uint8_t ip[16];
  ip_bytes(ip);
  if (is_mapped_v4(ip)) return ip[12] == 127;
  return std::all_of(ip, ip + 15, [](uint8_t b) { return b == 0; }) && ip[15] == 1;
}

bool Address::is_internal() const {
  if (family() == AF_UNIX) return true;
  if (!is_ip()) return false;
  uint8_t ip[16];
  ip_bytes(ip);
  if (!is_mapped_v4(ip)) return is_loopback() || (ip[0] & 0xfe) == 0xfc;
  return ip[12] == 10 || ip[12] == 127 || (ip[12] == 172 && (ip[13] & 0xf0) == 16) ||
         (ip[12] == 192 && ip[13] == 168);
}

bool Address::operator==(const Address& other) const {
  if (family() != other.family()) return false;
  if (!is_ip()) return bytes_ == other.bytes_ && std::memcmp(&storage_, &other.storage_, bytes_) == 0;
  uint8_t mine[16];
  uint8_t theirs[16];
  ip_bytes(mine);
  other.ip_bytes(theirs);
  return port() == other.port() && std::memcmp(mine, theirs, 16) == 0;
}

}  // namespace outrider
