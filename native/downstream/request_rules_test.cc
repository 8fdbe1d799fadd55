#include "downstream/request_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/http1/parser.h"
#include "downstream/recorded_rules.h"

namespace outrider {
namespace {

constexpr std::string_view new_id = "<uuid>";

void replace(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

// The recorded shorthand written out.
std::string whole_request(std::string_view shorthand) {
  std::string text(shorthand);
  replace(text, "<get>", "GET / HTTP/1.1\r\nhost: h.test\r\n");
  return text;
}
std::string whole_expected(std::string_view shorthand) {
  std::string text(shorthand);
  replace(text, "<host>", "host: h.test\n");
  replace(text, "<proto>", "x-forwarded-proto: http\n");
  replace(text, "<end>", "x-request-id: <uuid>\nscheme: http\n");
  return text;
}

bool is_uuid4(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); i++) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !isxdigit(text[i])) return false;
  }
  return text[14] == '4' && std::string_view("89ab").find(text[19]) != std::string_view::npos;
}

struct RequestRules : testing::Test {
  LogFiles files{LogFileOptions{}};
  HcmBuildContext context{
      .log_files = files, .node_id = "node", .node_cluster = "cluster", .local_ip = "<local>"};
  std::unique_ptr<ConfigTree> tree;
  std::unique_ptr<HcmConfig> config;
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap headers{arena, HeaderMapKind::Request};
  Random random{7};
  std::string scratch;
  StreamInfo info;
  ConnectionInfo connection;

  void configure(std::string_view json) {
    tree = ConfigTree::parse(json);
    ASSERT_NE(tree, nullptr) << json;
    auto built = HcmConfig::build(tree->root(), context);
    ASSERT_TRUE(built.ok()) << built.error().path << ": " << built.error().reason;
    config = std::move(built.value());
  }

  void connect(std::string_view peer) {
    connection.direct_remote = Address::from_ip(peer, 4321);
    connection.local = Address::from_ip("127.0.0.1", 10000);
  }

  // Parses the text as the codec would; a refusal of the codec is told as "<status> <details>".
  std::string run(std::string_view text) {
    headers.clear();
    http1::Parser parser(config->http1);
    if (parser.parse_request(text, headers) != http1::ParseStatus::Head) {
      return std::to_string(parser.error().status) + " DPE " + std::string(parser.error().details);
    }
    info = StreamInfo{};
    info.protocol = parser.head().minor_version == 0 ? Protocol::Http10 : Protocol::Http11;
    result = apply_request_rules(*config, facts, headers, info);
    if (result.verdict == RequestVerdict::Continue) return forwarded();
    return std::to_string(result.status) + (result.protocol_error ? " DPE " : " ") +
           std::string(result.details);
  }

  std::string forwarded() const {
    std::string text = info.downstream_remote->text();
    replace(text, ":4321", ":*");
    text.append(" ").append(headers.get(HeaderId::Method)).append(" ").append(headers.get(HeaderId::Path));
    text.append("\nhost: ").append(headers.get(HeaderId::Authority)).append("\n");
    for (const Header& header : headers) {
      if (is_pseudo(header.id)) continue;
      const bool generated = header.id == HeaderId::RequestId && is_uuid4(header.text()) &&
                             header.text().find("12345678") == std::string_view::npos;
      text.append(header.key()).append(": ").append(generated ? new_id : header.text()).append("\n");
    }
    return text.append("scheme: ").append(headers.get(HeaderId::Scheme)).append("\n");
  }

  RequestFacts facts{.connection = connection, .random = random, .scratch = scratch};
  RequestRulesResult result;
};

constexpr std::string_view plain_get = "GET / HTTP/1.1\r\nhost: h\r\n";

