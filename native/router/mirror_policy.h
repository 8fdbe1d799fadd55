#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "base/runtime_values.h"
#include "formatter/mutation_rules.h"

namespace outrider {

class RouteBuildContext;

// envoy.config.route.v3.RouteAction.RequestMirrorPolicy. Immutable, shared by all workers.
struct MirrorPolicy {
  uint32_t cluster = UINT32_MAX;  // cluster_by_name
  std::string_view cluster_name;
  std::string cluster_header;  // lower case; empty: the cluster is fixed
  RuntimeFraction fraction{{100, 100}, {}};
  bool keep_host = false;  // instead of "-shadow" behind it
  std::string_view host_rewrite;
  MutationRules mutations;

  static Result<std::vector<MirrorPolicy>> read(ConfigView list, RouteBuildContext& context);
};

// Of one route: the router notes those that are chosen in the bits of a number.
inline constexpr uint32_t mirrors_max = 64;

// "a.test:80" reads "a.test-shadow:80".
std::string shadow_host(std::string_view host);

}  // namespace outrider
