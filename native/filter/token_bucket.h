#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/config_view.h"

namespace outrider {

// envoy.type.v3.TokenBucket, shared by all workers: filled by so many tokens at once, each interval. Relaxed atomics;
// two workers that fill at the same moment fill once.
class TokenBucket {
 public:
  explicit TokenBucket(ConfigView config)
      : tokens_max_(config.uint("max_tokens")),
        tokens_per_fill_(config.uint("tokens_per_fill", 1)),
        interval_ns_(static_cast<uint64_t>(std::max<int64_t>(config.duration_ms("fill_interval"), 1)) *
                     1'000'000),
        tokens_(tokens_max_) {}

  // Takes one, if there is one.
  bool take(uint64_t now_ns) {
    fill(now_ns);
    uint64_t have = tokens_.load(std::memory_order_relaxed);
    while (have > 0) {
      if (tokens_.compare_exchange_weak(have, have - 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

 private:
  void fill(uint64_t now_ns) {
    uint64_t filled = filled_ns_.load(std::memory_order_relaxed);
    if (filled == 0)
      return void(filled_ns_.compare_exchange_strong(filled, now_ns, std::memory_order_relaxed));
    if (now_ns < filled + interval_ns_) return;
    const uint64_t fills = (now_ns - filled) / interval_ns_;
    if (!filled_ns_.compare_exchange_strong(filled, filled + fills * interval_ns_, std::memory_order_relaxed))
      return;
    uint64_t have = tokens_.load(std::memory_order_relaxed);
    const uint64_t more =
        fills >= tokens_max_ ? tokens_max_ : std::min(tokens_max_, fills * tokens_per_fill_);
    while (
        !tokens_.compare_exchange_weak(have, std::min(tokens_max_, have + more), std::memory_order_relaxed)) {
    }
  }

  const uint64_t tokens_max_;
  const uint64_t tokens_per_fill_;
  const uint64_t interval_ns_;
  std::atomic<uint64_t> tokens_;
  std::atomic<uint64_t> filled_ns_{0};  // loop clock; 0: nobody has asked yet
};

}  // namespace outrider
