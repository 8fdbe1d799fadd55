#include "access_log/local_reply.h"

#include <gtest/gtest.h>

#include "formatter/testing.h"

namespace outrider {
namespace {

struct Reply {
  TestStream stream;
  LogFilterState state;
  HeaderMap headers{stream.arena, HeaderMapKind::Response};
  uint16_t status = 401;
  std::string body = "secret";
  std::string_view content_type = "text/plain";

  // "status body content-type" and the headers; or why the configuration was refused.
  std::string rewrite(std::string_view json) {
    tree_ = ConfigTree::parse(json);
    if (tree_ == nullptr) return "no JSON";
    const Result<LocalReplyConfig> config = LocalReplyConfig::read(tree_->root());
    if (!config.ok()) return config.error().path + ": " + config.error().reason;
    std::string scratch = "old";
    config.value().rewrite(stream.context, stream.info, state, scratch, status, body, content_type, headers);
    std::string text = std::to_string(status) + " " + body + " " + std::string(content_type);
    for (const Header& header : headers) {
      text += " " + std::string(header.key()) + "=" + std::string(header.text());
    }
    return text;
  }

 private:
  std::unique_ptr<ConfigTree> tree_;
};

constexpr std::string_view mapper_401 =
    R"({"filter":{"status_code_filter":{"comparison":{"op":"EQ","value":{"default_value":401,"runtime_key":"none"}}}})";

std::string mappers(const std::string& fields, const std::string& rest = "") {
  return R"({"mappers":[)" + std::string(mapper_401) + fields + "}]" + rest + "}";
}

// What Envoy 1.40 answered for the same configuration.
TEST(LocalReply, AMapperSetsBodyStatusAndHeadersInEnvoysOrder) {
  EXPECT_EQ(
      Reply().rewrite(mappers(
          R"(,"status_code":499,"body":{"inline_string":"please %RESPONSE_CODE%"},"headers_to_add":[
                   {"header":{"key":"x-reason","value":"%RESPONSE_CODE% %LOCAL_REPLY_BODY%"}}])",
          R"(,"body_format":{"json_format":{"code":"%RESPONSE_CODE%","text":"%LOCAL_REPLY_BODY%"}})")),
      "499 {\"code\":499,\"text\":\"please %RESPONSE_CODE%\"}\n application/json :status=499 x-reason=401 ");
}

TEST(LocalReply, AMappersFormatReadsTheHeadersThatItAdded) {
  EXPECT_EQ(
      Reply().rewrite(mappers(
          R"(,"body_format_override":{"text_format_source":{"inline_string":"<%LOCAL_REPLY_BODY%|%RESP(x-a)%>"},
                   "content_type":"a/b"},"headers_to_add":[{"header":{"key":"x-a","value":"A"}}])",
          R"(,"body_format":{"text_format":"other"})")),
      "401 <secret|A> a/b x-a=A");
}

TEST(LocalReply, TheFirstMapperThatMatchesIsTheOnlyOne) {
  Reply reply;
  const std::string two = R"({"mappers":[)" + std::string(mapper_401) +
                          R"(,"body":{"inline_string":"one"}},)" + std::string(mapper_401) +
                          R"(,"status_code":500}]})";
  EXPECT_EQ(reply.rewrite(two), "401 one text/plain");
  reply.status = 404;
  EXPECT_EQ(reply.rewrite(two), "404 one text/plain");
}

TEST(LocalReply, WithoutConfigurationNothingChanges) {
  const Result<LocalReplyConfig> config = LocalReplyConfig::read({});
  ASSERT_TRUE(config.ok());
  EXPECT_TRUE(config.value().empty());
  EXPECT_EQ(Reply().rewrite("{}"), "401 secret text/plain");
}

TEST(LocalReply, RefusesWhatEnvoyRefuses) {
  EXPECT_EQ(Reply().rewrite(R"({"mappers":[{"status_code":401}]})"),
            "mappers[0].filter: a mapper needs a filter");
  EXPECT_EQ(Reply().rewrite(mappers(R"(,"status_code":100)")), "mappers[0].status_code: not from 200 to 599");
  EXPECT_EQ(Reply().rewrite(mappers(R"(,"headers_to_add":[{"header":{"key":":status","value":"1"}}])")),
            "mappers[0].headers_to_add[0].header.key: :-prefixed or host headers may not be modified");
  EXPECT_EQ(Reply().rewrite(R"({"body_format":{}})"),
            "body_format: it needs text_format_source or json_format");
}

}  // namespace
}  // namespace outrider
