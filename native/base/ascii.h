#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace outrider {

// Case of ASCII letters, whatever the locale; other bytes stay.
constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lower_case(c);
  return lower;
}

// Is `text` equal to `lower`, which has no capitals, when its own case does not count?
constexpr bool equals_lower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); i++) {
    if (lower_case(text[i]) != lower[i]) return false;
  }
  return true;
}

}  // namespace outrider
