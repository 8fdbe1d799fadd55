#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

// Which bytes names and values may have (RFC 9113 §8.2.1).
namespace outrider::http2 {

namespace field_text {
constexpr std::array<bool, 256> build_name_bytes() {
  std::array<bool, 256> bytes{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")) {
    bytes[static_cast<uint8_t>(c)] = true;
  }
  return bytes;
}
inline constexpr std::array<bool, 256> name_bytes = build_name_bytes();
}  // namespace field_text

// A token in lower case, or the name of a pseudo header.
inline bool is_field_name(std::string_view name) {
  if (!name.empty() && name.front() == ':') name.remove_prefix(1);
  if (name.empty()) return false;
  bool good = true;
  for (const char c : name) good &= field_text::name_bytes[static_cast<uint8_t>(c)];
  return good;
}

// No control characters but the tab. Eight bytes at a time: the top bit of a byte is set where it is one.
inline bool is_field_value(std::string_view value) {
  constexpr uint64_t ones = 0x0101010101010101u;
  constexpr uint64_t tops = 0x8080808080808080u;
  const auto one = [](char c) { return (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f) || c == '\t'; };
  size_t at = 0;
  for (; at + 8 <= value.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, value.data() + at, sizeof(word));
    const uint64_t low = (word - ones * 0x20) & ~word & tops;  // some byte below 0x20, maybe one behind it
    const uint64_t del = ((word ^ ones * 0x7f) - ones) & ~(word ^ ones * 0x7f) & tops;
    if ((low | del) == 0) continue;
    for (size_t i = at; i < at + 8; ++i) {
      if (!one(value[i])) return false;
    }
  }
  for (; at < value.size(); ++at) {
    if (!one(value[at])) return false;
  }
  return true;
}

}  // namespace outrider::http2
