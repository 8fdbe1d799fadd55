#include "access_log/log_filter.h"

#include <gtest/gtest.h>

#include "formatter/testing.h"

namespace outrider {
namespace {

struct Filtered {
  TestStream stream;
  Random random{1};
  std::unique_ptr<ConfigTree> runtime_tree;
  RuntimeValues runtime;
  LogFilterState state{&random, nullptr};

  void set_runtime(std::string_view json) {
    runtime_tree = ConfigTree::parse(json);
    runtime = RuntimeValues(runtime_tree->root());
    state.runtime = &runtime;
  }

  // "yes", "no", or why it was refused.
  std::string wants(std::string_view json) {
    const auto tree = ConfigTree::parse(json);
    if (tree == nullptr) return "no JSON";
    const Result<LogFilter> filter = LogFilter::read(tree->root());
    if (!filter.ok()) return filter.error().path + ": " + filter.error().reason;
    return filter.value().wants(stream.context, state) ? "yes" : "no";
  }
};

std::string status_filter(std::string_view op, int value) {
  return R"({"status_code_filter":{"comparison":{"op":")" + std::string(op) +
         R"(","value":{"default_value":)" + std::to_string(value) + R"(,"runtime_key":"key"}}}})";
}

TEST(LogFilter, NoFilterWantsEverything) {
  Filtered filtered;
  const Result<LogFilter> filter = LogFilter::read({});
  ASSERT_TRUE(filter.ok());
  EXPECT_TRUE(filter.value().wants(filtered.stream.context, filtered.state));
}

TEST(LogFilter, ComparesTheStatusWithTheRuntimesValue) {
  Filtered filtered;
  filtered.stream.info.response_code = 404;
  EXPECT_EQ(filtered.wants(status_filter("GE", 404)), "yes");
  EXPECT_EQ(filtered.wants(status_filter("GE", 405)), "no");
  EXPECT_EQ(filtered.wants(status_filter("LE", 404)), "yes");
  EXPECT_EQ(filtered.wants(status_filter("EQ", 403)), "no");
  EXPECT_EQ(filtered.wants(status_filter("NE", 403)), "yes");
  EXPECT_EQ(filtered.wants(R"({"status_code_filter":{"comparison":{"value":{"default_value":404}}}})"),
            "yes");
  filtered.set_runtime(R"({"key":500})");
  EXPECT_EQ(filtered.wants(status_filter("GE", 404)), "no");
}

TEST(LogFilter, ComparesTheDurationInMilliseconds) {
  Filtered filtered;
  EXPECT_EQ(filtered.wants(R"({"duration_filter":{"comparison":{"op":"GE","value":{"default_value":36}}}})"),
            "yes");
  EXPECT_EQ(filtered.wants(R"({"duration_filter":{"comparison":{"op":"GE","value":{"default_value":37}}}})"),
            "no");
}

TEST(LogFilter, FlagsOfTheStream) {
  Filtered filtered;
  filtered.stream.info.health_check = true;
  EXPECT_EQ(filtered.wants(R"({"not_health_check_filter":{}})"), "no");
  EXPECT_EQ(filtered.wants(R"({"traceable_filter":{}})"), "no");
  EXPECT_EQ(filtered.wants(R"({"response_flag_filter":{}})"), "no");
  filtered.stream.info.set(ResponseFlag::NoRouteFound);
  filtered.stream.info.trace_forced = true;
  EXPECT_EQ(filtered.wants(R"({"traceable_filter":{}})"), "yes");
  EXPECT_EQ(filtered.wants(R"({"response_flag_filter":{}})"), "yes");
  EXPECT_EQ(filtered.wants(R"({"response_flag_filter":{"flags":["UF","NR"]}})"), "yes");
  EXPECT_EQ(filtered.wants(R"({"response_flag_filter":{"flags":["UF"]}})"), "no");
}

TEST(LogFilter, AndOrAndHeaders) {
  Filtered filtered;
  const std::string yes = status_filter("EQ", 200);
  const std::string no = status_filter("EQ", 201);
  EXPECT_EQ(filtered.wants(R"({"and_filter":{"filters":[)" + yes + "," + no + "]}}"), "no");
  EXPECT_EQ(filtered.wants(R"({"or_filter":{"filters":[)" + yes + "," + no + "]}}"), "yes");
  EXPECT_EQ(filtered.wants(R"({"or_filter":{"filters":[)" + no + "," + no + "]}}"), "no");
  const std::string agent =
      R"({"header_filter":{"header":{"name":"User-Agent","string_match":{"prefix":"t/"}}}})";
  EXPECT_EQ(filtered.wants(agent), "yes");
  filtered.stream.context.request_headers = nullptr;
  EXPECT_EQ(filtered.wants(agent), "no");
}

