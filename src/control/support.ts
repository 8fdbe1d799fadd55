/**
 * What Outrider implements of the Envoy API: the one list that decides what a configuration may use, and that
 * docs/supported.md is made from (`node tools/supported.ts`).
 *
 * A message stands here when an implemented field leads to it, and then every one of its fields stands under exactly
 * one heading; support.test.ts fails on a field that is left out. Words in a list are separated by white space.
 */

export type MessageSupport = {
  /** Implemented. */
  readonly yes: string;
  /** Changes behaviour and is not implemented yet: a configuration that sets it is refused. */
  readonly refuse?: string;
  /** Not implemented yet, and the traffic flows the same without it: said once, at `warn`. */
  readonly warn?: string;
};

export type ExtensionPoint = {
  /** The fields that hold such extensions, as `message.field`. */
  readonly fields: readonly string[];
  /** The implemented ones, each with what the docs table says of it. */
  readonly types: Readonly<Record<string, string>>;
  /** True where an Any without a type means that nothing is to be said. */
  readonly optional?: true;
};

const hcm = "envoy.extensions.filters.network.http_connection_manager.v3";

const tls = "envoy.extensions.transport_sockets.tls.v3";

const networkFilter = "envoy.extensions.filters.network";
const listenerFilter = "envoy.extensions.filters.listener";
const tcpProxy = "envoy.extensions.filters.network.tcp_proxy.v3";

/** Where an Any may stand, and with which types. */
export const extensionPoints: Readonly<Record<string, ExtensionPoint>> = {
  "network filter": {
    fields: ["envoy.config.listener.v3.Filter.typed_config"],
    types: {
      [`${hcm}.HttpConnectionManager`]: "HTTP connection manager",
      [`${networkFilter}.connection_limit.v3.ConnectionLimit`]: "limits open connections",
      [`${networkFilter}.local_ratelimit.v3.LocalRateLimit`]: "limits new connections",
      [`${networkFilter}.rbac.v3.RBAC`]: "who may connect",
      [`${networkFilter}.sni_cluster.v3.SniCluster`]: "the cluster that the SNI names",
      "envoy.extensions.filters.network.direct_response.v3.Config": "says one thing and closes",
      "envoy.extensions.filters.network.echo.v3.Echo": "gives back what comes",
      [`${tcpProxy}.TcpProxy`]: "forwards bytes to a cluster",
    },
  },
  "listener filter": {
    fields: ["envoy.config.listener.v3.ListenerFilter.typed_config"],
    types: {
      [`${listenerFilter}.http_inspector.v3.HttpInspector`]: "tells HTTP from other protocols",
      [`${listenerFilter}.local_ratelimit.v3.LocalRateLimit`]: "limits new connections",
      [`${listenerFilter}.original_dst.v3.OriginalDst`]: "the address before iptables redirected it",
      [`${listenerFilter}.proxy_protocol.v3.ProxyProtocol`]: "addresses from a PROXY header",
      [`${listenerFilter}.tls_inspector.v3.TlsInspector`]: "SNI and ALPN from a TLS hello",
    },
  },
  "HTTP filter": {
    fields: [`${hcm}.HttpFilter.typed_config`],
    types: {
      "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz": "asks a service whether a request may go on",
      "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation": "changes headers",
      "envoy.extensions.filters.http.router.v3.Router": "forwards to a cluster; ends every chain",
    },
  },
  "filter settings in FilterConfig": {
    optional: true,
    fields: ["envoy.config.route.v3.FilterConfig.config"],
    types: {
      "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute": "ext_authz",
      "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute": "header_mutation",
    },
  },
  "filter settings of a route": {
    fields: [
      "envoy.config.route.v3.RouteConfiguration.typed_per_filter_config",
      "envoy.config.route.v3.VirtualHost.typed_per_filter_config",
      "envoy.config.route.v3.Route.typed_per_filter_config",
      "envoy.config.route.v3.WeightedCluster.ClusterWeight.typed_per_filter_config",
    ],
    types: {
      "envoy.config.route.v3.FilterConfig": "a filter switched on or off",
      "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute": "ext_authz",
      "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute": "header_mutation",
    },
  },
  "access logger": {
    fields: ["envoy.config.accesslog.v3.AccessLog.typed_config"],
    types: {
      "envoy.extensions.access_loggers.file.v3.FileAccessLog": "to a file",
      "envoy.extensions.access_loggers.stream.v3.StderrAccessLog": "to standard error",
      "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog": "to standard output",
    },
  },
  cluster: {
    fields: ["envoy.config.cluster.v3.Cluster.CustomClusterType.typed_config"],
    types: { "envoy.extensions.clusters.dns.v3.DnsCluster": "hosts that DNS names" },
  },
  "internal redirects that are followed": {
    fields: ["envoy.config.route.v3.InternalRedirectPolicy.predicates"],
    types: {
      "envoy.extensions.internal_redirect.allow_listed_routes.v3.AllowListedRoutesConfig": "to some routes",
      "envoy.extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig":
        "not from http to https",
    },
  },
  "hosts that a retry avoids": {
    fields: ["envoy.config.route.v3.RetryPolicy.RetryHostPredicate.typed_config"],
    types: {
      "envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate": "canaries",
      "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate": "those that were tried",
    },
  },
  "load balancing policy": {
    fields: ["envoy.config.cluster.v3.LoadBalancingPolicy.Policy.typed_extension_config"],
    types: {
      "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest": "least_request",
      "envoy.extensions.load_balancing_policies.maglev.v3.Maglev": "maglev",
      "envoy.extensions.load_balancing_policies.random.v3.Random": "random",
      "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash": "ring_hash",
      "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin": "round_robin",
      "envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality": "wrr_locality",
    },
  },
  "monitor of a resource": {
    fields: ["envoy.config.overload.v3.ResourceMonitor.typed_config"],
    types: {
      "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig":
        "connections from outside",
    },
  },
  "options of a cluster's protocol": {
    fields: ["envoy.config.cluster.v3.Cluster.typed_extension_protocol_options"],
    types: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": "HTTP" },
  },
  "transport socket": {
    fields: ["envoy.config.core.v3.TransportSocket.typed_config"],
    types: {
      "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer": "plain TCP",
      [`${tls}.DownstreamTlsContext`]: "TLS, of a filter chain",
      [`${tls}.UpstreamTlsContext`]: "TLS, of a cluster",
    },
  },
  "validator of certificates": {
    fields: [`${tls}.CertificateValidationContext.custom_validator_config`],
    types: { [`${tls}.SPIFFECertValidatorConfig`]: "SPIFFE, by trust domain" },
  },
  "resource of a file": {
    fields: ["envoy.service.discovery.v3.DiscoveryResponse.resources"],
    types: { [`${tls}.Secret`]: "certificates and keys" },
  },
  "formatter of header names": {
    fields: ["envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.stateful_formatter"],
    types: {
      "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig": "as they came",
    },
  },
  "match of a path": {
    fields: ["envoy.config.route.v3.RouteMatch.path_match_policy"],
    types: { "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig": "URI template" },
  },
  "rewrite of a path": {
    fields: ["envoy.config.route.v3.RouteAction.path_rewrite_policy"],
    types: { "envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig": "URI template" },
  },
  "request id": {
    fields: [`${hcm}.RequestIDExtension.typed_config`],
    types: { "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig": "UUID" },
  },
  "detection of the client's address": {
    fields: [`${hcm}.HttpConnectionManager.original_ip_detection_extensions`],
    types: {
      "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig": "from a header",
      "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig": "from X-Forwarded-For",
    },
  },
  "early header mutation": {
    fields: [`${hcm}.HttpConnectionManager.early_header_mutation_extensions`],
    types: { "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation": "" },
  },
  formatter: {
    fields: ["envoy.config.core.v3.SubstitutionFormatString.formatters"],
    types: {
      "envoy.extensions.formatter.metadata.v3.Metadata": "%METADATA%",
      "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery": "%REQ_WITHOUT_QUERY%",
    },
  },
  "DNS resolver": {
    fields: [
      "envoy.config.bootstrap.v3.Bootstrap.typed_dns_resolver_config",
      "envoy.config.cluster.v3.Cluster.typed_dns_resolver_config",
      "envoy.extensions.clusters.dns.v3.DnsCluster.typed_dns_resolver_config",
    ],
    types: { "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig": "c-ares" },
  },
};

