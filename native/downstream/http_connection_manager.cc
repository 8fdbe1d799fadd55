#include "downstream/http_connection_manager.h"

#include <algorithm>

namespace outrider {

static constexpr std::string_view router_type = "envoy.extensions.filters.http.router.v3.Router";

static ConfigError below(std::string path, const ConfigError& error) {
  if (!error.path.empty()) path.append(error.path.starts_with('[') ? "" : ".").append(error.path);
  return {std::move(path), error.reason};
}

Result<std::unique_ptr<HcmInstance>> HcmInstance::build(ConfigView config, HcmInstanceContext& context) {
  std::unique_ptr<HcmInstance> instance(new HcmInstance());
  auto hcm = HcmConfig::build(config, context.hcm);
  if (!hcm) return hcm.error();
  instance->config_ = std::move(hcm.value());
  const std::string prefix = "http." + std::string(instance->config_->stat_prefix) + ".";
  instance->stats = context.stats.add_scope<HttpStat>(prefix);
  instance->router_stats = context.stats.add_scope<RouterStat>(prefix);
  context.stats.add_scope<TracingStat>(prefix + "tracing.");
  instance->codec_stats = context.stats.add_scope<Http1Stat>("http1.");
  instance->http2_stats = context.stats.add_scope<Http2Stat>("http2.");
  instance->listener_stats =
      context.stats.add_scope<ListenerHttpStat>(std::string(context.listener_prefix) + prefix);
  if (auto filters = instance->read_filters_and_routes(context); !filters) return filters.error();
  const HcmConfig& settings = *instance->config_;
  for (const uint64_t ms :
       {settings.request_timeout_ms, settings.stream_idle_timeout_ms, settings.max_stream_duration_ms,
        settings.request_headers_timeout_ms, settings.access_log_flush_interval_ms}) {
    if (ms != 0) instance->shortest_stream_timeout_ms = std::min(instance->shortest_stream_timeout_ms, ms);
  }
  return instance;
}

Result<bool> HcmInstance::read_filters_and_routes(HcmInstanceContext& context) {
  const std::string prefix = "http." + std::string(config_->stat_prefix) + ".";
  FilterBuildContext build{prefix, context.stats};
  for (size_t i = 0; i < config_->http_filters.size(); ++i) {
    const HttpFilterConfig& filter = config_->http_filters[i];
    const std::string path = "http_filters[" + std::to_string(i) + "].typed_config";
    if (filter.type == router_type) {
      router_ = RouterConfig::read(filter.config);
      continue;
    }
    const HttpFilterType* type = find_http_filter(filter.type);
    if (type == nullptr) return ConfigError{path, "no such filter: " + std::string(filter.type)};
    auto factory = type->read(filter.config, build);
    if (!factory) return below(path, factory.error());
    filters_.push_back({filter.name, std::move(factory.value()), filter.disabled});
  }
  if (!config_->rds_name.empty()) {
    routes_index_ = context.routes.routes_index(config_->rds_name);
    return true;
  }
  // The tree belongs to whoever owns this connection manager.
  auto routes = RouteConfig::build(nullptr, config_->route_config, {context.routes, build});
  if (!routes) return below("route_config", routes.error());
  routes_ = std::move(routes.value());
  return true;
}

}  // namespace outrider
