/** Active health checks: who is checked when, and from which finding on a host gets traffic or none. */
import { isTree, type Tree } from "../check/typing.ts";
import type { HostDescription } from "../cluster_status.ts";
import { durationMs } from "../duration_ms.ts";
import { type Finding, type Probe, probeOf, type Target } from "./probe.ts";

/** "cluster.NAME.health_check." */
export interface HealthCheckStats {
  add(name: "attempt" | "success" | "failure" | "network_failure", n?: number): void;
  set(name: "healthy" | "degraded", value: number): void;
}

export interface HealthCheckOptions {
  readonly hostsOf: (cluster: string) => readonly HostDescription[];
  /** `flags`: HealthFlag of native/upstream/host.h. */
  readonly setHealth: (
    cluster: string,
    hosts: readonly { readonly address: string; readonly flags: number }[],
  ) => void;
  readonly statsFor: (cluster: string) => HealthCheckStats;
  readonly random?: () => number;
}

const flag = { failed: 1, degraded: 8, timeout: 256 } as const;
const no_traffic_interval_ms = 60_000;

function ms(value: unknown, fallback: number): number {
  return value === undefined ? fallback : Math.max(1, durationMs(value, fallback));
}

interface Host {
  readonly target: Target;
  /** Undefined before the first finding. */
  flags: number | undefined;
  successes: number;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  abort: AbortController | undefined;
}

