#include "base/proto_wire.h"

namespace outrider {

bool ProtoReader::read_varint(uint64_t& out) {
  out = 0;
  for (uint32_t shift = 0; shift < 64; shift += 7) {
    if (at_ == end_) return fail();
    const auto byte = static_cast<uint8_t>(*at_++);
    out |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return fail();
}

bool ProtoReader::read_fixed(size_t bytes) {
  if (static_cast<size_t>(end_ - at_) < bytes) return fail();
  number_ = 0;
  std::memcpy(&number_, at_, bytes);
  at_ += bytes;
  return true;
}

bool ProtoReader::read_bytes() {
  uint64_t length = 0;
  if (!read_varint(length)) return false;
  if (length > static_cast<uint64_t>(end_ - at_)) return fail();
  bytes_ = {at_, static_cast<size_t>(length)};
  at_ += length;
  return true;
}

bool ProtoReader::next() {
  if (failed_ || at_ == end_) return false;
  uint64_t key = 0;
  if (!read_varint(key)) return false;
  const uint64_t field = key >> 3;
  if (field == 0 || field >= uint64_t{1} << 29) return fail();
  field_ = static_cast<uint32_t>(field);
  type_ = static_cast<WireType>(key & 7);
  switch (type_) {
    case WireType::Varint:
      return read_varint(number_);
    case WireType::Fixed64:
      return read_fixed(8);
    case WireType::Fixed32:
      return read_fixed(4);
    case WireType::Bytes:
      return read_bytes();
  }
  return fail();
}

void ProtoWriter::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
  out_.push_back(static_cast<char>(value));
}

void ProtoWriter::number_as_double(uint32_t field, double value) {
  tag(field, WireType::Fixed64);
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out_.append(bytes, sizeof(bytes));
}

void ProtoWriter::end(size_t begun) {
  uint64_t length = out_.size() - begun;
  char more[10];
  size_t count = 0;
  char first = static_cast<char>(length);
  if (length >= 0x80) {
    first = static_cast<char>(length | 0x80);
    for (length >>= 7; length >= 0x80; length >>= 7) more[count++] = static_cast<char>(length | 0x80);
    more[count++] = static_cast<char>(length);
  }
  out_[begun - 1] = first;
  out_.insert(begun, more, count);
}

}  // namespace outrider