/** Values of enums that are refused, because what they ask for is not implemented yet. */
export const refusedValues: Readonly<Record<string, string>> = {
  "envoy.config.cluster.v3.Cluster.DiscoveryType": "ORIGINAL_DST",
  "envoy.config.cluster.v3.Cluster.LbPolicy": "CLUSTER_PROVIDED",
  "envoy.config.core.v3.ApiConfigSource.ApiType":
    "DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE AGGREGATED_GRPC AGGREGATED_DELTA_GRPC",
  "envoy.config.core.v3.ApiVersion": "AUTO V2",
  "envoy.config.core.v3.SocketAddress.Protocol": "UDP",
  "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext.OcspStaplePolicy":
    "STRICT_STAPLING MUST_STAPLE",
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.CodecType": "HTTP3",
};

const bootstrap: Readonly<Record<string, MessageSupport>> = {
  "envoy.config.bootstrap.v3.Bootstrap": {
    yes: `node static_resources dynamic_resources cluster_manager stats_config stats_flush_interval stats_flush_on_admin
      layered_runtime admin typed_dns_resolver_config dns_resolution_config
      use_tcp_for_dns_lookups application_log_config overload_manager`,
    refuse: `header_prefix hds_config stats_sinks tracing bootstrap_extensions
      config_sources default_config_source default_socket_interface certificate_provider_instances
      default_regex_engine xds_delegate_extension xds_config_tracker_extension listener_manager`,
    warn: `stats_server_version_override node_context_params flags_path deferred_stat_options stats_eviction_interval watchdog watchdogs
      enable_dispatcher_stats fatal_actions inline_headers perf_tracing_file_path
      grpc_async_client_manager_config memory_allocator_manager enable_worker_cpu_affinity`,
  },
  "envoy.config.overload.v3.OverloadManager": {
    yes: "resource_monitors",
    refuse: "actions loadshed_points buffer_factory_config",
    warn: "refresh_interval",
  },
  "envoy.config.overload.v3.ResourceMonitor": { yes: "name typed_config" },
  "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig": {
    yes: "max_active_downstream_connections",
  },
  "envoy.config.bootstrap.v3.Bootstrap.StaticResources": { yes: "listeners clusters secrets" },
  "envoy.config.bootstrap.v3.Bootstrap.ApplicationLogConfig": { yes: "log_format" },
  "envoy.config.bootstrap.v3.Bootstrap.ApplicationLogConfig.LogFormat": { yes: "json_format text_format" },
  "envoy.config.bootstrap.v3.Admin": {
    yes: "access_log access_log_path address ignore_global_conn_limit allow_paths",
    warn: "profile_path socket_options",
  },
  "envoy.config.bootstrap.v3.LayeredRuntime": { yes: "layers" },
  "envoy.config.bootstrap.v3.RuntimeLayer": {
    yes: "name static_layer disk_layer admin_layer rtds_layer",
  },
  "envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer": { yes: "name rtds_config" },
  "envoy.config.bootstrap.v3.Bootstrap.DynamicResources": {
    yes: "lds_config cds_config ads_config",
    refuse: "lds_resources_locator cds_resources_locator",
  },
  "envoy.config.bootstrap.v3.RuntimeLayer.DiskLayer": {
    yes: "symlink_root subdirectory append_service_cluster",
  },
  "envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer": { yes: "" },
  "envoy.config.bootstrap.v3.ClusterManager": {
    yes: "upstream_bind_config",
    refuse: "load_stats_config",
    warn: "local_cluster_name outlier_detection enable_deferred_cluster_creation",
  },
  "envoy.config.metrics.v3.StatsConfig": {
    yes: "stats_tags use_all_default_tags stats_matcher histogram_bucket_settings",
    warn: "allow_default_tag_overrides",
  },
  "envoy.config.metrics.v3.TagSpecifier": { yes: "tag_name regex fixed_value" },
  "envoy.config.metrics.v3.StatsMatcher": { yes: "reject_all exclusion_list inclusion_list" },
  "envoy.config.metrics.v3.HistogramBucketSettings": { yes: "match buckets", warn: "bins" },
};

const sources: Readonly<Record<string, MessageSupport>> = {
  "envoy.config.core.v3.ConfigSource": {
    yes: "path path_config_source api_config_source ads initial_fetch_timeout resource_api_version",
    refuse: "authorities self",
  },
  "envoy.config.core.v3.PathConfigSource": { yes: "path watched_directory", refuse: "poll_interval" },
  "envoy.config.core.v3.WatchedDirectory": { yes: "path", refuse: "watch_modify" },
  "envoy.config.core.v3.AggregatedConfigSource": { yes: "" },
  "envoy.config.core.v3.ApiConfigSource": {
    yes: `api_type transport_api_version cluster_names grpc_services refresh_delay request_timeout rate_limit_settings
      set_node_on_first_message_only`,
    refuse: "config_validators",
  },
  "envoy.config.core.v3.RateLimitSettings": { yes: "max_tokens fill_rate" },
  "envoy.config.core.v3.GrpcService": {
    yes: "envoy_grpc google_grpc timeout initial_metadata",
    refuse: "retry_policy",
  },
  "envoy.config.core.v3.GrpcService.EnvoyGrpc": {
    yes: "cluster_name authority retry_policy max_receive_message_length skip_envoy_headers",
  },
  "envoy.config.core.v3.GrpcService.GoogleGrpc": {
    yes: "target_uri channel_credentials stat_prefix",
    refuse:
      "channel_credentials_plugin call_credentials call_credentials_plugin credentials_factory_name config",
    warn: "per_stream_buffer_limit_bytes channel_args",
  },
  "envoy.config.core.v3.GrpcService.GoogleGrpc.ChannelCredentials": {
    yes: "ssl_credentials",
    refuse: "google_default local_credentials",
  },
  "envoy.config.core.v3.GrpcService.GoogleGrpc.SslCredentials": { yes: "root_certs private_key cert_chain" },
  "envoy.config.core.v3.RetryPolicy": {
    yes: "retry_back_off",
    refuse: "retry_on retry_priority retry_host_predicate host_selection_retry_max_attempts",
    warn: "num_retries",
  },
  "envoy.config.cluster.v3.Cluster.EdsClusterConfig": { yes: "eds_config service_name" },
  [`${hcm}.Rds`]: { yes: "config_source route_config_name" },
};

