#include "filter/tcp_proxy/config.h"

#include "base/random.h"
#include "router/route_action.h"

namespace outrider {

static Result<bool> read_targets(ConfigView view, NetworkBuildContext& context, TcpProxyConfig& config) {
  const auto add = [&](std::string_view name, uint64_t weight) {
    config.targets.push_back({context.routes.cluster_index(name), name, static_cast<uint32_t>(weight)});
    config.weight_total += weight;
  };
  if (view.has("cluster")) add(view.string("cluster"), 1);
  for (const ConfigView cluster : view["weighted_clusters"].list("clusters")) {
    add(cluster.string("name"), cluster.uint("weight"));
  }
  if (config.targets.empty()) return ConfigError{"cluster", "neither cluster nor weighted_clusters is set"};
  return true;
}

static Result<bool> read_logs(ConfigView view, NetworkBuildContext& context, TcpProxyConfig& config) {
  auto logs = AccessLogs::read(view.list("access_log"), context.log_files);
  if (!logs) return ConfigError{"access_log" + logs.error().path, logs.error().reason};
  config.access_logs = std::move(logs.value());
  const ConfigView options = view["access_log_options"];
  const ConfigView where = options ? options : view;
  config.log_interval_ms = static_cast<uint64_t>(where.duration_ms("access_log_flush_interval"));
  config.log_on_connected = where.boolean("flush_access_log_on_connected");
  config.log_on_start = options.boolean("flush_access_log_on_start");
  return true;
}

Result<TcpProxyConfig> TcpProxyConfig::read(ConfigView view, NetworkBuildContext& context) {
  TcpProxyConfig config;
  if (auto read = read_targets(view, context, config); !read) return read.error();
  if (auto read = read_logs(view, context, config); !read) return read.error();
  config.stats =
      context.stats.add_scope<TcpProxyStat>("tcp." + std::string(view.string("stat_prefix")) + ".");
  config.idle_timeout_ms = static_cast<uint64_t>(view.duration_ms("idle_timeout", 3'600'000));
  config.max_connection_duration_ms =
      static_cast<uint64_t>(view.duration_ms("max_downstream_connection_duration"));
  config.max_connection_duration_jitter_percent =
      view["max_downstream_connection_duration_jitter_percentage"].number("value");
  config.connect_attempts_max = static_cast<uint32_t>(view.uint("max_connect_attempts", 1));
  if (const ConfigView backoff = view["backoff_options"]) {
    config.backoff_base_ms = static_cast<uint64_t>(backoff.duration_ms("base_interval"));
    config.backoff_max_ms =
        static_cast<uint64_t>(backoff.duration_ms("max_interval", backoff.duration_ms("base_interval") * 10));
  }
  for (const ConfigView policy : view.list("hash_policy")) config.hash_source_ip |= policy.has("source_ip");
  return config;
}

const TcpProxyConfig::Target& TcpProxyConfig::pick(Random& random) const {
  if (targets.size() == 1 || weight_total == 0) return targets.front();
  uint64_t at = random.next() % weight_total;
  for (const Target& target : targets) {
    if (at < target.weight) return target;
    at -= target.weight;
  }
  return targets.back();
}

}  // namespace outrider
