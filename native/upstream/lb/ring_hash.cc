// RING_HASH: every host stands at many places of a ring of 64-bit hashes; a request goes to the next one.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/xxhash64.h"
#include "upstream/lb/host_table.h"
#include "upstream/lb/lb_config.h"

namespace outrider {
namespace {

// MurmurHash2 (64-bit, variant A) by Austin Appleby with the seed of the C++ library, as Envoy has it.
uint64_t murmur_hash_2(std::string_view text) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  auto mix = [](uint64_t v) { return v ^ (v >> 47); };
  uint64_t hash = 0xc70f6907 ^ (text.size() * kMultiplier);
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    hash = (hash ^ (mix(word * kMultiplier) * kMultiplier)) * kMultiplier;
  }
  if (at < text.size()) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, text.size() - at);
    hash = (hash ^ word) * kMultiplier;
  }
  return mix(mix(hash) * kMultiplier);
}

class RingHash final : public HostTable {
 public:
  RingHash(const LbConfig& config, const std::vector<Entry>& entries) {
    double least = 1;
    for (const Entry& entry : entries) least = std::min(least, entry.weight);
    // Large enough that the lightest host has a whole number of places, and at least the minimum in all.
    const double scale = std::min(std::ceil(least * static_cast<double>(config.ring_size_min)) / least,
                                  static_cast<double>(config.ring_size_max));
    places_.reserve(static_cast<size_t>(std::ceil(scale)));
    double wanted = 0;
    for (const Entry& entry : entries) {
      wanted += scale * entry.weight;
      for (uint64_t i = 0; static_cast<double>(places_.size()) < wanted; ++i) {
        const std::string key = entry.key + "_" + std::to_string(i);
        places_.push_back({config.murmur_hash_2 ? murmur_hash_2(key) : xxhash64(key), entry.host});
      }
    }
    std::ranges::sort(places_, {}, &Place::hash);
  }

  uint32_t find(uint64_t hash, uint32_t attempt) const override {
    const auto next = std::ranges::lower_bound(places_, hash, {}, &Place::hash);
    const auto index = static_cast<size_t>(next - places_.begin()) + attempt;
    return places_[index % places_.size()].host;
  }

 private:
  struct Place {
    uint64_t hash;
    uint32_t host;
  };
  std::vector<Place> places_;
};

}  // namespace

std::unique_ptr<HostTable> build_ring_hash(const LbConfig& config,
                                           const std::vector<HostTable::Entry>& entries) {
  return std::make_unique<RingHash>(config, entries);
}

}  // namespace outrider
