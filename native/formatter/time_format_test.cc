#include "formatter/time_format.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace outrider {
namespace {

constexpr int64_t moment_ns = 1'795'528'582'830'543'000;  // 2026-11-24T13:56:22.830543Z

std::string print(std::string_view format, int64_t ns = moment_ns, TimeZone zone = TimeZone::Utc) {
  std::string out;
  TimeFormat(format, zone).append(ns, out);
  return out;
}

// The right-hand sides are what Envoy 1.40 printed for the same format.
TEST(TimeFormat, PrintsAsEnvoyDoes) {
  std::string out;
  TimeFormat(TimeZone::Utc).append(moment_ns, out);
  EXPECT_EQ(out, "2026-11-24T13:56:22.830Z");
  EXPECT_EQ(print("%s|%s.%3f|%s.%9f"), "1795528582|1795528582.830|1795528582.830543000");
  EXPECT_EQ(print("%f|%5f|%0f|%6f|%1f%2f%4f"), "830543000|83054|%0f|830543|8838305");
  EXPECT_EQ(print("%Y-%m-%dT%H:%M:%S%z %s"), "2026-11-24T13:56:22+0000 1795528582");
  EXPECT_EQ(print("%E3S|%E*S|%e|%j|%D|%T|%Z|%N|%Q|%%|%3|x"),
            "22.830|22.830543|24|328|11/24/26|13:56:22|UTC|%N|%Q|%|%3|x");
  EXPECT_EQ(print("%E4Y %Ez %E*z %ET"), "2026 +00:00 +00:00:00 T");
  EXPECT_EQ(
      print("%c %x %X %r %R %p %I %l %k %U %W %u %w %V %G %g %a %A %b %B %h %C %y %F"),
      "Tue Nov 24 13:56:22 2026 11/24/26 13:56:22 01:56:22 PM 13:56 PM 01  1 13 47 47 2 2 48 2026 26 Tue "
      "Tuesday Nov November Nov 20 26 2026-11-24");
}

TEST(TimeFormat, CivilTimeAgreesWithTheLibraryOnEveryDay) {
  for (int64_t day = -200'000; day < 200'000; day += 1) {
    const time_t seconds = day * 86'400 + 86'399;
    tm expected{};
    gmtime_r(&seconds, &expected);
    const CivilTime civil = civil_time(seconds);
    ASSERT_EQ(civil.year, expected.tm_year + 1900) << day;
    ASSERT_EQ(civil.month, expected.tm_mon + 1) << day;
    ASSERT_EQ(civil.day, expected.tm_mday) << day;
    ASSERT_EQ(civil.second, 59) << day;
  }
}

TEST(TimeFormat, LocalTimeFollowsTheZone) {
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  tzset();
  std::string out;
  TimeFormat(TimeZone::Local).append(moment_ns, out);
  EXPECT_EQ(out, "2026-11-24T14:56:22.830+0100");
  EXPECT_EQ(print("%H%z %Ez", moment_ns - 120 * 86'400'000'000'000, TimeZone::Local), "15+0200 +02:00");
  unsetenv("TZ");
  tzset();
}

}  // namespace
}  // namespace outrider
