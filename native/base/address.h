#pragma once
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace outrider {

// A socket address: IPv4, IPv6, or Unix (path, or abstract where the name starts with '@'). A value.
class Address {
 public:
  Address() { storage_.any.sa_family = AF_UNSPEC; }
  static Address from_sockaddr(const sockaddr* address, socklen_t bytes);
  // `ip` as text without brackets or port; family AF_UNSPEC when it is no IP address.
  static Address from_ip(std::string_view ip, uint16_t port);
  // A path, or '@' and an abstract name; family AF_UNSPEC when it is longer than the kernel takes.
  static Address from_pipe(std::string_view path);

  bool valid() const { return family() != AF_UNSPEC; }
  int family() const { return storage_.any.sa_family; }
  bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
  uint16_t port() const;
  void set_port(uint16_t port);
  // The IP alone ("::1"), or the path of a Unix address.
  std::string ip() const;
  // As Envoy prints it: "127.0.0.1:80", "[::1]:80", "/path", "@name".
  std::string text() const;
  // RFC 1918, RFC 4193 unique local, and loopback: what Envoy calls internal.
  bool is_internal() const;
  bool is_loopback() const;
  // 16 bytes, IPv4 as IPv4-mapped; all zero for Unix.
  void ip_bytes(uint8_t out[16]) const;
  bool operator==(const Address& other) const;

  const sockaddr* raw() const { return &storage_.any; }
  socklen_t raw_bytes() const { return bytes_; }

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  } storage_;
  socklen_t bytes_ = 0;
};

}  // namespace outrider
