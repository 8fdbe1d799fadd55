#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "codec/header_match.h"

namespace outrider {

// What is retried: bits of RetryPolicy::on. Names as in retry_on.
namespace retry_on {
inline constexpr uint32_t server_error = 1 << 0;  // 5xx
inline constexpr uint32_t gateway_error = 1 << 1;
inline constexpr uint32_t connect_failure = 1 << 2;
inline constexpr uint32_t retriable_4xx = 1 << 3;
inline constexpr uint32_t refused_stream = 1 << 4;
inline constexpr uint32_t retriable_status_codes = 1 << 5;
inline constexpr uint32_t retriable_headers = 1 << 6;
inline constexpr uint32_t reset = 1 << 7;
inline constexpr uint32_t reset_before_request = 1 << 8;
inline constexpr uint32_t envoy_ratelimited = 1 << 9;
inline constexpr uint32_t http3_post_connect_failure = 1 << 10;  // never happens: there is no HTTP/3 upstream
inline constexpr uint32_t grpc_cancelled = 1 << 11;
inline constexpr uint32_t grpc_deadline_exceeded = 1 << 12;
inline constexpr uint32_t grpc_resource_exhausted = 1 << 13;
inline constexpr uint32_t grpc_unavailable = 1 << 14;
inline constexpr uint32_t grpc_internal = 1 << 15;
inline constexpr uint32_t any_grpc =
    grpc_cancelled | grpc_deadline_exceeded | grpc_resource_exhausted | grpc_unavailable | grpc_internal;

// Words between commas; unknown ones count for nothing, as in Envoy. x-envoy-retry-on takes the first kind, and
// x-envoy-retry-grpc-on the second; a policy's retry_on takes both.
uint32_t parse_http(std::string_view words);
uint32_t parse_grpc(std::string_view words);
}  // namespace retry_on

// A response header that says when to come back (rate_limited_retry_back_off).
struct RetryResetHeader {
  std::string name;  // lower case
  bool unix_time = false;
};

// envoy.config.route.v3.RetryPolicy. Immutable, shared by all workers.
struct RetryPolicy {
  static Result<std::unique_ptr<RetryPolicy>> read(ConfigView config);

  uint32_t on = 0;
  uint32_t retries = 1;
  uint64_t per_try_timeout_ms = 0;       // 0: none
  uint64_t per_try_idle_timeout_ms = 0;  // 0: none
  uint64_t back_off_ms = 25;
  uint64_t back_off_max_ms = 250;
  uint32_t host_attempts_max = 1;  // choices beyond the first before a refused host is taken all the same
  bool avoid_previous_hosts = false;
  bool avoid_canaries = false;
  std::vector<uint16_t> status_codes;
  std::vector<HeaderMatcher> response_headers;  // one that matches is enough
  std::vector<HeaderMatcher> request_headers;   // one must match, where there are any
  std::vector<RetryResetHeader> reset_headers;
  uint64_t reset_max_ms = 300'000;
};

}  // namespace outrider
