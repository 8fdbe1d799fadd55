#include "base/runtime_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace outrider {

Fraction Fraction::read(ConfigView fractional_percent) {
  const std::string_view denominator = fractional_percent.string("denominator", "HUNDRED");
  Fraction fraction{static_cast<uint32_t>(fractional_percent.uint("numerator")), 100};
  if (denominator == "TEN_THOUSAND") fraction.denominator = 10'000;
  if (denominator == "MILLION") fraction.denominator = 1'000'000;
  return fraction;
}

static bool is_whole(double number) { return number >= 0 && number < 0x1p64 && std::floor(number) == number; }

RuntimeValues::Value RuntimeValues::read_value(std::string_view key, ConfigView config) {
  Value value{std::string(key), Kind::Text, {}, 0, 0};
  if (config.kind() == ConfigView::Kind::Object) {
    value.kind = Kind::Fraction;
    value.fraction = Fraction::read(config);
    return value;
  }
  const std::string_view text = config.as_string();
  if (config.kind() == ConfigView::Kind::Boolean || text == "true" || text == "false") {
    value.kind = Kind::Boolean;
    value.integer = config.as_boolean(text == "true") ? 1 : 0;
    return value;
  }
  const double number = config.as_number(std::nan(""));
  if (std::isnan(number)) return value;
  value.kind = is_whole(number) ? Kind::Integer : Kind::Number;
  value.number = number;
  if (value.kind == Kind::Integer) value.integer = config.as_uint(static_cast<uint64_t>(number));
  return value;
}

RuntimeValues::RuntimeValues(ConfigView values) {
  values_.reserve(values.size());
  for (const auto& [key, node] : values.members()) values_.push_back(read_value(key, ConfigView(&node)));
  std::sort(values_.begin(), values_.end(), [](const Value& a, const Value& b) { return a.key < b.key; });
}

const RuntimeValues::Value* RuntimeValues::find(std::string_view key) const {
  const auto at =
      std::lower_bound(values_.begin(), values_.end(), key,
                       [](const Value& value, std::string_view wanted) { return value.key < wanted; });
  return at != values_.end() && at->key == key ? &*at : nullptr;
}

uint64_t RuntimeValues::integer(std::string_view key, uint64_t fallback) const {
  const Value* value = find(key);
  return value != nullptr && value->kind == Kind::Integer ? value->integer : fallback;
}

double RuntimeValues::number(std::string_view key, double fallback) const {
  const Value* value = find(key);
  const bool known = value != nullptr && (value->kind == Kind::Integer || value->kind == Kind::Number);
  return known ? value->number : fallback;
}

bool RuntimeValues::boolean(std::string_view key, bool fallback) const {
  const Value* value = find(key);
  return value != nullptr && value->kind == Kind::Boolean ? value->integer != 0 : fallback;
}

bool RuntimeValues::enabled(std::string_view key, Fraction fallback, uint64_t random) const {
  const Value* value = find(key);
  if (value != nullptr && value->kind == Kind::Fraction) return value->fraction.contains(random);
  if (value != nullptr && value->kind == Kind::Integer) return random % 100 < value->integer;
  return fallback.contains(random);
}

RuntimeFraction RuntimeFraction::read(ConfigView config) {
  return {Fraction::read(config["default_value"]), std::string(config.string("runtime_key"))};
}

bool RuntimeFraction::enabled(const RuntimeValues* runtime, uint64_t random) const {
  if (runtime == nullptr || key.empty()) return fallback.contains(random);
  return runtime->enabled(key, fallback, random);
}

}  // namespace outrider
