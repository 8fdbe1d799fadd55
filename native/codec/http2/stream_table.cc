#include "codec/http2/stream_table.h"

namespace outrider::http2 {

void StreamTable::grow() {
  std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
  old.swap(slots_);
  size_ = 0;
  for (const Slot& slot : old) {
    if (slot.id != 0) insert(slot.id, slot.stream);
  }
}

void StreamTable::insert(uint32_t id, Stream* stream) {
  if ((size_ + 1) * 2 > slots_.size()) grow();
  uint32_t at = slot(id);
  while (slots_[at].id != 0) at = (at + 1) & mask();
  slots_[at] = {id, stream};
  ++size_;
}

void StreamTable::erase(uint32_t id) {
  if (size_ == 0) return;
  uint32_t hole = slot(id);
  while (slots_[hole].id != id) {
    if (slots_[hole].id == 0) return;
    hole = (hole + 1) & mask();
  }
  --size_;
  // What follows in the same run moves up where that brings it closer to its place.
  for (uint32_t at = (hole + 1) & mask(); slots_[at].id != 0; at = (at + 1) & mask()) {
    const uint32_t home = slot(slots_[at].id);
    if (((at - home) & mask()) < ((at - hole) & mask())) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
}

}  // namespace outrider::http2
