#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/block_pool.h"

namespace outrider {

using ChunkPool = BlockPool<16 * 1024>;

// Bytes on their way out of one connection, in order. Small pieces are copied behind each other; large ones may be
// borrowed: they are only referenced, until settle() copies what has not been written by then. The owner calls
// settle() before the borrowed memory goes (at the latest when the event that brought it ends).
class OutputBuffer {
 public:
  explicit OutputBuffer(ChunkPool& pool) : pool_(&pool) {}
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;
  ~OutputBuffer() { clear(); }

  // Room for `bytes` contiguous bytes; commit() says how many were written there.
  char* reserve(size_t bytes);
  void commit(size_t bytes) {
    tail_->end += bytes;
    bytes_ += bytes;
  }
  void append(std::string_view bytes);
  // Keeps a reference where that is cheaper than a copy.
  void append_borrowed(std::string_view bytes);
  void settle();

  // Fills at most `most` iovecs with what stands first; answers how many.
  int gather(iovec* out, int most) const;
  // Forgets the first `bytes` bytes.
  void consume(size_t bytes);
  void clear();

  uint64_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  // Refers to memory that is only lent.
  bool lent() const { return borrowed_ > 0; }

 private:
  // Below this a copy costs less than an iovec and the chance of a second copy.
  static constexpr size_t borrow_bytes_min = 2048;

  // Stands at the start of a pooled chunk (owned bytes follow it), of a larger malloc'ed block, or alone (borrowed).
  struct Segment {
    enum class Kind : uint8_t { Pooled, Large, Borrowed };
    Segment* next;
    const char* begin;
    const char* end;
    const char* limit;  // end of the room; nullptr with Borrowed
    Kind kind;
  };
  Segment* add_owned(size_t room);
  void push(Segment* segment);
  void free_segment(Segment* segment);

  ChunkPool* pool_;
  Segment* head_ = nullptr;
  Segment* tail_ = nullptr;
  uint64_t bytes_ = 0;
  uint32_t borrowed_ = 0;
};

}  // namespace outrider
