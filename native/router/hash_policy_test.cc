#include "router/hash_policy.h"

#include <gtest/gtest.h>

#include "base/xxhash64.h"
#include "router/testing.h"

namespace outrider {
namespace {

struct Policy {
  std::unique_ptr<ConfigTree> tree;
  std::unique_ptr<HashPolicy> policy;
  ConfigError error;
  // `json`: a list of HashPolicy in which ' stands for ".
  explicit Policy(std::string json) {
    for (char& c : json) c = c == '\'' ? '"' : c;
    tree = ConfigTree::parse(json);
    Result<std::unique_ptr<HashPolicy>> read = HashPolicy::read(tree->root());
    if (read)
      policy = std::move(read.value());
    else
      error = read.error();
  }
  std::optional<uint64_t> hash(TestRequest& request) {
    return policy->hash(request.headers, request.info, request.scratch, cookies);
  }
  HashPolicy::Cookies cookies;
};

uint64_t turned(uint64_t hash) { return (hash << 1) | (hash >> 63); }

TEST(HashPolicy, AnEmptyListIsNone) { EXPECT_EQ(Policy("[]").policy, nullptr); }

TEST(HashPolicy, AKindThatIsNotKnownIsAFaultWithItsPlace) {
  EXPECT_EQ(Policy("[{'header':{'header_name':'a'}},{'filter_state':{'key':'a'}}]").error.path, "[1].");
}

TEST(HashPolicy, AHeaderIsHashedAsItIs) {
  Policy policy("[{'header':{'header_name':'X-User'}}]");
  TestRequest with("/", {{"x-user", "alice"}});
  EXPECT_EQ(policy.hash(with), xxhash64("alice"));
  TestRequest without("/");
  EXPECT_EQ(policy.hash(without), std::nullopt);
}

TEST(HashPolicy, TheOrderOfSeveralLinesDoesNotMatter) {
  Policy policy("[{'header':{'header_name':'x-user'}}]");
  TestRequest one("/", {{"x-user", "b"}, {"x-user", "a"}});
  TestRequest other("/", {{"x-user", "a"}, {"x-user", "b"}});
  EXPECT_EQ(policy.hash(one), policy.hash(other));
  EXPECT_EQ(policy.hash(one), xxhash64("b", xxhash64("a")));
}

TEST(HashPolicy, ARegexRewritesTheHeaderFirst) {
  Policy policy(
      "[{'header':{'header_name':'x-user','regex_rewrite':{'pattern':{'regex':'^(.*)@.*$'},"
      "'substitution':'\\\\1'}}}]");
  TestRequest request("/", {{"x-user", "alice@a.test"}});
  EXPECT_EQ(policy.hash(request), xxhash64("alice"));
}

TEST(HashPolicy, AQueryParameterCountsEvenWithoutAValue) {
  Policy policy("[{'query_parameter':{'name':'user'}}]");
  TestRequest bob("/p?a=1&user=bob");
  EXPECT_EQ(policy.hash(bob), xxhash64("bob"));
  TestRequest empty("/p?user=");
  EXPECT_EQ(policy.hash(empty), xxhash64(""));
  TestRequest none("/p");
  EXPECT_EQ(policy.hash(none), std::nullopt);
}

TEST(HashPolicy, ACookieIsReadWithoutItsQuotes) {
  Policy policy("[{'cookie':{'name':'who'}}]");
  TestRequest request("/", {{"cookie", "a=b; who=\"alice\""}});
  EXPECT_EQ(policy.hash(request), xxhash64("alice"));
  TestRequest none("/");
  EXPECT_EQ(policy.hash(none), std::nullopt);
  EXPECT_TRUE(policy.cookies.empty());
}

TEST(HashPolicy, ACookieWithATtlIsMadeForTheClientThatHasNone) {
  Policy policy(
      "[{'cookie':{'name':'who','ttl':'60s','path':'/p','attributes':[{'name':'SameSite','value':'Lax'},"
      "{'name':'Secure'}]}}]");
  ConnectionInfo connection;
  connection.local = Address::from_ip("10.0.0.1", 80);
  const Address client = Address::from_ip("10.0.0.2", 4321);
  TestRequest request("/");
  request.info.connection = &connection;
  request.info.downstream_remote = &client;
  const std::optional<uint64_t> hash = policy.hash(request);
  ASSERT_TRUE(hash);
  HeaderMap response(request.arena, HeaderMapKind::Response);
  policy.cookies.write(response);
  const std::string made(response.get(HeaderId::SetCookie));
  EXPECT_EQ(made.substr(21), "\"; Max-Age=60; Path=/p; SameSite=Lax; Secure; HttpOnly");
  EXPECT_EQ(*hash, xxhash64(made.substr(5, 16)));
  EXPECT_EQ(*hash, xxhash64([] {
    char text[17];
    snprintf(text, sizeof(text), "%016lx", static_cast<unsigned long>(xxhash64("10.0.0.2:432110.0.0.1:80")));
    return std::string(text);
  }()));
}

TEST(HashPolicy, TheClientsAddressCountsWithoutItsPort) {
  Policy policy("[{'connection_properties':{'source_ip':true}}]");
  const Address client = Address::from_ip("10.0.0.2", 4321);
  TestRequest request("/");
  request.info.downstream_remote = &client;
  EXPECT_EQ(policy.hash(request), xxhash64("10.0.0.2"));
}

TEST(HashPolicy, SeveralAreCombinedUntilATerminalOneHasOne) {
  Policy policy(
      "[{'header':{'header_name':'x-a'},'terminal':true},{'header':{'header_name':'x-b'}},"
      "{'header':{'header_name':'x-c'}}]");
  TestRequest all("/", {{"x-a", "a"}, {"x-b", "b"}, {"x-c", "c"}});
  EXPECT_EQ(policy.hash(all), xxhash64("a"));
  TestRequest rest("/", {{"x-b", "b"}, {"x-c", "c"}});
  EXPECT_EQ(policy.hash(rest), turned(xxhash64("b")) ^ xxhash64("c"));
}

}  // namespace
}  // namespace outrider
