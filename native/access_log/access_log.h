#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "access_log/file_sink.h"
#include "access_log/log_filter.h"
#include "base/config_view.h"
#include "base/result.h"
#include "formatter/stream_info.h"
#include "formatter/substitution_format.h"

namespace outrider {

// What a worker brings when it logs. One for each worker, reused.
struct LogWorker {
  uint32_t index = 0;  // below the worker_count that LogFiles was made with
  std::string line;
  LogFilterState filter;
};

// One entry of `access_log` (envoy.config.accesslog.v3.AccessLog): a filter, a format, a sink. Immutable,
// shared by all workers; must not outlive the LogFiles.
class AccessLogger {
 public:
  // Opens the file. Not for the request path.
  static Result<AccessLogger> read(ConfigView access_log, LogFiles& files);

  // Writes a line if the filter wants it. Never waits: when the file's buffer is full the line is dropped
  // and counted. The context's log_type says why it is called.
  void log(const FormatContext& context, LogWorker& worker) const {
    if (!filter_.wants(context, worker.filter)) return;
    worker.line.clear();
    format_.append(context, worker.line);
    file_->append(worker.index, worker.line);  // a dropped line is counted there
  }

 private:
  AccessLogger(LogFilter filter, SubstitutionFormat format, LogFile* file)
      : filter_(std::move(filter)), format_(std::move(format)), file_(file) {}

  LogFilter filter_;
  SubstitutionFormat format_;
  LogFile* file_;
};

// The `access_log` list of a listener, HTTP connection manager, TCP proxy or router.
class AccessLogs {
 public:
  AccessLogs() = default;
  static Result<AccessLogs> read(ConfigView list, LogFiles& files);
  bool empty() const { return loggers_.empty(); }
  void log(const FormatContext& context, LogWorker& worker) const {
    for (const AccessLogger& logger : loggers_) logger.log(context, worker);
  }

 private:
  std::vector<AccessLogger> loggers_;
};

}  // namespace outrider
