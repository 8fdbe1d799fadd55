#include "base/stats.h"

#include <sys/mman.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace outrider {
namespace {

// Address space a block reserves for either half; memory is taken in steps as it is used.
constexpr size_t reserved_bytes = size_t{1} << 30;
constexpr uint32_t reserved_slots = reserved_bytes / sizeof(uint64_t);
constexpr uint32_t step_slots = 32 * 1024;
// The place of default scopes: as long as the longest template.
constexpr uint32_t unread_slots = 256;

std::span<const StatInfo> stats_of(ScopeKind kind) {
  return with_stats_of(kind, [](const auto& stats) { return std::span<const StatInfo>(stats); });
}

bool is_codes(StatKind kind) { return kind == StatKind::Codes; }
bool is_sparse(StatKind kind) {
  return is_codes(kind) || kind == StatKind::Histogram || kind == StatKind::LateHistogram ||
         kind == StatKind::Percents;
}

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "outrider: out of memory: %s\n", what);
  std::abort();
}

uint64_t* reserve() {
  void* memory = mmap(nullptr, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) die("address space for statistics");
  madvise(memory, reserved_bytes, MADV_NOHUGEPAGE);
  return static_cast<uint64_t*>(memory);
}

// Makes at least the first `slots` writable; gives what is writable then.
uint32_t grow(uint64_t* memory, uint32_t committed, uint32_t slots) {
  if (slots <= committed) return committed;
  if (slots > reserved_slots) die("too many statistics");
  const uint32_t wanted = (slots + step_slots - 1) / step_slots * step_slots;
  if (mprotect(memory + committed, (wanted - committed) * sizeof(uint64_t), PROT_READ | PROT_WRITE) != 0) {
    die("statistics");
  }
  return wanted;
}

}  // namespace

uint32_t histogram_bin_slow(uint64_t value) {
  uint32_t decade = 0;
  while (value >= 100) {
    value /= 10;
    ++decade;
  }
  return decade == 0 ? static_cast<uint32_t>(value)
                     : 100 + (decade - 1) * 90 + static_cast<uint32_t>(value) - 10;
}

double histogram_bin_floor(uint32_t bin) {
  if (bin < 100) return bin;
  return (10 + (bin - 100) % 90) * std::pow(10, 1 + (bin - 100) / 90);
}

StatsBlock::StatsBlock(uint64_t* shared)
    : slots_(reserve()), sparse_(reserve()), shared_(shared == nullptr ? slots_ : shared) {}

StatsBlock::~StatsBlock() {
  munmap(slots_, reserved_bytes);
  munmap(sparse_, reserved_bytes);
}

void StatsBlock::commit(uint32_t slots) { slots_committed_ = grow(slots_, slots_committed_, slots); }

uint32_t StatsBlock::allocate(uint32_t slots) {
  const uint32_t at = sparse_next_;
  sparse_next_ += slots;
  sparse_committed_ = grow(sparse_, sparse_committed_, sparse_next_);
  return at;
}

void StatsBlock::add_page(uint64_t& slot, uint32_t item, uint32_t shift) {
  std::atomic_ref<uint64_t> table(slot);
  if (table.load(std::memory_order_relaxed) == 0) {
    table.store(allocate(table_entries / 2), std::memory_order_release);
  }
  const uint32_t page = allocate(1u << shift);
  change(sparse_[page + (item & ((1u << shift) - 1))], 1);
  entry(table.load(std::memory_order_relaxed), item >> shift).store(page, std::memory_order_release);
}

// Pages stay with their slot, for the next scope that stands here.
void StatsBlock::clear(uint32_t slot, bool sparse, uint32_t shift) {
  if (!sparse) {
    slots_[slot] = 0;
    return;
  }
  const uint64_t table = slots_[slot];
  if (table == 0) return;
  for (uint32_t n = 0; n < table_entries; ++n) {
    const uint32_t page = entry(table, n).load(std::memory_order_relaxed);
    for (uint32_t i = 0; page != 0 && i < 1u << shift; ++i) sparse_[page + i] = 0;
  }
}

StatsRegistry::StatsRegistry() : scratch_(StatsBlock::table_entries << StatsBlock::bins_shift) {
  next_base_ = unread_slots;
  blocks_.emplace_back(new StatsBlock(nullptr));  // only set() writes here
  blocks_.front()->commit(next_base_);
  add_block();
}

StatsBlock* StatsRegistry::add_block() {
  blocks_.emplace_back(new StatsBlock(blocks_.front()->slots_));
  blocks_.back()->commit(next_base_);
  return blocks_.back().get();
}

uint32_t StatsRegistry::add(ScopeKind kind, std::string_view prefix) {
  const auto kind_number = static_cast<uint32_t>(kind);
  std::string key;
  if (!prefix.empty()) {
    key = static_cast<char>(kind_number);
    key += prefix;
    if (const auto found = rows_.find(key); found != rows_.end()) {
      ++scopes_[found->second].users;
      return scopes_[found->second].base;
    }
  }
  if (free_bases_.size() <= kind_number) free_bases_.resize(kind_number + 1);
  std::vector<uint32_t>& bases = free_bases_[kind_number];
  uint32_t base = next_base_;
  if (bases.empty()) {
    next_base_ += static_cast<uint32_t>(stats_of(kind).size());
    for (auto& block : blocks_) block->commit(next_base_);
  } else {
    base = bases.back();
    bases.pop_back();
  }
  uint32_t row = static_cast<uint32_t>(scopes_.size());
  if (free_rows_.empty()) {
    scopes_.emplace_back();
  } else {
    row = free_rows_.back();
    free_rows_.pop_back();
  }
  scopes_[row] = {.kind = kind, .base = base, .users = 1, .id = next_id_++, .prefix = std::string(prefix)};
  rows_of_base_[base] = row;
  if (!key.empty()) rows_[std::move(key)] = row;
  ++generation_;
  return base;
}