TEST_F(RequestRules, EveryRecordedRequestBecomesWhatEnvoyMadeOfIt) {
  std::string_view configured;
  for (const RecordedRequest& recorded : recorded_requests) {
    if (recorded.config != configured) {
      for (const RecordedConfig& entry : recorded_configs) {
        if (entry.name == recorded.config) configure(entry.message);
      }
      configured = recorded.config;
    }
    connect(recorded.peer);
    EXPECT_EQ(run(whole_request(recorded.request)), whole_expected(recorded.expected))
        << recorded.config << " from " << recorded.peer << "\n"
        << recorded.request;
  }
}

TEST_F(RequestRules, TlsAndRestoredPortsDecideTheScheme) {
  configure(
      R"({"forward_proto_config": {"https_destination_ports": [10000], "http_destination_ports": [80]}})");
  connect("10.0.0.1");
  const std::string request = std::string(plain_get) + "\r\n";
  run(request);
  EXPECT_EQ(headers.get(HeaderId::ForwardedProto), "http");
  facts.tls = true;
  run(request);
  EXPECT_EQ(headers.get(HeaderId::ForwardedProto), "https");
  facts.tls = false;
  facts.local_address_restored = true;
  run(request);
  EXPECT_EQ(headers.get(HeaderId::Scheme), "https");
}

TEST_F(RequestRules, InternalOnlyHeadersComeOnlyFromInternalClients) {
  const std::vector<std::string> names = {"x-secret"};
  facts.internal_only_headers = &names;
  configure(R"({"use_remote_address": true,
      "internal_address_config": {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}})");
  const std::string request = std::string(plain_get) + "x-secret: 1\r\nx-envoy-retry-on: 5xx\r\n\r\n";
  connect("10.0.0.1");
  run(request);
  EXPECT_TRUE(result.internal_request && headers.has("x-secret") && headers.has(HeaderId::EnvoyRetryOn));
  connect("192.0.2.1");
  run(request);
  EXPECT_TRUE(result.edge_request);
  EXPECT_FALSE(headers.has("x-secret") || headers.has(HeaderId::EnvoyRetryOn));
}

TEST_F(RequestRules, AUnixPeerAddsNoAddressAndMayBeInternal) {
  configure(R"({"use_remote_address": true, "internal_address_config": {"unix_sockets": true}})");
  connection.direct_remote = Address::from_pipe("/run/x");
  EXPECT_EQ(run(std::string(plain_get) + "\r\n"),
            "/run/x GET /\nhost: h\nx-forwarded-proto: http\nx-envoy-internal: true\nx-request-id: <uuid>\n"
            "scheme: http\n");
}

TEST_F(RequestRules, AClientCertificateIsForwardedByTheMode) {
  struct Case {
    std::string_view mode;
    std::string_view cert;
    std::string_view expected;
  };
  connect("10.0.0.1");
  for (const Case& one : {Case{"SANITIZE", "Hash=1", ""}, Case{"FORWARD_ONLY", "Hash=1", "Hash=0"},
                          Case{"FORWARD_ONLY", "", ""}, Case{"APPEND_FORWARD", "Hash=1", "Hash=0,Hash=1"},
                          Case{"SANITIZE_SET", "Hash=1", "Hash=1"}, Case{"SANITIZE_SET", "", ""},
                          Case{"ALWAYS_FORWARD_ONLY", "", "Hash=0"}}) {
    configure(R"({"forward_client_cert_details": ")" + std::string(one.mode) + "\"}");
    facts.client_cert = one.cert;
    run(std::string(plain_get) + "x-forwarded-client-cert: Hash=0\r\n\r\n");
    EXPECT_EQ(headers.get(HeaderId::ForwardedClientCert), one.expected) << one.mode << " " << one.cert;
  }
}

TEST_F(RequestRules, TheStrippedPortOfAConnectRequestIsTold) {
  configure(R"({"strip_any_host_port": true})");
  connect("10.0.0.1");
  run("CONNECT h.test:443 HTTP/1.1\r\nhost: h.test:443\r\n\r\n");
  EXPECT_EQ(headers.get(HeaderId::Authority), "h.test");
  EXPECT_EQ(result.stripped_port, 443);
}

}  // namespace
}  // namespace outrider
