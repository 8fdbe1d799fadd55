#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace outrider {

enum class TimeZone : uint8_t { Utc, Local };

// A strftime format, parsed once, with Envoy's additions: %f and %1f to %9f (fraction of the second), %s
// (seconds since 1970), and absl's %E3S, %E*S, %E3f, %E*f, %Ez, %E*z, %E4Y, %ET. The usual specifiers are
// computed here; rare ones go to strftime.
class TimeFormat {
 public:
  TimeFormat(std::string_view format, TimeZone zone);
  // The default of START_TIME: "2026-11-24T13:56:22.830Z", or "...830+0100" in local time.
  explicit TimeFormat(TimeZone zone);

  // `unix_ns`: nanoseconds since 1970; from any thread.
  void append(int64_t unix_ns, std::string& out) const;

 private:
  enum class Op : uint8_t {
    Literal,
    Year,
    Month,
    Day,
    DayBlank,
    Hour,
    Minute,
    Second,
    Fraction,        // `digits`
    SecondFraction,  // `digits`
    FractionAll,     // without trailing zeros
    SecondFractionAll,
    UnixSeconds,
    Zone,              // +0100
    ZoneColon,         // +01:00
    ZoneColonSeconds,  // +01:00:00
    IsoDate,           // %F
    IsoTime,           // %T
    System,            // strftime of `text`
  };
  struct Part {
    Op op;
    uint8_t digits;
    std::string text;
  };
  struct Moment;

  size_t parse_specifier(std::string_view rest);
  void literal(std::string_view text);
  void add(Op op, uint8_t digits = 0) { parts_.push_back({op, digits, {}}); }
  void append_part(const Part& part, const Moment& moment, std::string& out) const;
  int32_t offset_seconds(int64_t unix_seconds) const;

  std::vector<Part> parts_;
  TimeZone zone_;
  // The zone's offset for one quarter of an hour, the finest at which zones change: the quarter's number
  // above, the offset in seconds below. localtime_r takes a process-wide lock, so it is asked once a quarter;
  // on the heap so that a format can be moved.
  std::unique_ptr<std::atomic<uint64_t>> offset_;
};

// Broken-down civil time of the proleptic Gregorian calendar.
struct CivilTime {
  int32_t year;
  uint8_t month;  // 1 to 12
  uint8_t day;    // 1 to 31
  uint8_t hour;
  uint8_t minute;
  uint8_t second;
};
CivilTime civil_time(int64_t unix_seconds);

}  // namespace outrider
