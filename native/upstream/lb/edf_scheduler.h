#pragma once
#include <cstdint>
#include <vector>

namespace outrider {

// Earliest deadline first: each entry comes up in proportion to its weight, evenly spread. An entry of weight
// w is due every 1/w; whoever is due first goes, and is due again 1/w later. Equal deadlines go in order.
class EdfScheduler {
 public:
  bool empty() const { return queue_.empty(); }
  void clear();
  // `weight` > 0.
  void add(uint32_t entry, double weight);
  // The entry whose turn it is; it stays first until reschedule. Not while empty.
  uint32_t peek() const { return queue_.front().entry; }
  // Puts the first entry back with the weight it has now.
  void reschedule(double weight);
  void reschedule() { reschedule(queue_.front().weight); }
  // Right after the entries were added: goes on by `picks` turns, in a time that depends on the entries
  // alone, so that workers do not go in step.
  void skip(uint64_t picks);

 private:
  struct Item {
    double deadline;
    uint64_t order;  // breaks ties: first in, first out
    double weight;
    uint32_t entry;
  };
  static bool later(const Item& a, const Item& b) {
    return a.deadline != b.deadline ? a.deadline > b.deadline : a.order > b.order;
  }

  std::vector<Item> queue_;  // a heap
  double now_ = 0;
  uint64_t order_ = 0;
};

}  // namespace outrider