const core: Readonly<Record<string, MessageSupport>> = {
  "envoy.config.core.v3.Node": {
    yes: "id cluster metadata locality user_agent_name user_agent_version user_agent_build_version extensions client_features",
    warn: "dynamic_parameters listening_addresses",
  },
  "envoy.config.core.v3.Locality": { yes: "region zone sub_zone" },
  "envoy.config.core.v3.BuildVersion": { yes: "version metadata" },
  "envoy.type.v3.SemanticVersion": { yes: "major_number minor_number patch" },
  "envoy.config.core.v3.Extension": { yes: "name category type_descriptor version disabled type_urls" },
  "envoy.config.core.v3.Address": { yes: "socket_address pipe", refuse: "envoy_internal_address" },
  "envoy.config.core.v3.SocketAddress": {
    yes: "protocol address port_value ipv4_compat",
    refuse: "named_port resolver_name network_namespace_filepath",
  },
  "envoy.config.core.v3.Pipe": { yes: "path mode" },
  "envoy.config.core.v3.SocketOption": {
    yes: "description level name int_value buf_value state",
    warn: "type ip_version",
  },
  "envoy.config.core.v3.SocketOptionsOverride": { yes: "socket_options" },
  "envoy.config.core.v3.BindConfig": {
    yes: "source_address freebind socket_options extra_source_addresses additional_source_addresses",
    refuse: "local_address_selector",
    warn: "validate_network_namespaces",
  },
  "envoy.config.core.v3.ExtraSourceAddress": { yes: "address socket_options" },
  "envoy.config.core.v3.TcpKeepalive": { yes: "keepalive_probes keepalive_time keepalive_interval" },
  "envoy.config.core.v3.DataSource": {
    yes: "filename inline_bytes inline_string environment_variable",
    warn: "watched_directory",
  },
  "envoy.config.core.v3.TypedExtensionConfig": { yes: "name typed_config" },
  "envoy.config.core.v3.Metadata": { yes: "filter_metadata", warn: "typed_filter_metadata" },
  "envoy.config.core.v3.TransportSocket": { yes: "name typed_config" },
  "envoy.config.core.v3.CidrRange": { yes: "address_prefix prefix_len" },
  "envoy.config.core.v3.RuntimeFractionalPercent": { yes: "default_value runtime_key" },
  "envoy.config.core.v3.RuntimeUInt32": { yes: "default_value runtime_key" },
  "envoy.config.core.v3.RuntimeDouble": { yes: "default_value runtime_key" },
  "envoy.config.core.v3.HeaderValueOption": { yes: "header append append_action keep_empty_value" },
  "envoy.config.core.v3.HeaderValue": { yes: "key value raw_value" },
  "envoy.config.core.v3.HttpProtocolOptions": {
    yes: `idle_timeout max_connection_duration max_headers_count max_stream_duration
      headers_with_underscores_action max_requests_per_connection max_response_headers_kb
      max_connection_duration_jitter`,
  },
  "envoy.config.core.v3.Http1ProtocolOptions": {
    yes: `allow_absolute_url accept_http_10 default_host_for_http_10 header_key_format enable_trailers
      allow_chunked_length override_stream_error_on_invalid_http_message send_fully_qualified_url
      allow_custom_methods ignore_http_11_upgrade use_balsa_parser`,
  },
  "envoy.config.core.v3.Http2ProtocolOptions": {
    yes: `hpack_table_size max_concurrent_streams initial_stream_window_size initial_connection_window_size
      allow_connect max_outbound_frames max_outbound_control_frames
      max_consecutive_inbound_frames_with_empty_payload max_inbound_priority_frames_per_stream
      max_inbound_window_update_frames_per_data_frame_sent stream_error_on_invalid_http_messaging
      override_stream_error_on_invalid_http_message connection_keepalive use_oghttp2_codec
      enable_huffman_encoding stream_reset_burst stream_reset_rate`,
    refuse: `allow_metadata max_metadata_size custom_settings_parameters max_header_field_size_kb
      disallow_obs_text`,
  },
  "envoy.config.core.v3.KeepaliveSettings": {
    yes: "interval timeout interval_jitter connection_idle_interval",
  },
  "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat": {
    yes: "proper_case_words stateful_formatter",
  },
  "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords": { yes: "" },
  "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig": {
    yes: "forward_reason_phrase formatter_type_on_envoy_headers",
  },
  "envoy.config.core.v3.UpstreamHttpProtocolOptions": {
    yes: "",
    refuse: "auto_sni auto_san_validation override_auto_sni_header",
  },
  "envoy.config.core.v3.SubstitutionFormatString": {
    yes: "text_format json_format text_format_source omit_empty_values content_type json_format_options formatters",
  },
  "envoy.config.core.v3.JsonFormatOptions": { yes: "", warn: "sort_properties" },
  "envoy.config.core.v3.DnsResolutionConfig": { yes: "resolvers dns_resolver_options" },
  "envoy.config.core.v3.DnsResolverOptions": {
    yes: "use_tcp_for_dns_lookups no_default_search_domain",
  },
  "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig": {
    yes: "resolvers query_timeout_seconds query_tries dns_resolver_options",
    warn: `use_resolvers_as_fallback filter_unroutable_families udp_max_queries rotate_nameservers
      edns0_max_payload_size max_udp_channel_duration reinit_channel_on_timeout qcache_max_ttl`,
  },
  "envoy.config.core.v3.SchemeHeaderTransformation": { yes: "scheme_to_overwrite match_upstream" },
  "envoy.type.v3.FractionalPercent": { yes: "numerator denominator" },
  "envoy.type.v3.Percent": { yes: "value" },
  "envoy.type.v3.Int64Range": { yes: "start end" },
  "envoy.type.matcher.v3.RegexMatcher": { yes: "regex google_re2" },
  "envoy.type.matcher.v3.RegexMatcher.GoogleRE2": { yes: "", warn: "max_program_size" },
  "envoy.type.matcher.v3.RegexMatchAndSubstitute": { yes: "pattern substitution" },
  "envoy.type.matcher.v3.StringMatcher": {
    yes: "exact prefix suffix safe_regex contains ignore_case",
    refuse: "custom",
  },
  "envoy.type.matcher.v3.ListStringMatcher": { yes: "patterns" },
};

