#include "base/output_buffer.h"

#include <algorithm>

namespace outrider {

OutputBuffer::Segment* OutputBuffer::add_owned(size_t room) {
  const bool large = room > ChunkPool::block_bytes - sizeof(Segment);
  const size_t whole = large ? room + sizeof(Segment) : ChunkPool::block_bytes;
  auto* segment = static_cast<Segment*>(large ? std::malloc(whole) : pool_->take());
  if (segment == nullptr) std::abort();
  const char* start = reinterpret_cast<char*>(segment + 1);
  *segment = {nullptr, start, start, reinterpret_cast<char*>(segment) + whole,
              large ? Segment::Kind::Large : Segment::Kind::Pooled};
  push(segment);
  return segment;
}

void OutputBuffer::push(Segment* segment) {
  (head_ == nullptr ? head_ : tail_->next) = segment;
  tail_ = segment;
}

void OutputBuffer::free_segment(Segment* segment) {
  if (segment->kind == Segment::Kind::Borrowed) --borrowed_;
  if (segment->kind == Segment::Kind::Large) {
    std::free(segment);
  } else {
    pool_->give_back(segment);
  }
}

char* OutputBuffer::reserve(size_t bytes) {
  if (tail_ == nullptr || tail_->limit == nullptr || static_cast<size_t>(tail_->limit - tail_->end) < bytes) {
    add_owned(bytes);
  }
  return const_cast<char*>(tail_->end);
}

void OutputBuffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tail_ == nullptr || tail_->limit == nullptr || tail_->limit == tail_->end) {
      add_owned(std::min(bytes.size(), ChunkPool::block_bytes - sizeof(Segment)));
    }
    const size_t part = std::min(bytes.size(), static_cast<size_t>(tail_->limit - tail_->end));
    std::memcpy(const_cast<char*>(tail_->end), bytes.data(), part);
    commit(part);
    bytes.remove_prefix(part);
  }
}

void OutputBuffer::append_borrowed(std::string_view bytes) {
  if (bytes.size() < borrow_bytes_min) return append(bytes);
  auto* segment = static_cast<Segment*>(pool_->take());
  *segment = {nullptr, bytes.data(), bytes.data() + bytes.size(), nullptr, Segment::Kind::Borrowed};
  push(segment);
  bytes_ += bytes.size();
  ++borrowed_;
}

void OutputBuffer::settle() {
  if (borrowed_ == 0) return;
  Segment* segment = head_;
  head_ = tail_ = nullptr;
  bytes_ = 0;
  while (segment != nullptr) {
    Segment* next = segment->next;
    segment->next = nullptr;
    const std::string_view bytes(segment->begin, static_cast<size_t>(segment->end - segment->begin));
    if (segment->kind == Segment::Kind::Borrowed) {
      append(bytes);
      free_segment(segment);
    } else {
      push(segment);
      bytes_ += bytes.size();
    }
    segment = next;
  }
}

int OutputBuffer::gather(iovec* out, int most) const {
  int count = 0;
  for (const Segment* at = head_; at != nullptr && count < most; at = at->next) {
    if (at->begin == at->end) continue;
    out[count++] = {const_cast<char*>(at->begin), static_cast<size_t>(at->end - at->begin)};
  }
  return count;
}

void OutputBuffer::consume(size_t bytes) {
  bytes_ -= bytes;
  while (head_ != nullptr) {
    const auto part = std::min(bytes, static_cast<size_t>(head_->end - head_->begin));
    head_->begin += part;
    bytes -= part;
    if (head_->begin != head_->end) return;
    Segment* done = head_;
    head_ = done->next;
    if (head_ == nullptr) tail_ = nullptr;
    free_segment(done);
  }
}

void OutputBuffer::clear() {
  while (head_ != nullptr) {
    Segment* next = head_->next;
    free_segment(head_);
    head_ = next;
  }
  tail_ = nullptr;
  bytes_ = 0;
}

}  // namespace outrider
