#include "filter/listener/all.gen.h"
#include "filter/runtime_switch.h"
#include "filter/token_bucket.h"

namespace outrider {
namespace {

// envoy.filters.listener.local_ratelimit: so many connections in a time, the others are closed at once.
// Config: envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit
class LocalRateLimit final : public ListenerFilter {
 public:
  LocalRateLimit(ConfigView view, ListenerBuildContext& context)
      : stats_(context.stats.add_scope<ListenerLocalRateLimitStat>(
            "listener_local_ratelimit." + std::string(view.string("stat_prefix")) + ".")),
        bucket_(view["token_bucket"]),
        enabled_(view["runtime_enabled"]) {}

  ListenerStatus inspect(ListenerSocket& socket, std::string_view) const override {
    if (!enabled_.on(socket.runtime) || bucket_.take(socket.worker.loop.now_ns()))
      return ListenerStatus::Continue;
    socket.worker.stats.add(stats_, ListenerLocalRateLimitStat::rate_limited);
    return ListenerStatus::Close;
  }

 private:
  StatScope<ListenerLocalRateLimitStat> stats_;
  mutable TokenBucket bucket_;
  RuntimeSwitch enabled_;
};

Result<std::unique_ptr<ListenerFilter>> read(ConfigView view, ListenerBuildContext& context) {
  return std::unique_ptr<ListenerFilter>(new LocalRateLimit(view, context));
}

}  // namespace

const ListenerFilterType local_ratelimit_listener{
    "envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit", &read};

}  // namespace outrider
