#include "router/internal_redirect.h"

#include <gtest/gtest.h>

#include <string>

#include "router/testing.h"

namespace outrider {
namespace {

struct Policy {
  std::unique_ptr<ConfigTree> tree;
  std::unique_ptr<InternalRedirectPolicy> policy;
  ConfigError error;
  explicit Policy(std::string json) {
    for (char& c : json) c = c == '\'' ? '"' : c;
    tree = ConfigTree::parse(json);
    auto read = InternalRedirectPolicy::read(tree->root());
    if (read)
      policy = std::move(read.value());
    else
      error = read.error();
  }
};

TEST(InternalRedirectPolicy, Follows302OnceByDefault) {
  Policy policy("{}");
  EXPECT_TRUE(policy.policy->wants(302));
  EXPECT_FALSE(policy.policy->wants(301));
  EXPECT_EQ(policy.policy->redirects_max, 1u);
}

TEST(InternalRedirectPolicy, CodesThatAreNoRedirectsDoNotCount) {
  Policy policy("{'redirect_response_codes':[200,301,308]}");
  EXPECT_FALSE(policy.policy->wants(200));
  EXPECT_FALSE(policy.policy->wants(302));
  EXPECT_TRUE(policy.policy->wants(308));
}

TEST(InternalRedirectPolicy, AnUnknownPredicateIsAFaultWithItsPlace) {
  Policy policy("{'predicates':[{'typed_config':{'@type':'type.googleapis.com/x.Y'}}]}");
  EXPECT_EQ(policy.policy, nullptr);
  EXPECT_EQ(policy.error.path, "predicates[0].typed_config");
}

TEST(InternalRedirectPolicy, ListedRoutesAreTheOnlyOnes) {
  Policy policy(
      "{'predicates':[{'typed_config':{'@type':'type.googleapis.com/envoy.extensions.internal_redirect."
      "allow_listed_routes.v3.AllowListedRoutesConfig','allowed_route_names':['a']}}]}");
  EXPECT_TRUE(policy.policy->allows_route("a"));
  EXPECT_FALSE(policy.policy->allows_route("b"));
  EXPECT_TRUE(Policy("{}").policy->allows_route("b"));
}

TEST(AbsoluteUrl, IsTakenApartAndLosesItsFragment) {
  AbsoluteUrl url;
  ASSERT_TRUE(AbsoluteUrl::parse("HTTP://a.test:81/p?q=1#f", url));
  EXPECT_EQ(url.scheme, "http");
  EXPECT_EQ(url.authority, "a.test:81");
  EXPECT_EQ(url.path_with_query, "/p?q=1");
  ASSERT_TRUE(AbsoluteUrl::parse("https://a.test?q", url));
  EXPECT_EQ(url.authority, "a.test");
  EXPECT_EQ(url.path_with_query, "?q");
}

TEST(AbsoluteUrl, WhatIsNoHttpUrlWithAHostIsNone) {
  AbsoluteUrl url;
  for (std::string_view bad : {"", "/p", "ftp://a/", "http://", "http:///p", "http://a b/", "http://u@a/"}) {
    EXPECT_FALSE(AbsoluteUrl::parse(bad, url)) << bad;
  }
}

TEST(RedirectRequest, PointsTheRequestElsewhereAndCanBeTakenBack) {
  Policy policy("{'response_headers_to_copy':['X-Token','x-old']}");
  TestRequest request("/from?a=1", {{"x-old", "kept"}});
  HeaderMap response(request.arena, HeaderMapKind::Response);
  response.add("x-token", "t");
  AbsoluteUrl url;
  ASSERT_TRUE(AbsoluteUrl::parse("https://b.test", url));
  SavedTarget before(request.headers, *policy.policy);
  redirect_request(url, *policy.policy, response, request.headers);
  EXPECT_EQ(request.headers.get(HeaderId::Scheme), "https");
  EXPECT_EQ(request.headers.get(HeaderId::Authority), "b.test");
  EXPECT_EQ(request.headers.get(HeaderId::Path), "/");
  EXPECT_EQ(request.headers.get(HeaderId::EnvoyOriginalUrl), "http://a.test/from?a=1");
  EXPECT_EQ(request.headers.get("x-token"), "t");
  EXPECT_FALSE(request.headers.has("x-old"));
  before.restore();
  EXPECT_EQ(request.headers.get(HeaderId::Scheme), "http");
  EXPECT_EQ(request.headers.get(HeaderId::Authority), "a.test");
  EXPECT_EQ(request.headers.get(HeaderId::Path), "/from?a=1");
  EXPECT_FALSE(request.headers.has(HeaderId::EnvoyOriginalUrl));
  EXPECT_FALSE(request.headers.has("x-token"));
  EXPECT_EQ(request.headers.get("x-old"), "kept");
}

}  // namespace
}  // namespace outrider