void StatsRegistry::remove(uint32_t base) {
  const auto found = rows_of_base_.find(base);
  if (found == rows_of_base_.end()) return;  // a default scope
  const uint32_t row = found->second;
  StatScopeInfo& scope = scopes_[row];
  if (--scope.users > 0) return;
  const std::span<const StatInfo> stats = stats_of(scope.kind);
  for (uint32_t i = 0; i < stats.size(); ++i) {
    const uint32_t shift = is_codes(stats[i].kind) ? StatsBlock::codes_shift : StatsBlock::bins_shift;
    for (auto& block : blocks_) block->clear(base + i, is_sparse(stats[i].kind), shift);
  }
  if (!scope.prefix.empty()) rows_.erase(static_cast<char>(scope.kind) + scope.prefix);
  rows_of_base_.erase(found);
  free_bases_[static_cast<uint32_t>(scope.kind)].push_back(base);
  free_rows_.push_back(row);
  scope.prefix.clear();
  ++generation_;
}

StatsRegistry::Sum StatsRegistry::sum(uint32_t slot) const {
  constexpr uint64_t sign = StatsBlock::used >> 1;
  uint64_t total = 0;
  uint64_t seen = 0;
  for (const auto& block : blocks_) {
    const uint64_t value = std::atomic_ref(block->slots_[slot]).load(std::memory_order_relaxed);
    if (value == UINT64_MAX && block == blocks_.front()) return {UINT64_MAX, true};  // set to "no limit"
    total += value;
    seen |= value;
  }
  const bool used = (seen & StatsBlock::used) != 0;
  // Below 0 only for the moment between two threads' halves of a move.
  total &= StatsBlock::used - 1;
  return {(total & sign) != 0 ? 0 : total, used};
}

void StatsRegistry::read(StatsSnapshot& out, Read what) const {
  out.values.clear();
  out.used.clear();
  out.sparse.clear();
  for (uint32_t row = 0; row < scopes_.size(); ++row) {
    if (scopes_[row].users > 0 && !scopes_[row].prefix.empty()) read_scope(row, out, what);
  }
}

void StatsRegistry::read_scope(uint32_t row, StatsSnapshot& out, Read what) const {
  const StatScopeInfo& scope = scopes_[row];
  const std::span<const StatInfo> stats = stats_of(scope.kind);
  for (uint32_t i = 0; i < stats.size(); ++i) {
    const bool codes = is_codes(stats[i].kind);
    Sum sum{0, false};
    if (is_sparse(stats[i].kind)) {
      if (!codes || what == Read::All) read_sparse(row, i, codes, out);
    } else if (what == Read::All) {
      sum = this->sum(scope.base + i);
    }
    if (what != Read::All) continue;
    out.values.push_back(static_cast<double>(sum.value));
    out.used.push_back(sum.used ? 1 : 0);
  }
}

void StatsRegistry::read_sparse(uint32_t row, uint32_t stat, bool codes, StatsSnapshot& out) const {
  const uint32_t shift = codes ? StatsBlock::codes_shift : StatsBlock::bins_shift;
  uint64_t pages = 0;  // a bit per entry of the table
  for (const auto& block : blocks_) {
    const uint64_t table =
        std::atomic_ref(block->slots_[scopes_[row].base + stat]).load(std::memory_order_acquire);
    for (uint32_t n = 0; table != 0 && n < StatsBlock::table_entries; ++n) {
      const uint32_t page = block->entry(table, n).load(std::memory_order_acquire);
      if (page == 0) continue;
      pages |= uint64_t{1} << n;
      for (uint32_t i = 0; i < 1u << shift; ++i) {
        const uint64_t count = std::atomic_ref(block->sparse_[page + i]).load(std::memory_order_relaxed);
        scratch_[(n << shift) + i] += count & (StatsBlock::used - 1);
      }
    }
  }
  if (pages == 0) return;
  const size_t start = out.sparse.size();
  out.sparse.insert(out.sparse.end(), {static_cast<double>(row), static_cast<double>(stat), 0});
  for (uint32_t n = 0; n < StatsBlock::table_entries; ++n) {
    if (((pages >> n) & 1) == 0) continue;
    for (uint32_t item = n << shift; item < (n + 1) << shift; ++item) {
      if (scratch_[item] == 0) continue;
      out.sparse.push_back(item + (codes ? 100 : 0));
      out.sparse.push_back(static_cast<double>(scratch_[item]));
      ++out.sparse[start + 2];
      scratch_[item] = 0;
    }
  }
  if (out.sparse[start + 2] == 0) out.sparse.resize(start);
}

}  // namespace outrider
