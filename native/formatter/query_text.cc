#include "formatter/query_text.h"

#include <algorithm>

#include "base/ascii.h"

namespace outrider {

namespace {

std::string_view take(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The byte that "%41" at the start of `text` stands for, or -1.
int encoded_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

enum class BadPercent : uint8_t { Keep, Drop };

void append_decoded(std::string_view text, BadPercent bad, std::string& out) {
  for (size_t at = 0; at < text.size(); at++) {
    const int byte = encoded_byte(text.substr(at));
    if (byte >= 0) {
      out += static_cast<char>(byte);
      at += 2;
    } else if (text[at] != '%' || bad == BadPercent::Keep) {
      out += text[at];
    }
  }
}

// Does the encoded name decode to `name`? Without a copy where nothing is encoded.
bool same_name(std::string_view encoded, std::string_view name) {
  size_t matched = 0;
  for (size_t at = 0; at < encoded.size(); at++, matched++) {
    const int byte = encoded_byte(encoded.substr(at));
    const char c = byte >= 0 ? static_cast<char>(byte) : encoded[at];
    if (matched == name.size() || name[matched] != c) return false;
    if (byte >= 0) at += 2;
  }
  return matched == name.size();
}

// The end of a part of x-forwarded-client-cert: a separator outside of quotes.
size_t end_of_part(std::string_view text, std::string_view separators) {
  bool quoted = false;
  for (size_t at = 0; at < text.size(); at++) {
    if (text[at] == '\\' && quoted) {
      at++;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (!quoted && separators.find(text[at]) != std::string_view::npos) {
      return at;
    }
  }
  return text.size();
}

void append_unquoted(std::string_view value, std::string& out) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') {
    out += value;
    return;
  }
  value = value.substr(1, value.size() - 2);
  for (size_t at = 0; at < value.size(); at++) {
    if (value[at] == '\\' && at + 1 < value.size()) at++;
    out += value[at];
  }
}

}  // namespace

std::string_view drop_query(std::string_view path) { return path.substr(0, path.find('?')); }

bool append_query_parameter(std::string_view path, std::string_view name, std::string& out) {
  const size_t mark = path.find('?');
  if (mark == std::string_view::npos) return false;
  std::string_view rest = path.substr(mark + 1);
  while (!rest.empty()) {
    std::string_view value = take(rest, '&');
    if (!same_name(take(value, '='), name)) continue;
    append_decoded(value, BadPercent::Keep, out);
    return true;
  }
  return false;
}

void append_decoded_query(std::string_view query, std::string& out) {
  append_decoded(query, BadPercent::Drop, out);
}

bool append_certificate_value(std::string_view header, std::string_view key, std::string& out) {
  while (!header.empty()) {
    const size_t end = end_of_part(header, ",;");
    std::string_view value = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (!equals_lower(take(value, '='), key)) continue;
    append_unquoted(value, out);
    return true;
  }
  return false;
}

}  // namespace outrider
