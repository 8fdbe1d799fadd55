#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Small readings of header text that the parser, the framing rules and the encoder share.
namespace outrider::http1 {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline bool equals_ignoring_case(std::string_view text, std::string_view lower_text) {
  if (text.size() != lower_text.size()) return false;
  for (size_t i = 0; i < text.size(); i++) {
    if (lower(text[i]) != lower_text[i]) return false;
  }
  return true;
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Is `lower_token` one of the comma-separated members of `list`?
inline bool list_has(std::string_view list, std::string_view lower_token) {
  while (true) {
    const size_t comma = list.find(',');
    if (equals_ignoring_case(trim(list.substr(0, comma)), lower_token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// 1*DIGIT that fits 64 bits; false otherwise, so no sign, no list, no blank.
inline bool read_decimal(std::string_view text, uint64_t* number) {
  uint64_t value = 0;
  for (const char c : text) {
    const uint8_t digit = static_cast<uint8_t>(c - '0');
    if (digit > 9 || __builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, uint64_t{digit}, &value)) {
      return false;
    }
  }
  *number = value;
  return !text.empty();
}

}  // namespace outrider::http1
