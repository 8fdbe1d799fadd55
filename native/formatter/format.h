#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formatter/stream_info.h"

namespace outrider {

// What a value that does not exist prints as.
enum class MissingValue : uint8_t { Dash, Nothing };

struct FormatStep;  // formatter/operators.h

// Formatter extensions that a SubstitutionFormatString may ask for.
struct FormatExtensions {
  bool req_without_query = false;  // envoy.formatter.req_without_query
};

// An Envoy format string ("%REQ(:METHOD)% %RESPONSE_CODE%"), parsed once. Immutable afterwards, so one may
// be shared by all workers; append() allocates nothing beyond the growth of `out`.
class Format {
 public:
  // The error's reason names the operator and the column (from 1).
  static Result<Format> parse(std::string_view text, MissingValue missing = MissingValue::Dash,
                              const FormatExtensions& extensions = {});

  Format(Format&&) noexcept;
  Format& operator=(Format&&) noexcept;
  ~Format();

  // Appends the text for this stream to `out`, which is not cleared.
  void append(const FormatContext& context, std::string& out) const;

  // True when the text has no operator, so that it is the same for every stream.
  bool is_literal() const;
  // The text when is_literal(); "%%" has become "%".
  std::string_view literal() const;

  // For JSON, which keeps the type of a value that stands alone.
  const std::vector<FormatStep>& steps() const { return steps_; }

 private:
  Format();

  std::vector<FormatStep> steps_;
  MissingValue missing_ = MissingValue::Dash;
};

}  // namespace outrider
