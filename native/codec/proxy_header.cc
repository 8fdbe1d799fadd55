#include "codec/proxy_header.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace outrider {
namespace {

constexpr std::string_view v1_start = "PROXY ";
constexpr std::string_view v2_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t v1_bytes_max = 107;
constexpr size_t v2_bytes_min = 16;

std::string_view next_word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool read_port(std::string_view text, uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

ProxyHeaderStatus parse_v1(std::string_view bytes, ProxyHeader& header) {
  header.version = 1;
  const size_t end = bytes.substr(0, v1_bytes_max).find("\r\n");
  if (end == std::string_view::npos)
    return bytes.size() >= v1_bytes_max ? ProxyHeaderStatus::Invalid : ProxyHeaderStatus::NeedMore;
  std::string_view line = bytes.substr(v1_start.size(), end - v1_start.size());
  header.bytes = end + 2;
  const std::string_view family = next_word(line);
  if (family == "UNKNOWN") {
    header.local = true;
    return ProxyHeaderStatus::Found;
  }
  const int wanted = family == "TCP4" ? AF_INET : family == "TCP6" ? AF_INET6 : AF_UNSPEC;
  const std::string_view source = next_word(line);
  const std::string_view destination = next_word(line);
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  if (!read_port(next_word(line), source_port) || !read_port(next_word(line), destination_port) ||
      !line.empty())
    return ProxyHeaderStatus::Invalid;
  header.source = Address::from_ip(source, source_port);
  header.destination = Address::from_ip(destination, destination_port);
  const bool sound =
      wanted != AF_UNSPEC && header.source.family() == wanted && header.destination.family() == wanted;
  return sound ? ProxyHeaderStatus::Found : ProxyHeaderStatus::Invalid;
}

size_t number16(std::string_view bytes) {
  return static_cast<size_t>(static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1]));
}

Address ipv4(const char* ip, const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::memcpy(&address.sin_addr, ip, 4);
  std::memcpy(&address.sin_port, port, 2);
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

Address ipv6(const char* ip, const char* port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::memcpy(&address.sin6_addr, ip, 16);
  std::memcpy(&address.sin6_port, port, 2);
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

bool read_tlvs(std::string_view bytes, ProxyHeader& header) {
  while (!bytes.empty()) {
    if (bytes.size() < 3) return false;
    const size_t size = number16(bytes.substr(1));
    if (bytes.size() < 3 + size) return false;
    header.tlvs.push_back({static_cast<uint8_t>(bytes[0]), bytes.substr(3, size)});
    bytes.remove_prefix(3 + size);
  }
  return true;
}

ProxyHeaderStatus parse_v2(std::string_view bytes, ProxyHeader& header) {
  header.version = 2;
  if (bytes.size() < v2_bytes_min) return ProxyHeaderStatus::NeedMore;
  const auto command = static_cast<uint8_t>(bytes[12]);
  const auto family = static_cast<uint8_t>(bytes[13]);
  if (command != 0x20 && command != 0x21) return ProxyHeaderStatus::Invalid;
  const size_t size = number16(bytes.substr(14));
  if (bytes.size() < v2_bytes_min + size) return ProxyHeaderStatus::NeedMore;
  header.bytes = v2_bytes_min + size;
  std::string_view rest = bytes.substr(v2_bytes_min, size);
  header.local = command == 0x20;
  size_t address_bytes = 0;
  if (family == 0x11) address_bytes = 12;
  if (family == 0x21) address_bytes = 36;
  if (header.local) return ProxyHeaderStatus::Found;
  if (address_bytes == 0 || rest.size() < address_bytes) return ProxyHeaderStatus::Invalid;
  if (address_bytes == 12) {
    header.source = ipv4(rest.data(), rest.data() + 8);
    header.destination = ipv4(rest.data() + 4, rest.data() + 10);
  } else {
    header.source = ipv6(rest.data(), rest.data() + 32);
    header.destination = ipv6(rest.data() + 16, rest.data() + 34);
  }
  return read_tlvs(rest.substr(address_bytes), header) ? ProxyHeaderStatus::Found
                                                       : ProxyHeaderStatus::Invalid;
}

bool may_begin_with(std::string_view bytes, std::string_view start) {
  const size_t size = std::min(bytes.size(), start.size());
  return bytes.substr(0, size) == start.substr(0, size);
}

}  // namespace

ProxyHeaderStatus parse_proxy_header(std::string_view bytes, ProxyHeader& header) {
  header = {};
  const bool v1 = may_begin_with(bytes, v1_start);
  const bool v2 = may_begin_with(bytes, v2_start);
  if (!v1 && !v2) return ProxyHeaderStatus::None;
  if (bytes.size() < (v1 ? v1_start.size() : v2_start.size())) return ProxyHeaderStatus::NeedMore;
  return v1 ? parse_v1(bytes, header) : parse_v2(bytes, header);
}

}  // namespace outrider
