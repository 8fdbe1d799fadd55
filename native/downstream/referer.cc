#include "downstream/referer.h"

#include <array>
#include <cstdint>

namespace outrider {
namespace {

enum CharKind : uint8_t {
  Scheme = 1,  // after the first letter
  HostName = 2,
  V6 = 4,         // within brackets, before a zone
  Reference = 8,  // of a relative reference
  Visible = 16,   // of the path and query of an absolute URL
};

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<uint8_t, 256> build_kinds() {
  std::array<uint8_t, 256> kinds{};
  for (int c = 0x21; c < 0x7f; c++) kinds[c] |= Visible;
  for (int c = 0; c < 0x7f; c++) {
    const char letter = static_cast<char>(c);
    if (is_letter(letter) || is_digit(letter)) kinds[c] |= Scheme | HostName | Reference;
    if (is_digit(letter) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) kinds[c] |= V6;
  }
  for (char c : std::string_view("+-.")) kinds[static_cast<uint8_t>(c)] |= Scheme;
  for (char c : std::string_view("-.")) kinds[static_cast<uint8_t>(c)] |= HostName;
  for (char c : std::string_view(":.")) kinds[static_cast<uint8_t>(c)] |= V6;
  for (char c : std::string_view("-._~!$&'()*+,;=:@/?%")) kinds[static_cast<uint8_t>(c)] |= Reference;
  return kinds;
}
constexpr std::array<uint8_t, 256> kinds = build_kinds();

bool all(std::string_view text, CharKind kind) {
  for (char c : text) {
    if (!(kinds[static_cast<uint8_t>(c)] & kind)) return false;
  }
  return true;
}

bool is_host(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() != '[') return all(host, HostName);
  if (host.size() < 3 || host.back() != ']') return false;
  host = host.substr(1, host.size() - 2);
  const size_t zone = host.find('%');
  if (zone == std::string_view::npos) return all(host, V6);
  return all(host.substr(0, zone), V6) && zone + 1 < host.size() && is_letter(host[zone + 1]);
}

bool is_port(std::string_view port) {
  uint32_t number = 0;
  for (char c : port) {
    if (!is_digit(c)) return false;
    number = number * 10 + static_cast<uint32_t>(c - '0');
    if (number > 65535) return false;
  }
  return !port.empty();
}

bool is_authority(std::string_view authority) {
  if (!authority.empty() && authority.front() == '@') authority.remove_prefix(1);  // no user at all
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port && !is_port(authority.substr(colon + 1))) return false;
  return is_host(authority.substr(0, has_port ? colon : authority.size()));
}

bool is_absolute(std::string_view scheme, std::string_view rest) {
  if (scheme.empty() || !is_letter(scheme.front()) || !all(scheme, Scheme)) return false;
  const size_t end = rest.find_first_of("/?#");
  if (!is_authority(rest.substr(0, end))) return false;
  if (end == std::string_view::npos) return true;
  const std::string_view target = rest.substr(end);
  const size_t fragment = target.find('#');
  return all(target, Visible) && (fragment == std::string_view::npos || fragment + 1 == target.size());
}

bool is_relative(std::string_view value) {
  // A colon in the first segment would make it a scheme (RFC 3986 §4.2).
  const size_t slash = value.find('/');
  return value.substr(0, slash).find(':') == std::string_view::npos && all(value, Reference);
}

}  // namespace

bool is_valid_referer(std::string_view value) {
  const size_t colon = value.find("://");
  if (colon != std::string_view::npos && is_absolute(value.substr(0, colon), value.substr(colon + 3))) {
    return true;
  }
  return is_relative(value);
}

}  // namespace outrider
