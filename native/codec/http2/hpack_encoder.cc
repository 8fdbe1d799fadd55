#include "codec/http2/hpack_encoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/http2/huffman.h"

namespace outrider::http2 {
namespace {

enum class Policy : uint8_t {
  Index,   // put into the table, unless its values keep changing
  Plain,   // changes with every message
  Secret,  // never to be put into any table
  Skip,    // HTTP/1's own
};

constexpr std::array<Policy, header_id_count> build_policies() {
  std::array<Policy, header_id_count> policies{};
  const auto mark = [&policies](Policy policy, std::initializer_list<HeaderId> ids) {
    for (const HeaderId id : ids) policies[static_cast<size_t>(id)] = policy;
  };
  using enum HeaderId;
  mark(Policy::Plain, {Path, ContentLength, RequestId, TraceParent, B3TraceId, B3SpanId,
                       EnvoyUpstreamServiceTime, Etag, LastModified, Location, SetCookie, IfNoneMatch,
                       IfModifiedSince, ContentRange, Range, Age, ClientTraceId});
  mark(Policy::Secret, {Authorization, ProxyAuthorization});
  mark(Policy::Skip,
       {Connection, KeepAlive, ProxyConnection, TransferEncoding, Upgrade, Http2Settings, Host});
  return policies;
}
constexpr auto policies = build_policies();

// Kinds of literal fields: their first bits.
constexpr uint8_t with_indexing = 0x40;
constexpr uint8_t without_indexing = 0x00;
constexpr uint8_t never_indexed = 0x10;

// A name whose values did not come again so often is not worth the table.
constexpr uint8_t misses_max = 4;

char* integer(uint32_t value, uint8_t first, uint32_t prefix_bits, char* out) {
  const uint32_t most = (1u << prefix_bits) - 1;
  if (value < most) {
    *out++ = static_cast<char>(first | value);
    return out;
  }
  *out++ = static_cast<char>(first | most);
  for (value -= most; value >= 0x80; value >>= 7) *out++ = static_cast<char>(0x80 | (value & 0x7f));
  *out++ = static_cast<char>(value);
  return out;
}

}  // namespace

void HpackEncoder::set_peer_table_bytes(uint32_t bytes) {
  const uint32_t size = std::min(bytes, table_bytes_limit_);
  if (size == table_.bytes_max()) return;
  table_.resize(size);
  smallest_bytes_ = std::min(smallest_bytes_, size);
  told_ = false;
}

char* HpackEncoder::text(std::string_view text, bool compress, char* out) const {
  if (compress && huffman_) {
    const size_t bytes = huffman_encoded_bytes(text);
    if (bytes < text.size()) {
      out = integer(static_cast<uint32_t>(bytes), 0x80, 7, out);
      return huffman_encode(text, out);
    }
  }
  out = integer(static_cast<uint32_t>(text.size()), 0, 7, out);
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* HpackEncoder::literal(const Header& header, uint32_t name_index, uint8_t kind, uint32_t prefix_bits,
                            bool compress, char* out) {
  out = integer(name_index, kind, prefix_bits, out);
  if (name_index == 0) out = text(header.key(), compress, out);
  return text(header.text(), compress, out);
}

char* HpackEncoder::field(const Header& header, char* out) {
  const bool known = header.id != HeaderId::None;
  const Policy policy = known ? policies[static_cast<size_t>(header.id)] : Policy::Index;
  if (policy == Policy::Skip) return out;
  uint32_t name_index = known ? hpack_static_name(header.id) : 0;
  if (name_index != 0) {
    if (const uint8_t pair = hpack_static_pair(header.id, header.text())) return integer(pair, 0x80, 7, out);
  }
  if (policy == Policy::Secret) return literal(header, name_index, never_indexed, 4, false, out);
  if (policy == Policy::Plain) return literal(header, name_index, without_indexing, 4, false, out);
  Seen& seen = known ? seen_[static_cast<size_t>(header.id)]
                     : unknown_[intern::hash(header.name, header.name_len) % std::size(unknown_)];
  const uint64_t oldest = table_.inserted() - table_.count();
  if (seen.number > oldest) {
    const auto index = static_cast<uint32_t>(table_.inserted() - seen.number);
    const HpackEntry entry = table_.at(index);
    if (known ? entry.id == header.id : entry.name == header.key()) {
      if (entry.value == header.text()) {
        seen.misses = 0;
        return integer(index + hpack_static_entries + 1, 0x80, 7, out);
      }
      if (name_index == 0) name_index = index + hpack_static_entries + 1;
    }
    if (seen.misses < misses_max) ++seen.misses;
  }
  const uint64_t size = uint64_t{header.name_len} + header.value_len + hpack_entry_overhead_bytes;
  // A large value would throw out much that is in use.
  if (seen.misses >= misses_max || size > table_.bytes_max() / 4) {
    // Forgets slowly, so that a name whose value settles is tried again.
    if (seen.misses >= misses_max && ++seen.skipped == 0) seen.misses = 0;
    return literal(header, name_index, without_indexing, 4, false, out);
  }
  out = literal(header, name_index, with_indexing, 6, true, out);
  table_.insert(header.key(), header.text(), header.id, true);
  seen.number = table_.inserted();
  return out;
}

char* HpackEncoder::encode(const HeaderMap& headers, char* out) {
  if (!told_) {
    told_ = true;
    if (smallest_bytes_ < table_.bytes_max()) out = integer(smallest_bytes_, 0x20, 5, out);
    out = integer(table_.bytes_max(), 0x20, 5, out);
    smallest_bytes_ = UINT32_MAX;
  }
  for (const Header& header : headers) out = field(header, out);
  return out;
}

}  // namespace outrider::http2
