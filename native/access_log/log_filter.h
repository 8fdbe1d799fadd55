#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/config_view.h"
#include "base/result.h"
#include "formatter/stream_info.h"

namespace outrider {

class RuntimeValues;

// What filters need beyond the stream's facts. Owned by a worker.
struct LogFilterState {
  uint64_t random = 0x9E3779B97F4A7C15;    // state of a generator; seed it differently for each worker
  const RuntimeValues* runtime = nullptr;  // null: every runtime key has its default
};

// envoy.config.accesslog.v3.AccessLogFilter: decides which streams are logged, and which local replies a
// mapper takes. Immutable, shared by all workers.
class LogFilter {
 public:
  struct Node;

  LogFilter();  // wants everything
  static Result<LogFilter> read(ConfigView filter);
  LogFilter(LogFilter&&) noexcept;
  LogFilter& operator=(LogFilter&&) noexcept;
  ~LogFilter();

  bool wants(const FormatContext& context, LogFilterState& state) const;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace outrider
