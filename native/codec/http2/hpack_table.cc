#include "codec/http2/hpack_table.h"

#include <array>
#include <cstring>

namespace outrider::http2 {
namespace {

struct StaticText {
  std::string_view name;
  std::string_view value;
};
// RFC 7541 appendix A.
constexpr StaticText static_texts[hpack_static_entries] = {
    {":authority", ""},
    {":method", "GET"},
    {":method", "POST"},
    {":path", "/"},
    {":path", "/index.html"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "200"},
    {":status", "204"},
    {":status", "206"},
    {":status", "304"},
    {":status", "400"},
    {":status", "404"},
    {":status", "500"},
    {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"},
    {"accept-language", ""},
    {"accept-ranges", ""},
    {"accept", ""},
    {"access-control-allow-origin", ""},
    {"age", ""},
    {"allow", ""},
    {"authorization", ""},
    {"cache-control", ""},
    {"content-disposition", ""},
    {"content-encoding", ""},
    {"content-language", ""},
    {"content-length", ""},
    {"content-location", ""},
    {"content-range", ""},
    {"content-type", ""},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"expect", ""},
    {"expires", ""},
    {"from", ""},
    {"host", ""},
    {"if-match", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"if-range", ""},
    {"if-unmodified-since", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"max-forwards", ""},
    {"proxy-authenticate", ""},
    {"proxy-authorization", ""},
    {"range", ""},
    {"referer", ""},
    {"refresh", ""},
    {"retry-after", ""},
    {"server", ""},
    {"set-cookie", ""},
    {"strict-transport-security", ""},
    {"transfer-encoding", ""},
    {"user-agent", ""},
    {"vary", ""},
    {"via", ""},
    {"www-authenticate", ""},
};

constexpr HeaderId id_of(std::string_view name) {
  for (size_t id = 1; id < header_id_count; ++id) {
    if (header_names[id] == name) return static_cast<HeaderId>(id);
  }
  return HeaderId::None;
}

constexpr std::array<HpackEntry, hpack_static_entries + 1> build_entries() {
  std::array<HpackEntry, hpack_static_entries + 1> entries{};
  for (uint32_t i = 0; i < hpack_static_entries; ++i) {
    const StaticText& text = static_texts[i];
    entries[i + 1] = {text.name, text.value, id_of(text.name), true};
  }
  return entries;
}
constexpr auto static_entries = build_entries();

constexpr std::array<uint8_t, header_id_count> build_names() {
  std::array<uint8_t, header_id_count> names{};
  for (uint32_t i = hpack_static_entries; i >= 1; --i) {
    if (static_entries[i].id != HeaderId::None) {
      names[static_cast<size_t>(static_entries[i].id)] = static_cast<uint8_t>(i);
    }
  }
  return names;
}
constexpr auto static_names = build_names();

}  // namespace

const HpackEntry& hpack_static_entry(uint32_t index) { return static_entries[index]; }

uint8_t hpack_static_name(HeaderId id) { return static_names[static_cast<size_t>(id)]; }

uint8_t hpack_static_pair(HeaderId id, std::string_view value) {
  const uint8_t first = hpack_static_name(id);
  if (first == 0 || static_entries[first].id != id) return 0;
  for (uint8_t i = first; i <= hpack_static_entries && static_entries[i].id == id; ++i) {
    if (!static_entries[i].value.empty() && static_entries[i].value == value) return i;
  }
  return 0;
}

HpackEntry HpackTable::at(uint32_t index) const {
  const Place& where = place(inserted_ - 1 - index);
  const char* const bytes = data_.get() + where.begin;
  return {{bytes, where.name_bytes}, {bytes + where.name_bytes, where.value_bytes}, where.id, where.sound};
}

void HpackTable::evict(uint32_t room_for) {
  while (count_ > 0 && bytes_ + room_for > bytes_max_) {
    bytes_ -= place(inserted_ - count_).size();
    --count_;
  }
  if (count_ == 0) data_end_ = 0;
}

void HpackTable::resize(uint32_t bytes_max) {
  bytes_max_ = bytes_max;
  evict(0);
}

// Room for the bytes of one entry. Entries live behind each other; when the end is reached, those that live move to
// the front, which costs each byte one copy at most, since the buffer has twice the room.
char* HpackTable::room(uint32_t bytes) {
  if (data_bytes_ - data_end_ >= bytes) return data_.get() + data_end_;
  const uint32_t first = count_ == 0 ? data_end_ : place(inserted_ - count_).begin;
  const uint32_t live = data_end_ - first;
  if (uint64_t{live + bytes} * 2 > data_bytes_) {
    const uint32_t size = (live + bytes) * 2 < 512 ? 512 : (live + bytes) * 2;
    std::unique_ptr<char[]> larger(new char[size]);
    if (live > 0) std::memcpy(larger.get(), data_.get() + first, live);
    data_ = std::move(larger);
    data_bytes_ = size;
  } else if (live > 0) {
    std::memmove(data_.get(), data_.get() + first, live);
  }
  for (uint32_t i = 1; i <= count_; ++i) ring_[(inserted_ - i) & (ring_.size() - 1)].begin -= first;
  data_end_ = live;
  return data_.get() + data_end_;
}

void HpackTable::grow_ring() {
  std::vector<Place> larger(ring_.empty() ? 32 : ring_.size() * 2);
  for (uint32_t i = 1; i <= count_; ++i) larger[(inserted_ - i) & (larger.size() - 1)] = place(inserted_ - i);
  ring_.swap(larger);
}

bool HpackTable::insert(std::string_view name, std::string_view value, HeaderId id, bool sound) {
  const uint64_t size = name.size() + value.size() + hpack_entry_overhead_bytes;
  if (size > bytes_max_) {
    evict(bytes_max_ + 1);
    return false;
  }
  evict(static_cast<uint32_t>(size));
  if (count_ == ring_.size()) grow_ring();
  char* const to = room(static_cast<uint32_t>(name.size() + value.size()));
  if (!name.empty()) std::memcpy(to, name.data(), name.size());
  if (!value.empty()) std::memcpy(to + name.size(), value.data(), value.size());
  ring_[inserted_ & (ring_.size() - 1)] = {data_end_, static_cast<uint32_t>(name.size()),
                                           static_cast<uint32_t>(value.size()), id, sound};
  data_end_ += static_cast<uint32_t>(name.size() + value.size());
  bytes_ += static_cast<uint32_t>(size);
  ++count_;
  ++inserted_;
  return true;
}

}  // namespace outrider::http2
