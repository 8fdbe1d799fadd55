#pragma once
#include <memory>

#include "base/config_view.h"
#include "base/random.h"
#include "base/result.h"
#include "base/runtime_values.h"
#include "formatter/stream_info.h"

namespace outrider {

// What filters need beyond the stream's facts; a worker's.
struct LogFilterState {
  Random* random = nullptr;                // null: filters that draw a number say no
  const RuntimeValues* runtime = nullptr;  // null: every runtime key has its default
};

// envoy.config.accesslog.v3.AccessLogFilter: decides which streams are logged, and which local replies a
// mapper takes. Immutable, shared by all workers.
class LogFilter {
 public:
  struct Node;

  LogFilter();  // wants everything
  // A missing `filter` wants everything too. Extension filters are refused.
  static Result<LogFilter> read(ConfigView filter);
  LogFilter(LogFilter&&) noexcept;
  LogFilter& operator=(LogFilter&&) noexcept;
  ~LogFilter();

  bool wants(const FormatContext& context, const LogFilterState& state) const;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace outrider
