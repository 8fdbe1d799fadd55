#pragma once
#include <cstdint>

#include "base/random.h"

namespace outrider {

// Up to so many percent more, at random.
inline uint64_t with_jitter(uint64_t ms, double percent, Random& random) {
  const auto most = static_cast<uint64_t>(static_cast<double>(ms) * percent / 100);
  return most == 0 ? ms : ms + random.next() % most;
}

}  // namespace outrider
