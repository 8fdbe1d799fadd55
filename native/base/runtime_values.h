#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"

namespace outrider {

// envoy.type.v3.FractionalPercent. A value.
struct Fraction {
  uint32_t numerator = 0;
  uint32_t denominator = 100;

  static Fraction read(ConfigView fractional_percent);
  bool contains(uint64_t random) const { return random % denominator < numerator; }
};

// The runtime with all its layers merged: a key has at most one value. Immutable; a change makes a new one.
class RuntimeValues {
 public:
  RuntimeValues() = default;
  // `values`: an object of key -> number, boolean, text, or FractionalPercent.
  explicit RuntimeValues(ConfigView values);

  uint64_t integer(std::string_view key, uint64_t fallback) const;
  double number(std::string_view key, double fallback) const;
  bool boolean(std::string_view key, bool fallback) const;
  // Does `random` fall into the key's fraction? An integer counts as a percentage, as in Envoy.
  bool enabled(std::string_view key, Fraction fallback, uint64_t random) const;

 private:
  enum class Kind : uint8_t { Text, Integer, Number, Boolean, Fraction };
  struct Value {
    std::string key;
    Kind kind;
    Fraction fraction;
    double number;
    uint64_t integer;
  };
  static Value read_value(std::string_view key, ConfigView value);
  const Value* find(std::string_view key) const;

  std::vector<Value> values_;  // sorted by key
};

// envoy.config.core.v3.RuntimeFractionalPercent
struct RuntimeFraction {
  Fraction fallback;
  std::string key;

  static RuntimeFraction read(ConfigView config);
  // `runtime` may be null: every key has its default.
  bool enabled(const RuntimeValues* runtime, uint64_t random) const;
};

}  // namespace outrider
