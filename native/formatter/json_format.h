#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "formatter/format.h"

namespace outrider {

// A google.protobuf.Struct whose strings are format strings, printed as one line of JSON. A string of one
// operator keeps that operator's type; a missing value is null, or its field is left out. Keys are in order,
// as Envoy 1.40 prints them whatever json_format_options.sort_properties says. Compiled to a flat list.
// Immutable, shared.
class JsonFormat {
 public:
  // MissingValue::Nothing leaves out what has no value, and objects that become empty by it.
  static Result<JsonFormat> read(ConfigView object, MissingValue missing,
                                 const FormatExtensions& extensions = {});
  // Appends the object and a line end.
  void append(const FormatContext& context, std::string& out) const;

 private:
  enum class Kind : uint8_t {
    Literal,  // text as it is: constants, and punctuation and keys where nothing is left out
    Typed,    // one operator
    Text,     // a string of several
    Field,    // `"key":` or nothing, before a value that may be left out
    Object,
    List,
  };
  struct Part {
    Kind kind;
    uint32_t end = 0;  // Field, Object, List: the part behind it
    std::string text;
    std::optional<Format> format;
  };
  struct Compiler;

  JsonFormat() = default;
  bool append_value(uint32_t at, const FormatContext& context, std::string& out) const;
  bool append_fields(uint32_t at, const FormatContext& context, std::string& out) const;

  std::vector<Part> parts_;
  MissingValue missing_ = MissingValue::Dash;
};

}  // namespace outrider
