/** The running proxy as the main thread sees it: wires configuration, native code, statistics, admin and drains. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Schema } from "./control/api/schema.ts";
import { certificates } from "./control/certificates.ts";
import { type Hooks, treesIn } from "./control/check/context.ts";
import { isTree, type Tree } from "./control/check/typing.ts";
import { ClusterManager, type NativeClusters } from "./control/cluster_manager.ts";
import { clusterStatuses, type HostDescription } from "./control/cluster_status.ts";
import { configDump } from "./control/config_dump.ts";
import { createResolver } from "./control/dns.ts";
import { durationMs } from "./control/duration_ms.ts";
import { HealthChecks } from "./control/health_check/checker.ts";
import { ListenerManager } from "./control/listener_manager.ts";
import { openLog } from "./control/resolve.ts";
import { Runtime, type RuntimeLayer } from "./control/runtime.ts";
import { fileSources, Secrets } from "./control/secrets.ts";
import type { Dynamic } from "./control/xds/dynamic.ts";
import type { Use } from "./control/xds/shared.ts";
import type { Addon, BoundAddress, Fault } from "./native/load.ts";
import type {
  AdminConfig,
  AdminContext,
  JsonObject,
  ListenerStatus,
  ServerState,
} from "./observability/admin/context.ts";
import type { AdminServer } from "./observability/admin/server.ts";
import type { Log } from "./observability/log.ts";
import { type StatsConfig, statsRules } from "./observability/stats/config.ts";
import { serverStats, setClustersInflated } from "./observability/stats/server_stats.ts";
import { StatsStore } from "./observability/stats/store.ts";
import {
  clusterManager as clusterManagerTemplate,
  dns as dnsTemplate,
  healthCheck as healthCheckTemplate,
  listenerManager as listenerManagerTemplate,
  runtime as runtimeTemplate,
  subscription as subscriptionTemplate,
} from "./observability/stats/templates.ts";
import type { Options } from "./options.ts";
import { serverInfo } from "./server_info.ts";

export type ServerParts = {
  readonly options: Options;
  readonly addon: Addon;
  readonly log: Log;
  /** As it was written, for the admin interface; and as native code takes it. */
  readonly bootstrap: Tree;
  readonly resolved: Tree;
  /** Opened by who needs it: a start does without a second one. */
  readonly openSchema: () => Schema;
  /** What reads resources that come later. */
  readonly hooks: Omit<Hooks, "openLog">;
  readonly version: string;
  readonly revision: string;
  readonly hotRestartVersion: string;
  /** Called once the process has nothing left to do. */
  readonly onExit: (code: number) => void;
};

/** What was refused by native code, or could not be bound. */
export class StartError extends Error {}

/** Requests in flight have this long after SIGTERM or /quitquitquit. */
const shutdown_grace_ms = 25_000;
const stats_flush_interval_ms = 5_000;

type DrainPhase = "none" | "health_failed" | "draining";

function chainsOf(listener: Tree): readonly Tree[] {
  return [...treesIn(listener["filter_chains"]), ...treesIn([listener["default_filter_chain"]])];
}

/** What the overload manager says about the number of connections from outside. */
function downstreamLimit(manager: Tree): { readonly downstream_connections_max?: number } {
  for (const monitor of treesIn(manager["resource_monitors"])) {
    const most = Number(child(monitor, "typed_config")["max_active_downstream_connections"] ?? 0);
    if (most > 0) return { downstream_connections_max: most };
  }
  return {};
}

function child(tree: Tree, name: string): Tree {
  const value = tree[name];
  return isTree(value) ? value : {};
}

function faultsOf(text: string): readonly Fault[] {
  return JSON.parse(text) as readonly Fault[];
}

/** envoy.config.core.v3.Address of a bound socket. */
function addressOf({ ip, port, pipe }: BoundAddress) {
  return pipe ? { pipe: { path: ip } } : { socket_address: { address: ip, port_value: port } };
}

