#pragma once
#include <cstdint>

#include "upstream/host_set.h"

namespace outrider {

// Consistent hashing with bounded loads (hash_balance_factor; arXiv:1608.01350): no host may have more than
// `factor` percent of its share of the active requests. Where the host of a hash is above, the others are probed
// in an order that the hash alone decides, so that a key overflows to the same hosts each time (arXiv:1908.08762).
class BoundedLoad {
 public:
  // `active` counts the requests of the whole cluster.
  BoundedLoad(const ClusterEndpoints& endpoints, const HostTable& table, uint32_t factor, uint32_t active)
      : endpoints_(endpoints), table_(table), slots_((uint64_t{active} + 1) * factor / 100.0) {}

  // `first`, or one that is less loaded.
  HostIndex choose(HostIndex first, uint64_t hash) const;

 private:
  double load(const HostTable::Share& share) const;

  const ClusterEndpoints& endpoints_;
  const HostTable& table_;
  double slots_;
};

}  // namespace outrider
