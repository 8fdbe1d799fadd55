#include "upstream/lb/bounded_load.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace outrider {

// Above 1: more requests than the host has slots.
double BoundedLoad::load(const HostTable::Share& share) const {
  const double slots = std::max(1.0, std::ceil(std::ceil(slots_) * share.weight));
  return endpoints_.hosts()[share.host]->state->rq_active.load(std::memory_order_relaxed) / slots;
}

HostIndex BoundedLoad::choose(HostIndex first, uint64_t hash) const {
  const std::span<const HostTable::Share> shares = table_.shares();
  const auto own = std::ranges::lower_bound(shares, first, {}, &HostTable::Share::host);
  double least = load(*own);
  HostIndex best = first;
  if (least <= 1 || shares.size() == 1) return first;

  // A step without a common divisor comes by every host once.
  Random random(hash);
  const size_t count = shares.size();
  size_t at = random.next() % count;
  size_t step = 1 + random.next() % (count - 1);
  while (std::gcd(step, count) != 1) ++step;
  for (size_t i = 0; i < count; ++i, at = (at + step) % count) {
    const double other = load(shares[at]);
    if (other <= 1) return shares[at].host;
    if (other >= least) continue;
    least = other;
    best = shares[at].host;
  }
  return best;
}

}  // namespace outrider
