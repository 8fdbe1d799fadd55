#include "access_log/file_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

namespace outrider {
namespace {

struct Folder {
  std::string path = "/tmp/outrider_log_XXXXXX";
  Folder() {
    if (mkdtemp(path.data()) == nullptr) std::abort();
  }
  ~Folder() {
    for (const char* name : {"/a.log", "/b.log", "/a.old", "/pipe"}) unlink((path + name).c_str());
    rmdir(path.c_str());
  }
  std::string file(const char* name) const { return path + "/" + name; }
};

std::string content(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

LogFile& open_file(LogFiles& files, const std::string& path) {
  const Result<LogFile*> file = files.open(path);
  if (!file.ok()) std::abort();
  return *file.value();
}

TEST(LogFile, CloseWritesEverythingOut) {
  const Folder folder;
  LogFiles files({});
  LogFile& file = open_file(files, folder.file("a.log"));
  EXPECT_TRUE(file.append(0, "one\n"));
  EXPECT_TRUE(file.append(0, "two\n"));
  files.close();
  EXPECT_EQ(content(folder.file("a.log")), "one\ntwo\n");
  EXPECT_EQ(files.stats().write_buffered, 2u);
  EXPECT_EQ(files.stats().write_total_buffered, 0u);
  EXPECT_GE(files.stats().write_completed, 1u);
}

TEST(LogFile, APathIsOpenedOnce) {
  const Folder folder;
  LogFiles files({});
  EXPECT_EQ(&open_file(files, folder.file("a.log")), &open_file(files, folder.file("a.log")));
  EXPECT_NE(&open_file(files, folder.file("a.log")), &open_file(files, folder.file("b.log")));
  EXPECT_EQ(files.standard_error(), files.standard_error());
}

TEST(LogFile, APathThatCannotBeOpenedIsAnError) {
  LogFiles files({});
  const Result<LogFile*> file = files.open("/nonexistent/x.log");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().reason, "unable to open file '/nonexistent/x.log': No such file or directory");
}

TEST(LogFile, LinesOfManyWorkersAreWholeAndInOrder) {
  const Folder folder;
  constexpr uint32_t workers = 4;
  constexpr uint32_t lines = 20'000;
  LogFiles files({.worker_count = workers, .flush_interval_ms = 1, .flush_bytes_min = 1000});
  LogFile& file = open_file(files, folder.file("a.log"));
  std::vector<std::thread> threads;
  for (uint32_t worker = 0; worker < workers; worker++) {
    threads.emplace_back([&file, worker] {
      char line[64];
      for (uint32_t n = 0; n < lines; n++) {
        const int size = snprintf(line, sizeof(line), "%u %u %.*s\n", worker, n, static_cast<int>(n % 40),
                                  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        while (!file.append(worker, std::string_view(line, static_cast<size_t>(size))))
          std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  files.close();
  uint32_t next[workers] = {};
  std::ifstream in(folder.file("a.log"));
  uint32_t worker = 0;
  uint32_t n = 0;
  std::string line;
  while (std::getline(in, line)) {
    ASSERT_EQ(sscanf(line.c_str(), "%u %u", &worker, &n), 2) << line;
    ASSERT_LT(worker, workers);
    ASSERT_EQ(n, next[worker]++) << line;
    ASSERT_EQ(line.size(), std::to_string(worker).size() + std::to_string(n).size() + 2 + n % 40) << line;
  }
  for (uint32_t count : next) EXPECT_EQ(count, lines);
  EXPECT_EQ(files.stats().write_buffered, uint64_t{workers} * lines);
}

TEST(LogFile, ALineLongerThanABlockIsWrittenWhole) {
  const Folder folder;
  LogFiles files({});
  LogFile& file = open_file(files, folder.file("a.log"));
  const std::string line(300'000, 'x');
  EXPECT_TRUE(file.append(0, "a"));
  EXPECT_TRUE(file.append(0, line));
  EXPECT_TRUE(file.append(0, "b"));
  files.close();
  EXPECT_EQ(content(folder.file("a.log")), "a" + line + "b");
}

// A pipe that nobody reads stalls as a dying disk does.
TEST(LogFile, AStalledFileDropsLinesInsteadOfGrowingOrWaiting) {
  const Folder folder;
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  const int reader = open(folder.file("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  LogFiles files({.flush_interval_ms = 1, .flush_bytes_min = 1000, .buffer_bytes_max = 1 << 20});
  LogFile& file = open_file(files, folder.file("pipe"));
  const std::string line(1000, 'x');
  uint64_t kept = 0;
  while (file.append(0, line)) kept++;
  EXPECT_GT(kept, 900u);
  EXPECT_LT(kept, 1300u);
  EXPECT_EQ(files.stats().lines_dropped, 1u);
  EXPECT_GT(files.stats().write_total_buffered, 0u);
  uint64_t read_bytes = 0;
  std::thread closing([&files] { files.close(); });
  std::vector<char> block(1 << 16);
  while (read_bytes < kept * line.size()) {
    pollfd readable{reader, POLLIN, 0};
    poll(&readable, 1, -1);
    const ssize_t got = read(reader, block.data(), block.size());
    if (got > 0) read_bytes += static_cast<uint64_t>(got);
  }
  closing.join();
  EXPECT_EQ(read_bytes, kept * line.size());
  close(reader);
}

TEST(LogFile, AFailedWriteIsCounted) {
  LogFiles files({});
  LogFile& file = open_file(files, "/dev/full");
  EXPECT_TRUE(file.append(0, "lost\n"));
  files.close();
  EXPECT_EQ(files.stats().write_failed, 1u);
  EXPECT_EQ(files.stats().write_completed, 0u);
  EXPECT_EQ(files.stats().write_total_buffered, 0u);
}

TEST(LogFile, ReopenFollowsARotationAndWhatWasBufferedGoesToTheNewFile) {
  const Folder folder;
  LogFiles files({});
  LogFile& file = open_file(files, folder.file("a.log"));
  file.append(0, "first\n");
  ASSERT_EQ(rename(folder.file("a.log").c_str(), folder.file("a.old").c_str()), 0);
  files.reopen();
  while (access(folder.file("a.log").c_str(), F_OK) != 0) std::this_thread::yield();
  file.append(0, "second\n");
  files.close();
  EXPECT_EQ(content(folder.file("a.old")), "");
  EXPECT_EQ(content(folder.file("a.log")), "first\nsecond\n");
}

TEST(LogFile, AFailedReopenIsCountedAndTheOldFileStays) {
  const Folder folder;
  LogFiles files({});
  const std::string inner = folder.file("b.log");
  ASSERT_EQ(mkdir(inner.c_str(), 0700), 0);
  LogFile& file = open_file(files, inner + "/x");
  ASSERT_EQ(rename((inner + "/x").c_str(), folder.file("a.old").c_str()), 0);
  ASSERT_EQ(rmdir(inner.c_str()), 0);
  files.reopen();
  while (files.stats().reopen_failed == 0) std::this_thread::yield();
  file.append(0, "line\n");
  files.close();
  EXPECT_EQ(content(folder.file("a.old")), "line\n");
}

TEST(LogFile, TheTimerFlushes) {
  const Folder folder;
  LogFiles files({.flush_interval_ms = 1});
  LogFile& file = open_file(files, folder.file("a.log"));
  file.append(0, "line\n");
  while (content(folder.file("a.log")) != "line\n") std::this_thread::yield();
  EXPECT_GE(files.stats().flushed_by_timer, 1u);
}

}  // namespace
}  // namespace outrider
