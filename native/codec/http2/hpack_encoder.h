#pragma once
#include <cstddef>
#include <cstdint>

#include "codec/header_map.h"
#include "codec/http2/hpack_table.h"

namespace outrider::http2 {

// Encodes header blocks, one after the other, on one connection. Finds what the table has by the name's place in a
// small index and one comparison of values: nothing is hashed but names that nobody knows.
class HpackEncoder {
 public:
  HpackEncoder(uint32_t table_bytes_max, bool huffman)
      : table_(hpack_table_bytes_at_first), table_bytes_limit_(table_bytes_max), huffman_(huffman) {
    set_peer_table_bytes(hpack_table_bytes_at_first);
  }

  // The peer's SETTINGS_HEADER_TABLE_SIZE; the next block says what we make of it.
  void set_peer_table_bytes(uint32_t bytes);
  // Upper bound of what encode() writes.
  static size_t bytes_max(const HeaderMap& headers) {
    return headers.byte_size() + headers.count() * field_bytes_max + update_bytes_max;
  }
  // Writes one block to `out`; answers its end. Pseudo headers go first; connection headers of HTTP/1 are left out.
  char* encode(const HeaderMap& headers, char* out);

 private:
  static constexpr size_t field_bytes_max = 16;   // three integers
  static constexpr size_t update_bytes_max = 12;  // two table size updates
  static constexpr size_t slots = 256;            // known names by id, others behind them by hash
  // What was last sent under one name.
  struct Seen {
    uint64_t number = 0;  // of the entry in the table, plus one; 0: none
    uint8_t misses = 0;   // values that did not come again
    uint8_t skipped = 0;  // since there were too many of those
  };

  char* field(const Header& header, char* out);
  char* literal(const Header& header, uint32_t name_index, uint8_t kind, uint32_t prefix_bits, bool compress,
                char* out);
  char* text(std::string_view text, bool compress, char* out) const;

  HpackTable table_;
  uint32_t table_bytes_limit_;
  uint32_t smallest_bytes_ = UINT32_MAX;  // of changes that the peer has not been told of
  bool told_ = true;
  bool huffman_;
  Seen seen_[slots];
  Seen unknown_[64];
};

}  // namespace outrider::http2