TEST(LogFilter, GrpcStatusAndLogType) {
  Filtered filtered;
  filtered.stream.info.response_code = 403;
  EXPECT_EQ(filtered.wants(R"({"grpc_status_filter":{"statuses":["PERMISSION_DENIED"]}})"), "yes");
  EXPECT_EQ(filtered.wants(R"({"grpc_status_filter":{"statuses":["PERMISSION_DENIED"],"exclude":true}})"),
            "no");
  filtered.stream.context.log_type = AccessLogType::DownstreamEnd;
  EXPECT_EQ(filtered.wants(R"({"log_type_filter":{"types":["DownstreamEnd"]}})"), "yes");
  EXPECT_EQ(filtered.wants(R"({"log_type_filter":{"types":["DownstreamStart"]}})"), "no");
  EXPECT_EQ(filtered.wants(R"({"log_type_filter":{"types":["DownstreamEnd"],"exclude":true}})"), "no");
}

TEST(LogFilter, RuntimeFractionsFollowTheRequestId) {
  Filtered filtered;
  // 0x6afc3eda = 1794916058, so 58 of 100.
  EXPECT_EQ(filtered.wants(R"({"runtime_filter":{"runtime_key":"k","percent_sampled":{"numerator":59}}})"),
            "yes");
  EXPECT_EQ(filtered.wants(R"({"runtime_filter":{"runtime_key":"k","percent_sampled":{"numerator":58}}})"),
            "no");
  EXPECT_EQ(filtered.wants(R"({"runtime_filter":{"runtime_key":"k"}})"), "no");
  filtered.set_runtime(R"({"k":100})");
  EXPECT_EQ(filtered.wants(R"({"runtime_filter":{"runtime_key":"k"}})"), "yes");
  EXPECT_EQ(filtered.wants(R"({"runtime_filter":{"runtime_key":"k","use_independent_randomness":true}})"),
            "yes");
}

TEST(LogFilter, IndependentRandomnessIsAFairShare) {
  Filtered filtered;
  const auto tree = ConfigTree::parse(
      R"({"runtime_filter":{"runtime_key":"k","percent_sampled":{"numerator":25},"use_independent_randomness":true}})");
  const Result<LogFilter> filter = LogFilter::read(tree->root());
  int wanted = 0;
  for (int i = 0; i < 10'000; i++) wanted += filter.value().wants(filtered.stream.context, filtered.state);
  EXPECT_GT(wanted, 2200);
  EXPECT_LT(wanted, 2800);
}

TEST(LogFilter, MetadataIsMatchedByItsType) {
  Filtered filtered;
  const auto metadata =
      ConfigTree::parse(R"({"filter_metadata":{"n":{"s":"v","d":2.5,"b":true,"l":[1,"x"]}}})");
  const auto wants = [&](std::string_view key, const std::string& value) {
    return filtered.wants(
        R"({"metadata_filter":{"match_if_key_not_found":false,"matcher":{"filter":"n","path":[{"key":")" +
        std::string(key) + R"("}],"value":)" + value + "}}}");
  };
  EXPECT_EQ(wants("s", R"({"string_match":{"exact":"v"}})"), "no");
  filtered.stream.info.dynamic_metadata = metadata->root();
  EXPECT_EQ(wants("s", R"({"string_match":{"exact":"v"}})"), "yes");
  EXPECT_EQ(wants("d", R"({"double_match":{"range":{"start":2,"end":3}}})"), "yes");
  EXPECT_EQ(wants("d", R"({"double_match":{"exact":2}})"), "no");
  EXPECT_EQ(wants("b", R"({"bool_match":true})"), "yes");
  EXPECT_EQ(wants("l", R"({"list_match":{"one_of":{"string_match":{"exact":"x"}}}})"), "yes");
  EXPECT_EQ(wants("s", R"({"or_match":{"value_matchers":[{"bool_match":true},{"present_match":true}]}})"),
            "yes");
  EXPECT_EQ(wants("z", R"({"present_match":false})"), "no");
  EXPECT_EQ(filtered.wants(R"({"metadata_filter":{}})"), "yes");
}

TEST(LogFilter, RefusesWhatItCannotDoAndSaysWhere) {
  Filtered filtered;
  EXPECT_EQ(filtered.wants("{}"), ": it needs one of the filters");
  EXPECT_EQ(filtered.wants(R"({"response_flag_filter":{"flags":["XX"]}})"),
            "response_flag_filter.flags: no such response flag: XX");
  EXPECT_EQ(filtered.wants(R"({"and_filter":{"filters":[{"not_health_check_filter":{}}]}})"),
            "and_filter.filters: it needs at least two filters");
  EXPECT_EQ(filtered.wants(R"({"or_filter":{"filters":[{"not_health_check_filter":{}},{"extension_filter":
              {"typed_config":{"@type":"type.googleapis.com/a.B"}}}]}})"),
            "or_filter.filters[1].extension_filter.typed_config: a.B is not supported");
}

}  // namespace
}  // namespace outrider
