#pragma once
#include <cstdint>

namespace outrider::http2 {

enum class WindowError : uint8_t { None, ZeroIncrement, Overflow };

// Flow-control window of one stream, or of a whole connection (RFC 9113 §6.9). A value: no I/O, no allocation.
class FlowWindow {
 public:
  static constexpr int32_t bytes_at_first = 65'535;

  explicit FlowWindow(int32_t initial_bytes = bytes_at_first) : bytes_(initial_bytes) {}
  // Bytes that may pass now; 0 while a SETTINGS change holds the window below zero (§6.9.2).
  uint32_t open_bytes() const { return bytes_ > 0 ? static_cast<uint32_t>(bytes_) : 0; }
  // At most open_bytes().
  void take(uint32_t bytes) { bytes_ -= static_cast<int32_t>(bytes); }

  // Applies a WINDOW_UPDATE. Unchanged on error.
  [[nodiscard]] WindowError grow(uint32_t increment_bytes) {
    if (increment_bytes == 0) return WindowError::ZeroIncrement;
    return shift(increment_bytes) ? WindowError::None : WindowError::Overflow;
  }
  // A change of SETTINGS_INITIAL_WINDOW_SIZE, in either direction. False, and unchanged, past 2^31-1.
  [[nodiscard]] bool shift(int64_t by) {
    const int64_t sum = bytes_ + by;
    if (sum > INT32_MAX) return false;
    bytes_ = static_cast<int32_t>(sum < INT32_MIN ? INT32_MIN : sum);
    return true;
  }

 private:
  int32_t bytes_;
};
static_assert(sizeof(FlowWindow) == 4);  // two of them sit in every stream

}  // namespace outrider::http2