const listener: Readonly<Record<string, MessageSupport>> = {
  "envoy.config.listener.v3.Listener": {
    yes: `name address additional_addresses stat_prefix filter_chains default_filter_chain
      per_connection_buffer_limit_bytes metadata deprecated_v1  socket_options
      tcp_fast_open_queue_length traffic_direction connection_balance_config  enable_reuse_port
       tcp_backlog_size max_connections_to_accept_per_socket_event bind_to_port
      ignore_global_conn_limit bypass_overload_manager tcp_keepalive freebind transparent listener_filters
      use_original_dst listener_filters_timeout continue_on_listener_filters_timeout`,
    refuse: `fcds_config filter_chain_matcher udp_listener_config
      api_listener internal_listener enable_mptcp`,
    warn: `access_log drain_type reuse_port stats_matcher per_connection_buffer_high_watermark_timeout`,
  },
  "envoy.config.listener.v3.Listener.DeprecatedV1": { yes: "bind_to_port" },
  "envoy.config.listener.v3.Listener.ConnectionBalanceConfig": {
    yes: "exact_balance",
    warn: "cpu_locality_balance",
    refuse: "extend_balance",
  },
  "envoy.config.listener.v3.Listener.ConnectionBalanceConfig.ExactBalance": { yes: "" },
  "envoy.config.listener.v3.AdditionalAddress": { yes: "address socket_options tcp_keepalive" },
  "envoy.config.listener.v3.FilterChain": {
    yes: "filter_chain_match filters metadata transport_socket name transport_socket_connect_timeout",
    refuse: "use_proxy_proto",
  },
  "envoy.config.listener.v3.FilterChainMatch": {
    yes: `destination_port prefix_ranges direct_source_prefix_ranges source_type source_prefix_ranges
      source_ports server_names transport_protocol application_protocols`,
    refuse: "address_suffix suffix_len",
  },
  "envoy.config.listener.v3.ListenerFilter": {
    yes: "name typed_config",
    refuse: "config_discovery filter_disabled",
  },
  "envoy.config.listener.v3.Filter": { yes: "name typed_config", refuse: "config_discovery" },
};

const listenerFilters: Readonly<Record<string, MessageSupport>> = {
  [`${listenerFilter}.http_inspector.v3.HttpInspector`]: { yes: "" },
  [`${listenerFilter}.local_ratelimit.v3.LocalRateLimit`]: {
    yes: "stat_prefix token_bucket runtime_enabled",
  },
  [`${listenerFilter}.original_dst.v3.OriginalDst`]: { yes: "" },
  [`${listenerFilter}.proxy_protocol.v3.ProxyProtocol`]: {
    yes: "rules allow_requests_without_proxy_protocol disallowed_versions stat_prefix",
    refuse: "pass_through_tlvs tlv_location",
  },
  [`${listenerFilter}.proxy_protocol.v3.ProxyProtocol.Rule`]: { yes: "tlv_type on_tlv_present" },
  [`${listenerFilter}.proxy_protocol.v3.ProxyProtocol.KeyValuePair`]: {
    yes: "metadata_namespace key",
    refuse: "value_string_encoding",
  },
  [`${listenerFilter}.tls_inspector.v3.TlsInspector`]: {
    yes: `initial_read_buffer_size max_client_hello_size close_connection_on_client_hello_parsing_errors`,
    refuse: "enable_ja3_fingerprinting enable_ja4_fingerprinting",
  },
  "envoy.type.v3.TokenBucket": { yes: "max_tokens tokens_per_fill fill_interval" },
  "envoy.config.core.v3.RuntimeFeatureFlag": { yes: "default_value runtime_key" },
};

const networkFilters: Readonly<Record<string, MessageSupport>> = {
  "envoy.extensions.filters.network.direct_response.v3.Config": { yes: "response" },
  "envoy.extensions.filters.network.echo.v3.Echo": { yes: "" },
  [`${networkFilter}.connection_limit.v3.ConnectionLimit`]: {
    yes: "stat_prefix max_connections delay runtime_enabled",
  },
  [`${networkFilter}.local_ratelimit.v3.LocalRateLimit`]: {
    yes: "stat_prefix token_bucket runtime_enabled",
    refuse: "share_key",
  },
  [`${networkFilter}.rbac.v3.RBAC`]: {
    yes: "rules shadow_rules stat_prefix enforcement_type delay_deny",
    refuse: "matcher shadow_matcher shadow_rules_stat_prefix",
  },
  [`${networkFilter}.sni_cluster.v3.SniCluster`]: { yes: "" },
  "envoy.config.rbac.v3.RBAC": { yes: "action policies", refuse: "audit_logging_options" },
  "envoy.config.rbac.v3.Policy": {
    yes: "permissions principals",
    refuse: "condition checked_condition cel_config",
  },
  "envoy.config.rbac.v3.Permission": {
    yes: `and_rules or_rules any destination_ip destination_port destination_port_range not_rule
      requested_server_name`,
    refuse: "header metadata url_path matcher uri_template sourced_metadata",
  },
  "envoy.type.v3.Int32Range": { yes: "start end" },
  "envoy.config.rbac.v3.Permission.Set": { yes: "rules" },
  "envoy.config.rbac.v3.Principal": {
    yes: "and_ids or_ids any authenticated direct_remote_ip remote_ip source_ip not_id",
    refuse: "header url_path metadata filter_state custom sourced_metadata",
  },
  "envoy.config.rbac.v3.Principal.Set": { yes: "ids" },
  "envoy.config.rbac.v3.Principal.Authenticated": { yes: "principal_name" },
  [`${tcpProxy}.TcpProxy`]: {
    yes: `stat_prefix cluster weighted_clusters idle_timeout access_log max_connect_attempts hash_policy
      max_downstream_connection_duration access_log_flush_interval flush_access_log_on_connected
      access_log_options backoff_options max_downstream_connection_duration_jitter_percentage`,
    refuse: `on_demand metadata_match tunneling_config proxy_protocol_tlvs upstream_connect_mode
      max_early_data_bytes downstream_idle_timeout upstream_idle_timeout proxy_protocol_tlv_merge_policy
      check_drain_close`,
  },
  [`${tcpProxy}.TcpProxy.WeightedCluster`]: { yes: "clusters" },
  [`${tcpProxy}.TcpProxy.WeightedCluster.ClusterWeight`]: { yes: "name weight", refuse: "metadata_match" },
  [`${tcpProxy}.TcpProxy.TcpAccessLogOptions`]: {
    yes: "access_log_flush_interval flush_access_log_on_connected flush_access_log_on_start",
  },
  "envoy.config.core.v3.BackoffStrategy": { yes: "base_interval max_interval" },
  "envoy.type.v3.HashPolicy": { yes: "source_ip", refuse: "filter_state" },
  "envoy.type.v3.HashPolicy.SourceIp": { yes: "" },
};

