#include "router/mirror_policy.h"

#include <utility>

#include "codec/header_match.h"
#include "router/route_action.h"

namespace outrider {

static Result<MirrorPolicy> read_policy(ConfigView config, RouteBuildContext& context) {
  MirrorPolicy policy;
  policy.cluster_name = config.string("cluster");
  policy.cluster_header = request_header_name(config.string("cluster_header"));
  if (policy.cluster_name.empty() == policy.cluster_header.empty()) {
    return ConfigError{"", "one of cluster and cluster_header"};
  }
  if (!policy.cluster_name.empty()) policy.cluster = context.cluster_index(policy.cluster_name);
  if (config.has("runtime_fraction")) policy.fraction = RuntimeFraction::read(config["runtime_fraction"]);
  policy.keep_host = config.boolean("disable_shadow_host_suffix_append");
  policy.host_rewrite = config.string("host_rewrite_literal");
  Result<MutationRules> mutations = MutationRules::read(config["request_headers_mutations"]);
  if (!mutations) {
    return ConfigError{"request_headers_mutations" + mutations.error().path, mutations.error().reason};
  }
  policy.mutations = std::move(mutations.value());
  return policy;
}

Result<std::vector<MirrorPolicy>> MirrorPolicy::read(ConfigView list, RouteBuildContext& context) {
  std::vector<MirrorPolicy> policies;
  if (list.size() > mirrors_max) return ConfigError{"", "has more than 64 items"};
  for (const ConfigView config : list) {
    Result<MirrorPolicy> policy = read_policy(config, context);
    if (!policy) {
      return ConfigError{"[" + std::to_string(policies.size()) + "]." + policy.error().path,
                         policy.error().reason};
    }
    policies.push_back(std::move(policy.value()));
  }
  return policies;
}

std::string shadow_host(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const size_t end = has_port ? colon : host.size();
  return std::string(host.substr(0, end)) + "-shadow" + std::string(host.substr(end));
}

}  // namespace outrider
