#pragma once
#include <cstdint>

namespace outrider {

// envoy.config.core.v3.RoutingPriority
enum class RoutePriority : uint8_t { Default, High };

}  // namespace outrider
