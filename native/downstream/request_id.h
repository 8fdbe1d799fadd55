#pragma once
#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace outrider {

inline constexpr size_t uuid_bytes = 36;

// Why a request is traced; Envoy packs it into byte 14 of the UUID.
enum class TraceReason : uint8_t { NotTraceable, Sampled, ServiceForced, ClientForced };

// A version 4 UUID as text; `out` has room for uuid_bytes.
void write_uuid(Random& random, char* out);

// x-request-id values of other proxies may be anything; only 36 bytes carry a reason.
TraceReason trace_reason(std::string_view request_id);
// Changes one byte of a UUID text.
void set_trace_reason(char* uuid, TraceReason reason);

}  // namespace outrider
