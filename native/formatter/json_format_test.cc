#include "formatter/json_format.h"

#include <gtest/gtest.h>

#include "formatter/substitution_format.h"
#include "formatter/testing.h"

namespace outrider {
namespace {

std::string print(TestStream& stream, std::string_view json, MissingValue missing = MissingValue::Dash) {
  const auto tree = ConfigTree::parse(json);
  if (tree == nullptr) return "no JSON";
  const Result<JsonFormat> format = JsonFormat::read(tree->root(), missing);
  if (!format.ok()) return "refused: " + format.error().path + ": " + format.error().reason;
  std::string out;
  format.value().append(stream.context, out);
  return out;
}

// What Envoy 1.40 printed for the same format.
TEST(JsonFormat, KeepsTypesAndSortsKeys) {
  TestStream stream;
  EXPECT_EQ(print(stream, R"({"b":"%RESPONSE_CODE%","a":"%REQ(nope)%","B":1,"mixed":"code %RESPONSE_CODE%",
                              "two":"%REQ(nope)%%REQ(nope)%","txt":"<%REQ(nope)%>","flags":"%RESPONSE_FLAGS%",
                              "o":{"z":"%BYTES_SENT%","a":{"c":"%REQ(nope)%"}},
                              "list":["%PROTOCOL%",1,{"deep":"%RESPONSE_CODE%"},[],{}],
                              "fixed":"text","pct":"100%%","zz":"%%","nul":null,"t":true,"empty":"","e":{}})"),
            R"({"B":1,"a":null,"b":200,"e":{},"empty":"","fixed":"text","flags":"-",)"
            R"("list":["HTTP/1.1",1,{"deep":200},[],{}],"mixed":"code 200","nul":null,)"
            R"("o":{"a":{"c":null},"z":6},"pct":"100%","t":true,"two":"--","txt":"<->","zz":"%"})"
            "\n");
}

TEST(JsonFormat, LeavesOutWhatIsMissingWhenTold) {
  TestStream stream;
  EXPECT_EQ(print(stream, R"({"miss":"%REQ(nope)%","o":{"a":"%REQ(nope)%","b":{"c":"%REQ(nope)%"}},"nul":null,
                              "emptyobj":{},"empty":"","lrb":"%LOCAL_REPLY_BODY%","two":"%REQ(nope)%%REQ(nope)%",
                              "list":["%REQ(nope)%","%RESPONSE_CODE%",[],{},["%REQ(nope)%"],{"a":"%REQ(nope)%"}]})",
                  MissingValue::Nothing),
            "{\"empty\":\"\",\"list\":[200,[],[]],\"lrb\":\"\",\"two\":\"\"}\n");
  EXPECT_EQ(print(stream, R"({"a":"%REQ(nope)%"})", MissingValue::Nothing), "{}\n");
}

TEST(JsonFormat, EscapesAsEnvoyDoes) {
  TestStream stream;
  stream.request.add("x-quote", "say \"hi\"\\ \t\xc3\xa9");
  stream.request.add("x-latin", "a\x80\xff\xc3\xa9\tb\"\\/");
  EXPECT_EQ(print(stream, R"({"q":"%REQ(x-quote)%","l":"<%REQ(x-latin)%>"})"),
            "{\"l\":\"<a\\u0080\\u00ff\\u00c3\\u00a9\\u0009b\\u0022\\u005c/>\","
            "\"q\":\"say \\\"hi\\\"\\\\ \\t\xc3\xa9\"}\n");
}

TEST(JsonFormat, NumbersAreTheShortestThatReadBackTheSame) {
  TestStream stream;
  EXPECT_EQ(print(stream, R"({"a":0.30000000000000004,"c":1e17,"d":-1e19,"e":9223372036854775808,"g":-0.0,
                              "big":12345678901234567890,"i":123456789.125,"j":5e-324,"k":1.1e-7})"),
            R"({"a":0.30000000000000004,"big":12345678901234567168,"c":1e+17,"d":-1e+19,)"
            R"("e":9223372036854775808,"g":-0,"i":123456789.125,"j":5e-324,"k":1.1e-07})"
            "\n");
}

