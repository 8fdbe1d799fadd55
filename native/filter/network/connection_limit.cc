#include <atomic>

#include "filter/network/all.gen.h"
#include "filter/runtime_switch.h"

namespace outrider {
namespace {

struct Config {
  StatScope<ConnectionLimitStat> stats;
  uint64_t connections_max;
  uint64_t delay_ms;  // a refused connection ends after this time
  RuntimeSwitch enabled;
  std::unique_ptr<std::atomic<uint64_t>> open = std::make_unique<std::atomic<uint64_t>>(0);  // on all workers
};

// envoy.filters.network.connection_limit: so many connections at once, the others are closed.
// Config: envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit
class ConnectionLimit final : public NetworkFilter, Timer {
 public:
  ConnectionLimit(NetworkWorker& network, const Config& config) : network_(network), config_(config) {}

  NetworkStatus on_new_connection(NetworkStream& stream) override {
    if (!config_.enabled.on(network_.runtime())) return NetworkStatus::Continue;
    StatsBlock& stats = network_.worker.stats;
    if (config_.open->fetch_add(1, std::memory_order_relaxed) < config_.connections_max) {
      counted_ = true;
      stats.add(config_.stats, ConnectionLimitStat::active_connections);
      return NetworkStatus::Continue;
    }
    config_.open->fetch_sub(1, std::memory_order_relaxed);
    stats.add(config_.stats, ConnectionLimitStat::limited_connections);
    if (config_.delay_ms == 0) {
      stream.close("connection_limit");
    } else {
      stream_ = &stream;
      EventLoop& loop = network_.worker.loop;
      loop.timers().arm(*this, loop.now_ms() + config_.delay_ms);
    }
    return NetworkStatus::StopIteration;
  }

  void on_close(NetworkStream&) override {
    cancel();
    if (!counted_) return;
    config_.open->fetch_sub(1, std::memory_order_relaxed);
    network_.worker.stats.sub(config_.stats, ConnectionLimitStat::active_connections);
  }

 private:
  void on_timer() override { stream_->close("connection_limit"); }

  NetworkWorker& network_;
  const Config& config_;
  NetworkStream* stream_ = nullptr;
  bool counted_ = false;
};

Result<Config> read_config(ConfigView view, NetworkBuildContext& context) {
  const std::string prefix = "connection_limit." + std::string(view.string("stat_prefix")) + ".";
  return Config{.stats = context.stats.add_scope<ConnectionLimitStat>(prefix),
                .connections_max = view.uint("max_connections"),
                .delay_ms = static_cast<uint64_t>(view.duration_ms("delay")),
                .enabled = RuntimeSwitch(view["runtime_enabled"])};
}

}  // namespace

const NetworkFilterType connection_limit = network_filter_type<ConnectionLimit, Config, read_config>(
    "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit");

}  // namespace outrider
