#include "downstream/route_config.h"

#include <string>
#include <utility>

namespace outrider {

static constexpr std::string_view route_switch_type = "envoy.config.route.v3.FilterConfig";

Result<Ref<const RouteConfig>> RouteConfig::build(Ref<const SharedConfig> source, ConfigView config,
                                                  BuildContext context) {
  Ref<RouteConfig> built = make_ref<RouteConfig>();
  auto table = RouteTable::build(config, context.routes);
  if (!table) return table.error();
  built->source_ = std::move(source);
  built->table_ = std::move(table.value());
  if (auto read = built->read_filters(config, context.filters); !read) return read.error();
  return Ref<const RouteConfig>(built);
}

Result<bool> RouteConfig::read_filters(ConfigView config, FilterBuildContext& context) {
  if (auto read = read_place(config, context); !read) return read;
  for (const ConfigView host : config.list("virtual_hosts")) {
    if (auto read = read_place(host, context); !read) return read;
    for (const ConfigView route : host.list("routes")) {
      if (auto read = read_place(route, context); !read) return read;
      for (const ConfigView target : route["route"]["weighted_clusters"].list("clusters")) {
        if (auto read = read_place(target, context); !read) return read;
      }
    }
  }
  return true;
}

Result<bool> RouteConfig::read_place(ConfigView place, FilterBuildContext& context) {
  for (const auto& member : place["typed_per_filter_config"].members()) {
    ConfigView config = member.value();
    RouteFilter filter;
    if (config.type_name() == route_switch_type) {
      filter.disabled = config.boolean("disabled");
      config = config["config"];
    }
    if (const HttpFilterType* type = find_http_filter_of_route(config.type_name())) {
      const auto read = type->route_type == config.type_name() ? type->read_route : type->read;
      auto factory = read(config, context);
      if (!factory) {
        const std::string& path = factory.error().path;
        return ConfigError{
            "typed_per_filter_config." + std::string(member.key) + (path.empty() ? "" : ".") + path,
            factory.error().reason};
      }
      filter.factory = std::move(factory.value());
    }
    filters_.emplace(member.value().identity(), std::move(filter));
  }
  return true;
}

const RouteFilter* RouteConfig::filter(const RouteResult& route, std::string_view name) const {
  if (route.virtual_host == nullptr) return nullptr;
  const ConfigView place = table_->filter_config(route, name);
  const auto found = filters_.find(place.identity());
  return found == filters_.end() ? nullptr : &found->second;
}

}  // namespace outrider
