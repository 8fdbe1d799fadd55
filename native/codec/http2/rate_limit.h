#pragma once
#include <algorithm>
#include <cstdint>

namespace outrider::http2 {

// So many at once, and so many more a second. A value.
class TokenBucket {
 public:
  TokenBucket(uint64_t burst, uint64_t per_second) : burst_(burst), per_second_(per_second), tokens_(burst) {}

  // False: too many.
  bool take(uint64_t now_ms) {
    const uint64_t seconds = (now_ms - filled_ms_) / 1'000;
    if (seconds > 0) {
      tokens_ = seconds > burst_ ? burst_ : std::min(burst_, tokens_ + seconds * per_second_);
      filled_ms_ += seconds * 1'000;
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  uint64_t burst_;
  uint64_t per_second_;
  uint64_t tokens_;
  uint64_t filled_ms_ = 0;
};

}  // namespace outrider::http2