function addressOf({ ip, port, pipe }: HostDescription): string {
  return pipe ? ip : ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The checks of one cluster. */
class ClusterChecks {
  readonly #name: string;
  readonly #check: Tree;
  readonly #options: HealthCheckOptions;
  readonly #stats: HealthCheckStats;
  readonly #probe: Probe;
  readonly #hosts = new Map<string, Host>();
  #hadTraffic = false;
  #waiting: (() => void)[] = [];

  constructor(cluster: Tree, check: Tree, options: HealthCheckOptions) {
    this.#name = String(cluster["name"]);
    this.#check = check;
    this.#options = options;
    this.#stats = options.statsFor(this.#name);
    this.#probe = probeOf(check, this.#name);
  }

  /** The hosts may be others: new ones are checked at once, what is known of the old ones stays. */
  refresh(): void {
    const now = new Map(this.#options.hostsOf(this.#name).map((host) => [addressOf(host), host]));
    for (const [address, host] of this.#hosts) {
      if (now.has(address)) continue;
      this.#end(host);
      this.#hosts.delete(address);
    }
    const initial = ms(this.#check["initial_jitter"], 0) * this.#random();
    for (const [address, { ip, port, pipe }] of now) {
      if (this.#hosts.has(address)) continue;
      const target: Target = pipe ? { path: ip } : { host: ip, port };
      const host: Host = {
        target,
        flags: undefined,
        successes: 0,
        failures: 0,
        timer: undefined,
        abort: undefined,
      };
      this.#hosts.set(address, host);
      if (initial > 0) this.#schedule(address, host, initial);
      else void this.#run(address, host);
    }
    this.#publish();
  }

  /** Resolves once every host that is there now was checked. */
  checked(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#wake();
    });
  }

  stop(): void {
    for (const host of this.#hosts.values()) this.#end(host);
    this.#hosts.clear();
    this.#wake();
  }

  #end(host: Host): void {
    clearTimeout(host.timer);
    host.abort?.abort();
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #schedule(address: string, host: Host, delay_ms: number): void {
    host.timer = setTimeout(() => void this.#run(address, host), delay_ms);
    host.timer.unref();
  }

  async #run(address: string, host: Host): Promise<void> {
    this.#stats.add("attempt");
    const abort = new AbortController();
    host.abort = abort;
    const limit = setTimeout(() => abort.abort(), ms(this.#check["timeout"], 1_000));
    const finding = await this.#probe(host.target, abort.signal);
    clearTimeout(limit);
    host.abort = undefined;
    if (this.#hosts.get(address) !== host) return; // it left meanwhile
    const before = host.flags;
    host.flags = this.#judge(host, finding);
    const changed = before === undefined || (before & flag.failed) !== (host.flags & flag.failed);
    if (before !== host.flags) this.#options.setHealth(this.#name, [{ address, flags: host.flags }]);
    this.#publish();
    this.#schedule(address, host, this.#pause(host.flags, changed));
    this.#wake();
  }

  #judge(host: Host, finding: Finding): number {
    const first = host.flags === undefined;
    const failed = first || (host.flags! & flag.failed) !== 0;
    if (finding === "healthy" || finding === "degraded") {
      this.#stats.add("success");
      host.failures = 0;
      host.successes += 1;
      const well = finding === "degraded" ? flag.degraded : 0;
      const enough = first || !failed || host.successes >= Number(this.#check["healthy_threshold"] ?? 1);
      return enough ? well : host.flags!;
    }
    this.#stats.add("failure");
    if (finding === "network" || finding === "timeout") this.#stats.add("network_failure");
    host.successes = 0;
    host.failures += 1;
    const enough =
      failed || finding === "unwell" || host.failures >= Number(this.#check["unhealthy_threshold"] ?? 1);
    return enough ? flag.failed | (finding === "timeout" ? flag.timeout : 0) : host.flags!;
  }

  /** Until the next check of a host. */
  #pause(flags: number, changed: boolean): number {
    const check = this.#check;
    const failed = (flags & flag.failed) !== 0;
    const interval = ms(check["interval"], 1_000);
    let pause: number;
    if (!this.#seesTraffic()) {
      const quiet = ms(check["no_traffic_interval"], no_traffic_interval_ms);
      pause = failed ? quiet : ms(check["no_traffic_healthy_interval"], quiet);
    } else if (failed) {
      const unhealthy = ms(check["unhealthy_interval"], interval);
      pause = changed ? ms(check["unhealthy_edge_interval"], unhealthy) : unhealthy;
    } else {
      pause = changed ? ms(check["healthy_edge_interval"], interval) : interval;
    }
    const percent = Number(check["interval_jitter_percent"] ?? 0);
    return pause + this.#random() * (ms(check["interval_jitter"], 0) + (pause * percent) / 100);
  }

  /** As in Envoy: from the first connection to any host on. */
  #seesTraffic(): boolean {
    this.#hadTraffic ||= this.#options.hostsOf(this.#name).some(({ cx_total }) => cx_total > 0);
    return this.#hadTraffic;
  }

  #publish(): void {
    const known = [...this.#hosts.values()].filter(({ flags }) => flags !== undefined);
    this.#stats.set("healthy", known.filter(({ flags }) => (flags! & flag.failed) === 0).length);
    this.#stats.set("degraded", known.filter(({ flags }) => (flags! & flag.degraded) !== 0).length);
  }

  #wake(): void {
    for (const { flags } of this.#hosts.values()) if (flags === undefined) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Of all clusters that ask for it. */
export class HealthChecks {
  readonly #options: HealthCheckOptions;
  readonly #clusters = new Map<string, ClusterChecks>();

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Checks the hosts of a cluster from now on, if its configuration says so. */
  follow(cluster: Tree): void {
    const name = String(cluster["name"]);
    this.forget(name);
    const check = Array.isArray(cluster["health_checks"]) ? cluster["health_checks"].find(isTree) : undefined;
    if (check === undefined) return;
    const checks = new ClusterChecks(cluster, check, this.#options);
    this.#clusters.set(name, checks);
    checks.refresh();
  }

  /** The cluster's endpoints were changed. */
  refresh(name: string): void {
    this.#clusters.get(name)?.refresh();
  }

  /** Resolves once all hosts of the cluster that are known now were checked. */
  async checked(name: string): Promise<void> {
    await this.#clusters.get(name)?.checked();
  }

  forget(name: string): void {
    this.#clusters.get(name)?.stop();
    this.#clusters.delete(name);
  }

  stop(): void {
    for (const name of [...this.#clusters.keys()]) this.forget(name);
  }
}
