#include "codec/http1/target.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "codec/http1/errors.h"
#include "codec/http1/scan.h"
#include "codec/http1/text.h"

namespace outrider::http1 {
namespace {

constexpr std::string_view methods[] = {
    "GET",     "POST",     "PUT",        "DELETE",     "HEAD",     "OPTIONS", "PATCH",
    "CONNECT", "TRACE",    "ACL",        "BIND",       "CHECKOUT", "COPY",    "LINK",
    "LOCK",    "MERGE",    "MKACTIVITY", "MKCALENDAR", "MKCOL",    "MOVE",    "MSEARCH",
    "NOTIFY",  "PROPFIND", "PROPPATCH",  "PURGE",      "QUERY",    "REBIND",  "REPORT",
    "SEARCH",  "SOURCE",   "SUBSCRIBE",  "UNBIND",     "UNLINK",   "UNLOCK",  "UNSUBSCRIBE",
};

// Characters by the place where they may stand.
enum Place : uint8_t { InHost = 1, InScheme = 2 };

constexpr std::array<uint8_t, 256> build_places() {
  std::array<uint8_t, 256> places{};
  for (int c = 0; c < 128; c++) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric) places[c] |= InHost | InScheme;
  }
  for (const char c : {'+', '-', '.'}) places[static_cast<uint8_t>(c)] |= InScheme;
  for (const char c : std::string_view("!$%&'()*+,-.:;=@[]_~")) {
    places[static_cast<uint8_t>(c)] |= InHost;
  }
  return places;
}
constexpr std::array<uint8_t, 256> places = build_places();

bool is_path(std::string_view text) {
  const char* const end = text.data() + text.size();
  return scan::find_invisible(text.data(), end) == end;
}

bool all(std::string_view text, Place place) {
  return std::all_of(text.begin(), text.end(),
                     [place](char c) { return places[static_cast<uint8_t>(c)] & place; });
}

// host [":" port]; IPv6 in brackets. Neither empty, the port a number up to 65535.
bool is_host_and_port(std::string_view text, bool port_required) {
  size_t host_len = text.find(':');
  if (!text.empty() && text.front() == '[') {
    host_len = text.find(']');
    if (host_len == std::string_view::npos) return false;
    host_len++;
  } else if (host_len == std::string_view::npos) {
    host_len = text.size();
  }
  if (host_len == 0) return false;
  if (host_len == text.size()) return !port_required;
  uint64_t port = 0;
  return text[host_len] == ':' && read_decimal(text.substr(host_len + 1), &port) && port <= 65535;
}

bool apply_connect(std::string_view target, HeaderMap& map, ParseError* error) {
  const bool plain = target.find_first_of("/?@*") == std::string_view::npos;
  if (!plain || !is_host_and_port(target, true)) {
    *error = errors::invalid_url;
    return false;
  }
  map.set_ref(HeaderId::Authority, target);
  return true;
}

// scheme "://" [userinfo "@"] host [":" port] [path] ["?" query]
bool apply_absolute(std::string_view target, HeaderMap& map, ParseError* error) {
  const size_t colon = target.find("://");
  if (colon == std::string_view::npos) {
    *error = errors::invalid_url;
    return false;
  }
  const std::string_view scheme = target.substr(0, colon);
  const std::string_view rest = target.substr(colon + 3);
  const size_t authority_len = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, authority_len);
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  const bool https = equals_ignoring_case(scheme, "https");
  if (!is_host_and_port(authority, false)) {
    *error = errors::invalid_url;
    return false;
  }
  if (!https && !equals_ignoring_case(scheme, "http")) {
    *error = errors::invalid_scheme;
    return false;
  }
  map.set_ref(HeaderId::Scheme, https ? "https" : "http");
  map.set_ref(HeaderId::Authority, authority);
  const std::string_view path = rest.substr(authority_len);
  map.set_ref(HeaderId::Path, path.empty() ? std::string_view("/") : path);
  return true;
}

}  // namespace

bool is_method(std::string_view method, bool allow_custom) {
  if (allow_custom) return !method.empty() && std::all_of(method.begin(), method.end(), scan::is_token);
  return std::find(std::begin(methods), std::end(methods), method) != std::end(methods);
}

bool is_target(std::string_view target, bool connect) {
  if (target.empty()) return false;
  if (target.front() == '/' || target.front() == '*') return is_path(target);
  if (!connect) {
    const size_t colon = target.find(':');
    if (colon == std::string_view::npos || !all(target.substr(0, colon), InScheme)) return false;
    const char first = lower(target.front());
    if (first < 'a' || first > 'z' || target.substr(colon, 3) != "://") return false;
    target.remove_prefix(colon + 3);
  }
  const size_t host_len = std::min(target.find_first_of("/?"), target.size());
  const std::string_view host = target.substr(0, host_len);
  return all(host, InHost) && host.find("@@") == std::string_view::npos && is_path(target.substr(host_len));
}

bool is_authority(std::string_view authority) { return all(authority, InHost); }

bool apply_target(std::string_view target, std::string_view method, const Options& options, HeaderMap& map,
                  ParseError* error) {
  if (method == "CONNECT") return apply_connect(target, map, error);
  const bool asterisk = target.front() == '*' && method == "OPTIONS";
  if (target.front() != '/' && !asterisk && options.allow_absolute_url)
    return apply_absolute(target, map, error);
  map.set_ref(HeaderId::Path, target);
  return true;
}

}  // namespace outrider::http1
