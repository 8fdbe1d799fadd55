#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "base/ref.h"
#include "base/result.h"
#include "base/shared_config.h"
#include "filter/chain.h"
#include "router/route_table.h"

namespace outrider {

// typed_per_filter_config of one filter at one place of the route configuration.
struct RouteFilter {
  std::unique_ptr<HttpFilterFactory> factory;  // null: the filter's own configuration stays
  bool disabled = false;
};

// A route configuration together with what it says about filters. Immutable, shared by all workers.
class RouteConfig final : public RefCounted<RouteConfig> {
 public:
  struct BuildContext {
    RouteBuildContext& routes;
    FilterBuildContext& filters;
  };
  // `config` is envoy.config.route.v3.RouteConfiguration, alive as long as `source`, or as long as the result where
  // `source` is null. The path of a fault starts below it.
  static Result<Ref<const RouteConfig>> build(Ref<const SharedConfig> source, ConfigView config,
                                              BuildContext context);

  const RouteTable& table() const { return *table_; }
  // What the most specific level says about the filter of this name; null when none says anything.
  const RouteFilter* filter(const RouteResult& route, std::string_view name) const;
  bool has_filters() const { return !filters_.empty(); }

 private:
  Result<bool> read_filters(ConfigView config, FilterBuildContext& context);
  Result<bool> read_place(ConfigView place, FilterBuildContext& context);

  Ref<const SharedConfig> source_;
  std::unique_ptr<RouteTable> table_;
  std::unordered_map<const void*, RouteFilter> filters_;  // by place in the configuration
};

// A route configuration that is looked up by name (RDS), on one worker. Streams hold on to the one that they began
// with while a newer one serves those that follow; a plain count, since all of it belongs to one thread.
class WorkerRoutes {
 public:
  explicit WorkerRoutes(Ref<const RouteConfig> config) : config_(std::move(config)) {}
  const RouteConfig& config() const { return *config_; }
  void hold() { ++holders_; }
  void release() {
    if (--holders_ == 0) delete this;
  }

 private:
  Ref<const RouteConfig> config_;
  uint32_t holders_ = 1;  // the worker, until the next version comes
};

}  // namespace outrider
