#pragma once
#include <cstdint>

#include "codec/header_map.h"
#include "router/retry_policy.h"
#include "router/route_entry.h"

namespace outrider {

// How long a request may take, in milliseconds; 0: as long as it likes.
struct Timeouts {
  uint64_t global_ms = 0;
  uint64_t per_try_ms = 0;
  uint64_t per_try_idle_ms = 0;
  uint16_t status = 504;  // x-envoy-upstream-rq-timeout-alt-response makes it 204
};

// The route's timeouts and the request's own wishes, whose headers are taken off. `retry` may be null.
Timeouts read_timeouts(const RouteTimeouts& route, const RetryPolicy* retry, bool respect_expected,
                       HeaderMap& headers);

// What one try may take of what is left after `elapsed_ms`; 0: as long as it likes.
uint64_t expected_timeout_ms(uint64_t global_ms, uint64_t per_try_ms, uint64_t elapsed_ms);

// How long the whole stream may last: the route's max_stream_duration, or what grpc-timeout asks for where the route
// lets it, or the connection manager's own `fallback_ms`. The upstream is told by grpc-timeout, where that stands.
uint64_t stream_duration_ms(const RouteTimeouts& route, uint64_t fallback_ms, HeaderMap& headers);

// Writes grpc-timeout anew where max_grpc_timeout is set.
void tell_grpc_timeout(const RouteTimeouts& route, uint64_t ms, HeaderMap& headers);

// A grpc-timeout header as milliseconds, rounded up; -1 when it is missing or wrong.
int64_t grpc_timeout_ms(const HeaderMap& headers);
void set_grpc_timeout(uint64_t ms, HeaderMap& headers);

}  // namespace outrider
