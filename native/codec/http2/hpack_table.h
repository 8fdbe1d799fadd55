#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "codec/headers.h"

namespace outrider::http2 {

inline constexpr uint32_t hpack_entry_overhead_bytes = 32;
inline constexpr uint32_t hpack_static_entries = 61;
inline constexpr uint32_t hpack_table_bytes_at_first = 4096;  // before any SETTINGS

// One entry of a table, static or dynamic.
struct HpackEntry {
  std::string_view name;
  std::string_view value;
  HeaderId id = HeaderId::None;
  bool sound = true;  // name and value have no byte that HTTP refuses
};

// `index` is 1 to 61.
const HpackEntry& hpack_static_entry(uint32_t index);
// The first static entry with this name; 0: there is none.
uint8_t hpack_static_name(HeaderId id);
// The static entry with this name and value; 0: there is none.
uint8_t hpack_static_pair(HeaderId id, std::string_view value);

// A dynamic table (RFC 7541 §2.3.2), the same on both sides: entries in a ring, their bytes in one buffer behind each
// other. Memory comes with the first entry and is twice the table's size at most.
class HpackTable {
 public:
  explicit HpackTable(uint32_t bytes_max) : bytes_max_(bytes_max) {}

  // Entry 0 is the newest.
  uint32_t count() const { return count_; }
  HpackEntry at(uint32_t index) const;
  // Evicts what must go; an entry that is larger than the table empties it. False: it is not in the table.
  bool insert(std::string_view name, std::string_view value, HeaderId id, bool sound);
  void resize(uint32_t bytes_max);
  uint32_t bytes() const { return bytes_; }
  uint32_t bytes_max() const { return bytes_max_; }
  // Entries inserted so far: the newest has the number inserted() - 1.
  uint64_t inserted() const { return inserted_; }

 private:
  struct Place {
    uint32_t begin;
    uint32_t name_bytes;
    uint32_t value_bytes;
    HeaderId id;
    bool sound;
    uint32_t size() const { return name_bytes + value_bytes + hpack_entry_overhead_bytes; }
  };
  void evict(uint32_t room_for);
  char* room(uint32_t bytes);
  void grow_ring();
  const Place& place(uint64_t number) const { return ring_[number & (ring_.size() - 1)]; }

  std::vector<Place> ring_;  // by number, modulo its size
  std::unique_ptr<char[]> data_;
  uint32_t data_bytes_ = 0;  // allocated
  uint32_t data_end_ = 0;    // written
  uint32_t bytes_ = 0;
  uint32_t bytes_max_;
  uint32_t count_ = 0;
  uint64_t inserted_ = 0;
};

}  // namespace outrider::http2
