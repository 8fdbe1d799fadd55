#include "access_log/file_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>

namespace outrider {

namespace {

constexpr uint32_t block_bytes = 64 * 1024;
constexpr auto relaxed = std::memory_order_relaxed;

int open_log(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

// For a counter that one thread writes: no locked instruction.
void count(std::atomic<uint64_t>& counter, uint64_t n = 1) {
  counter.store(counter.load(relaxed) + n, relaxed);
}

}  // namespace

// A piece of a lane. The worker fills it and publishes `written`; the thread follows with `taken`.
struct LogFile::Block {
  std::atomic<Block*> next{nullptr};
  std::atomic<uint32_t> written{0};
  uint32_t taken = 0;  // the thread's
  uint32_t capacity = 0;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }

  static Block* make(uint32_t capacity) {
    void* memory = std::malloc(sizeof(Block) + capacity);
    if (memory == nullptr) std::abort();
    Block* block = new (memory) Block();
    block->capacity = capacity;
    return block;
  }
  static void free(Block* block) { std::free(block); }
};

struct alignas(64) LogFile::Lane {
  // The worker's.
  Block* last = nullptr;
  uint64_t allocated_bytes = 0;
  uint64_t since_wake_bytes = 0;
  std::atomic<uint64_t> lines{0};
  std::atomic<uint64_t> lines_dropped{0};
  std::atomic<uint64_t> bytes_in{0};
  // Handed over.
  alignas(64) std::atomic<Block*> first{nullptr};  // set once, by the worker
  std::atomic<Block*> spare{nullptr};              // an empty block, from the thread back to the worker
  // The thread's.
  Block* reading = nullptr;
  std::atomic<uint64_t> freed_bytes{0};
  std::atomic<uint64_t> bytes_out{0};
};

LogFile::LogFile(int fd, std::string path, const LogFileOptions& options)
    : options_(options),
      path_(std::move(path)),
      fd_(fd),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      lanes_(new Lane[options.worker_count]) {
  if (wake_fd_ < 0) std::abort();  // no descriptors left at start-up
  // Signals are the main thread's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "log_flusher");
}

LogFile::~LogFile() {
  close();
  for (uint32_t i = 0; i < options_.worker_count; i++) {
    Lane& lane = lanes_[i];
    Block* block = lane.reading != nullptr ? lane.reading : lane.first.load();
    while (block != nullptr) {
      Block* next = block->next.load();
      Block::free(block);
      block = next;
    }
    Block::free(lane.spare.load());
  }
  ::close(wake_fd_);
}

bool LogFile::append(uint32_t worker, std::string_view line) {
  assert(worker < options_.worker_count);
  Lane& lane = lanes_[worker];
  Block* block = lane.last;
  uint32_t used = block == nullptr ? 0 : block->written.load(relaxed);
  if (block == nullptr || block->capacity - used < line.size()) {
    block = next_block(lane, line.size());
    if (block == nullptr) {
      count(lane.lines_dropped);
      return false;
    }
    used = 0;
  }
  std::memcpy(block->bytes() + used, line.data(), line.size());
  count(lane.lines);
  count(lane.bytes_in, line.size());
  block->written.store(used + static_cast<uint32_t>(line.size()), std::memory_order_release);
  lane.since_wake_bytes += line.size();
  if (lane.since_wake_bytes >= options_.flush_bytes_min) {
    lane.since_wake_bytes = 0;
    wake();
  }
  return true;
}

// A block with room, linked to the lane's end; null when the lane holds as much as it may.
LogFile::Block* LogFile::next_block(Lane& lane, size_t bytes) {
  const uint64_t capacity = std::max<uint64_t>(block_bytes, bytes);
  const uint64_t held = lane.allocated_bytes - lane.freed_bytes.load(relaxed);
  if (closing_.load(relaxed) || held + capacity > options_.buffer_bytes_max) return nullptr;
  Block* block = nullptr;
  if (capacity == block_bytes) block = lane.spare.exchange(nullptr, std::memory_order_acquire);
  if (block == nullptr) block = Block::make(static_cast<uint32_t>(capacity));
  lane.allocated_bytes += capacity;
  if (lane.last == nullptr) {
    lane.first.store(block, std::memory_order_release);
  } else {
    lane.last->next.store(block, std::memory_order_release);
  }
  lane.last = block;
  return block;
}

void LogFile::wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof(one));
}

void LogFile::reopen() {
  reopen_wanted_.store(true, std::memory_order_release);
  wake();
}

void LogFile::close() {
  if (!thread_.joinable()) return;
  closing_.store(true, std::memory_order_release);
  wake();
  thread_.join();
  if (!path_.empty()) ::close(fd_);
}

