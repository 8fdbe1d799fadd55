#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "upstream/host_set.h"

namespace outrider {

class Random;
struct LbConfig;

// Refuses a chosen host, so that another is tried (retry host predicates, metadata).
class HostPredicate {
 public:
  virtual bool refuses(const Host& host) const = 0;

 protected:
  ~HostPredicate() = default;
};

// What one choice depends on. `random` is the worker's.
struct LbContext {
  Random& random;
  std::optional<uint64_t> hash = std::nullopt;  // of the route's hash_policy
  const HostPredicate* predicate = nullptr;     // null: every host will do
  uint32_t attempts_max = 1;                    // choices before a refused host is taken all the same
  const PriorityLoad* load = nullptr;           // replaces that of the endpoints (retry_priority)
};

// A group of hosts that a policy picks from. `id` tells the groups of one snapshot apart and stays the same
// for the same priority, class and locality from snapshot to snapshot.
struct HostGroup {
  uint32_t id;
  std::span<const HostIndex> hosts;
};

// How one host of a group is picked: one file a policy. Belongs to a worker.
class LbPolicy {
 public:
  virtual ~LbPolicy() = default;
  // `group` is not empty.
  virtual HostIndex pick(const HostGroup& group, const ClusterEndpoints& endpoints,
                         const LbContext& context) = 0;
  // The groups have changed: what was computed from weights is void.
  virtual void reset() = 0;
};

}  // namespace outrider
