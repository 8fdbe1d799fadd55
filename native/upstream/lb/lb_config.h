#pragma once
#include <cstdint>
#include <string>

#include "base/config_view.h"
#include "base/result.h"

namespace outrider {

enum class LbPolicyKind : uint8_t { RoundRobin, LeastRequest, Random, RingHash, Maglev };

// How the cluster's policy was configured; each field belongs to the policies that read it.
struct LbConfig {
  // From lb_policy and its settings, or from load_balancing_policy; `cluster` is
  // envoy.config.cluster.v3.Cluster.
  static Result<LbConfig> read(ConfigView cluster);

  LbPolicyKind kind = LbPolicyKind::RoundRobin;
  bool locality_weighted = false;
  bool fail_traffic_on_panic = false;
  bool full_scan = false;               // LEAST_REQUEST
  uint32_t choice_count = 2;            // LEAST_REQUEST
  std::string active_request_bias_key;  // runtime
  double active_request_bias = 1.0;     // LEAST_REQUEST
  uint32_t panic_threshold = 50;        // percent
  bool murmur_hash_2 = false;           // RING_HASH
  bool hash_by_hostname = false;        // RING_HASH, MAGLEV
  uint32_t hash_balance_factor = 0;     // RING_HASH, MAGLEV; percent, 0: off
  uint64_t ring_size_min = 1024;        // RING_HASH
  uint64_t ring_size_max = 8 << 20;     // RING_HASH
  uint64_t maglev_table_size = 65537;
};

}  // namespace outrider
