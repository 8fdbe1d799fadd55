#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access_log/access_log.h"
#include "base/config_view.h"
#include "base/result.h"
#include "filter/network.h"

namespace outrider {

class Random;

// envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, read once: immutable, shared by all workers.
struct TcpProxyConfig {
  static Result<TcpProxyConfig> read(ConfigView view, NetworkBuildContext& context);

  struct Target {
    uint32_t cluster = UINT32_MAX;  // its index
    std::string_view name;
    uint32_t weight = 1;
  };
  // By weight, where there are several.
  const Target& pick(Random& random) const;

  StatScope<TcpProxyStat> stats;
  std::vector<Target> targets;
  uint64_t weight_total = 0;
  uint64_t idle_timeout_ms = 3'600'000;     // 0: never
  uint64_t max_connection_duration_ms = 0;  // 0: for ever
  double max_connection_duration_jitter_percent = 0;
  uint32_t connect_attempts_max = 1;
  uint64_t backoff_base_ms = 0;  // 0: the next attempt follows at once
  uint64_t backoff_max_ms = 0;
  AccessLogs access_logs;
  uint64_t log_interval_ms = 0;  // 0: only at the end
  bool log_on_connected = false;
  bool log_on_start = false;
  bool hash_source_ip = false;
};

}  // namespace outrider
