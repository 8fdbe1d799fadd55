#include "downstream/host_rules.h"

#include <cstring>

namespace outrider {
namespace {

void strip_dot(HeaderMap& headers) {
  const std::string_view host = headers.get(HeaderId::Authority);
  const size_t dot = host.rfind('.');
  if (dot == std::string_view::npos) return;
  if (dot + 1 == host.size()) return headers.set_ref(HeaderId::Authority, host.substr(0, dot));
  if (host[dot + 1] != ':') return;
  char* const out = static_cast<char*>(headers.arena().allocate(host.size() - 1, 1));
  if (out == nullptr) return;
  std::memcpy(out, host.data(), dot);
  std::memcpy(out + dot, host.data() + dot + 1, host.size() - dot - 1);
  headers.set_ref(HeaderId::Authority, {out, host.size() - 1});
}

// A number of up to 32 bits after the colon, or -1: Envoy takes more than ports can be, and a sign.
int64_t read_port(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t port = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    port = port * 10 + (c - '0');
    if (port > UINT32_MAX) return -1;
  }
  return text.empty() ? -1 : port;
}

uint16_t strip_port(HeaderMap& headers, int64_t wanted) {
  const std::string_view host = headers.get(HeaderId::Authority);
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return 0;
  const size_t bracket = host.rfind(']');
  if (bracket != std::string_view::npos && bracket > colon) return 0;  // within an IPv6 address
  const int64_t port = read_port(host.substr(colon + 1));
  if (port < 0 || (wanted >= 0 && port != wanted)) return 0;
  headers.set_ref(HeaderId::Authority, host.substr(0, colon));
  return static_cast<uint16_t>(port);
}

}  // namespace

uint16_t normalize_host(const HcmConfig& config, uint16_t local_port, HeaderMap& headers) {
  if (config.strip_trailing_host_dot) strip_dot(headers);
  if (config.strip_port == StripPort::None) return 0;
  return strip_port(headers, config.strip_port == StripPort::Any ? -1 : local_port);
}

}  // namespace outrider