TEST(JsonFormat, MetadataAndCoalescedValuesKeepTheirType) {
  TestStream stream;
  const auto metadata = ConfigTree::parse(
      R"({"filter_metadata":{"ns":{"s":"str","n":1.5,"b":true,"o":{"k":1,"a":[2]},"nul":null}}})");
  stream.info.route_metadata = metadata->root();
  EXPECT_EQ(print(stream, R"({"s":"%METADATA(ROUTE:ns:s):2%","n":"%METADATA(ROUTE:ns:n):1%",
                              "o":"%METADATA(ROUTE:ns:o):3%","nul":"%METADATA(ROUTE:ns:nul)%",
                              "b":"%METADATA(ROUTE:ns:b)%","t":"%METADATA(ROUTE:ns:n)% "})"),
            R"({"b":true,"n":1.5,"nul":null,"o":{"a":[2],"k":1},"s":"st","t":"1.5 "})"
            "\n");
  EXPECT_EQ(print(stream, R"({"c":"%COALESCE({\"operators\": [\"RESPONSE_CODE\"]})%",
                              "d":"%COALESCE({\"operators\": [\"LOCAL_REPLY_BODY\",\"PROTOCOL\"]}):4%"})"),
            "{\"c\":200,\"d\":\"HTTP\"}\n");
}

TEST(JsonFormat, AnErrorNamesTheField) {
  TestStream stream;
  EXPECT_EQ(print(stream, R"({"a":{"b":["x","%NOPE%"]}})"),
            "refused: a.b[1]: column 1: %NOPE%: no such operator");
}

std::string substitute(TestStream& stream, std::string_view json) {
  const auto tree = ConfigTree::parse(json);
  const Result<SubstitutionFormat> format = SubstitutionFormat::read(tree->root());
  if (!format.ok()) return "refused: " + format.error().path + ": " + format.error().reason;
  std::string out;
  format.value().append(stream.context, out);
  return out + "|" + std::string(format.value().content_type());
}

TEST(SubstitutionFormat, HasTextOrJsonAndAContentType) {
  TestStream stream;
  EXPECT_EQ(substitute(stream, R"({"text_format":"<%REQ(nope)%>"})"), "<->|text/plain");
  EXPECT_EQ(
      substitute(stream,
                 R"({"text_format_source":{"inline_string":"<%REQ(nope)%>"},"omit_empty_values":true})"),
      "<>|text/plain");
  EXPECT_EQ(substitute(stream,
                       R"({"text_format_source":{"inline_bytes":"JVBST1RPQ09MJQ=="},"content_type":"a/b"})"),
            "HTTP/1.1|a/b");
  EXPECT_EQ(substitute(stream, R"({"json_format":{"a":"%RESPONSE_CODE%"}})"),
            "{\"a\":200}\n|application/json");
  EXPECT_EQ(substitute(stream, R"({"json_format":{}})"), "{}\n|application/json");
}

TEST(SubstitutionFormat, KnowsTwoFormatterExtensions) {
  TestStream stream;
  EXPECT_EQ(substitute(stream, R"({"text_format":"%REQ_WITHOUT_QUERY(x?:PATH):6%","formatters":[
    {"name":"x","typed_config":{"@type":"type.googleapis.com/envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery"}}]})"),
            "/one|text/plain");
  EXPECT_EQ(substitute(stream, R"({"text_format":"","formatters":[
    {"name":"x","typed_config":{"@type":"type.googleapis.com/envoy.extensions.formatter.cel.v3.Cel"}}]})"),
            "refused: formatters[0].typed_config: envoy.extensions.formatter.cel.v3.Cel is not supported");
}

TEST(SubstitutionFormat, RefusesAnEmptyMessageAndWrongOperators) {
  TestStream stream;
  EXPECT_EQ(substitute(stream, "{}"), "refused: : it needs text_format_source or json_format");
  EXPECT_EQ(substitute(stream, R"({"json_format":{"a":["%"]}})").substr(0, 26), "refused: json_format.a[0]:");
  EXPECT_EQ(substitute(stream, R"({"text_format_source":{"inline_string":"%X%"}})"),
            "refused: text_format_source: column 1: %X%: no such operator");
}

TEST(SubstitutionFormat, TheDefaultIsEnvoys) {
  TestStream stream;
  const Result<SubstitutionFormat> format = SubstitutionFormat::from_text(default_access_log_format);
  ASSERT_TRUE(format.ok());
  std::string out;
  format.value().append(stream.context, out);
  EXPECT_EQ(out,
            "[2026-11-24T13:56:22.830Z] \"GET /one?q=1&r=a%20b&q=2 HTTP/1.1\" 200 - 0 6 36 3 \"-\" \"t/1\" "
            "\"6afc3eda-9f54-4ae1-85b5-ab48fcad6385\" \"h.test:80\" \"10.1.2.3:8080\"\n");
}

}  // namespace
}  // namespace outrider
