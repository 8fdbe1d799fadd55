#include "filter/authz/check.h"

#include <gtest/gtest.h>

#include "base/proto_wire.h"

namespace outrider {
namespace {

class AuthzCheck : public testing::Test {
 protected:
  // What a CheckResponse with one HeaderValueOption for the request says; `action` < 0: nothing of how.
  static CheckResult answer_with(std::string_view name, std::string_view value, int action = -1) {
    std::string text;
    ProtoWriter writer(text);
    const size_t ok = writer.begin(3);
    const size_t option = writer.begin(2);
    const size_t header = writer.begin(1);
    writer.bytes(1, name);
    writer.bytes(2, value);
    writer.end(header);
    if (action >= 0) writer.number_always(3, static_cast<uint64_t>(action));
    writer.end(option);
    writer.end(ok);
    return read_check_response(text);
  }

  ArenaBlockPool pool_;
  Arena arena_{pool_};
  HeaderMap headers_{arena_, HeaderMapKind::Request};
};

TEST_F(AuthzCheck, LinesOfOneNameAreToldAsOneAndListsChooseThem) {
  headers_.add(HeaderId::Method, "GET");
  headers_.add("x-a", "1");
  headers_.add("x-b", "2");
  headers_.add("x-a", "3");
  const auto tree = ConfigTree::parse(R"([{"prefix": "x-"}])");
  const auto allowed = StringMatchers::read(tree->root());
  const StreamInfo info;
  std::string text;
  write_check_request({.headers = headers_, .info = info, .allowed = &allowed.value()}, text);
  EXPECT_NE(text.find("x-a\x12\x03"
                      "1,3"),
            std::string::npos);
  EXPECT_NE(text.find("x-b\x12\x01"
                      "2"),
            std::string::npos);
  EXPECT_EQ(text.find(":method"), std::string::npos);
}

TEST_F(AuthzCheck, AHeaderReplacesUnlessTheAnswerSaysOtherwise) {
  headers_.add("x-a", "old");
  const CheckResult set = answer_with("X-A", "new");
  EXPECT_EQ(set.decision, CheckResult::Decision::Allowed);
  ASSERT_EQ(set.request.size(), 1u);
  set.request[0].apply(headers_);
  EXPECT_EQ(headers_.get("x-a"), "new");
  answer_with("x-a", "other", 1).request[0].apply(headers_);  // ADD_IF_ABSENT
  EXPECT_EQ(headers_.get("x-a"), "new");
  answer_with("x-b", "other", 3).request[0].apply(headers_);  // OVERWRITE_IF_EXISTS
  EXPECT_FALSE(headers_.has("x-b"));
}

TEST_F(AuthzCheck, AHeaderThatWouldBreakTheMessageIsNotTaken) {
  for (const std::string_view bad : {"a b", "", ":status", "x\r\n"}) {
    const CheckResult result = answer_with(bad, "v");
    EXPECT_TRUE(result.invalid) << bad;
    EXPECT_TRUE(result.request.empty());
  }
  EXPECT_TRUE(answer_with("x", "v\r\nset-cookie: a").invalid);
}

TEST_F(AuthzCheck, WhatIsNoMessageIsAnError) {
  EXPECT_EQ(read_check_response("\x0a\x7f").decision, CheckResult::Decision::Error);
}

}  // namespace
}  // namespace outrider
