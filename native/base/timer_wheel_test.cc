#include "base/timer_wheel.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace outrider {

struct Alarm final : Timer {
  void on_timer() override { ++rang; }
  int rang = 0;
};

TEST(TimerWheel, ATimerNeverFiresEarlyAndFiresAtItsTime) {
  Random random(1);
  for (const uint64_t start : {uint64_t{0}, uint64_t{255}, uint64_t{123'456'789}}) {
    for (int i = 0; i < 200; ++i) {
      TimerWheel wheel(start);
      Alarm alarm;
      const uint64_t due = start + 1 + random.next() % (i % 2 == 0 ? 300 : 200'000);
      wheel.arm(alarm, due);
      wheel.advance(due - 1);
      EXPECT_EQ(alarm.rang, 0);
      wheel.advance(due);
      EXPECT_EQ(alarm.rang, 1) << due - start;
    }
  }
}

TEST(TimerWheel, WaitingForTheNextTimerIsEnoughToReachIt) {
  TimerWheel wheel(1000);
  Alarm alarm;
  wheel.arm(alarm, 1000 + 70'000);
  uint64_t now = 1000;
  int rounds = 0;
  while (alarm.rang == 0 && rounds++ < 1000) {
    now += wheel.next_in_ms(now, 10'000);
    wheel.advance(now);
  }
  EXPECT_EQ(now, 71'000u);
}

TEST(TimerWheel, ACancelledOrDestroyedTimerIsSilent) {
  TimerWheel wheel(0);
  Alarm alarm;
  wheel.arm(alarm, 10);
  {
    Alarm gone;
    wheel.arm(gone, 10);
  }
  alarm.cancel();
  wheel.advance(100);
  EXPECT_EQ(alarm.rang, 0);
  EXPECT_EQ(wheel.next_in_ms(100, 5000), 5000u);
}

TEST(TimerWheel, RequireLeavesAnEarlierTimerAlone) {
  TimerWheel wheel(0);
  Alarm alarm;
  wheel.require(alarm, 10);
  wheel.require(alarm, 500);
  EXPECT_EQ(alarm.due_ms(), 10u);
  wheel.require(alarm, 5);
  EXPECT_EQ(alarm.due_ms(), 5u);
}

struct Chain final : Timer {
  explicit Chain(TimerWheel& wheel) : wheel(wheel) {}
  void on_timer() override {
    if (++rang < 3) wheel.arm(*this, 0);
  }
  TimerWheel& wheel;
  int rang = 0;
};

TEST(TimerWheel, ATimerMayArmItselfAgain) {
  TimerWheel wheel(0);
  Chain chain(wheel);
  wheel.arm(chain, 1);
  wheel.advance(10);
  EXPECT_EQ(chain.rang, 3);
}

TEST(TimerWheel, TimeThatPassesWithoutTimersIsSkipped) {
  TimerWheel wheel(0);
  wheel.advance(uint64_t{1} << 50);
  Alarm alarm;
  wheel.arm(alarm, (uint64_t{1} << 50) + 3);
  wheel.advance((uint64_t{1} << 50) + 3);
  EXPECT_EQ(alarm.rang, 1);
}

}  // namespace outrider
