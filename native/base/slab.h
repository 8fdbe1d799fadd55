#pragma once
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace outrider {

// Memory for objects of one type, in pages of about 64 KiB. What was freed last is used first, while it is hot.
// Pages are kept: a page fault costs more than the memory. One worker's; must outlive its objects.
template <typename T>
class Slab {
 public:
  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    for (void* page : pages_) std::free(page);
  }

  template <typename... Args>
  T* make(Args&&... args) {
    if (free_ == nullptr) grow();
    Slot* slot = free_;
    free_ = slot->next;
    ++used_;
    return new (slot) T(std::forward<Args>(args)...);
  }

  void destroy(T* object) {
    object->~T();
    auto* slot = reinterpret_cast<Slot*>(object);
    slot->next = free_;
    free_ = slot;
    --used_;
  }

  // Objects alive.
  size_t used() const { return used_; }

 private:
  union Slot {
    Slot* next;
    alignas(T) unsigned char object[sizeof(T)];
  };
  static constexpr size_t slots_per_page = sizeof(Slot) > 32768 ? 1 : 65536 / sizeof(Slot);

  void grow() {
    auto* page = static_cast<Slot*>(std::aligned_alloc(64, (slots_per_page * sizeof(Slot) + 63) / 64 * 64));
    if (page == nullptr) std::abort();
    pages_.push_back(page);
    for (size_t i = slots_per_page; i-- > 0;) {
      page[i].next = free_;
      free_ = &page[i];
    }
  }

  Slot* free_ = nullptr;
  size_t used_ = 0;
  std::vector<void*> pages_;
};

}  // namespace outrider
