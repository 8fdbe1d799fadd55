#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace outrider {

// Writes JSON text, commas included. The caller keeps begin and end in pairs, and a key before each value of an object.
class JsonText {
 public:
  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_list() { return open('['); }
  JsonText& end_list() { return close(']'); }
  JsonText& key(std::string_view name);
  JsonText& text(std::string_view value);
  JsonText& number(uint64_t value);
  JsonText& boolean(bool value);
  std::string take() { return std::move(out_); }

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  void separate();
  void quote(std::string_view value);
  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace outrider
