#include "base/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace outrider {

void Timer::cancel() {
  if (!linked()) return;
  unlink();
  --wheel_->armed_;
}

void TimerWheel::arm(Timer& timer, uint64_t due_ms) {
  timer.cancel();
  timer.wheel_ = this;
  timer.due_ms_ = std::max(due_ms, now_ms_ + 1);
  ++armed_;
  place(timer);
}

void TimerWheel::place(Timer& timer) {
  const uint64_t away = timer.due_ms_ - now_ms_;
  int level = 0;
  while (level < levels - 1 && away >= (uint64_t{1} << (bits * (level + 1)))) ++level;
  const uint64_t horizon = now_ms_ + (uint64_t{1} << (bits * levels)) - 1;
  const uint64_t at = (std::min(timer.due_ms_, horizon) >> (bits * level)) & (slots - 1);
  if (level == 0) occupied_[at / 64] |= uint64_t{1} << (at % 64);
  wheel_[level][at].push_back(timer);
}

void TimerWheel::cascade(int level) {
  if (level == levels) return;
  const uint64_t index = (now_ms_ >> (bits * level)) & (slots - 1);
  if (index == 0) cascade(level + 1);
  IntrusiveList<Timer, Timer> moving;
  while (Timer* timer = wheel_[level][index].pop_front()) moving.push_back(*timer);
  while (Timer* timer = moving.pop_front()) place(*timer);
}

void TimerWheel::run_slot(uint64_t index) {
  occupied_[index / 64] &= ~(uint64_t{1} << (index % 64));
  IntrusiveList<Timer, Timer> due;
  while (Timer* timer = wheel_[0][index].pop_front()) due.push_back(*timer);
  while (Timer* timer = due.pop_front()) {
    if (timer->due_ms_ > now_ms_) {
      place(*timer);
      continue;
    }
    --armed_;
    timer->on_timer();
  }
}

void TimerWheel::advance(uint64_t now_ms) {
  while (now_ms_ < now_ms) {
    if (armed_ == 0) {
      now_ms_ = now_ms;
      return;
    }
    ++now_ms_;
    const uint64_t index = now_ms_ & (slots - 1);
    if (index == 0) cascade(1);
    run_slot(index);
  }
}

uint64_t TimerWheel::next_in_ms(uint64_t now_ms, uint64_t most_ms) const {
  if (armed_ == 0) return most_ms;
  // Up to the end of the first level's turn; there the next level is dealt out.
  const uint64_t turn_end = (now_ms_ | (slots - 1)) + 1;
  uint64_t at = now_ms_ + 1;
  while (at < turn_end) {
    const uint64_t bit = at & (slots - 1);
    const uint64_t ahead = occupied_[bit / 64] >> (bit % 64);
    if (ahead != 0) {
      at += static_cast<uint64_t>(std::countr_zero(ahead));
      break;
    }
    at += 64 - bit % 64;
  }
  return at <= now_ms ? 0 : std::min(at - now_ms, most_ms);
}

}  // namespace outrider
