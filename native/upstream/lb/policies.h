#pragma once
#include <cstdint>
#include <memory>

#include "upstream/lb/lb_policy.h"

namespace outrider {

std::unique_ptr<LbPolicy> make_round_robin(uint64_t seed);
std::unique_ptr<LbPolicy> make_least_request(const LbConfig& config, uint64_t seed);
std::unique_ptr<LbPolicy> make_random();

}  // namespace outrider
