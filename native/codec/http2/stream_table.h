#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace outrider::http2 {

class Stream;

// The streams of one connection by their id: open addressing over a power of two, at most half full. Ids come one
// after the other, so they mostly sit where they hash to. Owns nothing.
class StreamTable {
 public:
  Stream* find(uint32_t id) const {
    if (size_ == 0) return nullptr;
    for (uint32_t at = slot(id);; at = (at + 1) & mask()) {
      if (slots_[at].id == id) return slots_[at].stream;
      if (slots_[at].id == 0) return nullptr;
    }
  }
  void insert(uint32_t id, Stream* stream);
  void erase(uint32_t id);
  size_t size() const { return size_; }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.id != 0) visit(*slot.stream);
    }
  }

 private:
  struct Slot {
    uint32_t id = 0;  // 0: empty
    Stream* stream = nullptr;
  };
  uint32_t mask() const { return static_cast<uint32_t>(slots_.size()) - 1; }
  uint32_t slot(uint32_t id) const { return (id >> 1) & mask(); }
  void grow();

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace outrider::http2
