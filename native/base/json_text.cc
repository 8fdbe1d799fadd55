#include "base/json_text.h"

namespace outrider {

void JsonText::separate() {
  if (needs_comma_) out_.push_back(',');
  needs_comma_ = true;
}

JsonText& JsonText::open(char bracket) {
  separate();
  out_.push_back(bracket);
  needs_comma_ = false;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  out_.push_back(bracket);
  needs_comma_ = true;
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  separate();
  quote(name);
  out_.push_back(':');
  needs_comma_ = false;
  return *this;
}

JsonText& JsonText::text(std::string_view value) {
  separate();
  quote(value);
  return *this;
}

JsonText& JsonText::number(uint64_t value) {
  separate();
  out_.append(std::to_string(value));
  return *this;
}

JsonText& JsonText::boolean(bool value) {
  separate();
  out_.append(value ? "true" : "false");
  return *this;
}

void JsonText::quote(std::string_view value) {
  constexpr std::string_view hex = "0123456789abcdef";
  out_.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out_.append("\\u00").append({hex[byte >> 4], hex[byte & 15]});
    } else {
      if (c == '"' || c == '\\') out_.push_back('\\');
      out_.push_back(c);
    }
  }
  out_.push_back('"');
}

}  // namespace outrider
