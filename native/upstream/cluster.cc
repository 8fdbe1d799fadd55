#include "upstream/cluster.h"

#include <algorithm>

namespace outrider {
namespace {

constexpr std::string_view kHttpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
constexpr std::string_view kTcpOptions = "envoy.extensions.upstreams.tcp.v3.TcpProtocolOptions";

ConfigView extension_options(ConfigView cluster, std::string_view type) {
  return cluster["typed_extension_protocol_options"][type];
}

uint64_t milliseconds(ConfigView view, std::string_view field, uint64_t fallback) {
  return static_cast<uint64_t>(std::max<int64_t>(0, view.duration_ms(field, static_cast<int64_t>(fallback))));
}

uint32_t number(ConfigView view, std::string_view field, uint32_t fallback) {
  return static_cast<uint32_t>(std::min<uint64_t>(view.uint(field, fallback), UINT32_MAX));
}

// HttpProtocolOptions: the protocol that is asked for, and where its options stand.
void read_protocol(ConfigView options, ClusterConfig& out) {
  ConfigView protocols = options["explicit_http_config"];
  if (protocols) {
    if (protocols.has("http2_protocol_options")) out.protocol = UpstreamProtocol::Http2;
    if (protocols.has("http3_protocol_options")) out.protocol = UpstreamProtocol::Http3;
  } else if ((protocols = options["use_downstream_protocol_config"])) {
    out.protocol = UpstreamProtocol::SameAsDownstream;
  } else if ((protocols = options["auto_config"])) {
    out.protocol = UpstreamProtocol::Alpn;
  }
  out.http1_options = protocols["http_protocol_options"];
  out.http2_options = protocols["http2_protocol_options"];
}

// The same, from the fields of Cluster that came before HttpProtocolOptions.
void read_old_protocol(ConfigView cluster, ClusterConfig& out) {
  if (cluster.has("http2_protocol_options")) out.protocol = UpstreamProtocol::Http2;
  if (cluster.string("protocol_selection") == "USE_DOWNSTREAM_PROTOCOL") {
    out.protocol = UpstreamProtocol::SameAsDownstream;
  }
  out.http1_options = cluster["http_protocol_options"];
  out.http2_options = cluster["http2_protocol_options"];
}

void read_common_http(ConfigView cluster, ConfigView common, ClusterConfig& out) {
  out.idle_timeout_ms = milliseconds(common, "idle_timeout", out.idle_timeout_ms);
  out.max_connection_duration_ms = milliseconds(common, "max_connection_duration", 0);
  out.max_stream_duration_ms = milliseconds(common, "max_stream_duration", 0);
  out.max_requests_per_connection =
      number(common, "max_requests_per_connection", number(cluster, "max_requests_per_connection", 0));
  out.max_response_headers_count = number(common, "max_headers_count", out.max_response_headers_count);
  out.max_response_headers_kb = number(common, "max_response_headers_kb", out.max_response_headers_kb);
}

void read_http(ConfigView cluster, ClusterConfig& out) {
  const ConfigView options = extension_options(cluster, kHttpOptions);
  const ConfigView place = options ? options : cluster;
  if (options) {
    read_protocol(options, out);
  } else {
    read_old_protocol(cluster, out);
  }
  out.http_filters = options["http_filters"];
  out.upstream_http_options = place["upstream_http_protocol_options"];
  read_common_http(cluster, place["common_http_protocol_options"], out);
  out.tcp_idle_timeout_ms =
      milliseconds(extension_options(cluster, kTcpOptions), "idle_timeout", out.tcp_idle_timeout_ms);
}

// A wrapper that is not there leaves the kernel's value.
void read_connections(ConfigView cluster, ClusterConfig& out) {
  out.connect_timeout_ms = milliseconds(cluster, "connect_timeout", out.connect_timeout_ms);
  out.connection_buffer_bytes_max =
      number(cluster, "per_connection_buffer_limit_bytes", out.connection_buffer_bytes_max);
  const ConfigView options = cluster["upstream_connection_options"];
  out.keepalive = read_tcp_keepalive(options["tcp_keepalive"]);
  out.set_local_interface_name = options.boolean("set_local_interface_name_on_upstream_connections");
  out.connection_pool_per_downstream_connection =
      cluster.boolean("connection_pool_per_downstream_connection");
  out.preconnect_ratio = cluster["preconnect_policy"].number("per_upstream_preconnect_ratio", 1.0);
}

void read_health(ConfigView cluster, ClusterConfig& out) {
  const ConfigView common = cluster["common_lb_config"];
  out.close_connections_on_host_set_change = common.boolean("close_connections_on_host_set_change");
  out.close_connections_on_host_health_failure = cluster.boolean("close_connections_on_host_health_failure");
  out.ignore_health_on_host_removal = cluster.boolean("ignore_health_on_host_removal");
  out.ignore_new_hosts_until_first_hc = common.boolean("ignore_new_hosts_until_first_hc");
}

void read_tracking(ConfigView cluster, ClusterConfig& out) {
  const ConfigView tracked = cluster["track_cluster_stats"];
  out.track_timeout_budgets = tracked.boolean("timeout_budgets", cluster.boolean("track_timeout_budgets"));
  out.track_request_response_sizes = tracked.boolean("request_response_sizes");
  out.track_per_endpoint_stats = tracked.boolean("per_endpoint_stats");
}

// One host, however many addresses its name has.
bool is_logical_dns(ConfigView cluster) {
  if (cluster.string("type") == "LOGICAL_DNS") return true;
  if (cluster["cluster_type"].string("name") == "envoy.cluster.logical_dns") return true;
  const ConfigView dns = cluster["cluster_type"]["typed_config"];
  return dns.type_name() == "envoy.extensions.clusters.dns.v3.DnsCluster" &&
         dns.boolean("all_addresses_in_single_endpoint");
}

}  // namespace

Result<Ref<const ClusterConfig>> ClusterConfig::build(Ref<const SharedConfig> source, ConfigView cluster,
                                                      const ClusterStats& stats,
                                                      const TransportBuildContext* transport) {
  Result<LbConfig> lb = LbConfig::read(cluster);
  if (!lb) return lb.error();
  Result<BindConfig> bind = BindConfig::read(cluster["upstream_bind_config"]);
  if (!bind) return ConfigError{"upstream_bind_config." + bind.error().path, bind.error().reason};

  Ref<ClusterConfig> out = make_ref<ClusterConfig>(cluster);
  out->source = std::move(source);
  out->name = cluster.string("name");
  out->observability_name = cluster.string("alt_stat_name", cluster.string("name"));
  out->stats = stats;
  out->metadata = cluster["metadata"];
  if (transport != nullptr) {
    auto factory = make_transport_factory(cluster["transport_socket"], out->source, *transport);
    if (!factory) return ConfigError{"transport_socket." + factory.error().path, factory.error().reason};
    out->transport = factory.value();
  }
  out->health_checked = cluster.has("health_checks");
  out->logical_dns = is_logical_dns(cluster);
  out->lb = lb.value();
  out->bind = std::move(bind.value());
  out->socket_options = std::move(out->bind.options);
  read_http(cluster, *out);
  if (out->protocol == UpstreamProtocol::Alpn && transport != nullptr && !out->transport) {
    return ConfigError{"typed_extension_protocol_options", "auto_config needs a transport_socket with ALPN"};
  }
  read_connections(cluster, *out);
  read_health(cluster, *out);
  read_tracking(cluster, *out);
  return Ref<const ClusterConfig>(out);
}

}  // namespace outrider
