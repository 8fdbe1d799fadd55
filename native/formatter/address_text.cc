#include "formatter/address_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace outrider {

namespace {

void append_decimal(uint32_t value, std::string& out) {
  char text[10];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

void append_v4(const uint8_t bytes[4], std::string& out) {
  char text[16];
  char* at = text;
  for (int i = 0; i < 4; i++) {
    if (i > 0) *at++ = '.';
    at = std::to_chars(at, text + sizeof(text), bytes[i]).ptr;
  }
  out.append(text, at);
}

void append_v6(const uint8_t bytes[16], std::string& out) {
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(AF_INET6, bytes, text, sizeof(text)) != nullptr) out += text;
}

void append_ip(const Address& address, const uint8_t bytes[16], std::string& out) {
  if (address.family() == AF_INET) return append_v4(bytes + 12, out);
  append_v6(bytes, out);
}

// Clears what stands behind the first `bits`.
void mask(uint8_t* bytes, size_t count, uint32_t bits) {
  for (size_t i = 0; i < count; i++) {
    const auto kept =
        static_cast<uint32_t>(std::clamp<int64_t>(int64_t{bits} - static_cast<int64_t>(i) * 8, 0, 8));
    bytes[i] &= static_cast<uint8_t>(0xff00u >> kept);
  }
}

}  // namespace

void append_address_without_port(const Address& address, std::string& out) {
  if (!address.is_ip()) {
    out += address.ip();
    return;
  }
  uint8_t bytes[16];
  address.ip_bytes(bytes);
  append_ip(address, bytes, out);
}

void append_address(const Address& address, std::string& out) {
  if (address.family() == AF_INET6) out += '[';
  append_address_without_port(address, out);
  if (address.family() == AF_INET6) out += ']';
  if (!address.is_ip()) return;
  out += ':';
  append_decimal(address.port(), out);
}

void append_masked_address(const Address& address, uint8_t bits, std::string& out) {
  if (!address.is_ip()) return append_address_without_port(address, out);
  uint8_t bytes[16];
  address.ip_bytes(bytes);
  const bool v4 = address.family() == AF_INET;
  const uint32_t kept = std::min<uint32_t>(bits, v4 ? 32 : 128);
  mask(v4 ? bytes + 12 : bytes, v4 ? 4 : 16, kept);
  append_ip(address, bytes, out);
  out += '/';
  append_decimal(kept, out);
}

}  // namespace outrider
