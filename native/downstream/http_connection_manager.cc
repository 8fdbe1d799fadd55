#include "downstream/http_connection_manager.h"

#include <algorithm>

namespace outrider {

static constexpr std::string_view router_type = "envoy.extensions.filters.http.router.v3.Router";
static constexpr std::string_view route_switch_type = "envoy.config.route.v3.FilterConfig";

static ConfigError below(std::string path, const ConfigError& error) {
  if (!error.path.empty()) path.append(error.path.starts_with('[') ? "" : ".").append(error.path);
  return {std::move(path), error.reason};
}

Result<std::unique_ptr<HcmInstance>> HcmInstance::build(ConfigView config, HcmInstanceContext& context) {
  std::unique_ptr<HcmInstance> instance(new HcmInstance());
  auto hcm = HcmConfig::build(config, context.hcm);
  if (!hcm) return hcm.error();
  instance->config_ = std::move(hcm.value());
  auto routes = RouteTable::build(instance->config_->route_config, context.routes);
  if (!routes) return below("route_config", routes.error());
  instance->routes_ = std::move(routes.value());
  for (const std::string& name : instance->routes_->internal_only_headers()) {
    instance->internal_only_headers.push_back(name);
  }
  const std::string prefix = "http." + std::string(instance->config_->stat_prefix) + ".";
  instance->stats = context.stats.add_scope<HttpStat>(prefix);
  instance->router_stats = context.stats.add_scope<RouterStat>(prefix);
  context.stats.add_scope<TracingStat>(prefix + "tracing.");
  instance->codec_stats = context.stats.add_scope<Http1Stat>("http1.");
  instance->listener_stats =
      context.stats.add_scope<ListenerHttpStat>(std::string(context.listener_prefix) + prefix);
  if (auto filters = instance->read_filters(context); !filters) return filters.error();
  const HcmConfig& settings = *instance->config_;
  for (const uint64_t ms :
       {settings.request_timeout_ms, settings.stream_idle_timeout_ms, settings.max_stream_duration_ms,
        settings.request_headers_timeout_ms, settings.access_log_flush_interval_ms}) {
    if (ms != 0) instance->shortest_stream_timeout_ms = std::min(instance->shortest_stream_timeout_ms, ms);
  }
  return instance;
}

Result<bool> HcmInstance::read_filters(HcmInstanceContext& context) {
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
  if (filters_.empty()) return true;
  const ConfigView routes = config_->route_config;
  if (auto read = read_route_filters(routes, build); !read) return read;
  for (const ConfigView host : routes.list("virtual_hosts")) {
    if (auto read = read_route_filters(host, build); !read) return read;
    for (const ConfigView route : host.list("routes")) {
      if (auto read = read_route_filters(route, build); !read) return read;
      for (const ConfigView target : route["route"]["weighted_clusters"].list("clusters")) {
        if (auto read = read_route_filters(target, build); !read) return read;
      }
    }
  }
  return true;
}

Result<bool> HcmInstance::read_route_filters(ConfigView place, FilterBuildContext& context) {
  for (const auto& member : place["typed_per_filter_config"].members()) {
    ConfigView config = member.value();
    RouteFilter filter;
    if (config.type_name() == route_switch_type) {
      filter.disabled = config.boolean("disabled");
      config = config["config"];
    }
    if (const HttpFilterType* type = nullptr; !config.type_name().empty()) {
      for (const HttpFilterConfig& configured : config_->http_filters) {
        if (configured.name == member.key) type = find_http_filter(configured.type);
      }
      if (type != nullptr && (type->route_type == config.type_name() || type->type == config.type_name())) {
        const auto read = type->route_type == config.type_name() ? type->read_route : type->read;
        auto factory = read(config, context);
        if (!factory) return below("typed_per_filter_config." + std::string(member.key), factory.error());
        filter.factory = std::move(factory.value());
      }
    }
    route_filters_.emplace(member.value().identity(), std::move(filter));
  }
  return true;
}

const RouteFilter* HcmInstance::route_filter(const RouteResult& route, std::string_view name) const {
  if (route.virtual_host == nullptr) return nullptr;
  const ConfigView place = routes_->filter_config(route, name);
  const auto found = route_filters_.find(place.identity());
  return found == route_filters_.end() ? nullptr : &found->second;
}

}  // namespace outrider
