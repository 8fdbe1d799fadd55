#include "router/route_action.h"

#include "base/data_source.h"

namespace outrider {

namespace {

Fault fault(std::string_view field, const ConfigError& error) {
  const bool dot = !error.path.empty() && error.path[0] != '[';
  return ConfigError{std::string(field) + (dot ? "." : "") + error.path, error.reason};
}

Fault refuse(std::string_view field) { return ConfigError{std::string(field), "is not supported"}; }

Fault read_target(ConfigView config, std::string_view key_prefix, RouteBuildContext& context,
                  WeightedTarget& target) {
  target.config = config;
  target.cluster_name = config.string("name");
  target.cluster_header = request_header_name(config.string("cluster_header"));
  if (target.cluster_name.empty() == target.cluster_header.empty()) {
    return ConfigError{"", "one of name and cluster_header"};
  }
  if (target.cluster_header.empty()) target.cluster = context.cluster_index(target.cluster_name);
  target.weight = static_cast<uint32_t>(config.uint("weight"));
  target.host_rewrite = config.string("host_rewrite_literal");
  if (!key_prefix.empty())
    target.runtime_key = std::string(key_prefix) + "." + std::string(target.cluster_name);
  return read_header_edits(config, target.edits);
}

Fault read_weighted(ConfigView config, RouteBuildContext& context, uint32_t& targets, RouteEntry& entry) {
  if (config.boolean("use_hash_policy")) return refuse("use_hash_policy");
  auto weighted = std::make_unique<WeightedTargets>();
  weighted->random_header = request_header_name(config.string("header_name"));
  weighted->runtime_weights =
      config.has("runtime_key_prefix") && !config.string("runtime_key_prefix").empty();
  for (const ConfigView item : config.list("clusters")) {
    WeightedTarget& target = weighted->targets.emplace_back();
    target.id = targets++;
    if (Fault found = read_target(item, config.string("runtime_key_prefix"), context, target)) {
      return fault("clusters[" + std::to_string(weighted->targets.size() - 1) + "]", *found);
    }
    weighted->total_weight += target.weight;
  }
  if (weighted->total_weight == 0) return ConfigError{"clusters", "the sum of the weights is 0"};
  if (weighted->total_weight > UINT32_MAX)
    return ConfigError{"clusters", "the sum of the weights is above 2^32 - 1"};
  entry.weighted = std::move(weighted);
  return {};
}

Fault read_cluster(ConfigView action, RouteBuildContext& context, uint32_t& targets, RouteEntry& entry) {
  if (action.has("weighted_clusters")) {
    entry.cluster_choice = ClusterChoice::Weighted;
    if (Fault found = read_weighted(action["weighted_clusters"], context, targets, entry)) {
      return fault("weighted_clusters", *found);
    }
  } else if (action.has("cluster_header")) {
    entry.cluster_choice = ClusterChoice::Header;
    entry.cluster_header = request_header_name(action.string("cluster_header"));
  } else if (action.has("cluster")) {
    entry.cluster_name = action.string("cluster");
    entry.cluster = context.cluster_index(entry.cluster_name);
  } else {
    for (const std::string_view field : {"cluster_specifier_plugin", "inline_cluster_specifier_plugin"}) {
      if (action.has(field)) return refuse(field);
    }
    return ConfigError{"", "one of cluster, cluster_header and weighted_clusters"};
  }
  const std::string_view not_found = action.string("cluster_not_found_response_code");
  if (not_found == "NOT_FOUND") entry.cluster_not_found_status = 404;
  if (not_found == "INTERNAL_SERVER_ERROR") entry.cluster_not_found_status = 500;
  return {};
}

void read_timeouts(ConfigView action, RouteTimeouts& timeouts) {
  const ConfigView stream = action["max_stream_duration"];
  timeouts.has_max_stream_duration = static_cast<bool>(stream);
  timeouts.route_ms = action.duration_ms("timeout", timeouts.route_ms);
  timeouts.idle_ms = action.duration_ms("idle_timeout", not_set);
  timeouts.flush_ms = action.duration_ms("flush_timeout", not_set);
  timeouts.max_stream_ms = stream.duration_ms("max_stream_duration", not_set);
  timeouts.grpc_header_max_ms = stream.duration_ms("grpc_timeout_header_max", not_set);
  timeouts.grpc_header_offset_ms = stream.duration_ms("grpc_timeout_header_offset", not_set);
  timeouts.grpc_max_ms = action.duration_ms("max_grpc_timeout", not_set);
  timeouts.grpc_offset_ms = action.duration_ms("grpc_timeout_offset", not_set);
}

Fault read_path_rewrite(ConfigView action, RouteEntry& entry) {
  Result<std::unique_ptr<PathRewrite>> rewrite = PathRewrite::read(action, entry.path);
  if (!rewrite) return rewrite.error();
  entry.path_rewrite = std::move(rewrite.value());
  return {};
}

Fault read_internal_redirect(ConfigView action, RouteEntry& entry) {
  if (!action.has("internal_redirect_policy")) return {};
  Result<std::unique_ptr<InternalRedirectPolicy>> policy =
      InternalRedirectPolicy::read(action["internal_redirect_policy"]);
  if (!policy) return fault("internal_redirect_policy", policy.error());
  entry.internal_redirect = std::move(policy.value());
  return {};
}

Fault read_policies(ConfigView action, RouteBuildContext& context, RouteEntry& entry) {
  entry.hedge_on_per_try_timeout = entry.hedge_policy().boolean("hedge_on_per_try_timeout");
  if (action.has("retry_policy")) {
    if (Fault found = read_retry_policy(action, entry.own_retry)) return found;
    entry.retry = entry.own_retry.get();
  } else {
    entry.retry = entry.virtual_host->retry.get();
  }
  Result<std::unique_ptr<HashPolicy>> hash = HashPolicy::read(action["hash_policy"]);
  if (!hash) return fault("hash_policy", hash.error());
  entry.hash_policy = std::move(hash.value());
  if (Fault found = read_mirrors(entry.own_or_host("request_mirror_policies"), context, entry)) return found;
  return read_internal_redirect(action, entry);
}

RouteTunnel read_tunnel(ConfigView upgrades) {
  for (const ConfigView upgrade : upgrades) {
    if (!upgrade.has("connect_config")) continue;
    const bool post = upgrade["connect_config"].boolean("allow_post");
    return post ? RouteTunnel::ConnectOrPost : RouteTunnel::Connect;
  }
  return RouteTunnel::None;
}

Fault read_forward(ConfigView action, RouteBuildContext& context, uint32_t& targets, RouteEntry& entry) {
  entry.action = action;
  if (action.has("retry_policy_typed_config")) return refuse("retry_policy_typed_config");
  if (Fault found = read_cluster(action, context, targets, entry)) return found;
  if (Fault found = read_path_rewrite(action, entry)) return found;
  Result<std::unique_ptr<HostRewrite>> host = HostRewrite::read(action);
  if (!host) return host.error();
  entry.host_rewrite = std::move(host.value());
  entry.auto_host_rewrite = action.boolean("auto_host_rewrite");
  entry.tunnel = read_tunnel(action["upgrade_configs"]);
  entry.append_x_forwarded_host = action.boolean("append_x_forwarded_host");
  if (action.string("priority") == "HIGH") entry.priority = RoutePriority::High;
  read_timeouts(action, entry.timeouts);
  return read_policies(action, context, entry);
}

Fault read_redirect(ConfigView config, RouteEntry& entry) {
  entry.kind = RouteKind::Redirect;
  Result<Redirect> redirect = Redirect::read(config);
  if (!redirect) return redirect.error();
  entry.redirect = std::make_unique<Redirect>(std::move(redirect.value()));
  return read_path_rewrite(config, entry);
}

Fault read_direct_response(ConfigView config, size_t body_bytes_max, RouteEntry& entry) {
  entry.kind = RouteKind::DirectResponse;
  Result<std::string> body = read_data_source(config["body"], body_bytes_max);
  if (!body) return fault("body", body.error());
  entry.direct_response = std::make_unique<DirectResponse>();
  entry.direct_response->status = static_cast<uint16_t>(config.uint("status"));
  entry.direct_response->body = std::move(body.value());
  if (!config.has("body_format")) return {};
  Result<SubstitutionFormat> format = SubstitutionFormat::read(config["body_format"]);
  if (!format) return fault("body_format", format.error());
  entry.direct_response->format = std::move(format.value());
  return {};
}

}  // namespace

// `side` is "request" or "response".
static Fault read_mutations(ConfigView config, const std::string& side, HeaderMutations& mutations) {
  const ConfigView add = config[side + "_headers_to_add"];
  Result<HeaderMutations> read = HeaderMutations::read(add, config[side + "_headers_to_remove"]);
  if (!read) {
    const bool adding = !HeaderMutations::read(add).ok();
    return ConfigError{side + (adding ? "_headers_to_add" : "_headers_to_remove") + read.error().path,
                       read.error().reason};
  }
  mutations = std::move(read.value());
  return {};
}

Fault read_header_edits(ConfigView config, std::unique_ptr<HeaderEdits>& edits) {
  HeaderEdits both;
  if (Fault found = read_mutations(config, "request", both.request)) return found;
  if (Fault found = read_mutations(config, "response", both.response)) return found;
  if (!both.request.empty() || !both.response.empty()) edits = std::make_unique<HeaderEdits>(std::move(both));
  return {};
}

Fault read_mirrors(ConfigView list, RouteBuildContext& context, RouteEntry& entry) {
  Result<std::vector<MirrorPolicy>> mirrors = MirrorPolicy::read(list, context);
  if (!mirrors) return fault("request_mirror_policies", mirrors.error());
  entry.mirrors = std::move(mirrors.value());
  return {};
}

Fault read_retry_policy(ConfigView config, std::unique_ptr<RetryPolicy>& policy) {
  if (!config.has("retry_policy")) return {};
  Result<std::unique_ptr<RetryPolicy>> read = RetryPolicy::read(config["retry_policy"]);
  if (!read) return fault("retry_policy", read.error());
  policy = std::move(read.value());
  return {};
}

Fault read_route_action(ConfigView route, size_t body_bytes_max, RouteBuildContext& context,
                        uint32_t& targets, RouteEntry& entry) {
  entry.config = route;
  entry.name = route.string("name");
  if (route["route_specifiers"].size() != 0) return refuse("route_specifiers");
  if (Fault found = read_header_edits(route, entry.edits)) return found;
  Fault found;
  std::string_view field = "route";
  if (route.has("route")) {
    found = read_forward(route["route"], context, targets, entry);
  } else if (route.has("redirect")) {
    field = "redirect";
    found = read_redirect(route["redirect"], entry);
  } else if (route.has("direct_response")) {
    field = "direct_response";
    found = read_direct_response(route["direct_response"], body_bytes_max, entry);
  } else if (route.has("non_forwarding_action")) {
    entry.kind = RouteKind::NonForwarding;
  } else {
    return route.has("filter_action") ? refuse("filter_action")
                                      : ConfigError{"", "one of route, redirect and direct_response"};
  }
  if (found) return fault(field, *found);
  return {};
}

}  // namespace outrider
