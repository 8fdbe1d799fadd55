#include "downstream/hcm_config.h"

#include <arpa/inet.h>
#include <ifaddrs.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/http_status.h"

namespace outrider {
namespace {

constexpr std::string_view xff_type = "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig";
constexpr std::string_view custom_header_type =
    "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig";
constexpr std::string_view early_mutation_type =
    "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation";
constexpr std::string_view uuid_type = "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig";
constexpr std::string_view preserve_case_type =
    "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig";

ConfigError below(std::string_view path, const ConfigError& error) {
  const bool index = error.path.empty() || error.path.front() == '[';
  return {std::string(path) + (index ? "" : ".") + error.path, error.reason};
}

std::string item_path(std::string_view list, uint32_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

template <typename T>
struct EnumName {
  std::string_view name;
  T value;
};
// The value of an enum's name; the first entry is the default. Names were checked before.
template <typename T, size_t n>
T read_enum(ConfigView view, std::string_view field, const EnumName<T> (&names)[n]) {
  const std::string_view name = view.string(field, names[0].name);
  for (const EnumName<T>& entry : names) {
    if (entry.name == name) return entry.value;
  }
  return names[0].value;
}

constexpr EnumName<CodecType> codec_types[] = {{"AUTO", CodecType::Auto},
                                               {"HTTP1", CodecType::Http1},
                                               {"HTTP2", CodecType::Http2},
                                               {"HTTP3", CodecType::Http3}};
constexpr EnumName<ServerHeader> server_headers[] = {{"OVERWRITE", ServerHeader::Overwrite},
                                                     {"APPEND_IF_ABSENT", ServerHeader::AppendIfAbsent},
                                                     {"PASS_THROUGH", ServerHeader::PassThrough}};
constexpr EnumName<ForwardClientCert> forward_client_certs[] = {
    {"SANITIZE", ForwardClientCert::Sanitize},
    {"FORWARD_ONLY", ForwardClientCert::ForwardOnly},
    {"APPEND_FORWARD", ForwardClientCert::AppendForward},
    {"SANITIZE_SET", ForwardClientCert::SanitizeSet},
    {"ALWAYS_FORWARD_ONLY", ForwardClientCert::AlwaysForwardOnly}};
constexpr EnumName<http1::UnderscoresAction> underscore_actions[] = {
    {"ALLOW", http1::UnderscoresAction::Allow},
    {"REJECT_REQUEST", http1::UnderscoresAction::RejectRequest},
    {"DROP_HEADER", http1::UnderscoresAction::DropHeader}};

EscapedSlashes read_escaped_slashes(ConfigView config, EscapedSlashes fallback) {
  const EnumName<EscapedSlashes> names[] = {{"IMPLEMENTATION_SPECIFIC_DEFAULT", fallback},
                                            {"KEEP_UNCHANGED", EscapedSlashes::KeepUnchanged},
                                            {"REJECT_REQUEST", EscapedSlashes::RejectRequest},
                                            {"UNESCAPE_AND_REDIRECT", EscapedSlashes::UnescapeAndRedirect},
                                            {"UNESCAPE_AND_FORWARD", EscapedSlashes::UnescapeAndForward}};
  return read_enum(config, "path_with_escaped_slashes_action", names);
}

uint64_t read_ms(ConfigView view, std::string_view field, uint64_t fallback) {
  return static_cast<uint64_t>(std::max<int64_t>(0, view.duration_ms(field, static_cast<int64_t>(fallback))));
}

std::vector<uint16_t> read_ports(ConfigView list) {
  std::vector<uint16_t> ports;
  for (const ConfigView port : list) ports.push_back(static_cast<uint16_t>(port.as_uint()));
  return ports;
}

HttpFilterConfig read_filter(ConfigView filter) {
  HttpFilterConfig read;
  read.name = filter.string("name");
  read.config = filter["typed_config"];
  read.type = read.config.type_name();
  read.discovery = filter["config_discovery"];
  read.is_optional = filter.boolean("is_optional");
  read.disabled = filter.boolean("disabled");
  return read;
}

std::vector<HttpFilterConfig> read_filters(ConfigView list) {
  std::vector<HttpFilterConfig> filters;
  for (const ConfigView filter : list) filters.push_back(read_filter(filter));
  return filters;
}

// Reads one message into one config; the first fault ends it.
class Reader {
 public:
  Reader(ConfigView view, const HcmBuildContext& context, HcmConfig& config)
      : view_(view), context_(context), config_(config) {}

  bool read() {
    read_plain();
    read_times();
    return read_logs() && read_address() && read_identity() && read_path_and_host() && read_upgrades() &&
           read_early_mutations() && read_http1();
  }
  const ConfigError& error() const { return error_; }

 private:
  bool fail(std::string_view path, std::string reason) {
    error_ = {std::string(path), std::move(reason)};
    return false;
  }
  bool fail(std::string_view path, const ConfigError& error) {
    error_ = below(path, error);
    return false;
  }

  void read_plain() {
    config_.view = view_;
    config_.codec_type = read_enum(view_, "codec_type", codec_types);
    config_.stat_prefix = view_.string("stat_prefix");
    config_.route_config = view_["route_config"];
    config_.rds = view_["rds"];
    config_.rds_name = config_.rds.string("route_config_name");
    config_.scoped_routes = view_["scoped_routes"];
    config_.http_filters = read_filters(view_["http_filters"]);
    config_.tracing = view_["tracing"];
    if (view_.has("server_name")) config_.server_name = view_.string("server_name", "envoy");
    if (config_.server_name.empty()) config_.server_name = "envoy";
    config_.server_header = read_enum(view_, "server_header_transformation", server_headers);
    config_.via = view_.string("via");
    config_.append_local_overload = view_.boolean("append_local_overload");
    config_.proxy_100_continue = view_.boolean("proxy_100_continue");
    config_.http1_safe_max_connection_duration = view_.boolean("http1_safe_max_connection_duration");
    config_.record_route_resolution_stats = view_.boolean("record_route_resolution_stats");
    read_proxy_status(view_["proxy_status_config"]);
  }

  void read_proxy_status(ConfigView view) {
    ProxyStatus& status = config_.proxy_status;
    status.enabled = static_cast<bool>(view);
    status.remove_details = view.boolean("remove_details");
    status.remove_connection_termination_details = view.boolean("remove_connection_termination_details");
    status.remove_response_flags = view.boolean("remove_response_flags");
    status.set_recommended_response_code = view.boolean("set_recommended_response_code");
    status.proxy_name = config_.server_name;
    if (view.boolean("use_node_id")) status.proxy_name = context_.node_id;
    if (view.has("literal_proxy_name")) status.proxy_name = view.string("literal_proxy_name");
  }

  void read_times() {
    const ConfigView common = view_["common_http_protocol_options"];
    config_.idle_timeout_ms = read_ms(common, "idle_timeout", config_.idle_timeout_ms);
    config_.max_connection_duration_ms = read_ms(common, "max_connection_duration", 0);
    config_.max_connection_duration_jitter_percent = common["max_connection_duration_jitter"].number("value");
    config_.max_stream_duration_ms = read_ms(common, "max_stream_duration", 0);
    config_.max_requests_per_connection = static_cast<uint32_t>(common.uint("max_requests_per_connection"));
    config_.stream_idle_timeout_ms = read_ms(view_, "stream_idle_timeout", config_.stream_idle_timeout_ms);
    config_.stream_flush_timeout_ms = read_ms(view_, "stream_flush_timeout", config_.stream_idle_timeout_ms);
    config_.request_timeout_ms = read_ms(view_, "request_timeout", 0);
    config_.request_headers_timeout_ms = read_ms(view_, "request_headers_timeout", 0);
    config_.drain_timeout_ms = read_ms(view_, "drain_timeout", config_.drain_timeout_ms);
    config_.drain_timeout_jitter_percent = view_["drain_timeout_jitter"].number("value");
    config_.delayed_close_timeout_ms =
        read_ms(view_, "delayed_close_timeout", config_.delayed_close_timeout_ms);
  }

  bool read_logs() {
    auto logs = AccessLogs::read(view_["access_log"], context_.log_files);
    if (!logs.ok()) return fail("access_log", logs.error());
    config_.access_logs = std::move(logs.value());
    auto reply = LocalReplyConfig::read(view_["local_reply_config"]);
    if (!reply.ok()) return fail("local_reply_config", reply.error());
    config_.local_reply = std::move(reply.value());
    // The deprecated fields beside access_log_options must not be mixed with it.
    const ConfigView options = view_["access_log_options"];
    const bool old_fields =
        view_.has("access_log_flush_interval") || view_.boolean("flush_access_log_on_new_request");
    if (options && old_fields) {
      return fail("access_log_options",
                  "only one of access_log_options or access_log_flush_interval and "
                  "flush_access_log_on_new_request may be set");
    }
    const ConfigView from = options ? options : view_;
    config_.access_log_flush_interval_ms = read_ms(from, "access_log_flush_interval", 0);
    config_.flush_access_log_on_new_request = from.boolean("flush_access_log_on_new_request");
    config_.flush_log_on_tunnel_established = options.boolean("flush_log_on_tunnel_successfully_established");
    return true;
  }

  bool read_address() {
    config_.use_remote_address = view_.boolean("use_remote_address");
    config_.skip_xff_append = view_.boolean("skip_xff_append");
    config_.append_x_forwarded_port = view_.boolean("append_x_forwarded_port");
    config_.xff_num_trusted_hops = static_cast<uint32_t>(view_.uint("xff_num_trusted_hops"));
    config_.local_ip = context_.local_ip;
    config_.https_destination_ports = read_ports(view_["forward_proto_config"]["https_destination_ports"]);
    config_.http_destination_ports = read_ports(view_["forward_proto_config"]["http_destination_ports"]);
    const ConfigView internal = view_["internal_address_config"];
    config_.internal_unix_sockets = internal.boolean("unix_sockets");
    auto cidrs = CidrSet::read(internal["cidr_ranges"]);
    if (!cidrs.ok()) return fail("internal_address_config.cidr_ranges", cidrs.error());
    config_.internal_addresses = std::move(cidrs.value());
    return read_detections(view_["original_ip_detection_extensions"]);
  }

  bool read_detections(ConfigView list) {
    constexpr std::string_view field = "original_ip_detection_extensions";
    if (list.size() == 0) {
      config_.ip_detections.emplace_back().trusted_hops = config_.xff_num_trusted_hops;
      return true;
    }
    if (config_.use_remote_address) return fail(field, "must not be set together with use_remote_address");
    if (config_.xff_num_trusted_hops > 0) {
      return fail(field, "must not be set together with xff_num_trusted_hops");
    }
    uint32_t index = 0;
    for (const ConfigView extension : list) {
      const std::string path = item_path(field, index++) + ".typed_config";
      const ConfigView config = extension["typed_config"];
      if (config.type_name() == xff_type) {
        if (!read_xff(config, path)) return false;
      } else if (config.type_name() == custom_header_type) {
        read_custom_header(config);
      } else {
        return fail(path, "unknown extension " + std::string(config.type_name()));
      }
    }
    return true;
  }

  bool read_xff(ConfigView config, const std::string& path) {
    IpDetection detection;
    detection.trusted_hops = static_cast<uint32_t>(config.uint("xff_num_trusted_hops"));
    detection.skip_xff_append = config.boolean("skip_xff_append", true);
    detection.by_trusted_cidrs = config.has("xff_trusted_cidrs");
    if (detection.by_trusted_cidrs && detection.trusted_hops > 0) {
      return fail(path, "only one of xff_num_trusted_hops and xff_trusted_cidrs may be set");
    }
    auto cidrs = CidrSet::read(config["xff_trusted_cidrs"]["cidrs"]);
    if (!cidrs.ok()) return fail(path + ".xff_trusted_cidrs.cidrs", cidrs.error());
    detection.trusted_cidrs = std::move(cidrs.value());
    config_.ip_detections.push_back(std::move(detection));
    return true;
  }

  void read_custom_header(ConfigView config) {
    IpDetection detection;
    detection.kind = IpDetection::Kind::CustomHeader;
    detection.header = lower_case(config.string("header_name"));
    detection.header_id = header_id(detection.header);
    detection.trust_address = config.boolean("allow_extension_to_set_address_as_trusted");
    if (config.has("reject_with_status")) {
      const uint16_t status = read_http_status(config["reject_with_status"]["code"]);
      detection.reject_status = status < 400 || status > 511 ? 403 : status;
    }
    config_.ip_detections.push_back(std::move(detection));
  }

  bool read_identity() {
    if (view_.boolean("add_user_agent")) config_.user_agent = context_.node_cluster;
    config_.node_id = context_.node_id;
    config_.generate_request_id = view_.boolean("generate_request_id", true);
    config_.preserve_external_request_id = view_.boolean("preserve_external_request_id");
    config_.always_set_request_id_in_response = view_.boolean("always_set_request_id_in_response");
    config_.forward_client_cert = read_enum(view_, "forward_client_cert_details", forward_client_certs);
    config_.current_client_cert = view_["set_current_client_cert_details"];
    const ConfigView scheme = view_["scheme_header_transformation"];
    config_.scheme_to_overwrite = scheme.string("scheme_to_overwrite");
    config_.scheme_match_upstream = config_.scheme_to_overwrite.empty() && scheme.boolean("match_upstream");
    const ConfigView extension = view_["request_id_extension"]["typed_config"];
    if (extension && extension.type_name() != uuid_type) {
      return fail("request_id_extension.typed_config",
                  "unknown extension " + std::string(extension.type_name()));
    }
    config_.pack_trace_reason = extension.boolean("pack_trace_reason", true);
    config_.use_request_id_for_trace_sampling = extension.boolean("use_request_id_for_trace_sampling", true);
    return true;
  }

  bool read_path_and_host() {
    config_.normalize_path = view_.boolean("normalize_path", context_.normalize_path);
    config_.merge_slashes = view_.boolean("merge_slashes");
    config_.escaped_slashes = read_escaped_slashes(view_, context_.escaped_slashes);
    config_.strip_trailing_host_dot = view_.boolean("strip_trailing_host_dot");
    const bool any = view_.boolean("strip_any_host_port");
    const bool matching = view_.boolean("strip_matching_host_port");
    if (any && matching) {
      return fail("strip_any_host_port",
                  "only one of strip_matching_host_port and strip_any_host_port may be set");
    }
    config_.strip_port = any ? StripPort::Any : matching ? StripPort::Matching : StripPort::None;
    return true;
  }

  bool read_upgrades() {
    uint32_t index = 0;
    for (const ConfigView view : view_["upgrade_configs"]) {
      const std::string path = item_path("upgrade_configs", index++) + ".upgrade_type";
      const std::string_view type = view.string("upgrade_type");
      for (const UpgradeConfig& known : config_.upgrades) {
        if (lower_case(known.type) == lower_case(type))
          return fail(path, "stands twice: " + std::string(type));
      }
      config_.upgrades.push_back({type, view.boolean("enabled", true), read_filters(view["filters"])});
    }
    return true;
  }

  bool read_early_mutations() {
    uint32_t index = 0;
    for (const ConfigView extension : view_["early_header_mutation_extensions"]) {
      const std::string path = item_path("early_header_mutation_extensions", index++) + ".typed_config";
      const ConfigView config = extension["typed_config"];
      if (config.type_name() != early_mutation_type) {
        return fail(path, "unknown extension " + std::string(config.type_name()));
      }
      auto rules = MutationRules::read(config["mutations"]);
      if (!rules.ok()) return fail(path + ".mutations", rules.error());
      config_.early_mutations.push_back(std::move(rules.value()));
    }
    return true;
  }

  bool read_http1() {
    const ConfigView common = view_["common_http_protocol_options"];
    const ConfigView view = view_["http_protocol_options"];
    http1::Options& options = config_.http1;
    options.header_bytes_max =
        static_cast<uint32_t>(view_.uint("max_request_headers_kb", context_.max_request_headers_kb)) * 1024;
    options.header_count_max =
        static_cast<uint32_t>(common.uint("max_headers_count", context_.max_request_headers_count));
    options.headers_with_underscores_action =
        read_enum(common, "headers_with_underscores_action", underscore_actions);
    options.allow_absolute_url = view.boolean("allow_absolute_url", true);
    options.accept_http_10 = view.boolean("accept_http_10");
    options.default_host_for_http_10 = view.string("default_host_for_http_10");
    options.allow_chunked_length = view.boolean("allow_chunked_length");
    options.enable_trailers = view.boolean("enable_trailers");
    options.allow_custom_methods = view.boolean("allow_custom_methods");
    options.send_fully_qualified_url = view.boolean("send_fully_qualified_url");
    config_.http1_stream_error_on_invalid_message =
        view.boolean("override_stream_error_on_invalid_http_message",
                     view_.boolean("stream_error_on_invalid_http_message"));
    http2::Options& http2 = config_.http2;
    http2.stream_error_on_invalid_message = view_.boolean("stream_error_on_invalid_http_message");
    http2.header_bytes_max = options.header_bytes_max;
    http2.header_count_max = options.header_count_max;
    http2.underscores = options.headers_with_underscores_action;
    http2::read_options(view_["http2_protocol_options"], http2);
    if (!read_key_format(view["header_key_format"], &options.key_format)) return false;
    http1::EncoderOptions& encoder = config_.http1_encoder;
    encoder.key_format = options.key_format;
    encoder.enable_trailers = options.enable_trailers;
    encoder.send_fully_qualified_url = options.send_fully_qualified_url;
    return true;
  }

  bool read_key_format(ConfigView format, http1::KeyFormat* key_format) {
    if (format.has("proper_case_words")) *key_format = http1::KeyFormat::ProperCase;
    const ConfigView formatter = format["stateful_formatter"]["typed_config"];
    if (!formatter) return true;
    if (formatter.type_name() != preserve_case_type) {
      return fail("http_protocol_options.header_key_format.stateful_formatter.typed_config",
                  "unknown extension " + std::string(formatter.type_name()));
    }
    *key_format = http1::KeyFormat::PreserveCase;
    config_.http1_forward_reason_phrase = formatter.boolean("forward_reason_phrase");
    if (formatter.string("formatter_type_on_envoy_headers") == "PROPER_CASE") {
      config_.http1_encoder.key_format_of_own = http1::KeyFormat::ProperCase;
    }
    return true;
  }

  ConfigView view_;
  const HcmBuildContext& context_;
  HcmConfig& config_;
  ConfigError error_;
};

}  // namespace

Result<std::unique_ptr<HcmConfig>> HcmConfig::build(ConfigView config, const HcmBuildContext& context) {
  auto built = std::make_unique<HcmConfig>();
  Reader reader(config, context, *built);
  if (!reader.read()) return reader.error();
  return built;
}

std::string local_ip_address(bool ipv6) {
  std::string found = ipv6 ? "::1" : "127.0.0.1";
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return found;
  for (const ifaddrs* at = interfaces; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != (ipv6 ? AF_INET6 : AF_INET)) continue;
    const socklen_t bytes = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    const Address address = Address::from_sockaddr(at->ifa_addr, bytes);
    if (address.is_loopback()) continue;
    found = address.ip();
    break;
  }
  freeifaddrs(interfaces);
  return found;
}

}  // namespace outrider
