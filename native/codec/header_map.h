#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/arena.h"
#include "codec/headers.h"

namespace outrider {

// One field line. A value; the bytes belong to the stream's arena or live for ever (static text).
struct Header {
  enum Flags : uint8_t {
    Removed = 1,       // skipped by iteration; its slot stays until the map goes
    OriginalCase = 2,  // no line but a memory: `value` is the name as it came
    WholeLine = 4,     // name, ": ", value and CRLF stand in one piece at `name`: one copy forwards it
  };

  const char* name;  // lower case
  const char* value;
  uint32_t value_len;
  uint16_t name_len;
  HeaderId id;
  uint8_t flags;

  std::string_view key() const { return {name, name_len}; }
  std::string_view text() const { return {value, value_len}; }
  bool removed() const { return flags & Removed; }
};
static_assert(sizeof(Header) == 24);  // a head of 20 lines stays within 8 cache lines

enum class HeaderMapKind : uint8_t { Request, Response, RequestTrailers, ResponseTrailers };

// The headers of one message in the order in which they came, pseudo headers in front; owned by one stream.
// Flat, appended to, never shifted: a removal leaves a hole, and the pseudo headers have slots of their own.
// Names are lower case throughout. A `_ref` variant keeps the caller's bytes (static text, or this arena's);
// the others copy them. When the arena fails the change is dropped; the owner looks at arena().failed() and
// ends the stream.
class HeaderMap {
 public:
  HeaderMap(Arena& arena, HeaderMapKind kind) : arena_(&arena), kind_(kind) { forget_index(); }
  HeaderMap(const HeaderMap&) = delete;
  HeaderMap& operator=(const HeaderMap&) = delete;

  // Look-ups. By id: one table access. By name: a scan that compares lengths first.
  const Header* find(HeaderId id) const;
  const Header* find(std::string_view lower_name) const;
  bool has(HeaderId id) const { return first_[index(id)] != absent; }
  bool has(std::string_view lower_name) const { return find(lower_name) != nullptr; }
  // The first value, empty when there is none.
  std::string_view get(HeaderId id) const { return value_of(find(id)); }
  std::string_view get(std::string_view lower_name) const { return value_of(find(lower_name)); }
  // All values of a name joined by ","; only more than one value costs a copy into the arena.
  std::string_view get_joined(HeaderId id) { return joined(find(id)); }
  std::string_view get_joined(std::string_view lower_name) { return joined(find(lower_name)); }
  // The next line of the same name after `header`, or nullptr.
  const Header* next_same(const Header* header) const;

  // set() by id keeps the place of the first such line and drops the others, or appends (Envoy's typed
  // setters); set() by name drops all of them and appends (Envoy's setCopy).
  void set(HeaderId id, std::string_view value) { set_ref(id, arena_->copy_view(value)); }
  void set_ref(HeaderId id, std::string_view value);
  void set(std::string_view lower_name, std::string_view value);
  void set_number(HeaderId id, uint64_t value);

  // Appends a line. As in Envoy a second line of a name in its header tables is joined to the first
  // instead ("a,b"), see joins_when_added().
  void add(HeaderId id, std::string_view value);
  void add_ref(HeaderId id, std::string_view value);
  void add(std::string_view lower_name, std::string_view value);
  void add_ref(std::string_view lower_name, std::string_view value);

  // Joins `value` to the first line of that name with `separator` (cookies: "; "), or adds the line.
  void append(HeaderId id, std::string_view value, std::string_view separator = ",");
  void append_comma(HeaderId id, std::string_view value) { append(id, value, ","); }
  void append_comma(std::string_view lower_name, std::string_view value);

  // These answer how many lines went.
  size_t remove(HeaderId id);
  size_t remove(std::string_view lower_name);
  size_t remove_prefix(std::string_view lower_prefix);
  void clear();