const connectionManager: Readonly<Record<string, MessageSupport>> = {
  [`${hcm}.HttpConnectionManager`]: {
    yes: `codec_type stat_prefix route_config http_filters add_user_agent common_http_protocol_options
      http_protocol_options server_name server_header_transformation scheme_header_transformation
      max_request_headers_kb stream_idle_timeout request_timeout request_headers_timeout drain_timeout
      delayed_close_timeout access_log use_remote_address xff_num_trusted_hops internal_address_config
      skip_xff_append via generate_request_id preserve_external_request_id
      always_set_request_id_in_response forward_client_cert_details proxy_100_continue
      represent_ipv4_remote_address_as_ipv4_mapped_ipv6 upgrade_configs normalize_path merge_slashes
      path_with_escaped_slashes_action request_id_extension local_reply_config strip_matching_host_port
      strip_any_host_port stream_error_on_invalid_http_message strip_trailing_host_dot
      append_x_forwarded_port original_ip_detection_extensions
      early_header_mutation_extensions proxy_status_config forward_proto_config
      http1_safe_max_connection_duration stream_flush_timeout drain_timeout_jitter access_log_options
      access_log_flush_interval flush_access_log_on_new_request record_route_resolution_stats rds
      http2_protocol_options`,
    refuse: `scoped_routes http3_protocol_options
      forward_client_cert_matcher path_normalization_options
      typed_header_validation_config
     `,
    warn: `tracing set_current_client_cert_details append_local_overload
      add_proxy_protocol_connection_state`,
  },
  [`${hcm}.HttpConnectionManager.InternalAddressConfig`]: { yes: "unix_sockets cidr_ranges" },
  [`${hcm}.HttpConnectionManager.UpgradeConfig`]: { yes: "upgrade_type enabled", refuse: "filters" },
  [`${hcm}.HttpFilter`]: {
    yes: "name typed_config disabled is_optional",
    refuse: "config_discovery",
  },
  [`${hcm}.RequestIDExtension`]: { yes: "typed_config" },
  "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig": {
    yes: "pack_trace_reason",
    warn: "use_request_id_for_trace_sampling",
  },
  [`${hcm}.HttpConnectionManager.HcmAccessLogOptions`]: {
    yes: `access_log_flush_interval flush_access_log_on_new_request
      flush_log_on_tunnel_successfully_established`,
  },
  [`${hcm}.ForwardProtoConfig`]: { yes: "https_destination_ports http_destination_ports" },
  [`${hcm}.HttpConnectionManager.ProxyStatusConfig`]: {
    yes: `remove_details remove_connection_termination_details remove_response_flags
      set_recommended_response_code use_node_id literal_proxy_name`,
  },
  "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig": {
    yes: "xff_num_trusted_hops xff_trusted_cidrs skip_xff_append",
  },
  "envoy.extensions.http.original_ip_detection.xff.v3.XffTrustedCidrs": { yes: "cidrs" },
  "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig": {
    yes: "header_name allow_extension_to_set_address_as_trusted reject_with_status",
  },
  "envoy.type.v3.HttpStatus": { yes: "code" },
  "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation": { yes: "mutations" },
  [`${hcm}.LocalReplyConfig`]: { yes: "mappers body_format" },
  [`${hcm}.ResponseMapper`]: { yes: "filter status_code body body_format_override headers_to_add" },
  "envoy.extensions.filters.http.router.v3.Router": {
    yes: "suppress_envoy_headers respect_expected_rq_timeout",
    refuse: "upstream_log upstream_log_options strict_check_headers upstream_http_filters",
    warn: "dynamic_stats start_child_span suppress_grpc_request_failure_code_stats reject_connect_request_early_data",
  },
  "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz": {
    yes: `grpc_service http_service transport_api_version failure_mode_allow failure_mode_allow_header_add
      with_request_body clear_route_cache status_on_error validate_mutations filter_enabled deny_at_disable
      include_peer_certificate stat_prefix allowed_headers disallowed_headers include_tls_session
      charge_cluster_response_stats encode_raw_headers`,
    refuse: `clear_route_cache_headers metadata_context_namespaces typed_metadata_context_namespaces
      route_metadata_context_namespaces route_typed_metadata_context_namespaces filter_enabled_metadata
      bootstrap_metadata_labels_key decoder_header_mutation_rules enable_dynamic_metadata_ingestion filter_metadata
      emit_filter_state_stats max_denied_response_body_bytes enforce_response_header_limits shadow_mode`,
    warn: "emit_client_span",
  },
  "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute": { yes: "disabled check_settings" },
  "envoy.extensions.filters.http.ext_authz.v3.CheckSettings": {
    yes: "context_extensions disable_request_body_buffering with_request_body grpc_service http_service",
    warn: "emit_client_span",
  },
  "envoy.extensions.filters.http.ext_authz.v3.BufferSettings": {
    yes: "max_request_bytes allow_partial_message pack_as_bytes",
  },
  "envoy.extensions.filters.http.ext_authz.v3.HttpService": {
    yes: "server_uri path_prefix path_override authorization_request authorization_response",
    refuse: "retry_policy",
  },
  "envoy.extensions.filters.http.ext_authz.v3.AuthorizationRequest": {
    yes: "allowed_headers headers_to_add",
  },
  "envoy.extensions.filters.http.ext_authz.v3.AuthorizationResponse": {
    yes: `allowed_upstream_headers allowed_upstream_headers_to_append allowed_client_headers
      allowed_client_headers_on_success`,
    refuse: "dynamic_metadata_from_headers",
  },
  "envoy.config.core.v3.HttpUri": { yes: "uri cluster timeout" },
  "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation": {
    yes: "mutations most_specific_header_mutations_wins",
  },
  "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute": { yes: "mutations" },
  "envoy.extensions.filters.http.header_mutation.v3.Mutations": {
    yes: "request_mutations response_mutations",
    refuse: "query_parameter_mutations response_trailers_mutations request_trailers_mutations formatters",
  },
  "envoy.config.common.mutation_rules.v3.HeaderMutation": { yes: "remove append", refuse: "remove_on_match" },
};

