#include "upstream/lb/edf_scheduler.h"

#include <algorithm>
#include <cmath>

namespace outrider {

// Keeps deadlines small, so that those which should be equal are.
static constexpr uint64_t kSkipMax = 1 << 16;

void EdfScheduler::clear() {
  queue_.clear();
  now_ = 0;
  order_ = 0;
}

void EdfScheduler::add(uint32_t entry, double weight) {
  queue_.push_back({now_ + 1 / weight, order_++, weight, entry});
  std::push_heap(queue_.begin(), queue_.end(), later);
}

void EdfScheduler::reschedule(double weight) {
  std::pop_heap(queue_.begin(), queue_.end(), later);
  Item& item = queue_.back();
  now_ = item.deadline;
  item = {now_ + 1 / weight, order_++, weight, item.entry};
  std::push_heap(queue_.begin(), queue_.end(), later);
}

void EdfScheduler::skip(uint64_t picks) {
  if (queue_.empty()) return;
  double total = 0;
  for (const Item& item : queue_) total += item.weight;
  // Whole turns at once: after them an entry has had its share, rounded down.
  uint64_t left = picks % kSkipMax;
  const double turns = static_cast<double>(left) / total;
  for (Item& item : queue_) {
    const double had = std::floor(turns * item.weight);
    left -= std::min(left, static_cast<uint64_t>(had));
    item.deadline = (had + 1) / item.weight;
  }
  std::make_heap(queue_.begin(), queue_.end(), later);
  while (left-- > 0) reschedule();
}

}  // namespace outrider
