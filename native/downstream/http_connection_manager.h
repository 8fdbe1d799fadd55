#pragma once
#include <memory>
#include <string>
#include <vector>

#include "access_log/access_log.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/slab.h"
#include "base/stats.h"
#include "downstream/hcm_config.h"
#include "downstream/response_rules.h"
#include "downstream/route_config.h"
#include "filter/chain.h"
#include "router/router.h"

namespace outrider {

class ActiveStream;
class Http1Server;
namespace http2 {
struct Workspace;
}

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

// One configured HTTP connection manager with its filters, and its routes or their name. Immutable, shared by all
// workers.
class HcmInstance {
 public:
  static Result<std::unique_ptr<HcmInstance>> build(ConfigView config, HcmInstanceContext& context);

  const HcmConfig& config() const { return *config_; }
  // Null where the routes are looked up by name: then they are HttpWorker::routes[routes_index()].
  const RouteConfig* routes() const { return routes_.get(); }
  uint32_t routes_index() const { return routes_index_; }
  const RouterConfig& router() const { return router_; }
  const std::vector<ChainFilter>& filters() const { return filters_; }

  StatScope<HttpStat> stats;
  StatScope<ListenerHttpStat> listener_stats;
  StatScope<RouterStat> router_stats;
  StatScope<Http1Stat> codec_stats;
  StatScope<Http2Stat> http2_stats;
  uint64_t shortest_stream_timeout_ms = UINT64_MAX;  // of those that every stream starts with

 private:
  HcmInstance() = default;
  Result<bool> read_filters_and_routes(HcmInstanceContext& context);

  std::unique_ptr<HcmConfig> config_;
  Ref<const RouteConfig> routes_;
  uint32_t routes_index_ = 0;
  RouterConfig router_;
  std::vector<ChainFilter> filters_;
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
  http2::Workspace& http2_space;
  std::vector<WorkerRoutes*> routes;       // by index; a connection manager that names one comes after it
  const RuntimeValues* runtime = nullptr;  // null: every key has its default
};

}  // namespace outrider
