#pragma once
#include <string>
#include <string_view>

#include "base/config_view.h"

namespace outrider {

// Appends `text` between quotes. Valid UTF-8 keeps its bytes and has JSON's short escapes; in anything else
// every byte that is not printable ASCII becomes \u00xx, as Envoy writes it.
void append_json_string(std::string_view text, std::string& out);
// Escapes what stands in `out` from `start` on and appends the closing quote; the caller wrote the opening one.
// In place where nothing needs escaping.
void close_json_string(size_t start, std::string& out);
// The shortest text that reads back as the same number.
void append_json_number(double value, std::string& out);
// Compact, keys in order.
void append_json_value(ConfigView value, std::string& out);

bool is_utf8(std::string_view text);

}  // namespace outrider