const routes: Readonly<Record<string, MessageSupport>> = {
  "envoy.config.route.v3.RouteConfiguration": {
    yes: `name virtual_hosts internal_only_headers response_headers_to_add response_headers_to_remove
      request_headers_to_add request_headers_to_remove most_specific_header_mutations_wins
      validate_clusters max_direct_response_body_size_bytes ignore_port_in_host_matching
      typed_per_filter_config metadata vhost_header ignore_path_parameters_in_path_matching
      request_mirror_policies`,
    refuse: "vhds cluster_specifier_plugins route_specifiers",
  },
  "envoy.config.route.v3.VirtualHost": {
    yes: `name domains routes require_tls request_headers_to_add request_headers_to_remove
      response_headers_to_add response_headers_to_remove typed_per_filter_config metadata
      include_request_attempt_count include_attempt_count_in_response include_is_timeout_retry_header virtual_clusters
      retry_policy hedge_policy per_request_buffer_limit_bytes request_body_buffer_limit
      request_mirror_policies`,
    refuse: "matcher rate_limits retry_policy_typed_config route_specifiers",
    warn: "cors",
  },
  "envoy.config.route.v3.Route": {
    yes: `name match route redirect direct_response non_forwarding_action metadata typed_per_filter_config
      request_headers_to_add request_headers_to_remove response_headers_to_add
      response_headers_to_remove stat_prefix per_request_buffer_limit_bytes request_body_buffer_limit`,
    refuse: "filter_action route_specifiers",
    warn: "decorator tracing",
  },
  "envoy.config.route.v3.NonForwardingAction": { yes: "" },
  "envoy.config.route.v3.FilterConfig": { yes: "config is_optional disabled" },
  "envoy.config.route.v3.RouteMatch": {
    yes: `prefix path safe_regex connect_matcher path_separated_prefix path_match_policy case_sensitive
      runtime_fraction headers query_parameters grpc cookies tls_context`,
    refuse: "dynamic_metadata filter_state",
  },
  "envoy.config.route.v3.VirtualCluster": { yes: "headers name" },
  "envoy.config.route.v3.CookieMatcher": { yes: "name string_match invert_match" },
  "envoy.config.route.v3.RouteMatch.TlsContextMatchOptions": { yes: "presented validated" },
  "envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions": { yes: "" },
  "envoy.config.route.v3.RouteMatch.ConnectMatcher": { yes: "" },
  "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig": { yes: "path_template" },
  "envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig": { yes: "path_template_rewrite" },
  "envoy.config.route.v3.HeaderMatcher": {
    yes: `name exact_match safe_regex_match range_match present_match prefix_match suffix_match
      contains_match string_match invert_match treat_missing_header_as_empty`,
  },
  "envoy.config.route.v3.QueryParameterMatcher": { yes: "name string_match present_match" },
  "envoy.config.route.v3.RouteAction": {
    yes: `cluster cluster_header weighted_clusters cluster_not_found_response_code prefix_rewrite
      regex_rewrite path_rewrite_policy path_rewrite host_rewrite_literal auto_host_rewrite
      host_rewrite_header host_rewrite_path_regex host_rewrite append_x_forwarded_host timeout
      idle_timeout priority upgrade_configs max_stream_duration max_grpc_timeout grpc_timeout_offset
      retry_policy hedge_policy hash_policy request_mirror_policies internal_redirect_policy`,
    refuse: `cluster_specifier_plugin inline_cluster_specifier_plugin metadata_match
      retry_policy_typed_config rate_limits internal_redirect_action max_internal_redirects`,
    warn: "flush_timeout early_data_policy include_vh_rate_limits cors",
  },
  "envoy.config.route.v3.RouteAction.RequestMirrorPolicy": {
    yes: `cluster cluster_header runtime_fraction disable_shadow_host_suffix_append request_headers_mutations
      host_rewrite_literal`,
    warn: "trace_sampled",
  },
  "envoy.config.route.v3.InternalRedirectPolicy": {
    yes: `max_internal_redirects redirect_response_codes predicates allow_cross_scheme_redirect
      response_headers_to_copy`,
  },
  "envoy.extensions.internal_redirect.allow_listed_routes.v3.AllowListedRoutesConfig": {
    yes: "allowed_route_names",
  },
  "envoy.extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig": { yes: "" },
  "envoy.config.route.v3.RetryPolicy": {
    yes: `retry_on num_retries per_try_timeout per_try_idle_timeout retry_host_predicate
      host_selection_retry_max_attempts retriable_status_codes retry_back_off rate_limited_retry_back_off
      retriable_headers retriable_request_headers`,
    refuse: "retry_priority retry_options_predicates refresh_cluster_on_retry",
  },
  "envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate": { yes: "" },
  "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate": { yes: "" },
  "envoy.config.route.v3.RetryPolicy.RetryHostPredicate": { yes: "name typed_config" },
  "envoy.config.route.v3.RetryPolicy.RetryBackOff": { yes: "base_interval max_interval" },
  "envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff": { yes: "reset_headers max_interval" },
  "envoy.config.route.v3.RetryPolicy.ResetHeader": { yes: "name format" },
  // Envoy reads the first two and does nothing about them.
  "envoy.config.route.v3.HedgePolicy": {
    yes: "hedge_on_per_try_timeout",
    warn: "initial_requests additional_request_chance",
  },
  "envoy.config.route.v3.RouteAction.HashPolicy": {
    yes: "header cookie connection_properties query_parameter terminal",
    refuse: "filter_state",
  },
  "envoy.config.route.v3.RouteAction.HashPolicy.Header": { yes: "header_name regex_rewrite" },
  "envoy.config.route.v3.RouteAction.HashPolicy.Cookie": { yes: "name ttl path attributes" },
  "envoy.config.route.v3.RouteAction.HashPolicy.CookieAttribute": { yes: "name value" },
  "envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties": { yes: "source_ip" },
  "envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter": { yes: "name" },
  "envoy.config.route.v3.RouteAction.UpgradeConfig": { yes: "upgrade_type enabled connect_config" },
  "envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig": {
    yes: "allow_post",
    refuse: "proxy_protocol_config",
  },
  "envoy.config.route.v3.RouteAction.MaxStreamDuration": {
    yes: "max_stream_duration grpc_timeout_header_max grpc_timeout_header_offset",
  },
  "envoy.config.route.v3.WeightedCluster": {
    yes: "clusters total_weight runtime_key_prefix header_name",
    refuse: "use_hash_policy",
  },
  "envoy.config.route.v3.WeightedCluster.ClusterWeight": {
    yes: `name cluster_header weight request_headers_to_add request_headers_to_remove
      response_headers_to_add response_headers_to_remove typed_per_filter_config host_rewrite_literal`,
    refuse: "metadata_match",
  },
  "envoy.config.route.v3.RedirectAction": {
    yes: `https_redirect scheme_redirect host_redirect port_redirect path_redirect prefix_rewrite
      regex_rewrite path_rewrite response_code strip_query`,
  },
  "envoy.config.route.v3.DirectResponseAction": { yes: "status body body_format" },
};

