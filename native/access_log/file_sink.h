#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"

namespace outrider {

// filesystem.* of all files together, at one moment.
struct LogFileStats {
  uint64_t write_buffered = 0;    // lines that workers handed over
  uint64_t write_completed = 0;   // writes to files
  uint64_t write_failed = 0;      // writes that failed; their bytes are lost
  uint64_t flushed_by_timer = 0;  // rounds of the flush interval
  uint64_t reopen_failed = 0;
  uint64_t write_total_buffered = 0;  // gauge: bytes not written yet
  uint64_t lines_dropped = 0;         // the buffer was full; Envoy has no such bound
};

struct LogFileOptions {
  uint32_t worker_count = 1;
  uint32_t flush_interval_ms = 10'000;           // --file-flush-interval-msec
  uint32_t flush_bytes_min = 64 * 1024;          // --file-flush-min-size-kb; counted for each worker
  uint64_t buffer_bytes_max = 16 * 1024 * 1024;  // of one worker and file
};

// One open log file. A thread writes it; each worker has a lane of blocks that only it appends to and only the
// thread takes from. So nobody waits for anybody, no line is torn, and what a worker wrote keeps its order.
class LogFile {
 public:
  // `fd` is owned where `path` is not empty; a path can be opened anew.
  LogFile(int fd, std::string path, const LogFileOptions& options);
  ~LogFile();  // close()
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // From worker number `worker` only. False: the buffer is full since the disk stalls, and the line is dropped
  // and counted.
  bool append(uint32_t worker, std::string_view line);

  // The rest is for one other thread.
  void reopen();  // the writing thread does it before it writes the next byte
  void close();   // writes everything out; workers must have stopped
  void add_stats(LogFileStats& sum) const;
  const std::string& path() const { return path_; }

 private:
  struct Block;
  struct Lane;

  Block* next_block(Lane& lane, size_t bytes);
  void wake();
  void run();
  void drain();
  void drain_lane(Lane& lane);
  void retire(Lane& lane, Block* block);
  void write_all(const char* bytes, size_t count);
  void reopen_now();

  const LogFileOptions options_;
  const std::string path_;
  int fd_;
  int wake_fd_;
  std::unique_ptr<Lane[]> lanes_;
  std::atomic<bool> reopen_wanted_{false};
  std::atomic<bool> closing_{false};
  // Written by the thread alone.
  std::atomic<uint64_t> write_completed_{0};
  std::atomic<uint64_t> write_failed_{0};
  std::atomic<uint64_t> flushed_by_timer_{0};
  std::atomic<uint64_t> reopen_failed_{0};
  std::thread thread_;
};

// All open files of the process, one for each path; files stay open as long as it lives. Used by one thread,
// except LogFile::append.
class LogFiles {
 public:
  explicit LogFiles(const LogFileOptions& options) : options_(options) {}

  Result<LogFile*> open(std::string_view path);
  LogFile* standard_output() { return stream(1, "stdout"); }
  LogFile* standard_error() { return stream(2, "stderr"); }
  // On SIGUSR1: every file is opened anew by its path.
  void reopen();
  // Writes everything out and ends the threads. Workers must have stopped.
  void close();
  LogFileStats stats() const;

 private:
  struct Named {
    std::string name;
    std::unique_ptr<LogFile> file;
  };
  LogFile* find(std::string_view name) const;
  LogFile* stream(int fd, std::string_view name);

  LogFileOptions options_;
  std::vector<Named> files_;
};

}  // namespace outrider
