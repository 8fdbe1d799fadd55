#pragma once
#include <node_api.h>

#include "base/stats.h"

namespace outrider {

// What TypeScript's NativeStats is made from (src/native/native_stats.ts names the fields). The
// list of scopes is in it only when it is not the one of `known_generation`.
napi_value read_stats(napi_env env, const StatsRegistry& registry, uint64_t known_generation,
                      StatsRegistry::Read what);

}  // namespace outrider
