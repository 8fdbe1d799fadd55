#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "formatter/format.h"

namespace outrider {

// A google.protobuf.Struct whose strings are format strings, printed as one line of JSON. Strings of one
// operator keep its type; a missing value is null. Compiled to a flat list, so that printing does not walk
// a tree. Immutable, shared.
class JsonFormat {
 public:
  static Result<JsonFormat> read(ConfigView object, MissingValue missing, bool sort_properties = true);
  // Appends the object and a line end.
  void append(const FormatContext& context, std::string& out) const;

 private:
  JsonFormat() = default;
  struct Part {
    enum class Kind : uint8_t { Literal, Value, Text };
    Kind kind;
    std::string literal;         // punctuation, keys and constants, escaped
    std::vector<Format> format;  // one for Value and Text
  };
  struct Compiler;

  std::vector<Part> parts_;
  MissingValue missing_ = MissingValue::Dash;
};

}  // namespace outrider
