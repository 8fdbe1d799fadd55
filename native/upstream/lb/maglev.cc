// MAGLEV: each host fills a table of prime size in an order of its own ("Maglev: A Fast and Reliable Software
// Network Load Balancer", section 3.4), with turns in proportion to its weight.
#include <algorithm>

#include "base/xxhash64.h"
#include "upstream/lb/host_table.h"
#include "upstream/lb/lb_config.h"

namespace outrider {
namespace {

class Maglev final : public HostTable {
 public:
  Maglev(uint64_t size, std::vector<Entry> entries) : hosts_(size, kFree) {
    // The same hosts give the same table in whatever order they come.
    std::ranges::sort(entries, {}, &Entry::key);
    std::vector<Filler> fillers;
    double heaviest = 0;
    for (const Entry& entry : entries) {
      heaviest = std::max(heaviest, entry.weight);
      fillers.push_back(
          {entry.host, entry.weight, xxhash64(entry.key) % size, xxhash64(entry.key, 1) % (size - 1) + 1});
    }
    fill(fillers, heaviest);
  }

  uint32_t find(uint64_t hash, uint32_t attempt) const override {
    if (attempt > 0) hash ^= UINT64_MAX - attempt + 1;
    return hosts_[hash % hosts_.size()];
  }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  struct Filler {
    uint32_t host;
    double weight;
    uint64_t at;  // the next place that this host wants
    uint64_t skip;
    double due = 0;
  };

  void fill(std::vector<Filler>& fillers, double heaviest) {
    uint64_t filled = 0;
    for (double turn = 1; filled < hosts_.size(); ++turn) {
      for (Filler& filler : fillers) {
        if (filled == hosts_.size()) return;
        if (turn * filler.weight < filler.due) continue;
        filler.due += heaviest;
        while (hosts_[filler.at] != kFree) filler.at = (filler.at + filler.skip) % hosts_.size();
        hosts_[filler.at] = filler.host;
        ++filled;
      }
    }
  }

  std::vector<uint32_t> hosts_;
};

}  // namespace

std::unique_ptr<HostTable> build_maglev(const LbConfig& config, std::vector<HostTable::Entry> entries) {
  return std::make_unique<Maglev>(config.maglev_table_size, std::move(entries));
}

}  // namespace outrider
