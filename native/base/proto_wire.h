#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace outrider {

// Protobuf on the wire, for the few messages that native code speaks itself: fields are named by their numbers, and
// whoever reads decides what they mean. https://protobuf.dev/programming-guides/encoding
enum class WireType : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

// Walks over the fields of one message:  for (ProtoReader r(bytes); r.next();) switch (r.field()) ...
// Values are views into the message. Groups, and everything that does not add up, end it with failed().
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message)
      : at_(message.data()), end_(message.data() + message.size()) {}

  // False at the end of the message, and when it is none.
  bool next();
  bool failed() const { return failed_; }

  uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  // The field's value; 0 or empty when it is of another wire type.
  uint64_t number() const { return type_ == WireType::Bytes ? 0 : number_; }
  std::string_view bytes() const { return type_ == WireType::Bytes ? bytes_ : std::string_view{}; }
  double as_double() const {
    double value = 0;
    if (type_ == WireType::Fixed64) std::memcpy(&value, &number_, sizeof(value));
    return value;
  }

 private:
  bool read_varint(uint64_t& out);
  bool read_fixed(size_t bytes);
  bool read_bytes();
  bool fail() {
    failed_ = true;
    return false;
  }

  const char* at_;
  const char* end_;
  std::string_view bytes_;
  uint64_t number_ = 0;
  uint32_t field_ = 0;
  WireType type_ = WireType::Varint;
  bool failed_ = false;
};

// Appends fields to a message. As proto3 has it, fields with their default value are left out; `always` variants
// are for fields with presence.
class ProtoWriter {
 public:
  explicit ProtoWriter(std::string& out) : out_(out) {}

  void number(uint32_t field, uint64_t value) {
    if (value != 0) number_always(field, value);
  }
  void number_always(uint32_t field, uint64_t value) {
    tag(field, WireType::Varint);
    varint(value);
  }
  void bytes(uint32_t field, std::string_view value) {
    if (!value.empty()) bytes_always(field, value);
  }
  void bytes_always(uint32_t field, std::string_view value) {
    tag(field, WireType::Bytes);
    varint(value.size());
    out_.append(value);
  }
  void number_as_double(uint32_t field, double value);

  // A message within the message: what is written between begin() and end() is its content.
  size_t begin(uint32_t field) {
    tag(field, WireType::Bytes);
    out_.push_back('\0');  // its length, if that fits in a byte
    return out_.size();
  }
  void end(size_t begun);
  // An entry of map<string, string>.
  void map_entry(uint32_t field, std::string_view key, std::string_view value) {
    const size_t entry = begin(field);
    bytes(1, key);
    bytes(2, value);
    end(entry);
  }

 private:
  void tag(uint32_t field, WireType type) { varint(uint64_t{field} << 3 | static_cast<uint8_t>(type)); }
  void varint(uint64_t value);

  std::string& out_;
};

}  // namespace outrider