const clusters: Readonly<Record<string, MessageSupport>> = {
  "envoy.config.cluster.v3.Cluster": {
    yes: `name alt_stat_name type cluster_type connect_timeout per_connection_buffer_limit_bytes lb_policy
      wait_for_warm_on_init load_assignment max_requests_per_connection circuit_breakers common_http_protocol_options
      http_protocol_options typed_extension_protocol_options dns_refresh_rate dns_jitter
      dns_failure_refresh_rate respect_dns_ttl dns_lookup_family dns_resolvers use_tcp_for_dns_lookups
      dns_resolution_config typed_dns_resolver_config upstream_bind_config least_request_lb_config
      round_robin_lb_config ring_hash_lb_config maglev_lb_config eds_cluster_config common_lb_config transport_socket metadata upstream_connection_options
      load_balancing_policy preconnect_policy http2_protocol_options protocol_selection health_checks`,
    refuse: `transport_socket_matches transport_socket_matcher
      upstream_http_protocol_options outlier_detection lb_subset_config
      original_dst_lb_config filters upstream_config
      connection_pool_per_downstream_connection lrs_server`,
    warn: `stats_matcher per_connection_buffer_high_watermark_timeout cleanup_interval
      close_connections_on_host_health_failure ignore_health_on_host_removal
      lrs_report_endpoint_metrics track_timeout_budgets track_cluster_stats
      queuing_policies`,
  },
  "envoy.config.core.v3.HealthCheck": {
    yes: `timeout interval initial_jitter interval_jitter interval_jitter_percent unhealthy_threshold healthy_threshold
      reuse_connection http_health_check tcp_health_check grpc_health_check no_traffic_interval
      no_traffic_healthy_interval unhealthy_interval unhealthy_edge_interval healthy_edge_interval`,
    refuse: `custom_health_check alt_port tls_options transport_socket_match_criteria event_log_path event_logger
      event_service always_log_health_check_failures always_log_health_check_success`,
    warn: "name",
  },
  "envoy.config.core.v3.HealthCheck.Payload": { yes: "text binary" },
  "envoy.config.core.v3.HealthCheck.HttpHealthCheck": {
    yes: `host path request_headers_to_add request_headers_to_remove expected_statuses retriable_statuses
      codec_client_type method`,
    refuse: "send receive response_buffer_size use_alpn_protocol service_name_matcher",
  },
  "envoy.config.core.v3.HealthCheck.TcpHealthCheck": { yes: "send receive", refuse: "proxy_protocol_config" },
  "envoy.config.core.v3.HealthCheck.GrpcHealthCheck": { yes: "service_name authority initial_metadata" },
  "envoy.config.cluster.v3.Cluster.CustomClusterType": { yes: "name typed_config" },
  "envoy.config.cluster.v3.Cluster.RefreshRate": { yes: "base_interval max_interval" },
  "envoy.extensions.clusters.dns.v3.DnsCluster": {
    yes: `dns_refresh_rate dns_failure_refresh_rate respect_dns_ttl dns_jitter typed_dns_resolver_config
      dns_lookup_family all_addresses_in_single_endpoint dns_min_refresh_rate`,
  },
  "envoy.extensions.clusters.dns.v3.DnsCluster.RefreshRate": { yes: "base_interval max_interval" },
  "envoy.config.cluster.v3.Cluster.LeastRequestLbConfig": {
    yes: "choice_count active_request_bias",
    refuse: "slow_start_config",
  },
  "envoy.config.cluster.v3.Cluster.RoundRobinLbConfig": { yes: "", refuse: "slow_start_config" },
  "envoy.config.cluster.v3.Cluster.CommonLbConfig": {
    yes: `healthy_panic_threshold locality_weighted_lb_config consistent_hashing_lb_config
      zone_aware_lb_config close_connections_on_host_set_change`,
    warn: "update_merge_window ignore_new_hosts_until_first_hc override_host_status",
  },
  "envoy.config.cluster.v3.LoadBalancingPolicy": { yes: "policies" },
  "envoy.config.cluster.v3.LoadBalancingPolicy.Policy": { yes: "typed_extension_config" },
  "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin": {
    yes: "locality_lb_config",
    refuse: "slow_start_config",
  },
  "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest": {
    yes: "choice_count active_request_bias locality_lb_config enable_full_scan selection_method",
    refuse: "slow_start_config",
  },
  "envoy.extensions.load_balancing_policies.random.v3.Random": { yes: "locality_lb_config" },
  "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig": {
    yes: "locality_weighted_lb_config zone_aware_lb_config",
  },
  "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig": { yes: "" },
  // Without a local cluster there is no zone to prefer.
  "envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig": {
    yes: "fail_traffic_on_panic",
    warn: "routing_enabled min_cluster_size",
  },
  "envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig": {
    yes: "fail_traffic_on_panic",
    warn: "routing_enabled min_cluster_size force_locality_direct_routing force_local_zone locality_basis",
  },
  "envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality": { yes: "endpoint_picking_policy" },
  "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash": {
    yes: `hash_function minimum_ring_size maximum_ring_size use_hostname_for_hashing hash_balance_factor
      consistent_hashing_lb_config locality_weighted_lb_config`,
  },
  "envoy.extensions.load_balancing_policies.maglev.v3.Maglev": {
    yes: "table_size consistent_hashing_lb_config locality_weighted_lb_config",
  },
  "envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig": {
    yes: "use_hostname_for_hashing hash_balance_factor",
    refuse: "hash_policy",
  },
  "envoy.config.cluster.v3.Cluster.RingHashLbConfig": {
    yes: "minimum_ring_size hash_function maximum_ring_size",
  },
  "envoy.config.cluster.v3.Cluster.MaglevLbConfig": { yes: "table_size" },
  "envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig": { yes: "" },
  "envoy.config.cluster.v3.Cluster.CommonLbConfig.ConsistentHashingLbConfig": {
    yes: "use_hostname_for_hashing hash_balance_factor",
  },
  "envoy.config.cluster.v3.UpstreamConnectionOptions": {
    yes: "tcp_keepalive",
    warn: "set_local_interface_name_on_upstream_connections happy_eyeballs_config",
  },
  "envoy.config.cluster.v3.Cluster.PreconnectPolicy": {
    yes: "per_upstream_preconnect_ratio",
    refuse: "predictive_preconnect_ratio preconnect_enabled_metadata",
  },
  "envoy.config.cluster.v3.CircuitBreakers": { yes: "thresholds per_host_thresholds" },
  "envoy.config.cluster.v3.CircuitBreakers.Thresholds": {
    yes: "priority max_connections max_pending_requests max_requests max_retries retry_budget track_remaining",
    warn: "max_connection_pools",
  },
  "envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget": {
    yes: "budget_percent min_retry_concurrency",
    refuse: "budget_interval",
  },
  "envoy.config.endpoint.v3.ClusterLoadAssignment": {
    yes: "cluster_name endpoints policy",
    refuse: "named_endpoints",
  },
  "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy": {
    yes: "overprovisioning_factor weighted_priority_health",
    refuse: "drop_overloads",
    warn: "endpoint_stale_after",
  },
  "envoy.config.endpoint.v3.LocalityLbEndpoints": {
    yes: "locality metadata lb_endpoints load_balancing_weight priority proximity",
    refuse: "leds_cluster_locality_config load_balancer_endpoints",
  },
  "envoy.config.endpoint.v3.LbEndpoint": {
    yes: "endpoint health_status metadata load_balancing_weight",
    refuse: "endpoint_name",
  },
  "envoy.config.endpoint.v3.Endpoint": {
    yes: "address hostname",
    warn: "observability_name health_check_config additional_addresses",
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    yes: `common_http_protocol_options explicit_http_config upstream_http_protocol_options
      use_downstream_protocol_config auto_config`,
    refuse: `http_filters header_validation_config
      outlier_detection request_mirror_policies hash_policy retry_policy`,
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig": {
    yes: "http_protocol_options http2_protocol_options",
    refuse: "http3_protocol_options",
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig": {
    yes: "http_protocol_options http2_protocol_options",
    refuse: "http3_protocol_options alternate_protocols_cache_options",
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig": {
    yes: "http_protocol_options http2_protocol_options",
    refuse: "http3_protocol_options",
  },
  "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer": { yes: "" },
};

