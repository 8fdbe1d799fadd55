#pragma once
#include <cstdint>

namespace outrider {

// Does a message end with this piece?
enum class EndStream : uint8_t { No, Yes };

}  // namespace outrider
