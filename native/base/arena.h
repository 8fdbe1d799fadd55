#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/block_pool.h"

namespace outrider {

using ArenaBlockPool = BlockPool<4096>;

// Bump allocator of one stream: everything is freed together, by reset() or the destructor.
// Once more than max_bytes were asked for it has failed: allocate() answers nullptr from then on and
// the owner ends the stream; so callers need not check between steps, only at the end.
class Arena {
 public:
  explicit Arena(ArenaBlockPool& pool, size_t max_bytes = 16u << 20) : pool_(pool), max_bytes_(max_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { reset(); }

  // `align` is a power of two, at most alignof(max_align_t).
  void* allocate(size_t bytes, size_t align = alignof(std::max_align_t)) {
    const uintptr_t start = (reinterpret_cast<uintptr_t>(next_) + align - 1) & ~(uintptr_t{align} - 1);
    if (next_ == nullptr || bytes > reinterpret_cast<uintptr_t>(end_) - start ||
        start > reinterpret_cast<uintptr_t>(end_)) {
      return allocate_slow(bytes);
    }
    next_ = reinterpret_cast<char*>(start + bytes);
    return reinterpret_cast<char*>(start);
  }

  // For the few small objects that a stream needs even to end itself: never fails, whatever the bound says.
  // `bytes` is at most small_bytes_max.
  void* allocate_small(size_t bytes, size_t align = alignof(std::max_align_t)) {
    assert(bytes <= small_bytes_max);
    void* memory = allocate(bytes, align);
    if (memory != nullptr) return memory;
    held_bytes_ += ArenaBlockPool::block_bytes;
    Block* block = static_cast<Block*>(pool_.take());
    *block = {blocks_, false};
    blocks_ = block;
    return block + 1;
  }
  static constexpr size_t small_bytes_max = 1024;

  // A copy of `text`, not terminated. nullptr when the arena has failed.
  char* copy(std::string_view text) {
    char* to = static_cast<char*>(allocate(text.size(), 1));
    if (to != nullptr && !text.empty()) std::memcpy(to, text.data(), text.size());
    return to;
  }
  // As copy(); empty when the arena has failed.
  std::string_view copy_view(std::string_view text) {
    const char* to = copy(text);
    return to == nullptr ? std::string_view{} : std::string_view(to, text.size());
  }

  // Takes back the last `unused` bytes of an allocation that ends at `end`, if nothing was allocated since.
  void trim(const char* end, size_t unused) {
    if (end == next_) next_ -= unused;
  }

  // Gives everything back; the arena is as new, except for its bound.
  void reset() {
    while (blocks_ != nullptr) {
      Block* block = blocks_;
      blocks_ = block->next;
      if (block->direct) {
        std::free(block);
      } else {
        pool_.give_back(block);
      }
    }
    next_ = end_ = nullptr;
    held_bytes_ = 0;
    failed_ = false;
  }

  bool failed() const { return failed_; }
  // Memory held from the system or the pool, in bytes.
  size_t held_bytes() const { return held_bytes_; }

 private:
  struct alignas(std::max_align_t) Block {
    Block* next;
    bool direct;  // from malloc, larger than a pool block
  };

  void* allocate_slow(size_t bytes) {
    const bool direct = bytes > ArenaBlockPool::block_bytes - sizeof(Block);
    const size_t whole = direct ? bytes + sizeof(Block) : ArenaBlockPool::block_bytes;
    if (failed_ || whole < bytes || whole > max_bytes_ - held_bytes_) {
      failed_ = true;
      next_ = end_ = nullptr;
      return nullptr;
    }
    Block* block = static_cast<Block*>(direct ? std::malloc(whole) : pool_.take());
    if (block == nullptr) std::abort();
    held_bytes_ += whole;
    *block = {blocks_, direct};
    blocks_ = block;
    char* const start = reinterpret_cast<char*>(block + 1);
    if (!direct) {
      next_ = start + bytes;
      end_ = reinterpret_cast<char*>(block) + whole;
    }
    return start;
  }

  ArenaBlockPool& pool_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  Block* blocks_ = nullptr;
  size_t held_bytes_ = 0;
  size_t max_bytes_;
  bool failed_ = false;
};

}  // namespace outrider
