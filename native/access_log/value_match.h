#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "base/string_match.h"

namespace outrider {

// envoy.type.matcher.v3.ValueMatcher: of one value in a metadata tree. Immutable, shared by all workers.
class ValueMatcher {
 public:
  static Result<ValueMatcher> read(ConfigView config);
  bool matches(ConfigView value) const;

 private:
  enum class Kind : uint8_t { Never, Null, Range, Exact, Text, Boolean, Present, OneOf, Any };

  Result<bool> read_kind(ConfigView config);
  Result<bool> read_double(ConfigView config);

  Kind kind_ = Kind::Never;
  bool boolean_ = false;
  double start_ = 0;  // inclusive; the number of Exact
  double end_ = 0;    // exclusive
  std::optional<StringMatcher> text_;
  std::vector<ValueMatcher> parts_;  // OneOf: what one item must match; Any: what to try
};

}  // namespace outrider
