#include "formatter/time_format.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

namespace outrider {

namespace {

constexpr int64_t ns_per_second = 1'000'000'000;
constexpr int64_t seconds_per_day = 86'400;
constexpr int64_t quarter_seconds = 900;

int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

void append_number(int64_t value, std::string& out) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

void append_two(uint32_t value, std::string& out) {
  const char text[2] = {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
  out.append(text, 2);
}

// The first `digits` of nine.
void append_fraction(uint32_t ns, uint8_t digits, std::string& out) {
  char text[9];
  for (int i = 8; i >= 0; i--, ns /= 10) text[i] = static_cast<char>('0' + ns % 10);
  out.append(text, digits);
}

uint8_t significant_digits(uint32_t ns) {
  uint8_t digits = 9;
  for (; digits > 0 && ns % 10 == 0; ns /= 10) digits--;
  return digits;
}

void append_offset(int32_t offset, std::string_view colon, bool seconds, std::string& out) {
  const auto absolute = static_cast<uint32_t>(offset < 0 ? -offset : offset);
  out += offset < 0 ? '-' : '+';
  append_two(absolute / 3600, out);
  out += colon;
  append_two(absolute / 60 % 60, out);
  if (!seconds) return;
  out += colon;
  append_two(absolute % 60, out);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The length of one strftime specifier that starts at '%': flags, width, modifier, letter.
size_t specifier_length(std::string_view text) {
  size_t at = 1;
  while (at < text.size() && std::strchr("_-0^#+", text[at]) != nullptr) at++;
  while (at < text.size() && is_digit(text[at])) at++;
  if (at < text.size() && (text[at] == 'E' || text[at] == 'O')) at++;
  return at < text.size() ? at + 1 : at;
}

}  // namespace

struct TimeFormat::Moment {
  int64_t unix_seconds;
  uint32_t ns;
  int32_t offset;
  CivilTime civil;
};

// Days to year, month and day by counting in eras of 400 years that begin on 1 March, so that a leap day
// is the last of its year.
CivilTime civil_time(int64_t unix_seconds) {
  const int64_t days = floor_divide(unix_seconds, seconds_per_day);
  const auto second = static_cast<uint32_t>(unix_seconds - days * seconds_per_day);
  const int64_t shifted = days + 719'468;
  const int64_t era = floor_divide(shifted, 146'097);
  const auto day_of_era = static_cast<uint32_t>(shifted - era * 146'097);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t from_march = (5 * day_of_year + 2) / 153;
  const uint32_t month = from_march < 10 ? from_march + 3 : from_march - 9;
  const int64_t year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  return {static_cast<int32_t>(year),
          static_cast<uint8_t>(month),
          static_cast<uint8_t>(day_of_year - (153 * from_march + 2) / 5 + 1),
          static_cast<uint8_t>(second / 3600),
          static_cast<uint8_t>(second / 60 % 60),
          static_cast<uint8_t>(second % 60)};
}

TimeFormat::TimeFormat(TimeZone zone)
    : TimeFormat(zone == TimeZone::Utc ? "%FT%H:%M:%E3SZ" : "%FT%H:%M:%E3S%z", zone) {}

TimeFormat::TimeFormat(std::string_view format, TimeZone zone) : zone_(zone) {
  if (zone == TimeZone::Local) offset_ = std::make_unique<std::atomic<uint64_t>>(~uint64_t{0});
  while (!format.empty()) {
    const size_t plain = std::min(format.find('%'), format.size());
    if (plain > 0) literal(format.substr(0, plain));
    format.remove_prefix(plain);
    if (!format.empty()) format.remove_prefix(parse_specifier(format));
  }
}

void TimeFormat::literal(std::string_view text) {
  if (parts_.empty() || parts_.back().op != Op::Literal) add(Op::Literal);
  parts_.back().text += text;
}

// Reads one specifier at the start of `rest`; answers how many characters it has.
size_t TimeFormat::parse_specifier(std::string_view rest) {
  const std::string_view two = rest.substr(0, 2);
  const auto simple = [&](Op op, uint8_t digits = 0) {
    add(op, digits);
    return size_t{2};
  };
  if (two == "%Y") return simple(Op::Year);
  if (two == "%m") return simple(Op::Month);
  if (two == "%d") return simple(Op::Day);
  if (two == "%e") return simple(Op::DayBlank);
  if (two == "%H") return simple(Op::Hour);
  if (two == "%M") return simple(Op::Minute);
  if (two == "%S") return simple(Op::Second);
  if (two == "%F") return simple(Op::IsoDate);
  if (two == "%T") return simple(Op::IsoTime);
  if (two == "%s") return simple(Op::UnixSeconds);
  if (two == "%z") return simple(Op::Zone);
  if (two == "%f") return simple(Op::Fraction, 9);
  if (two == "%%") return literal("%"), 2;
  if (rest.size() > 2 && rest[1] >= '1' && rest[1] <= '9' && rest[2] == 'f') {
    add(Op::Fraction, static_cast<uint8_t>(rest[1] - '0'));
    return 3;
  }
  if (rest.starts_with("%E4Y")) return add(Op::Year), 4;
  if (rest.starts_with("%E*S")) return add(Op::SecondFractionAll), 4;
  if (rest.starts_with("%E*f")) return add(Op::FractionAll), 4;
  if (rest.starts_with("%E*z")) return add(Op::ZoneColonSeconds), 4;
  if (rest.starts_with("%Ez")) return add(Op::ZoneColon), 3;
  if (rest.starts_with("%ET")) return literal("T"), 3;
  if (rest.size() > 3 && rest[1] == 'E' && is_digit(rest[2]) && (rest[3] == 'S' || rest[3] == 'f')) {
    const auto digits = static_cast<uint8_t>(std::min(rest[2] - '0', 9));
    add(rest[3] == 'S' ? Op::SecondFraction : Op::Fraction, digits);
    return 4;
  }
  const size_t length = specifier_length(rest);
  parts_.push_back({Op::System, 0, std::string(rest.substr(0, length))});
  return length;
}

int32_t TimeFormat::offset_seconds(int64_t unix_seconds) const {
  if (zone_ == TimeZone::Utc) return 0;
  const auto quarter = static_cast<uint64_t>(floor_divide(unix_seconds, quarter_seconds)) & 0xffffffff;
  const uint64_t known = offset_->load(std::memory_order_relaxed);
  if (known >> 32 == quarter) return static_cast<int32_t>(known & 0xffffffff);
  const time_t seconds = unix_seconds;
  tm local{};
  localtime_r(&seconds, &local);
  const auto offset = static_cast<int32_t>(local.tm_gmtoff);
  offset_->store(quarter << 32 | static_cast<uint32_t>(offset), std::memory_order_relaxed);
  return offset;
}

void TimeFormat::append(int64_t unix_ns, std::string& out) const {
  const int64_t seconds = floor_divide(unix_ns, ns_per_second);
  const int32_t offset = offset_seconds(seconds);
  const Moment moment{seconds, static_cast<uint32_t>(unix_ns - seconds * ns_per_second), offset,
                      civil_time(seconds + offset)};
  for (const Part& part : parts_) append_part(part, moment, out);
}

namespace {

// For what is not computed here: names of days and weeks, 12-hour clock, locale formats.
void append_system(const std::string& specifier, int64_t unix_seconds, TimeZone zone, std::string& out) {
  const time_t seconds = unix_seconds;
  tm broken{};
  if (zone == TimeZone::Utc) {
    gmtime_r(&seconds, &broken);
    broken.tm_zone = "UTC";
  } else {
    localtime_r(&seconds, &broken);
  }
  char text[256];
  out.append(text, strftime(text, sizeof(text), specifier.c_str(), &broken));
}

void append_date(const CivilTime& civil, std::string& out) {
  append_number(civil.year, out);
  out += '-';
  append_two(civil.month, out);
  out += '-';
  append_two(civil.day, out);
}

void append_clock(const CivilTime& civil, std::string& out) {
  append_two(civil.hour, out);
  out += ':';
  append_two(civil.minute, out);
  out += ':';
  append_two(civil.second, out);
}

}  // namespace

void TimeFormat::append_part(const Part& part, const Moment& moment, std::string& out) const {
  const CivilTime& civil = moment.civil;
  switch (part.op) {
    case Op::Literal:
      out += part.text;
      return;
    case Op::Year:
      return append_number(civil.year, out);
    case Op::Month:
      return append_two(civil.month, out);
    case Op::Day:
      return append_two(civil.day, out);
    case Op::DayBlank:
      if (civil.day < 10) out += ' ';
      return append_number(civil.day, out);
    case Op::Hour:
      return append_two(civil.hour, out);
    case Op::Minute:
      return append_two(civil.minute, out);
    case Op::Second:
      return append_two(civil.second, out);
    case Op::Fraction:
      return append_fraction(moment.ns, part.digits, out);
    case Op::FractionAll: {
      const uint8_t digits = significant_digits(moment.ns);
      return append_fraction(moment.ns, digits == 0 ? 1 : digits, out);
    }
    case Op::SecondFraction:
    case Op::SecondFractionAll: {
      const uint8_t digits = part.op == Op::SecondFraction ? part.digits : significant_digits(moment.ns);
      append_two(civil.second, out);
      if (digits == 0) return;
      out += '.';
      return append_fraction(moment.ns, digits, out);
    }
    case Op::UnixSeconds:
      return append_number(moment.unix_seconds, out);
    case Op::Zone:
      return append_offset(moment.offset, "", false, out);
    case Op::ZoneColon:
      return append_offset(moment.offset, ":", false, out);
    case Op::ZoneColonSeconds:
      return append_offset(moment.offset, ":", true, out);
    case Op::IsoDate:
      return append_date(civil, out);
    case Op::IsoTime:
      return append_clock(civil, out);
    case Op::System:
      return append_system(part.text, moment.unix_seconds, zone_, out);
  }
}

}  // namespace outrider
