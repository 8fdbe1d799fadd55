#include "downstream/hcm_config.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

struct HcmConfigTest : testing::Test {
  LogFiles files{LogFileOptions{}};
  HcmBuildContext context{
      .log_files = files, .node_id = "node", .node_cluster = "cluster", .local_ip = "10.0.0.1"};
  std::unique_ptr<ConfigTree> tree;

  Result<std::unique_ptr<HcmConfig>> build(std::string_view json) {
    tree = ConfigTree::parse(json);
    return HcmConfig::build(tree->root(), context);
  }
};

TEST_F(HcmConfigTest, AnEmptyMessageHasEnvoysDefaults) {
  const auto built = build("{}");
  ASSERT_TRUE(built.ok());
  const HcmConfig& config = *built.value();
  EXPECT_EQ(config.server_name, "envoy");
  EXPECT_TRUE(config.generate_request_id);
  EXPECT_EQ(config.idle_timeout_ms, 3'600'000u);
  EXPECT_EQ(config.stream_idle_timeout_ms, 300'000u);
  EXPECT_EQ(config.stream_flush_timeout_ms, 300'000u);
  EXPECT_EQ(config.delayed_close_timeout_ms, 1'000u);
  EXPECT_EQ(config.drain_timeout_ms, 5'000u);
  EXPECT_EQ(config.http1.header_bytes_max, 60u * 1024);
  EXPECT_EQ(config.http1.header_count_max, 100u);
  EXPECT_FALSE(config.normalize_path);
  ASSERT_EQ(config.ip_detections.size(), 1u);
  EXPECT_TRUE(config.ip_detections[0].skip_xff_append);
}

TEST_F(HcmConfigTest, WhatIsSetIsRead) {
  const auto built = build(R"({
    "stat_prefix": "in", "codec_type": "HTTP1", "server_name": "front", "via": "v",
    "stream_idle_timeout": "7s", "request_headers_timeout": "1.5s", "delayed_close_timeout": "0s",
    "common_http_protocol_options": {"idle_timeout": "0s", "max_headers_count": 3, "max_stream_duration": "2s",
      "max_requests_per_connection": 9, "headers_with_underscores_action": "DROP_HEADER"},
    "http_protocol_options": {"accept_http_10": true, "default_host_for_http_10": "d", "enable_trailers": true,
      "header_key_format": {"stateful_formatter": {"name": "p", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
        "forward_reason_phrase": true, "formatter_type_on_envoy_headers": "PROPER_CASE"}}}},
    "max_request_headers_kb": 8, "path_with_escaped_slashes_action": "REJECT_REQUEST",
    "http_filters": [{"name": "r", "typed_config": {"@type": "type.googleapis.com/a.b.C"}, "is_optional": true}],
    "rds": {"route_config_name": "routes"},
    "access_log_options": {"access_log_flush_interval": "3s", "flush_access_log_on_new_request": true}})");
  ASSERT_TRUE(built.ok()) << built.error().path << built.error().reason;
  const HcmConfig& config = *built.value();
  EXPECT_EQ(config.stat_prefix, "in");
  EXPECT_EQ(config.codec_type, CodecType::Http1);
  EXPECT_EQ(config.server_name, "front");
  EXPECT_EQ(config.stream_idle_timeout_ms, 7'000u);
  EXPECT_EQ(config.stream_flush_timeout_ms, 7'000u);
  EXPECT_EQ(config.request_headers_timeout_ms, 1'500u);
  EXPECT_EQ(config.delayed_close_timeout_ms, 0u);
  EXPECT_EQ(config.idle_timeout_ms, 0u);
  EXPECT_EQ(config.max_stream_duration_ms, 2'000u);
  EXPECT_EQ(config.max_requests_per_connection, 9u);
  EXPECT_EQ(config.http1.header_count_max, 3u);
  EXPECT_EQ(config.http1.header_bytes_max, 8u * 1024);
  EXPECT_EQ(config.http1.headers_with_underscores_action, http1::UnderscoresAction::DropHeader);
  EXPECT_EQ(config.http1.key_format, http1::KeyFormat::PreserveCase);
  EXPECT_EQ(config.http1_encoder.key_format_of_own, http1::KeyFormat::ProperCase);
  EXPECT_TRUE(config.http1_forward_reason_phrase);
  EXPECT_EQ(config.escaped_slashes, EscapedSlashes::RejectRequest);
  ASSERT_EQ(config.http_filters.size(), 1u);
  EXPECT_EQ(config.http_filters[0].type, "a.b.C");
  EXPECT_TRUE(config.http_filters[0].is_optional);
  EXPECT_EQ(config.rds_name, "routes");
  EXPECT_EQ(config.access_log_flush_interval_ms, 3'000u);
  EXPECT_TRUE(config.flush_access_log_on_new_request);
}

TEST_F(HcmConfigTest, RuntimeDefaultsHoldUntilTheFieldSaysOtherwise) {
  context.normalize_path = true;
  context.escaped_slashes = EscapedSlashes::UnescapeAndForward;
  EXPECT_TRUE(build("{}").value()->normalize_path);
  EXPECT_FALSE(build(R"({"normalize_path": false})").value()->normalize_path);
  EXPECT_EQ(build(R"({"path_with_escaped_slashes_action": "IMPLEMENTATION_SPECIFIC_DEFAULT"})")
                .value()
                ->escaped_slashes,
            EscapedSlashes::UnescapeAndForward);
}

TEST_F(HcmConfigTest, WhatContradictsItselfIsRefusedWithItsPath) {
  struct Case {
    std::string_view json;
    std::string_view path;
  };
  constexpr std::string_view extension =
      R"("original_ip_detection_extensions": [{"name": "x", "typed_config": {"@type":
      "type.googleapis.com/envoy.extensions.http.original_ip_detection.xff.v3.XffConfig"}}])";
  const std::string with_remote = R"({"use_remote_address": true, )" + std::string(extension) + "}";
  const std::string with_hops = R"({"xff_num_trusted_hops": 1, )" + std::string(extension) + "}";
  for (const Case& one : {
           Case{R"({"strip_any_host_port": true, "strip_matching_host_port": true})", "strip_any_host_port"},
           Case{R"({"upgrade_configs": [{"upgrade_type": "a"}, {"upgrade_type": "A"}]})",
                "upgrade_configs[1].upgrade_type"},
           Case{R"({"internal_address_config": {"cidr_ranges": [{"address_prefix": "x"}]}})",
                "internal_address_config.cidr_ranges[0].address_prefix"},
           Case{R"({"access_log_options": {}, "access_log_flush_interval": "1s"})", "access_log_options"},
           Case{with_remote, "original_ip_detection_extensions"},
           Case{with_hops, "original_ip_detection_extensions"},
           Case{R"({"request_id_extension": {"typed_config": {"@type": "type.googleapis.com/a.B"}}})",
                "request_id_extension.typed_config"},
       }) {
    const auto built = build(one.json);
    ASSERT_FALSE(built.ok()) << one.json;
    EXPECT_EQ(built.error().path, one.path);
  }
}

TEST(CidrSet, ARangeHoldsItsAddressesOfItsOwnFamily) {
  const auto tree = ConfigTree::parse(R"([{"address_prefix": "10.1.2.3", "prefix_len": 9},
    {"address_prefix": "fd00::", "prefix_len": 7}, {"address_prefix": "192.0.2.1", "prefix_len": 32}])");
  const auto read = CidrSet::read(tree->root());
  ASSERT_TRUE(read.ok());
  const auto holds = [&](std::string_view ip) { return read.value().contains(Address::from_ip(ip, 0)); };
  EXPECT_TRUE(holds("10.127.255.255"));
  EXPECT_FALSE(holds("10.128.0.0"));
  EXPECT_TRUE(holds("fc00::1"));
  EXPECT_FALSE(holds("fe00::1"));
  EXPECT_TRUE(holds("192.0.2.1"));
  EXPECT_FALSE(holds("192.0.2.0"));
  EXPECT_FALSE(holds("::ffff:10.1.2.3"));
  EXPECT_FALSE(read.value().contains(Address::from_pipe("/x")));
}

TEST(LocalIpAddress, IsAnAddressOfTheFamily) {
  EXPECT_EQ(Address::from_ip(local_ip_address(), 0).family(), AF_INET);
  EXPECT_EQ(Address::from_ip(local_ip_address(true), 0).family(), AF_INET6);
}

}  // namespace
}  // namespace outrider
