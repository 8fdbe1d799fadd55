#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/boundary.gen.h"

namespace outrider {

// Where one set of statistics stands, in every block alike. A default scope is a place that nobody reads.
template <typename E>
struct StatScope {
  uint32_t base = 0;
};

// Histogram bins as circllhist has them: two significant decimal digits. 0 to 99 have bins of their own, each
// decade above has 90.
inline constexpr uint32_t histogram_bins = 100 + 18 * 90;
uint32_t histogram_bin_slow(uint64_t value);
inline uint32_t histogram_bin(uint64_t value) {
  if (value < 100) return static_cast<uint32_t>(value);
  if (value < 1'000) return 90 + static_cast<uint32_t>(value / 10);
  if (value < 10'000) return 180 + static_cast<uint32_t>(value / 100);
  return histogram_bin_slow(value);
}
// The smallest value of a bin.
double histogram_bin_floor(uint32_t bin);

// The statistics of one thread. Only its owner writes (plain loads and stores, no locked instruction); main
// reads. set() alone is for everybody: it writes the one value that the process has, and the last one wins. A
// statistic is either added to or set. What was never touched costs no memory.
class StatsBlock {
 public:
  StatsBlock(const StatsBlock&) = delete;
  StatsBlock& operator=(const StatsBlock&) = delete;
  ~StatsBlock();

  template <typename E>
  void add(StatScope<E> scope, E stat, uint64_t n = 1) {
    change(slots_[index(scope, stat)], n);
  }
  template <typename E>
  void sub(StatScope<E> scope, E stat, uint64_t n = 1) {
    change(slots_[index(scope, stat)], ~n + 1);
  }
  template <typename E>
  void set(StatScope<E> scope, E stat, uint64_t value) {
    std::atomic_ref(shared_[index(scope, stat)]).store(value | used, std::memory_order_relaxed);
  }
  // One value of a histogram; milliseconds, bytes or, for StatKind::Percents, millionths.
  template <typename E>
  void record(StatScope<E> scope, E histogram, uint64_t value) {
    add_sparse(slots_[index(scope, histogram)], histogram_bin(value), bins_shift);
  }
  // `family` is a StatKind::Codes; statuses outside 100 to 599 count nothing.
  template <typename E>
  void add_code(StatScope<E> scope, E family, uint16_t status) {
    if (status < 100 || status > 599) return;
    add_sparse(slots_[index(scope, family)], status - 100u, codes_shift);
  }
  // Counts a response in "…completed" and its class, which stand behind it in every template.
  template <typename E>
  void add_response(StatScope<E> scope, E completed, uint16_t status) {
    add(scope, completed);
    if (status < 100 || status > 599) return;
    change(slots_[index(scope, completed) + status / 100u], 1);
  }
  // The same, and in "…200": for templates where the family follows.
  template <typename E>
  void add_status(StatScope<E> scope, E completed, uint16_t status) {
    add_response(scope, completed, status);
    add_code(scope, static_cast<E>(static_cast<uint32_t>(completed) + 6), status);
  }

 private:
  friend class StatsRegistry;

  // A slot's top bit says that it was touched, so that "usedonly" shows a gauge that is back at 0.
  static constexpr uint64_t used = uint64_t{1} << 63;
  // Bins and codes are kept in pages of 2^shift slots, found by a table of 32-bit places.
  static constexpr uint32_t bins_shift = 5;
  static constexpr uint32_t codes_shift = 3;
  static constexpr uint32_t table_entries = 64;
  static_assert((histogram_bins >> bins_shift) < table_entries);
  static_assert((500u >> codes_shift) < table_entries);

  // `shared` is where set() writes; null: this block's own slots.
  explicit StatsBlock(uint64_t* shared);

  template <typename E>
  static uint32_t index(StatScope<E> scope, E stat) {
    return scope.base + static_cast<uint32_t>(stat);
  }
  static void change(uint64_t& slot, uint64_t n) {
    std::atomic_ref<uint64_t> ref(slot);
    ref.store((ref.load(std::memory_order_relaxed) + n) | used, std::memory_order_relaxed);
  }
  void add_sparse(uint64_t& slot, uint32_t item, uint32_t shift) {
    const uint64_t table = std::atomic_ref(slot).load(std::memory_order_relaxed);
    const uint32_t page = table == 0 ? 0 : entry(table, item >> shift).load(std::memory_order_relaxed);
    if (page == 0) return add_page(slot, item, shift);
    change(sparse_[page + (item & ((1u << shift) - 1))], 1);
  }
  std::atomic_ref<uint32_t> entry(uint64_t table, uint32_t n) const {
    return std::atomic_ref(reinterpret_cast<uint32_t*>(sparse_ + table)[n]);
  }
  void add_page(uint64_t& slot, uint32_t item, uint32_t shift);
  uint32_t allocate(uint32_t slots);

  // Main's side.
  void commit(uint32_t slots);
  void clear(uint32_t slot, bool sparse, uint32_t shift);

  uint64_t* slots_;
  uint64_t* sparse_;
  uint64_t* shared_;
  uint32_t sparse_next_ = 8;  // 0 means "none"
  uint32_t sparse_committed_ = 0;
  uint32_t slots_committed_ = 0;
};

// One scope as main sees it; `id` is never used again, unlike base.
struct StatScopeInfo {
  ScopeKind kind;
  uint32_t base = 0;
  uint32_t users = 0;  // 0: the row is free
  uint64_t id = 0;
  std::string prefix;  // with its last dot; empty: not among the stats (endpoints)
};

// Every statistic, summed over the blocks. Values stand scope after scope in the order of scopes(), a slot
// each (those of histograms and codes read as 0).
struct StatsSnapshot {
  std::vector<double> values;
  std::vector<uint8_t> used;  // per value: was it ever touched
  // Histograms and codes that have values: scope row, stat, number of pairs, then pairs of bin (or status)
  // and count.
  std::vector<double> sparse;
};

// Main thread only.
class StatsRegistry {
 public:
  StatsRegistry();
  StatsRegistry(const StatsRegistry&) = delete;
  StatsRegistry& operator=(const StatsRegistry&) = delete;

  // `prefix` as in "cluster.one.". The same kind and prefix give the same scope again; each add needs its
  // remove. An empty prefix gives a scope of its own that is not among the stats.
  template <typename E>
  StatScope<E> add_scope(std::string_view prefix) {
    return {add(StatTemplate<E>::kind, prefix)};
  }
  // Only once every worker has let go of the scope: its slots are zeroed and used again.
  template <typename E>
  void remove_scope(StatScope<E> scope) {
    remove(scope.base);
  }

  // The block of one more thread; lives as long as the registry.
  StatsBlock* add_block();
  // Main's own.
  StatsBlock& main() { return *blocks_[1]; }

  // One value, summed over the blocks.
  template <typename E>
  uint64_t value(StatScope<E> scope, E stat) const {
    return sum(StatsBlock::index(scope, stat)).value;
  }

  // Rows with users == 0 are to be skipped. Changes only when generation() does.
  const std::vector<StatScopeInfo>& scopes() const { return scopes_; }
  uint64_t generation() const { return generation_; }
  // With Histograms, `values` and `used` stay empty and codes are left out: what a flush needs.
  enum class Read : uint8_t { All, Histograms };
  void read(StatsSnapshot& out, Read what = Read::All) const;

 private:
  struct Sum {
    uint64_t value;
    bool used;
  };
  uint32_t add(ScopeKind kind, std::string_view prefix);
  void remove(uint32_t base);
  Sum sum(uint32_t slot) const;
  void read_scope(uint32_t row, StatsSnapshot& out, Read what) const;
  void read_sparse(uint32_t row, uint32_t stat, bool codes, StatsSnapshot& out) const;

  std::vector<std::unique_ptr<StatsBlock>> blocks_;  // first what is set, then main's, then the workers'
  std::vector<StatScopeInfo> scopes_;
  std::vector<uint32_t> free_rows_;
  std::unordered_map<std::string, uint32_t> rows_;  // by kind and prefix
  std::unordered_map<uint32_t, uint32_t> rows_of_base_;
  std::vector<std::vector<uint32_t>> free_bases_;  // by kind: ranges keep their sparse pages
  mutable std::vector<uint64_t> scratch_;          // of read_sparse
  uint32_t next_base_;
  uint64_t next_id_ = 1;
  uint64_t generation_ = 1;
};

}  // namespace outrider