const transportSecurity: Readonly<Record<string, MessageSupport>> = {
  [`${tls}.DownstreamTlsContext`]: {
    yes: `common_tls_context require_client_certificate session_ticket_keys
      session_ticket_keys_sds_secret_config disable_stateless_session_resumption
      disable_stateful_session_resumption session_timeout ocsp_staple_policy prefer_client_ciphers`,
    refuse: "require_sni full_scan_certs_on_sni_mismatch",
  },
  [`${tls}.UpstreamTlsContext`]: {
    yes: "common_tls_context sni auto_host_sni auto_sni_san_validation max_session_keys",
    refuse: "allow_renegotiation",
    warn: "enforce_rsa_key_usage",
  },
  [`${tls}.CommonTlsContext`]: {
    yes: `tls_params tls_certificates tls_certificate_sds_secret_configs validation_context
      validation_context_sds_secret_config combined_validation_context alpn_protocols key_log`,
    refuse: `tls_certificate_provider_instance custom_tls_certificate_selector
      tls_certificate_certificate_provider tls_certificate_certificate_provider_instance
      validation_context_certificate_provider validation_context_certificate_provider_instance
      custom_handshaker`,
  },
  [`${tls}.CommonTlsContext.CombinedCertificateValidationContext`]: {
    yes: "default_validation_context validation_context_sds_secret_config",
    refuse: "validation_context_certificate_provider validation_context_certificate_provider_instance",
  },
  [`${tls}.TlsParameters`]: {
    yes: `tls_minimum_protocol_version tls_maximum_protocol_version cipher_suites ecdh_curves
      signature_algorithms`,
    refuse: "compliance_policies",
  },
  [`${tls}.TlsCertificate`]: {
    yes: "certificate_chain private_key pkcs12 watched_directory password ocsp_staple",
    refuse: "private_key_provider signed_certificate_timestamp tls_params",
  },
  [`${tls}.CertificateValidationContext`]: {
    yes: `trusted_ca system_root_certs watched_directory verify_certificate_spki verify_certificate_hash
      match_typed_subject_alt_names match_subject_alt_names crl allow_expired_certificate
      trust_chain_verification custom_validator_config only_verify_leaf_cert_crl max_verify_depth
      suppress_client_ca_list`,
    refuse: "ca_certificate_provider_instance require_signed_certificate_timestamp",
  },
  [`${tls}.CertificateValidationContext.SystemRootCerts`]: { yes: "" },
  [`${tls}.SubjectAltNameMatcher`]: { yes: "san_type matcher", refuse: "oid" },
  [`${tls}.SPIFFECertValidatorConfig`]: { yes: "trust_domains", refuse: "trust_bundles" },
  [`${tls}.SPIFFECertValidatorConfig.TrustDomain`]: {
    yes: "name trust_bundle",
    refuse: "workload_trust_domain",
  },
  [`${tls}.TlsSessionTicketKeys`]: { yes: "keys" },
  [`${tls}.TlsKeyLog`]: { yes: "path", refuse: "local_address_range remote_address_range" },
  [`${tls}.SdsSecretConfig`]: { yes: "name sds_config" },
  [`${tls}.Secret`]: {
    yes: "name tls_certificate session_ticket_keys validation_context",
    refuse: "generic_secret",
  },
  "envoy.service.discovery.v3.DiscoveryResponse": {
    yes: "version_info resources type_url nonce",
    warn: "canary control_plane resource_errors",
  },
};

const accessLogs: Readonly<Record<string, MessageSupport>> = {
  "envoy.config.accesslog.v3.AccessLog": { yes: "name filter typed_config" },
  "envoy.config.accesslog.v3.AccessLogFilter": {
    yes: `status_code_filter duration_filter not_health_check_filter traceable_filter runtime_filter
      and_filter or_filter header_filter response_flag_filter grpc_status_filter metadata_filter
      log_type_filter`,
    refuse: "extension_filter",
  },
  "envoy.config.accesslog.v3.StatusCodeFilter": { yes: "comparison" },
  "envoy.config.accesslog.v3.DurationFilter": { yes: "comparison" },
  "envoy.config.accesslog.v3.ComparisonFilter": { yes: "op value" },
  "envoy.config.accesslog.v3.NotHealthCheckFilter": { yes: "" },
  "envoy.config.accesslog.v3.TraceableFilter": { yes: "" },
  "envoy.config.accesslog.v3.RuntimeFilter": {
    yes: "runtime_key percent_sampled use_independent_randomness",
  },
  "envoy.config.accesslog.v3.AndFilter": { yes: "filters" },
  "envoy.config.accesslog.v3.OrFilter": { yes: "filters" },
  "envoy.config.accesslog.v3.GrpcStatusFilter": { yes: "statuses exclude" },
  "envoy.config.accesslog.v3.LogTypeFilter": { yes: "types exclude" },
  "envoy.config.accesslog.v3.MetadataFilter": { yes: "matcher match_if_key_not_found" },
  "envoy.type.matcher.v3.MetadataMatcher": { yes: "filter path value invert" },
  "envoy.type.matcher.v3.MetadataMatcher.PathSegment": { yes: "key" },
  "envoy.type.matcher.v3.ValueMatcher": {
    yes: "null_match double_match string_match bool_match present_match list_match or_match",
  },
  "envoy.type.matcher.v3.ValueMatcher.NullMatch": { yes: "" },
  "envoy.type.matcher.v3.DoubleMatcher": { yes: "range exact" },
  "envoy.type.v3.DoubleRange": { yes: "start end" },
  "envoy.type.matcher.v3.ListMatcher": { yes: "one_of" },
  "envoy.type.matcher.v3.OrMatcher": { yes: "value_matchers" },
  "envoy.extensions.formatter.metadata.v3.Metadata": { yes: "" },
  "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery": { yes: "" },
  "envoy.config.accesslog.v3.HeaderFilter": { yes: "header" },
  "envoy.config.accesslog.v3.ResponseFlagFilter": { yes: "flags" },
  "envoy.extensions.access_loggers.file.v3.FileAccessLog": {
    yes: "path format json_format typed_json_format log_format",
  },
  "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog": { yes: "log_format" },
  "envoy.extensions.access_loggers.stream.v3.StderrAccessLog": { yes: "log_format" },
};

/** By message, in the order in which a configuration names them. */
export const messages: Readonly<Record<string, MessageSupport>> = {
  ...bootstrap,
  ...listener,
  ...listenerFilters,
  ...networkFilters,
  ...connectionManager,
  ...routes,
  ...clusters,
  ...transportSecurity,
  ...accessLogs,
  ...core,
  ...sources,
};
