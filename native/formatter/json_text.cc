#include "formatter/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace outrider {

namespace {

constexpr char hex[] = "0123456789abcdef";

bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_unicode_escape(unsigned char c, std::string& out) {
  const char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
  out.append(text, sizeof(text));
}

void append_short_escape(char c, std::string& out) {
  static constexpr char names[] = "btn?fr";  // 0x08 to 0x0d; 0x0b has none
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c >= 0x08 && c <= 0x0d && c != 0x0b) {
    out += '\\';
    out += names[c - 0x08];
  } else {
    append_unicode_escape(static_cast<unsigned char>(c), out);
  }
}

void append_escaped(std::string_view text, std::string& out) {
  const bool utf8 = is_utf8(text);
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c) || (utf8 && byte >= 0x7f)) {
      out += c;
    } else if (utf8) {
      append_short_escape(c, out);
    } else {
      append_unicode_escape(byte, out);
    }
  }
}

// How long the UTF-8 sequence at the start is; 0 when it is none (overlong, surrogate, past U+10FFFF).
size_t sequence_length(std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](size_t i, unsigned from = 0x80, unsigned to = 0xbf) {
    return at(i) >= from && at(i) <= to;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void append_list(ConfigView list, std::string& out) {
  out += '[';
  bool first = true;
  for (ConfigView item : list) {
    if (!first) out += ',';
    append_json_value(item, out);
    first = false;
  }
  out += ']';
}

void append_object(ConfigView object, std::string& out) {
  std::vector<const ConfigView::Member*> members;
  for (const ConfigView::Member& member : object.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  out += '{';
  for (const ConfigView::Member* member : members) {
    if (member != members.front()) out += ',';
    append_json_string(member->key, out);
    out += ':';
    append_json_value(member->value(), out);
  }
  out += '}';
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    out += text;
  } else {
    append_escaped(text, out);
  }
  out += '"';
}

void close_json_string(size_t start, std::string& out) {
  if (!std::all_of(out.begin() + static_cast<ptrdiff_t>(start), out.end(), is_plain)) {
    const std::string text = out.substr(start);  // rare, so the copy may cost
    out.resize(start);
    append_escaped(text, out);
  }
  out += '"';
}

void append_json_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

void append_json_value(ConfigView value, std::string& out) {
  switch (value.kind()) {
    case ConfigView::Kind::None:
    case ConfigView::Kind::Null:
      out += "null";
      return;
    case ConfigView::Kind::Boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case ConfigView::Kind::Number:
      return append_json_number(value.as_number(), out);
    case ConfigView::Kind::String:
      return append_json_string(value.as_string(), out);
    case ConfigView::Kind::List:
      return append_list(value, out);
    case ConfigView::Kind::Object:
      return append_object(value, out);
  }
}

}  // namespace outrider
