#include "access_log/access_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "formatter/testing.h"

namespace outrider {
namespace {

struct Logged {
  std::string path = "/tmp/outrider_access_XXXXXX";
  TestStream stream;
  LogFiles files{LogFileOptions{}};
  LogWorker worker;

  Logged() {
    const int fd = mkstemp(path.data());
    if (fd < 0) std::abort();
    close(fd);
  }
  ~Logged() { unlink(path.c_str()); }

  // What two requests, of status 200 and 503, leave in the file. `fields` follow the path.
  std::string log(const std::string& fields, const std::string& filter = "") {
    const auto tree = ConfigTree::parse(
        R"([{"name":"x",)" + filter +
        R"("typed_config":{"@type":"type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog","path":")" +
        path + "\"" + fields + "}}]");
    if (tree == nullptr) return "no JSON";
    const Result<AccessLogs> logs = AccessLogs::read(tree->root(), files);
    if (!logs.ok()) return logs.error().path + ": " + logs.error().reason;
    for (const uint16_t status : {200, 503}) {
      stream.info.response_code = status;
      logs.value().log(stream.context, worker);
    }
    files.close();
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
};

TEST(AccessLog, TheDefaultFormatIsEnvoys) {
  EXPECT_EQ(Logged().log("").substr(0, 76),
            "[2026-11-24T13:56:22.830Z] \"GET /one?q=1&r=a%20b&q=2 HTTP/1.1\" 200 - 0 6 36 ");
}

TEST(AccessLog, TakesEveryWayToGiveAFormat) {
  EXPECT_EQ(Logged().log(R"(,"format":"%RESPONSE_CODE%;")"), "200;503;");
  EXPECT_EQ(Logged().log(R"(,"json_format":{"c":"%RESPONSE_CODE%"})"), "{\"c\":200}\n{\"c\":503}\n");
  EXPECT_EQ(Logged().log(R"(,"typed_json_format":{"c":"%RESPONSE_CODE%"})"), "{\"c\":200}\n{\"c\":503}\n");
  EXPECT_EQ(Logged().log(R"(,"log_format":{"text_format_source":{"inline_string":"%RESPONSE_CODE%\n"}})"),
            "200\n503\n");
}

TEST(AccessLog, LogsOnlyWhatTheFilterWants) {
  EXPECT_EQ(
      Logged().log(
          R"(,"format":"%RESPONSE_CODE%;")",
          R"("filter":{"status_code_filter":{"comparison":{"op":"GE","value":{"default_value":500}}}},)"),
      "503;");
}

TEST(AccessLog, AnErrorNamesThePathToTheField) {
  EXPECT_EQ(Logged().log(R"(,"log_format":{"json_format":{"a":["%X%"]}})"),
            "[0].typed_config.log_format.json_format.a[0]: column 1: %X%: no such operator");
  EXPECT_EQ(Logged().log("", R"("filter":{},)"), "[0].filter: it needs one of the filters");
}

TEST(AccessLog, OtherKindsOfLogsAreRefused) {
  Logged logged;
  const auto tree = ConfigTree::parse(R"([{"typed_config":{"@type":"type.googleapis.com/a.B"}}])");
  const Result<AccessLogs> logs = AccessLogs::read(tree->root(), logged.files);
  ASSERT_FALSE(logs.ok());
  EXPECT_EQ(logs.error().path, "[0].typed_config");
  EXPECT_EQ(logs.error().reason, "a.B is not supported");
}

}  // namespace
}  // namespace outrider
