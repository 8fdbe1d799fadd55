#include "router/timeouts.h"

#include <algorithm>
#include <charconv>

#include "formatter/grpc_status.h"

namespace outrider {
namespace {

// A header's decimal milliseconds; -1 when it is missing or no number.
int64_t header_ms(const HeaderMap& headers, HeaderId id) {
  const std::string_view text = headers.get(id);
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? value : -1;
}

uint64_t not_negative(int64_t ms) { return static_cast<uint64_t>(std::max<int64_t>(0, ms)); }

bool is_grpc(const HeaderMap& headers) { return is_grpc_content_type(headers.get(HeaderId::ContentType)); }

// With max_grpc_timeout it is the caller's own timeout that counts, up to that maximum.
uint64_t grpc_route_ms(const RouteTimeouts& route, const HeaderMap& headers) {
  uint64_t ms = not_negative(grpc_timeout_ms(headers));
  const uint64_t offset = not_negative(route.grpc_offset_ms);
  if (offset < ms) ms -= offset;  // never to 0, which would be for ever
  const uint64_t most = not_negative(route.grpc_max_ms);
  return most != 0 && (ms == 0 || ms > most) ? most : ms;
}

}  // namespace

Timeouts read_timeouts(const RouteTimeouts& route, const RetryPolicy* retry, bool respect_expected,
                       HeaderMap& headers) {
  Timeouts out;
  if (!route.has_max_stream_duration) {
    out.global_ms = route.grpc_max_ms != not_set && is_grpc(headers) ? grpc_route_ms(route, headers)
                                                                     : not_negative(route.route_ms);
  }
  if (retry != nullptr) {
    out.per_try_ms = retry->per_try_timeout_ms;
    out.per_try_idle_ms = retry->per_try_idle_timeout_ms;
  }
  const bool expected = respect_expected && headers.has(HeaderId::EnvoyExpectedRequestTimeoutMs);
  const HeaderId wish =
      expected ? HeaderId::EnvoyExpectedRequestTimeoutMs : HeaderId::EnvoyUpstreamRequestTimeoutMs;
  if (headers.has(wish)) {
    const int64_t ms = header_ms(headers, wish);
    if (ms >= 0) out.global_ms = static_cast<uint64_t>(ms);
    if (!expected) headers.remove(wish);
  }
  if (headers.has(HeaderId::EnvoyUpstreamRequestPerTryTimeoutMs)) {
    const int64_t ms = header_ms(headers, HeaderId::EnvoyUpstreamRequestPerTryTimeoutMs);
    if (ms >= 0) out.per_try_ms = static_cast<uint64_t>(ms);
    headers.remove(HeaderId::EnvoyUpstreamRequestPerTryTimeoutMs);
  }
  if (out.global_ms != 0 && out.per_try_ms >= out.global_ms) out.per_try_ms = 0;
  if (headers.has(HeaderId::EnvoyUpstreamRequestTimeoutAltResponse)) {
    headers.remove(HeaderId::EnvoyUpstreamRequestTimeoutAltResponse);
    out.status = 204;
  }
  return out;
}

uint64_t expected_timeout_ms(uint64_t global_ms, uint64_t per_try_ms, uint64_t elapsed_ms) {
  const uint64_t expected = per_try_ms == 0 ? global_ms : per_try_ms;
  if (expected == 0 || global_ms == 0) return expected;
  // Out of time: 0 would mean for ever, and our own clock fires soon.
  return elapsed_ms >= global_ms ? 1 : std::min(expected, global_ms - elapsed_ms);
}

uint64_t stream_duration_ms(const RouteTimeouts& route, uint64_t fallback_ms, HeaderMap& headers) {
  uint64_t ms = route.max_stream_ms == not_set ? fallback_ms : not_negative(route.max_stream_ms);
  if (!headers.has(HeaderId::GrpcTimeout)) return ms;
  const int64_t wish = grpc_timeout_ms(headers);
  if (wish < 0) return ms;
  if (route.grpc_header_max_ms != not_set) {
    ms = static_cast<uint64_t>(wish);
    if (route.grpc_header_max_ms > 0) ms = std::min(ms, not_negative(route.grpc_header_max_ms));
    ms -= std::min(ms, not_negative(route.grpc_header_offset_ms));
    ms = std::max<uint64_t>(ms, 1);  // used up: at once, not never
  }
  if (ms != 0) set_grpc_timeout(ms, headers);
  return ms;
}

void tell_grpc_timeout(const RouteTimeouts& route, uint64_t ms, HeaderMap& headers) {
  if (route.grpc_max_ms == not_set || route.has_max_stream_duration || !is_grpc(headers)) return;
  set_grpc_timeout(ms, headers);
}

int64_t grpc_timeout_ms(const HeaderMap& headers) {
  const std::string_view text = headers.get(HeaderId::GrpcTimeout);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // At most eight digits and one letter (the gRPC protocol over HTTP/2).
  if (error != std::errc() || end + 1 != text.data() + text.size() || text.size() > 9) return -1;
  switch (*end) {
    case 'H':
      return static_cast<int64_t>(number * 3'600'000);
    case 'M':
      return static_cast<int64_t>(number * 60'000);
    case 'S':
      return static_cast<int64_t>(number * 1'000);
    case 'm':
      return static_cast<int64_t>(number);
    case 'u':
      return static_cast<int64_t>((number + 999) / 1'000);
    case 'n':
      return static_cast<int64_t>((number + 999'999) / 1'000'000);
    default:
      return -1;
  }
}

void set_grpc_timeout(uint64_t ms, HeaderMap& headers) {
  static constexpr char kUnits[] = {'m', 'S', 'M', 'H'};
  static constexpr uint64_t kFactors[] = {1'000, 60, 60};
  size_t unit = 0;
  while (ms > 99'999'999 && unit < 3) ms /= kFactors[unit++];
  char text[10];
  char* end = std::to_chars(text, text + 8, std::min<uint64_t>(ms, 99'999'999)).ptr;
  *end++ = kUnits[unit];
  headers.set(HeaderId::GrpcTimeout, {text, static_cast<size_t>(end - text)});
}

}  // namespace outrider
