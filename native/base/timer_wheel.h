#pragma once
#include <cstdint>

#include "base/intrusive_list.h"

namespace outrider {

class TimerWheel;

// Something that happens once, at a time or later. Owned by whoever embeds it; destroying it cancels it.
class Timer : public ListLink<Timer> {
 public:
  virtual void on_timer() = 0;
  bool armed() const { return linked(); }
  // When it goes off; meaningless while not armed.
  uint64_t due_ms() const { return due_ms_; }
  void cancel();

 protected:
  ~Timer() { cancel(); }

 private:
  friend class TimerWheel;
  uint64_t due_ms_ = 0;
  TimerWheel* wheel_ = nullptr;
};

// Hierarchical timing wheel with a tick of 1 ms: arming and cancelling are a few stores, time that passes without
// a timer costs nothing. Four levels of 256 slots reach 49 days; later timers wait in the last slot.
class TimerWheel {
 public:
  explicit TimerWheel(uint64_t now_ms) : now_ms_(now_ms) {}

  // Arms `timer` for `due_ms`, or moves it there.
  void arm(Timer& timer, uint64_t due_ms);
  // Makes sure that `timer` goes off at `due_ms` or before. One that is armed for earlier stays as it is, so
  // that a deadline which moves on with every request costs a comparison; on_timer() then looks at the real
  // deadline and asks again.
  void require(Timer& timer, uint64_t due_ms) {
    if (!timer.armed() || timer.due_ms_ > due_ms) arm(timer, due_ms);
  }
  // Runs what is due at `now_ms`.
  void advance(uint64_t now_ms);
  // Milliseconds from `now_ms` until something may be due, at most `most_ms`.
  uint64_t next_in_ms(uint64_t now_ms, uint64_t most_ms) const;

 private:
  friend class Timer;
  static constexpr int levels = 4;
  static constexpr int slots = 256;
  static constexpr int bits = 8;

  void place(Timer& timer);
  void cascade(int level);
  void run_slot(uint64_t index);

  uint64_t now_ms_;
  uint32_t armed_ = 0;
  uint64_t occupied_[slots / 64] =
      {};  // first level: slots that may hold a timer; a bit goes when its slot has run
  IntrusiveList<Timer, Timer> wheel_[levels][slots];
};

}  // namespace outrider
