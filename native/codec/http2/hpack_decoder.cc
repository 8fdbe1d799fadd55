#include "codec/http2/hpack_decoder.h"

#include "codec/http2/field_text.h"
#include "codec/http2/huffman.h"

namespace outrider::http2 {

// RFC 7541 §5.1; more than 28 bits beyond the prefix are nobody's need.
bool HpackDecoder::integer(uint32_t prefix_bits, uint32_t& value) {
  const uint32_t most = (1u << prefix_bits) - 1;
  value = static_cast<uint8_t>(*at_++) & most;
  if (value < most) return true;
  for (uint32_t shift = 0; shift <= 21; shift += 7) {
    if (at_ == end_) return false;
    const auto byte = static_cast<uint8_t>(*at_++);
    value += uint32_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

// `used`: of scratch, which has room for whatever one field can decode to.
bool HpackDecoder::text(std::string& scratch, size_t& used, std::string_view& out) {
  if (at_ == end_) return false;
  const bool compressed = static_cast<uint8_t>(*at_) & 0x80;
  uint32_t bytes;
  if (!integer(7, bytes) || bytes > static_cast<size_t>(end_ - at_)) return false;
  const std::string_view encoded(at_, bytes);
  at_ += bytes;
  if (!compressed) {
    out = encoded;
    return true;
  }
  char* const to = scratch.data() + used;
  const ptrdiff_t decoded = huffman_decode(encoded, to);
  if (decoded < 0) return false;
  used += static_cast<size_t>(decoded);
  out = {to, static_cast<size_t>(decoded)};
  return true;
}

bool HpackDecoder::look_up(uint32_t index, HpackEntry& entry) const {
  if (index == 0) return false;
  if (index <= hpack_static_entries) {
    entry = hpack_static_entry(index);
    return true;
  }
  index -= hpack_static_entries + 1;
  if (index >= table_.count()) return false;
  entry = table_.at(index);
  return true;
}

HpackDecoder::Step HpackDecoder::literal(std::string& scratch, HpackEntry& entry, uint32_t prefix_bits,
                                         bool indexing) {
  const size_t room = huffman_decoded_bytes_max(static_cast<size_t>(end_ - at_));
  if (scratch.size() < room) scratch.resize(room);
  size_t used = 0;
  uint32_t index;
  if (!integer(prefix_bits, index)) return Step::Error;
  if (index != 0) {
    if (!look_up(index, entry)) return Step::Error;
    if (index > hpack_static_entries) entry.sound = is_field_name(entry.name);
  } else {
    if (!text(scratch, used, entry.name)) return Step::Error;
    entry.sound = is_field_name(entry.name);
    entry.id = entry.sound ? header_id(entry.name) : HeaderId::None;
  }
  if (!text(scratch, used, entry.value)) return Step::Error;
  entry.sound = entry.sound && is_field_value(entry.value);
  if (!indexing) return Step::Field;
  if (index > hpack_static_entries) {
    // The entry that lends its name may have to go.
    if (entry.id != HeaderId::None) {
      entry.name = header_name(entry.id);
    } else {
      name_.assign(entry.name);
      entry.name = name_;
    }
  }
  table_.insert(entry.name, entry.value, entry.id, entry.sound);
  return Step::Field;
}

HpackDecoder::Step HpackDecoder::next(std::string& scratch, HpackEntry& entry) {
  while (at_ != end_) {
    const auto first = static_cast<uint8_t>(*at_);
    if (first & 0x80) {
      uint32_t index;
      fields_begun_ = true;
      if (!integer(7, index) || !look_up(index, entry)) return Step::Error;
      return Step::Field;
    }
    if ((first & 0xe0) == 0x20) {
      uint32_t bytes;
      if (fields_begun_ || !integer(5, bytes) || bytes > table_bytes_limit_) return Step::Error;
      table_.resize(bytes);
      continue;
    }
    fields_begun_ = true;
    return first & 0x40 ? literal(scratch, entry, 6, true) : literal(scratch, entry, 4, false);
  }
  return Step::End;
}

}  // namespace outrider::http2