void LogFile::add_stats(LogFileStats& sum) const {
  sum.write_completed += write_completed_.load(relaxed);
  sum.write_failed += write_failed_.load(relaxed);
  sum.flushed_by_timer += flushed_by_timer_.load(relaxed);
  sum.reopen_failed += reopen_failed_.load(relaxed);
  for (uint32_t i = 0; i < options_.worker_count; i++) {
    const uint64_t out = lanes_[i].bytes_out.load(relaxed);  // first, so that the difference is not negative
    sum.write_total_buffered += std::max(lanes_[i].bytes_in.load(relaxed), out) - out;
    sum.write_buffered += lanes_[i].lines.load(relaxed);
    sum.lines_dropped += lanes_[i].lines_dropped.load(relaxed);
  }
}

// --- the writing thread ---

void LogFile::run() {
  for (bool closing = false; !closing;) {
    pollfd waiting{wake_fd_, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(options_.flush_interval_ms));
    if (ready == 0) count(flushed_by_timer_);
    uint64_t wakes = 0;
    [[maybe_unused]] const ssize_t read_bytes = ::read(wake_fd_, &wakes, sizeof(wakes));
    closing = closing_.load(std::memory_order_acquire);  // before the drain, which then is complete
    if (reopen_wanted_.exchange(false, std::memory_order_acquire)) reopen_now();
    drain();
  }
}

void LogFile::drain() {
  for (uint32_t i = 0; i < options_.worker_count; i++) drain_lane(lanes_[i]);
}

void LogFile::drain_lane(Lane& lane) {
  if (lane.reading == nullptr) lane.reading = lane.first.load(std::memory_order_acquire);
  while (lane.reading != nullptr) {
    Block* block = lane.reading;
    // In this order: once there is a next block, this one grows no more.
    Block* next = block->next.load(std::memory_order_acquire);
    const uint32_t written = block->written.load(std::memory_order_acquire);
    if (written > block->taken) write_all(block->bytes() + block->taken, written - block->taken);
    count(lane.bytes_out, written - block->taken);
    block->taken = written;
    if (next == nullptr) return;
    lane.reading = next;
    retire(lane, block);
  }
}

void LogFile::retire(Lane& lane, Block* block) {
  count(lane.freed_bytes, block->capacity);
  if (block->capacity != block_bytes) return Block::free(block);
  block->taken = 0;
  block->written.store(0, relaxed);
  block->next.store(nullptr, relaxed);
  Block::free(lane.spare.exchange(block, std::memory_order_acq_rel));
}

// Bytes that cannot be written are lost and counted: to keep them would only fill memory until lines are lost.
void LogFile::write_all(const char* bytes, size_t count_bytes) {
  while (count_bytes > 0) {
    const ssize_t written = ::write(fd_, bytes, count_bytes);
    if (written > 0) {
      bytes += written;
      count_bytes -= static_cast<size_t>(written);
    } else if (written < 0 && errno == EAGAIN) {  // a pipe or terminal that somebody made non-blocking
      pollfd writable{fd_, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return count(write_failed_);
    }
  }
  count(write_completed_);
}

// Keeps the old file when the new one cannot be opened (Envoy drops lines then).
void LogFile::reopen_now() {
  if (path_.empty()) return;
  const int fd = open_log(path_);
  if (fd < 0) return count(reopen_failed_);
  ::close(fd_);
  fd_ = fd;
}

// --- all files ---

LogFile* LogFiles::find(std::string_view name) const {
  for (const Named& named : files_) {
    if (named.name == name) return named.file.get();
  }
  return nullptr;
}

Result<LogFile*> LogFiles::open(std::string_view path) {
  const std::string name = "file " + std::string(path);
  if (LogFile* file = find(name); file != nullptr) return file;
  const std::string text(path);
  const int fd = open_log(text);
  if (fd < 0) return ConfigError{"path", "unable to open file '" + text + "': " + std::strerror(errno)};
  files_.push_back({name, std::make_unique<LogFile>(fd, text, options_)});
  return files_.back().file.get();
}

LogFile* LogFiles::stream(int fd, std::string_view name) {
  if (LogFile* file = find(name); file != nullptr) return file;
  files_.push_back({std::string(name), std::make_unique<LogFile>(fd, std::string(), options_)});
  return files_.back().file.get();
}

void LogFiles::reopen() {
  for (const Named& named : files_) named.file->reopen();
}

void LogFiles::close() {
  for (const Named& named : files_) named.file->close();
}

LogFileStats LogFiles::stats() const {
  LogFileStats sum;
  for (const Named& named : files_) named.file->add_stats(sum);
  return sum;
}

}  // namespace outrider
