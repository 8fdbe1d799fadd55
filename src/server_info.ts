/** What GET /server_info shows: envoy.admin.v3.ServerInfo with its default values. */
import type { Tree } from "./control/check/typing.ts";
import type { Options } from "./options.ts";

export type ServerFacts = {
  readonly version: string;
  readonly hotRestartVersion: string;
  readonly options: Options;
  readonly concurrency: number;
  readonly node: Tree;
  readonly uptimeSeconds: number;
  readonly state: string;
};

const seconds = (count: number) => `${count}s`;

function capitalised(text: string): string {
  return text.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** envoy.admin.v3.CommandLineOptions */
function commandLine(options: Options, concurrency: number): Tree {
  return {
    base_id: String(options.baseId),
    use_dynamic_base_id: options.useDynamicBaseId,
    skip_hot_restart_on_no_parent: options.skipHotRestartOnNoParent,
    skip_hot_restart_parent_stats: options.skipHotRestartParentStats,
    base_id_path: options.baseIdPath,
    concurrency,
    config_path: options.configPath,
    config_yaml: options.configYaml,
    allow_unknown_static_fields: options.allowUnknownStaticFields,
    reject_unknown_dynamic_fields: options.rejectUnknownDynamicFields,
    ignore_unknown_dynamic_fields: options.ignoreUnknownDynamicFields,
    skip_deprecated_logs: options.skipDeprecatedLogs,
    admin_address_path: options.adminAddressPath,
    local_address_ip_version: options.localAddressIpVersion,
    log_level: options.logLevel,
    component_log_level: options.componentLogLevel,
    log_format: options.logFormat,
    log_format_escaped: options.logFormatEscaped,
    log_path: options.logPath,
    service_cluster: options.serviceCluster,
    service_node: options.serviceNode,
    service_zone: options.serviceZone,
    file_flush_interval: seconds(options.fileFlushIntervalMsec / 1_000),
    file_flush_min_size_kb: options.fileFlushMinSizeKb,
    drain_time: seconds(options.drainTimeS),
    drain_strategy: capitalised(options.drainStrategy),
    parent_shutdown_time: seconds(options.parentShutdownTimeS),
    mode: capitalised(options.mode),
    disable_hot_restart: options.disableHotRestart,
    enable_mutex_tracing: options.enableMutexTracing,
    restart_epoch: options.restartEpoch,
    cpuset_threads: options.cpusetThreads,
    disabled_extensions: [],
    enable_fine_grain_logging: options.enableFineGrainLogging,
    socket_path: options.socketPath,
    socket_mode: 0,
    enable_core_dump: options.enableCoreDump,
    stats_tag: options.statsTags.map(([name, value]) => `${name}:${value}`),
  } as unknown as Tree;
}

export function serverInfo(facts: ServerFacts): Tree {
  const uptime = seconds(facts.uptimeSeconds);
  return {
    version: facts.version,
    state: facts.state,
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: facts.hotRestartVersion,
    command_line_options: commandLine(facts.options, facts.concurrency),
    node: facts.node,
  } as unknown as Tree;
}
