#include "formatter/header_mutation.h"

#include <gtest/gtest.h>

#include "formatter/testing.h"

namespace outrider {
namespace {

std::string describe(const HeaderMap& headers) {
  std::string text;
  for (const Header& header : headers) {
    text += header.key();
    text += '=';
    text += header.text();
    text += ' ';
  }
  return text;
}

struct Mutated {
  TestStream stream;
  HeaderMap headers{stream.arena, HeaderMapKind::Request};

  std::string apply(std::string_view add, std::string_view remove = "[]") {
    const auto to_add = ConfigTree::parse(add);
    const auto to_remove = ConfigTree::parse(remove);
    const Result<HeaderMutations> mutations = HeaderMutations::read(to_add->root(), to_remove->root());
    if (!mutations.ok()) return "refused: " + mutations.error().path + ": " + mutations.error().reason;
    std::string scratch;
    mutations.value().apply(headers, stream.context, scratch);
    return describe(headers);
  }
};

constexpr std::string_view actions = R"([
  {"header":{"key":"x-append","value":"new"},"append_action":"APPEND_IF_EXISTS_OR_ADD"},
  {"header":{"key":"x-absent","value":"new"},"append_action":"ADD_IF_ABSENT"},
  {"header":{"key":"x-over","value":"new"},"append_action":"OVERWRITE_IF_EXISTS_OR_ADD"},
  {"header":{"key":"x-if","value":"new"},"append_action":"OVERWRITE_IF_EXISTS"},
  {"header":{"key":"x-empty","value":""},"keep_empty_value":true},
  {"header":{"key":"x-empty-dropped","value":""}}])";

// The order is that of Envoy 1.40: what overwrites comes before what is added.
TEST(HeaderMutations, ActionsWhenNothingIsThere) {
  Mutated mutated;
  EXPECT_EQ(mutated.apply(actions), "x-over=new x-append=new x-absent=new x-empty= ");
}

TEST(HeaderMutations, ActionsWhenEverythingIsThere) {
  Mutated mutated;
  for (const char* name : {"x-append", "x-absent", "x-over", "x-over", "x-if", "x-empty"}) {
    mutated.headers.add(name, "old");
  }
  EXPECT_EQ(mutated.apply(actions),
            "x-append=old x-absent=old x-empty=old x-over=new x-if=new x-append=new x-empty= ");
}

TEST(HeaderMutations, TheOldAppendFieldIsRead) {
  Mutated mutated;
  mutated.headers.add("a", "old");
  mutated.headers.add("b", "old");
  EXPECT_EQ(mutated.apply(R"([{"header":{"key":"A","value":"new"},"append":false},
                              {"header":{"key":"b","value":"new"},"append":true}])"),
            "b=old a=new b=new ");
}

TEST(HeaderMutations, RemovesBeforeItAdds) {
  Mutated mutated;
  mutated.headers.add("x-drop", "1");
  mutated.headers.add("user-agent", "1");
  mutated.headers.add("x-keep", "1");
  EXPECT_EQ(mutated.apply(R"([{"header":{"key":"x-drop","value":"2"}}])", R"(["X-Drop","User-Agent"])"),
            "x-keep=1 x-drop=2 ");
}

TEST(HeaderMutations, ValuesAreFormattedFromTheHeadersBeforeAnyIsAdded) {
  Mutated mutated;
  mutated.headers.add("x-thing", "something");
  mutated.stream.context.request_headers = &mutated.headers;
  EXPECT_EQ(mutated.apply(R"([{"header":{"key":"a","value":"<%REQ(x-thing)%> <%REQ(nope?x-thing):3%>"}},
                              {"header":{"key":"b","value":"%REQ(a)%"}},
                              {"header":{"key":"c","value":"100%%"}},
                              {"header":{"key":"d","value":"%RESPONSE_CODE% %RESPONSE_FLAGS%"}},
                              {"header":{"key":"e","raw_value":"JVBST1RPQ09MJQ=="}}])"),
            "x-thing=something a=<something> <som> c=100% d=200 - e=HTTP/1.1 ");
}

TEST(HeaderMutations, ResponseValuesReadTheResponseThatIsChanged) {
  Mutated mutated;
  HeaderMap response(mutated.stream.arena, HeaderMapKind::Response);
  response.add("x-from", "upstream");
  mutated.stream.context.response_headers = nullptr;
  const auto to_add =
      ConfigTree::parse(R"([{"header":{"key":"a","value":"%RESP(x-from)% %REQ(:method)%"}}])");
  const Result<HeaderMutations> mutations = HeaderMutations::read(to_add->root());
  std::string scratch;
  mutations.value().apply(response, mutated.stream.context, scratch);
  EXPECT_EQ(describe(response), "x-from=upstream a=upstream GET ");
}

TEST(HeaderMutations, RefusesWhatEnvoyRefuses) {
  const std::string modified = ":-prefixed or host headers may not be modified";
  EXPECT_EQ(Mutated().apply(R"([{"header":{"key":"a"}},{"header":{"key":":path","value":"x"}}])"),
            "refused: [1].header.key: " + modified);
  EXPECT_EQ(Mutated().apply(R"([{"header":{"key":"Host","value":"x"}}])"),
            "refused: [0].header.key: " + modified);
  EXPECT_EQ(Mutated().apply("[]", R"(["HOST"])"),
            "refused: [0]: :-prefixed or host headers may not be removed");
  EXPECT_EQ(Mutated().apply(R"([{"header":{"key":"a","value":"100%"}}])").substr(0, 35),
            "refused: [0].header.value: column 4");
  EXPECT_EQ(Mutated().apply(R"([{"header":{"key":"a"},"append":true,"append_action":"ADD_IF_ABSENT"}])"),
            "refused: [0].append: append and append_action are both set; leave append out");
}

TEST(HeaderMutations, NoListsChangeNothing) {
  Result<HeaderMutations> mutations = HeaderMutations::read({}, {});
  ASSERT_TRUE(mutations.ok());
  EXPECT_TRUE(mutations.value().empty());
}

}  // namespace
}  // namespace outrider
