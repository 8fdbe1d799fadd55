// What the admin interface needs from the rest of the program; main.ts hands it over.
import type { Log } from "../log.ts";
import type { BucketsOf, StringMatcher } from "../stats/buckets.ts";
import type { StatsStore } from "../stats/store.ts";
import type { TagExtractor } from "../stats/tags.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export type ServerState = "LIVE" | "DRAINING" | "PRE_INITIALIZING" | "INITIALIZING";

/** envoy.config.core.v3.Address as canonical JSON. */
export type Address = JsonObject;

export interface ListenerStatus {
  readonly name: string;
  readonly local_address: Address;
  readonly additional_local_addresses?: readonly Address[];
}

export interface Thresholds {
  readonly max_connections: number;
  readonly max_pending_requests: number;
  readonly max_requests: number;
  readonly max_retries: number;
}

export type HostCounter =
  | "cx_connect_fail"
  | "cx_total"
  | "rq_error"
  | "rq_success"
  | "rq_timeout"
  | "rq_total";
export type HostGauge = "cx_active" | "rq_active" | "rq_pending_active";

export interface HostStatus {
  readonly address: Address;
  readonly hostname: string;
  readonly stats: Readonly<Record<HostCounter | HostGauge, number>>;
  /** E.g. "/failed_active_hc"; none: healthy. */
  readonly health_flags: readonly string[];
  /** envoy.config.core.v3.HealthStatus; HEALTHY when the endpoint says nothing. */
  readonly eds_health_status: string;
  readonly weight: number;
  readonly locality: { readonly region?: string; readonly zone?: string; readonly sub_zone?: string };
  readonly canary: boolean;
  readonly priority: number;
  /** Percent, of outlier detection; -1: not enough requests. */
  readonly success_rate: number;
  readonly local_origin_success_rate: number;
}

export interface ClusterStatus {
  readonly name: string;
  readonly observability_name: string;
  readonly added_via_api: boolean;
  readonly eds_service_name?: string;
  readonly default_priority: Thresholds;
  readonly high_priority: Thresholds;
  /** With outlier detection; -1: not known. */
  readonly outlier?: {
    readonly success_rate_average: number;
    readonly success_rate_ejection_threshold: number;
    readonly local_origin_success_rate_average: number;
    readonly local_origin_success_rate_ejection_threshold: number;
  };
  readonly hosts: readonly HostStatus[];
}

export interface RuntimeLayers {
  dump(): {
    readonly layers: readonly string[];
    readonly entries: Readonly<
      Record<string, { readonly final_value: string; readonly layer_values: readonly string[] }>
    >;
  };
  /** False: no admin layer. */
  modify(changes: ReadonlyMap<string, string>): boolean;
}

export interface DrainOptions {
  readonly graceful: boolean;
  readonly skipExit: boolean;
  readonly inboundOnly: boolean;
}

/** What a mask needs to know of a field. */
export interface ApiField {
  readonly repeated: 1 | undefined;
  /** The name of its message or enum type. */
  readonly ref: string | undefined;
  readonly form: string;
}

export interface AdminContext {
  state(): ServerState;
  /** envoy.admin.v3.ServerInfo as canonical JSON with default values. */
  serverInfo(): JsonObject;
  readonly hotRestartVersion: string;
  readonly stats: StatsStore;
  /** bootstrap.stats_flush_on_admin: an interval ends when somebody looks. */
  readonly statsFlushOnAdmin?: boolean;
  readonly tagExtractor: TagExtractor;
  readonly bucketsOf: BucketsOf;
  readonly runtime: RuntimeLayers;
  readonly log: Log;
  listeners(): readonly ListenerStatus[];
  clusters(): readonly ClusterStatus[];
  /**
   * The messages of envoy.admin.v3.ConfigDump with their "@type", in Envoy's order; private keys are redacted.
   * EndpointsConfigDump is among them when `includeEds`.
   */
  configDump(includeEds: boolean): readonly JsonObject[];
  /** A field of a message of the API, both by name; for masks. */
  fieldOf(type: string, field: string): ApiField | undefined;
  /** envoy.admin.v3.Certificates with default values. */
  certificates(): JsonObject;
  /** Names of listeners or clusters that are not ready, by what they wait for. */
  unreadyTargets(): readonly { readonly name: string; readonly target_names: readonly string[] }[];
  /** --enable-mutex-tracing */
  readonly mutexTracing: boolean;
  failHealthcheck(fail: boolean): void;
  reopenLogs(): void;
  drainListeners(options: DrainOptions): void;
  quit(): void;
}

/** envoy.config.bootstrap.v3.Admin, as far as it is used here. */
export interface AdminConfig {
  readonly address?: Address;
  readonly access_log?: readonly { readonly typed_config?: JsonObject; readonly filter?: JsonObject }[];
  readonly access_log_path?: string;
  readonly allow_paths?: readonly StringMatcher[];
}
