#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outrider {

// filesystem.* of all files together; read by anybody with relaxed loads.
struct LogFileStats {
  std::atomic<uint64_t> write_buffered{0};
  std::atomic<uint64_t> write_completed{0};
  std::atomic<uint64_t> write_failed{0};
  std::atomic<uint64_t> flushed_by_timer{0};
  std::atomic<uint64_t> reopen_failed{0};
  std::atomic<uint64_t> write_total_buffered{0};  // gauge, bytes
  std::atomic<uint64_t> dropped_lines{0};         // not in Envoy, whose buffer has no bound
};

// One log file: a thread writes it, workers hand bytes to it. Each worker has its own lane, a list of blocks
// that only it appends to and only the thread takes from, so nobody waits and no line is torn.
class LogFile {
 public:
  struct Lane;
  virtual ~LogFile() = default;

  // From worker `worker` only. False: the buffer is full (the disk stalls) and the line was dropped.
  bool append(uint32_t worker, std::string_view line);
};

// All open files of the process, one for each path. Main thread, except LogFile::append.
class LogFiles {
 public:
  struct Options {
    uint32_t worker_count = 1;
    uint32_t flush_interval_ms = 10'000;           // --file-flush-interval-msec
    uint32_t flush_bytes_min = 64 * 1024;          // --file-flush-min-size-kb
    uint32_t buffer_bytes_max = 16 * 1024 * 1024;  // of one worker and file
  };
  explicit LogFiles(const Options& options);
  ~LogFiles();  // close()
  LogFiles(const LogFiles&) = delete;
  LogFiles& operator=(const LogFiles&) = delete;

  Result<LogFile*> open(std::string_view path);
  LogFile* standard_output();
  LogFile* standard_error();
  // On SIGUSR1: every file is opened anew by its path, on its own thread.
  void reopen();
  // Writes everything out and joins the threads. Workers must have stopped; appends after it are dropped.
  void close();
  const LogFileStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outrider
