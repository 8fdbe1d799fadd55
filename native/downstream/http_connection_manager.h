#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "access_log/access_log.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/slab.h"
#include "base/stats.h"
#include "downstream/hcm_config.h"
#include "downstream/response_rules.h"
#include "filter/chain.h"
#include "router/route_table.h"
#include "router/router.h"

namespace outrider {

class ActiveStream;
class Http1Server;

// typed_per_filter_config of one filter at one place of the route configuration.
struct RouteFilter {
  std::unique_ptr<HttpFilterFactory> factory;  // null: the filter's own configuration stays
  bool disabled = false;
};

// One HTTP filter of the chain.
struct ChainFilter {
  std::string_view name;
  std::unique_ptr<HttpFilterFactory> factory;
  bool disabled = false;  // unless a route says otherwise
};

struct HcmInstanceContext {
  HcmBuildContext& hcm;
  RouteBuildContext& routes;
  StatsRegistry& stats;
  std::string_view listener_prefix;  // "listener.127.0.0.1_80."
};

// One configured HTTP connection manager with its routes and filters. Immutable, shared by all workers.
class HcmInstance {
 public:
  static Result<std::unique_ptr<HcmInstance>> build(ConfigView config, HcmInstanceContext& context);

  const HcmConfig& config() const { return *config_; }
  const RouteTable& routes() const { return *routes_; }
  const RouterConfig& router() const { return router_; }
  const std::vector<ChainFilter>& filters() const { return filters_; }
  // What the routes say about one filter, the most specific level first; null when they say nothing.
  const RouteFilter* route_filter(const RouteResult& route, std::string_view name) const;
  bool has_route_filters() const { return !route_filters_.empty(); }

  StatScope<HttpStat> stats;
  StatScope<ListenerHttpStat> listener_stats;
  StatScope<RouterStat> router_stats;
  StatScope<Http1Stat> codec_stats;
  std::vector<std::string> internal_only_headers;
  uint64_t shortest_stream_timeout_ms = UINT64_MAX;  // of those that every stream starts with

 private:
  HcmInstance() = default;
  Result<bool> read_filters(HcmInstanceContext& context);
  Result<bool> read_route_filters(ConfigView place, FilterBuildContext& context);

  std::unique_ptr<HcmConfig> config_;
  std::unique_ptr<RouteTable> routes_;
  RouterConfig router_;
  std::vector<ChainFilter> filters_;
  std::unordered_map<const void*, RouteFilter> route_filters_;  // by place in the configuration
};

// How far the worker's draining has come; asked when a response is finished.
class DrainDecision {
 public:
  virtual bool drain_close(WorkerContext& worker) const = 0;

 protected:
  ~DrainDecision() = default;
};

// What HTTP connections and streams need of their worker.
struct HttpWorker {
  WorkerContext& worker;
  UpstreamDirectory& upstreams;
  DrainDecision& drain;
  DateCache dates;
  LogWorker log;
  std::string scratch;
  std::string reply_text;
  Slab<ActiveStream>& streams;
  Slab<Http1Server>& http1_servers;
  const RuntimeValues* runtime = nullptr;  // null: every key has its default
};

}  // namespace outrider
