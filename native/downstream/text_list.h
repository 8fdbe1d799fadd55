#pragma once
#include <string_view>

namespace outrider {

inline std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts the first member off a list with commas, e.g. a Connection header; empty ones are skipped. False at the
// end.
inline bool next_member(std::string_view& list, std::string_view& member) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    member = trim_blanks(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (!member.empty()) return true;
  }
  return false;
}

}  // namespace outrider