  // Live lines, in order: for (const Header& header : map) ...
  // Lines that are added while iterating may or may not be seen; removing is fine.
  class Iterator {
   public:
    Iterator(const Header* at, const Header* end) : at_(at), end_(end) { skip(); }
    const Header& operator*() const { return *at_; }
    const Header* operator->() const { return at_; }
    Iterator& operator++() {
      ++at_;
      skip();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    void skip() {
      while (at_ != end_ && at_->removed()) ++at_;
    }
    const Header* at_;
    const Header* end_;
  };
  Iterator begin() const { return {entries_, entries_ + used_}; }
  Iterator end() const { return {entries_ + used_, entries_ + used_}; }

  size_t count() const { return live_; }
  bool empty() const { return live_ == 0; }
  // Names and values in bytes, as Envoy counts them (no separators).
  uint64_t byte_size() const { return byte_size_; }
  HeaderMapKind kind() const { return kind_; }
  Arena& arena() const { return *arena_; }

  // Makes room for the first lines, so that what is allocated next is followed by nothing of the map.
  void prepare() {
    if (capacity_ == 0) grow();
  }
  // The parser's door: a line whose bytes are in the arena already; no joining.
  void push(std::string_view lower_name, std::string_view value, HeaderId id, uint8_t flags = 0);

  // For KeyFormat::PreserveCase: remembers how a name was written when it came first, also for lines that
  // are replaced or removed later. original_case() answers that, or the lower-case name.
  void keep_case(std::string_view lower_name, std::string_view original);
  std::string_view original_case(std::string_view lower_name) const;

  // Would add() join a second line of this name to the first? True for the names in Envoy's table
  // for this kind of message.
  bool joins_when_added(HeaderId id) const;

 private:
  static constexpr uint8_t absent = 0xff;
  static constexpr uint8_t beyond = 0xfe;  // the first line stands at this index or after it: scan
  static constexpr uint32_t entries_at_first = 32;

  static size_t index(HeaderId id) { return static_cast<size_t>(id); }
  static std::string_view value_of(const Header* header) {
    return header == nullptr ? std::string_view{} : header->text();
  }
  void forget_index() { std::memset(first_, absent, sizeof(first_)); }
  const Header* scan(HeaderId id, uint32_t from) const;
  // The slot kept for a pseudo header of this kind of message, or none.
  static constexpr uint32_t no_slot = UINT32_MAX;
  uint32_t pseudo_slots() const {
    return kind_ == HeaderMapKind::Request ? 5 : kind_ == HeaderMapKind::Response ? 1 : 0;
  }
  uint32_t pseudo_slot(HeaderId id) const;
  void fill_slot(uint32_t slot, HeaderId id, std::string_view value);
  bool grow();
  void drop(Header& header);
  void change_value(Header& header, std::string_view value);
  std::string_view joined(const Header* first);
  bool join(HeaderId id, std::string_view value);

  Arena* arena_;
  Header* entries_ = nullptr;
  uint64_t byte_size_ = 0;
  uint32_t used_ = 0;  // with holes
  uint32_t capacity_ = 0;
  uint32_t live_ = 0;
  HeaderMapKind kind_;
  uint8_t first_[header_id_count];  // index of the first line with this id
};

inline const Header* HeaderMap::find(HeaderId id) const {
  const uint8_t at = first_[index(id)];
  if (at < beyond) return &entries_[at];
  return at == absent ? nullptr : scan(id, beyond);
}

inline void HeaderMap::push(std::string_view lower_name, std::string_view value, HeaderId id, uint8_t flags) {
  if (used_ == capacity_ && !grow()) return;
  uint8_t& first = first_[index(id)];
  // None's slot is written too: find(HeaderId::None) is nobody's question, and a branch costs more.
  if (first == absent) first = used_ < beyond ? static_cast<uint8_t>(used_) : beyond;
  byte_size_ += lower_name.size() + value.size();
  live_++;
  // Field by field: copying a whole Header that was just put together stalls on its own stores.
  Header& header = entries_[used_++];
  header.name = lower_name.data();
  header.value = value.data();
  header.value_len = static_cast<uint32_t>(value.size());
  header.name_len = static_cast<uint16_t>(lower_name.size());
  header.id = id;
  header.flags = flags;
}

}  // namespace outrider
