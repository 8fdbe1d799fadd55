#include "router/redirect.h"

#include <gtest/gtest.h>

#include "router/testing.h"

namespace outrider {
namespace {

std::string location(const Redirect* redirect, std::string_view path, std::string_view host = "a.test",
                     std::string_view scheme = "http") {
  TestRequest request(path, {}, host);
  request.headers.set(HeaderId::ForwardedProto, scheme);
  request.headers.set(HeaderId::Scheme, scheme);
  std::string out;
  append_location(redirect, request.headers, out);
  return out;
}

std::string redirected(std::string_view json, std::string_view path, std::string_view host = "a.test",
                       std::string_view scheme = "http") {
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(json);
  const Result<Redirect> redirect = Redirect::read(tree->root());
  EXPECT_TRUE(redirect.ok()) << json;
  return location(&redirect.value(), path, host, scheme);
}

// Expectations were recorded from Envoy 1.40.
TEST(Redirect, EachPartOfTheLocationMayBeReplaced) {
  EXPECT_EQ(redirected(R"({"host_redirect":"new.test"})", "/x?q=1"), "http://new.test/x?q=1");
  EXPECT_EQ(redirected(R"({"https_redirect":true})", "/x?q=1"), "https://a.test/x?q=1");
  EXPECT_EQ(redirected(R"({"scheme_redirect":"ftp"})", "/x"), "ftp://a.test/x");
  EXPECT_EQ(redirected(R"({"port_redirect":8443,"https_redirect":true})", "/x"), "https://a.test:8443/x");
  EXPECT_EQ(redirected(R"({"host_redirect":"h.test","port_redirect":8080})", "/x"), "http://h.test:8080/x");
  EXPECT_EQ(redirected(R"({"host_redirect":"h.test:99","https_redirect":true})", "/x"),
            "https://h.test:99/x");
  EXPECT_EQ(redirected(R"({"port_redirect":80})", "/x"), "http://a.test:80/x");
}

TEST(Redirect, AQueryIsKeptUnlessItIsStrippedOrReplaced) {
  EXPECT_EQ(redirected(R"({"path_redirect":"/y"})", "/x?q=1"), "http://a.test/y?q=1");
  EXPECT_EQ(redirected(R"({"path_redirect":"/y?a=b"})", "/x?q=1"), "http://a.test/y?a=b");
  EXPECT_EQ(redirected(R"({"path_redirect":"/y?a=b","strip_query":true})", "/x?q=1"), "http://a.test/y?a=b");
  EXPECT_EQ(redirected(R"({"path_redirect":"/y","strip_query":true})", "/x?q=1"), "http://a.test/y");
  EXPECT_EQ(redirected(R"({"https_redirect":true,"strip_query":true})", "/x?q=1"), "https://a.test/x");
}

TEST(Redirect, APortGoesWhenItWasTheDefaultOfTheOldSchemeOrIsReplaced) {
  const std::string_view https = R"({"https_redirect":true})";
  EXPECT_EQ(redirected(https, "/x", "a.test:80"), "https://a.test/x");
  EXPECT_EQ(redirected(https, "/x", "a.test:8080"), "https://a.test:8080/x");
  EXPECT_EQ(redirected(https, "/x", "a.test:443"), "https://a.test:443/x");
  EXPECT_EQ(redirected(https, "/x", "[::1]:80"), "https://[::1]/x");
  EXPECT_EQ(redirected(https, "/x", "[::1]"), "https://[::1]/x");
  EXPECT_EQ(redirected(R"({"path_redirect":"/y"})", "/x", "a.test:80"), "http://a.test:80/y");
  const std::string_view port = R"({"port_redirect":81})";
  EXPECT_EQ(redirected(port, "/x", "[::1]:80"), "http://[::1]:81/x");
  EXPECT_EQ(redirected(port, "/x", "a.test:"), "http://a.test:81/x");
  EXPECT_EQ(redirected(R"({"scheme_redirect":"HTTPS"})", "/x", "a.test:443", "https"), "HTTPS://a.test/x");
  EXPECT_EQ(redirected(R"({"scheme_redirect":"http"})", "/x", "a.test:443", "https"), "http://a.test/x");
}

TEST(Redirect, EveryResponseCodeHasItsNumber) {
  const std::pair<std::string_view, int> cases[] = {{"MOVED_PERMANENTLY", 301},
                                                    {"FOUND", 302},
                                                    {"SEE_OTHER", 303},
                                                    {"TEMPORARY_REDIRECT", 307},
                                                    {"PERMANENT_REDIRECT", 308}};
  for (const auto& [code, status] : cases) {
    const std::string json = R"({"response_code":")" + std::string(code) + "\"}";
    EXPECT_EQ(Redirect::read(ConfigTree::parse(json)->root()).value().status, status);
  }
  EXPECT_EQ(Redirect::read({}).value().status, 301);
  EXPECT_FALSE(Redirect::read(ConfigTree::parse(R"({"port_redirect":65536})")->root()).ok());
}

TEST(Redirect, WithoutOneTheLocationIsTheRequestItself) {
  EXPECT_EQ(location(nullptr, "/d?q"), "http://a.test/d?q");
  TestRequest request("/x?y=1", {}, "a.test:80");
  std::string out;
  append_tls_location(request.headers, out);
  EXPECT_EQ(out, "https://a.test:80/x?y=1");
}

}  // namespace
}  // namespace outrider