function describeAddress({ ip, port, pipe }: BoundAddress): string {
  return pipe ? ip : ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

export class Server {
  readonly #parts: ServerParts;
  readonly #concurrency: number;
  readonly #startedAt = new Date();
  readonly #stats: StatsStore;
  readonly #listenerStats;
  readonly #runtime: Runtime;
  readonly #secrets: Secrets;
  readonly #clusters: ClusterManager;
  readonly #listeners: ListenerManager;
  #dynamic: Dynamic | undefined;
  readonly #rules;
  #admin: AdminServer | undefined;
  #schema: Schema | undefined;
  #state: ServerState = "INITIALIZING";
  #drain: DrainPhase = "none";
  #exiting = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    const { options, addon, resolved, log } = parts;
    this.#concurrency = Math.max(1, options.concurrency ?? availableParallelism());
    const node = child(resolved, "node");
    addon.create(
      JSON.stringify({
        concurrency: this.#concurrency,
        log_flush_interval_ms: options.fileFlushIntervalMsec,
        log_flush_bytes_min: options.fileFlushMinSizeKb * 1024,
        drain_time_ms: options.drainTimeS * 1_000,
        gradual_drain: options.drainStrategy !== "immediate",
        local_ipv6: options.localAddressIpVersion === "v6",
        ...downstreamLimit(child(resolved, "overload_manager")),
        node_id: node["id"] ?? "",
        node_cluster: node["cluster"] ?? "",
      }),
    );
    const config = child(resolved, "stats_config") as StatsConfig;
    this.#rules = statsRules(config, options.statsTags);
    this.#stats = new StatsStore({
      native: addon.readStats,
      ...(this.#rules.rejects !== null && { rejects: this.#rules.rejects }),
    });
    serverStats(this.#stats, {
      concurrency: this.#concurrency,
      revision: parts.revision,
      restartEpoch: options.restartEpoch,
      state: () => this.#stateNumber(),
      totalConnections: () => addon.connections(),
    });
    this.#listenerStats = this.#stats.scope(listenerManagerTemplate, "listener_manager.");
    this.#runtime = this.#createRuntime();
    this.#secrets = this.#createSecrets();
    this.#clusters = this.#createClusters();
    this.#listeners = this.#createListeners();
    log.logger("main", "src/server.ts").info(`outrider ${parts.version}, ${this.#concurrency} worker(s)`);
  }

  #createRuntime(): Runtime {
    const { addon, resolved, options, log } = this.#parts;
    const layers = treesIn(child(resolved, "layered_runtime")["layers"]) as unknown as RuntimeLayer[];
    const runtime = new Runtime({
      layers: layers.length === 0 ? [{ name: "admin", admin_layer: {} }] : layers,
      serviceCluster: options.serviceCluster,
      scope: this.#stats.scope(runtimeTemplate, "runtime."),
      onChange: (values) => addon.setRuntime(JSON.stringify(values)),
      warn: (text) => log.logger("runtime", "src/control/runtime.ts").warning(text),
    });
    addon.setRuntime(JSON.stringify(runtime.values()));
    return runtime;
  }

  #createSecrets(): Secrets {
    const { addon, log, openSchema } = this.#parts;
    const secretLog = log.logger("secret", "src/control/secrets.ts");
    return new Secrets({
      setSecret: (name, secret) => faultsOf(addon.setSecret(name, JSON.stringify(secret))),
      statsOf: (name) => {
        const scope = this.#stats.scope(subscriptionTemplate, `sds.${name}.`);
        return { count: (stat) => scope.add(stat) };
      },
      readFile: async (path) => {
        const { readResourceFile } = await import("./control/resource_file.ts");
        return readResourceFile(path, openSchema());
      },
      warn: (text) => secretLog.warning(text),
    });
  }

  #createClusters(): ClusterManager {
    const { addon, resolved, log } = this.#parts;
    const upstreamLog = log.logger("upstream", "src/control/cluster_manager.ts");
    const native: NativeClusters = {
      setClusters: (json) => faultsOf(addon.setClusters(json)),
      setEndpoints: (cluster, json) => faultsOf(addon.setEndpoints(cluster, json)),
      removeCluster: (cluster) => addon.removeCluster(cluster),
      countUpdate: (cluster, stat) => addon.countUpdate(cluster, stat),
    };
    // As Envoy, which shows them once something is resolved.
    let dnsStats: ReturnType<typeof newDnsStats> | undefined;
    const newDnsStats = () => this.#stats.scope(dnsTemplate, "dns.cares.");
    return new ClusterManager({
      native,
      health: this.#createHealthChecks(),
      stats: this.#stats.scope(clusterManagerTemplate, "cluster_manager."),
      bootstrap: resolved,
      createResolver: (options) => {
        dnsStats ??= newDnsStats();
        return createResolver(options, dnsStats);
      },
      createEds: (config, onChange, count) => {
        if (this.#dynamic === undefined) throw new Error("EDS without its room");
        return this.#dynamic.createEds(config, onChange, count);
      },
      useSecrets: (config) => this.#useSecrets(config),
      onFault: ({ name, path, reason }) => upstreamLog.error(`cluster ${name}: ${path}: ${reason}`),
    });
  }

  #createListeners(): ListenerManager {
    const { addon, log } = this.#parts;
    const listenerLog = log.logger("config", "src/control/listener_manager.ts");
    return new ListenerManager({
      native: {
        addListener: (json) => {
          const answer = JSON.parse(addon.addListener(json)) as
            | { readonly addresses: readonly BoundAddress[] }
            | { readonly path?: string; readonly reason: string };
          return "reason" in answer ? { path: answer.path ?? "", reason: answer.reason } : answer.addresses;
        },
        removeListener: (name) => addon.removeListener(name),
      },
      stats: this.#listenerStats,
      concurrency: this.#concurrency,
      useRoutes: (rds, statPrefix) => {
        if (this.#dynamic === undefined) throw new Error("RDS without its room");
        return this.#dynamic.useRoutes(rds, statPrefix);
      },
      useSecrets: (config) => this.#useSecrets(config),
      onFault: (name, reason) => listenerLog.warning(`listener ${name}: ${reason}`),
    });
  }

  /** What a listener or a cluster waits for before TLS can serve. */
  #useSecrets(config: Tree): readonly Use[] {
    const holders =
      "filter_chains" in config || "default_filter_chain" in config ? chainsOf(config) : [config];
    const sockets = holders
      .map((holder) => holder["transport_socket"])
      .filter((socket) => socket !== undefined);
    if (sockets.length === 0) return [];
    const streamed = this.#dynamic?.useSecrets(sockets) ?? [];
    if (fileSources(sockets).length === 0) return streamed;
    return [...streamed, { ready: this.#secrets.follow(sockets), release: () => {} }];
  }

  async #createDynamic(): Promise<Dynamic | undefined> {
    const { addon, log, hooks, options, resolved } = this.#parts;
    if (!needsDynamic(resolved)) return undefined;
    const { Dynamic } = await import("./control/xds/dynamic.ts");
    const { dynamicStats } = await import("./control/xds/stats.ts");
    const upstreamLog = log.logger("config", "src/control/xds/dynamic.ts");
    return new Dynamic({
      schema: (this.#schema ??= this.#parts.openSchema()),
      bootstrap: resolved,
      node: xdsNode(child(resolved, "node")),
      context: { ...hooks, openLog, clusters: this.#clusters.names },
      unknown: options.rejectUnknownDynamicFields ? "refuse" : "warn",
      native: {
        setRoutes: (name, json) => faultsOf(addon.setRoutes(name, json)),
        removeRoutes: (name) => addon.removeRoutes(name),
      },
      setSecret: (name, secret) => this.#secrets.set(name, secret),
      runtime: this.#runtime,
      warn: (text) => upstreamLog.warning(text),
      ...dynamicStats(this.#stats),
    });
  }

  #createHealthChecks(): HealthChecks {
    const { addon } = this.#parts;
    return new HealthChecks({
      hostsOf: (cluster) =>
        (JSON.parse(addon.describeHosts()) as Record<string, HostDescription[]>)[cluster] ?? [],
      setHealth: (cluster, hosts) => addon.setHostHealth(cluster, JSON.stringify(hosts)),
      statsFor: (cluster) =>
        this.#stats.scope(healthCheckTemplate, `cluster.${statName(cluster)}.health_check.`),
    });
  }

  /** Resolves once the workers serve. @throws StartError */
  async start(): Promise<void> {
    const { addon, resolved, log } = this.#parts;
    const resources = child(resolved, "static_resources");
    await this.#loadSecrets(resources);
    this.#dynamic = await this.#createDynamic();
    const faults = this.#clusters.start(treesIn(resources["clusters"]));
    if (faults.length > 0) throw new StartError(faultText("cluster", faults));
    addon.start();
    this.#runtime.start();
    const adminConfig = child(resolved, "admin") as AdminConfig;
    // Listeners wait for names to be looked up; the admin interface is there to say so meanwhile.
    const warm = await settledAtOnce(this.#startResources(treesIn(resources["listeners"])));
    if (!warm.settled) {
      await this.#startAdmin(adminConfig);
      await warm.done;
    }
    this.#listenerStats.set("workers_started", 1);
    setClustersInflated(this.#stats, this.#concurrency, treesIn(resources["clusters"]).length);
    this.#state = "LIVE";
    if (warm.settled) await this.#startAdmin(adminConfig);
    const flushMs = durationMs(resolved["stats_flush_interval"], stats_flush_interval_ms);
    const onAdmin = resolved["stats_flush_on_admin"] === true;
    // Not unref'd: this timer also keeps the process alive when nothing else on the main thread does.
    setInterval(() => onAdmin || this.#stats.flush(), flushMs);
    log.logger("main", "src/server.ts").info("all dependencies initialized. starting workers");
  }

  /** Before whatever uses them. */
  async #loadSecrets(resources: Tree): Promise<void> {
    for (const secret of treesIn(resources["secrets"])) {
      const faults = this.#secrets.set(String(secret["name"]), secret);
      if (faults.length > 0) throw new StartError(faultText("secret", faults));
    }
    const sockets = [...treesIn(resources["clusters"]), ...treesIn(resources["listeners"]).flatMap(chainsOf)];
    await this.#secrets.follow(sockets.map((holder) => holder["transport_socket"]));
  }

  /** Make before break: clusters with their endpoints, then the listeners whose routes lead to them. */
  async #startResources(listeners: readonly Tree[]): Promise<void> {
    await this.#clusters.ready();
    await this.#dynamic?.startRuntime();
    await this.#dynamic?.startClusters(this.#clusters);
    const waits = listeners.map((config) => this.#addListener(config));
    await this.#dynamic?.startListeners(this.#listeners);
    await Promise.all(waits);
  }

  async #addListener(config: Tree): Promise<void> {
    const fault = this.#listeners.set(config, false);
    const reason = typeof fault === "string" ? fault : await fault;
    if (reason !== undefined) throw new StartError(`listener ${config["name"] ?? ""}: ${reason}`);
  }

  async #startAdmin(config: AdminConfig): Promise<void> {
    if (config.address === undefined) return;
    const { startAdmin } = await import("./observability/admin/server.ts");
    const { options, log } = this.#parts;
    try {
      this.#admin = await startAdmin(config, this.#adminContext());
    } catch (error) {
      throw new StartError(`admin: ${(error as Error).message}`);
    }
    const socket = this.#admin.address["socket_address"];
    const text =
      socket !== undefined && isTree(socket)
        ? describeAddress({ ip: String(socket["address"]), port: Number(socket["port_value"]), pipe: false })
        : String(child(this.#admin.address as Tree, "pipe")["path"]);
    log.logger("admin", "src/server.ts").info(`admin address: ${text}`);
    if (options.adminAddressPath !== "") writeFileSync(options.adminAddressPath, text);
  }

  #adminContext(): AdminContext {
    const { addon, bootstrap, log, options } = this.#parts;
    return {
      state: () => this.#currentState(),
      serverInfo: () => this.#serverInfo(),
      hotRestartVersion: this.#parts.hotRestartVersion,
      stats: this.#stats,
      statsFlushOnAdmin: this.#parts.resolved["stats_flush_on_admin"] === true,
      tagExtractor: this.#rules.tagExtractor,
      bucketsOf: this.#rules.bucketsOf,
      runtime: this.#runtime,
      log,
      listeners: () => this.#listenerStatuses(),
      clusters: () =>
        clusterStatuses(
          this.#clusters.list(),
          JSON.parse(addon.describeHosts()) as Record<string, HostDescription[]>,
        ),
      configDump: (includeEds) =>
        configDump(
          {
            bootstrap,
            loadedAt: this.#startedAt,
            ...(this.#dynamic !== undefined && { dynamic: this.#dynamic.dump() }),
          },
          includeEds,
        ) as ReturnType<AdminContext["configDump"]>,
      fieldOf: (type, name) => (this.#schema ??= this.#parts.openSchema()).field(type, name),
      certificates: () => {
        const resources = child(this.#parts.resolved, "static_resources");
        const holders = [...treesIn(resources["listeners"]), ...treesIn(resources["clusters"])];
        return { certificates: certificates(holders, (name) => this.#secrets.get(name)) } as JsonObject;
      },
      unreadyTargets: () => this.#unreadyTargets(),
      mutexTracing: options.enableMutexTracing,
      failHealthcheck: (fail) => this.#failHealthcheck(fail),
      reopenLogs: () => this.reopenLogs(),
      drainListeners: ({ graceful, skipExit }) => this.#drainListeners(graceful, skipExit),
      quit: () => this.shutDown(),
    };
  }

  #listenerStatuses(): readonly ListenerStatus[] {
    return this.#listeners.list().flatMap(({ name, bound: [first, ...others] }) =>
      first === undefined
        ? []
        : [
            {
              name,
              local_address: addressOf(first),
              ...(others.length > 0 && { additional_local_addresses: others.map(addressOf) }),
            },
          ],
    );
  }

  #unreadyTargets() {
    const clusters = this.#clusters.warming().map((name) => `Cluster ${name}`);
    const listeners = this.#listeners.warming().map((name) => `Listener-init-target ${name}`);
    return [
      ...(clusters.length > 0 ? [{ name: "Cluster manager", target_names: clusters }] : []),
      ...(listeners.length > 0 ? [{ name: "Server", target_names: listeners }] : []),
    ];
  }

  #serverInfo() {
    return serverInfo({
      version: `${this.#parts.revision}/${this.#parts.version}/Clean/RELEASE/OpenSSL`,
      hotRestartVersion: this.#parts.hotRestartVersion,
      options: this.#parts.options,
      concurrency: this.#concurrency,
      node: child(this.#parts.resolved, "node"),
      uptimeSeconds: Math.floor((Date.now() - this.#startedAt.getTime()) / 1_000),
      state: this.#currentState(),
    }) as ReturnType<AdminContext["serverInfo"]>;
  }

  #currentState(): ServerState {
    return this.#state === "LIVE" && this.#drain === "health_failed" ? "DRAINING" : this.#state;
  }

  /** envoy.admin.v3.ServerInfo.State */
  #stateNumber(): number {
    return ["LIVE", "DRAINING", "PRE_INITIALIZING", "INITIALIZING"].indexOf(this.#currentState());
  }

  #failHealthcheck(fail: boolean): void {
    this.#parts.addon.setHealthFailed(fail);
    this.#drain = fail ? "health_failed" : "none";
  }

  #drainListeners(graceful: boolean, skipExit: boolean): void {
    const { addon, options } = this.#parts;
    if (!graceful && !skipExit) return this.#stopListeners();
    addon.setDraining(true);
    if (skipExit) return;
    setTimeout(() => this.#stopListeners(), options.drainTimeS * 1_000);
  }

  #stopListeners(): void {
    this.#parts.addon.stopAccepting();
    this.#listenerStats.add("listener_stopped", this.#listeners.list().length);
  }

  /** SIGUSR1 and /reopen_logs. */
  reopenLogs(): void {
    this.#parts.addon.reopenLogs();
    this.#parts.log.reopen();
    this.#admin?.reopenLogs();
  }

  /**
   * Takes no more connections, lets every request in flight finish within the grace time, then ends. A second call
   * ends at once.
   */
  shutDown(): void {
    if (this.#exiting) return this.#exit();
    this.#exiting = true;
    const { addon, log } = this.#parts;
    log.logger("main", "src/server.ts").info("shutting down server instance");
    addon.stopAccepting();
    addon.drainConnections();
    const deadline = Date.now() + shutdown_grace_ms;
    const timer = setInterval(() => {
      if (addon.connections() > 0 && Date.now() < deadline) return;
      clearInterval(timer);
      this.#exit();
    }, 5);
  }

  #exit(): void {
    const { addon, log, onExit } = this.#parts;
    this.#runtime.close();
    this.#dynamic?.stop();
    addon.stop();
    log.logger("main", "src/server.ts").info("exiting");
    onExit(0);
  }
}

/** As a part of a statistic's name. */
function statName(cluster: string): string {
  return cluster.replaceAll(":", "_");
}

function faultText(what: string, faults: readonly Fault[]): string {
  return faults.map(({ name, path, reason }) => `${what} ${name}: ${path}: ${reason}`).join("\n");
}

/** Is there anything that changes while the program runs? */
function needsDynamic(bootstrap: Tree): boolean {
  if (bootstrap["dynamic_resources"] !== undefined) return true;
  const resources = child(bootstrap, "static_resources");
  if (treesIn(resources["clusters"]).some(({ type }) => type === "EDS")) return true;
  if (treesIn(child(bootstrap, "layered_runtime")["layers"]).some((layer) => "rtds_layer" in layer))
    return true;
  const listeners = treesIn(resources["listeners"]);
  if (listeners.some((listener) => JSON.stringify(listener).includes('"rds":{'))) return true;
  const sockets = [...treesIn(resources["clusters"]), ...listeners.flatMap(chainsOf)];
  return sockets.some((holder) => {
    const text = "transport_socket" in holder ? JSON.stringify(holder["transport_socket"]) : "";
    return /"sds_config":\{[^}]*"(?:ads|api_config_source)"/.test(text);
  });
}

/** What a control plane is told of us: it decides by these what it may send. */
function xdsNode(node: Tree): Tree {
  return {
    user_agent_name: "envoy",
    user_agent_build_version: { version: { major_number: 1, minor_number: 40 }, metadata: {} },
    client_features: ["envoy.lb.does_not_support_overprovisioning", "envoy.lrs.supports_send_all_clusters"],
    ...node,
  };
}

/** Is the promise settled by the time all that is ready now has run? */
async function settledAtOnce(
  done: Promise<void>,
): Promise<{ readonly settled: boolean; readonly done: Promise<void> }> {
  let settled = false;
  const marked = done.then(() => {
    settled = true;
  });
  await Promise.race([marked, new Promise((resolve) => setImmediate(resolve))]);
  return { settled, done };
}
