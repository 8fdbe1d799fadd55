#include "filter/network/all.gen.h"
#include "filter/runtime_switch.h"
#include "filter/token_bucket.h"

namespace outrider {
namespace {

struct Config {
  StatScope<NetworkLocalRateLimitStat> stats;
  RuntimeSwitch enabled;
  std::unique_ptr<TokenBucket> bucket;  // of all workers
};

// envoy.filters.network.local_ratelimit: so many connections in a time, the others are closed.
// Config: envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit
class LocalRateLimit final : public NetworkFilter {
 public:
  LocalRateLimit(NetworkWorker& network, const Config& config) : network_(network), config_(config) {}

  NetworkStatus on_new_connection(NetworkStream& stream) override {
    if (!config_.enabled.on(network_.runtime()) || config_.bucket->take(network_.worker.loop.now_ns()))
      return NetworkStatus::Continue;
    network_.worker.stats.add(config_.stats, NetworkLocalRateLimitStat::rate_limited);
    stream.close("local_ratelimit_close");
    return NetworkStatus::StopIteration;
  }

 private:
  NetworkWorker& network_;
  const Config& config_;
};

Result<Config> read_config(ConfigView view, NetworkBuildContext& context) {
  const std::string prefix = "local_rate_limit." + std::string(view.string("stat_prefix")) + ".";
  return Config{.stats = context.stats.add_scope<NetworkLocalRateLimitStat>(prefix),
                .enabled = RuntimeSwitch(view["runtime_enabled"]),
                .bucket = std::make_unique<TokenBucket>(view["token_bucket"])};
}

}  // namespace

const NetworkFilterType local_ratelimit = network_filter_type<LocalRateLimit, Config, read_config>(
    "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit");

}  // namespace outrider
