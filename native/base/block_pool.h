#pragma once
#include <cstddef>
#include <cstdlib>

namespace outrider {

// Blocks of memory of one size, of one worker, kept for reuse and freed with the pool: a page fault costs more than
// the memory does (1.4 us each), so nothing is trimmed. What was given back last, and is hot, is used first. Must
// outlive whoever draws from it.
template <size_t Bytes>
class BlockPool {
 public:
  static constexpr size_t block_bytes = Bytes;

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool() {
    while (free_ != nullptr) std::free(pop());
  }

  void* take() {
    if (free_ != nullptr) return pop();
    void* block = std::malloc(Bytes);
    if (block == nullptr) std::abort();
    return block;
  }

  void give_back(void* block) {
    Free* node = static_cast<Free*>(block);
    node->next = free_;
    free_ = node;
  }

 private:
  struct Free {
    Free* next;
  };
  void* pop() {
    Free* node = free_;
    free_ = node->next;
    return node;
  }

  Free* free_ = nullptr;
};

}  // namespace outrider
