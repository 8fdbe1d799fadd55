/**
 * The main thread's side of clusters: hands their configuration to the workers, looks up names, and says when
 * everything that listeners wait for is there.
 */
import { isTree, type Tree } from "./check/typing.ts";
import type { DnsOptions, DnsResolver } from "./dns.ts";
import { DnsCluster, type Schedule, type UpdateStat } from "./dns_cluster.ts";
import { type DnsPlan, readDnsPlan } from "./dns_config.ts";
import type { HealthChecks } from "./health_check/checker.ts";
import type { Use } from "./xds/shared.ts";

/** Why the native side refused something. */
export interface ClusterFault {
  /** The cluster. */
  readonly name: string;
  /** Below the Cluster, e.g. "load_assignment.endpoints[0]". */
  readonly path: string;
  readonly reason: string;
}

/** What the native side does for us; texts are canonical proto JSON. */
export interface NativeClusters {
  /** Adds or replaces clusters: a list of envoy.config.cluster.v3.Cluster. Refused ones change nothing. */
  setClusters(json: string): readonly ClusterFault[];
  /** envoy.config.endpoint.v3.ClusterLoadAssignment with nothing but addresses in it. */
  setEndpoints(cluster: string, json: string): readonly ClusterFault[];
  removeCluster(cluster: string): void;
  /** One of the counters of "cluster.NAME." that main keeps. */
  countUpdate(cluster: string, stat: UpdateStat): void;
}

/** Where the endpoints of a cluster come from that are not in its configuration. */
export interface EndpointSource {
  /** Resolves, and never rejects, once there was a first answer, or none in time. */
  start(): Promise<void>;
  stop(): void;
  /** What is known now, with nothing but addresses in it. */
  assignment(): Tree;
}

/** "cluster_manager." */
export interface ClusterManagerStats {
  add(name: "cluster_added" | "cluster_modified" | "cluster_removed", n?: number): void;
  set(name: "active_clusters" | "warming_clusters", value: number): void;
}

export interface ClusterManagerOptions {
  readonly native: NativeClusters;
  readonly stats: ClusterManagerStats;
  /** envoy.config.bootstrap.v3.Bootstrap: its DNS settings and cluster_manager count for all clusters. */
  readonly bootstrap: Tree;
  readonly createResolver: (options: DnsOptions) => DnsResolver;
  /**
   * For a cluster of type EDS. `onChange` answers why an assignment is refused; `count` counts for the cluster.
   */
  readonly createEds?: (
    config: Tree,
    onChange: (assignment: Tree) => string | undefined,
    count: (stat: UpdateStat) => void,
  ) => EndpointSource;
  /** A fault of endpoints that a name led to. */
  readonly onFault: (fault: ClusterFault) => void;
  /** The secrets that a cluster asks a control plane for; none where nothing is said. */
  readonly useSecrets?: (config: Tree) => readonly Use[];
  readonly health?: Pick<HealthChecks, "follow" | "refresh" | "checked" | "forget" | "stop">;
  readonly schedule?: Schedule;
  readonly random?: () => number;
}

interface Cluster {
  readonly config: Tree;
  /** What the native side gets, but for the endpoints of a source. */
  readonly native: Tree;
  /** Equal where nothing has changed. */
  readonly identity: string;
  readonly addedViaApi: boolean;
  readonly source: EndpointSource | undefined;
  /** What was counted before the native side had the cluster. */
  readonly counts: UpdateStat[];
}

/** The process does not stay alive for the sake of a name. */
const scheduleUnref: Schedule = (ms, action) => {
  const timer = setTimeout(action, Math.min(ms, 2 ** 31 - 1));
  timer.unref();
  return () => clearTimeout(timer);
};

function nameOf(cluster: Tree): string {
  return String(cluster["name"]);
}

/** A cluster that waits for secrets, too. */
class WithSecrets implements EndpointSource {
  readonly inner: EndpointSource | undefined;
  readonly #config: Tree;
  readonly #secrets: readonly Use[];

  constructor(inner: EndpointSource | undefined, config: Tree, secrets: readonly Use[]) {
    this.inner = inner;
    this.#config = config;
    this.#secrets = secrets;
  }

  async start(): Promise<void> {
    await Promise.all([this.inner?.start(), ...this.#secrets.map(({ ready }) => ready)]);
  }

  stop(): void {
    this.inner?.stop();
    for (const secret of this.#secrets) secret.release();
  }

  assignment(): Tree {
    if (this.inner !== undefined) return this.inner.assignment();
    const assignment = this.#config["load_assignment"];
    return isTree(assignment) ? assignment : {};
  }
}

/** What endpoints come from, without what else is waited for. */
function endpointsOf(cluster: Cluster | undefined): EndpointSource | undefined {
  return cluster?.source instanceof WithSecrets ? cluster.source.inner : cluster?.source;
}

export class ClusterManager {
  readonly #options: ClusterManagerOptions;
  /** Of the clusters that are active; for checks of what refers to them. */
  readonly names = new Set<string>();
  readonly #active = new Map<string, Cluster>();
  readonly #warming = new Map<string, Cluster>();
  readonly #resolvers = new Map<string, DnsResolver>();
  /** What listeners wait for; each goes when it has come. */
  readonly #waits = new Set<Promise<void>>();

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
  }

  /** The clusters of the bootstrap, all at once. With faults, those clusters are not there. */
  start(configs: readonly Tree[]): readonly ClusterFault[] {
    const clusters = configs.map((config) => this.#create(config, false));
    const faults = this.#options.native.setClusters(JSON.stringify(clusters.map(({ native }) => native)));
    const refused = new Set(faults.map(({ name }) => name));
    for (const cluster of clusters) {
      if (refused.has(nameOf(cluster.config))) continue;
      this.#activate(cluster);
      this.#options.health?.follow(cluster.config);
      this.#waitFor(cluster);
    }
    this.#countClusters();
    return faults;
  }

  /** Resolves once the names of all clusters known by now were looked up, successfully or not. */
  async ready(): Promise<void> {
    await Promise.all(this.#waits);
  }

  /**
   * Adds or replaces a cluster at run time. One that looks up names takes over only when they were looked up, so that
   * no request meets a cluster without hosts in between.
   */
  async set(config: Tree): Promise<readonly ClusterFault[]> {
    return this.#set(config);
  }

  /** The same, where what is known at once matters alone; later faults go to onFault. ready() waits for the rest. */
  update(config: Tree): readonly ClusterFault[] {
    const faults = this.#set(config);
    if (!(faults instanceof Promise)) return faults;
    this.#wait(faults.then((late) => late.forEach(this.#options.onFault)));
    return [];
  }

  isWarming(name: string): boolean {
    return this.#warming.has(name);
  }

  warming(): readonly string[] {
    return [...this.#warming.keys()];
  }

  #set(config: Tree): readonly ClusterFault[] | Promise<readonly ClusterFault[]> {
    const name = nameOf(config);
    const next = this.#create(config, true);
    const current = this.#warming.get(name) ?? this.#active.get(name);
    if (current?.identity === next.identity) {
      next.source?.stop();
      return [];
    }
    const before = this.#warming.get(name);
    this.#warming.delete(name);
    if (next.source === undefined) {
      before?.source?.stop();
      return this.#begin(next);
    }
    this.#warming.set(name, next);
    this.#countClusters();
    const started = next.source.start();
    before?.source?.stop(); // after the start, so that what both want stays subscribed
    return started.then(() => {
      if (this.#warming.get(name) !== next) return []; // replaced or removed meanwhile
      this.#warming.delete(name);
      return this.#begin(next);
    });
  }

  #begin(next: Cluster): readonly ClusterFault[] {
    const { native, source } = next;
    const whole = source === undefined ? native : { ...native, load_assignment: source.assignment() };
    const faults = this.#options.native.setClusters(JSON.stringify([whole]));
    if (faults.length > 0) source?.stop();
    else this.#takeOver(next);
    this.#countClusters();
    return faults;
  }

  /** False when there is no such cluster. */
  remove(name: string): boolean {
    this.#dropWarming(name);
    const cluster = this.#active.get(name);
    if (cluster !== undefined) {
      cluster.source?.stop();
      this.#active.delete(name);
      this.names.delete(name);
      this.#options.health?.forget(name);
      this.#options.native.removeCluster(name);
      this.#options.stats.add("cluster_removed");
    }
    this.#countClusters();
    return cluster !== undefined;
  }

  /** Stops looking up names and checking hosts. */
  stop(): void {
    this.#options.health?.stop();
    for (const { source } of [...this.#active.values(), ...this.#warming.values()]) source?.stop();
  }

  /** For the admin interface: what was configured, by name; hosts and their counts are the native side's. */
  list(): readonly { readonly name: string; readonly addedViaApi: boolean; readonly config: Tree }[] {
    return [...this.#active].map(([name, { addedViaApi, config }]) => ({ name, addedViaApi, config }));
  }

  #create(config: Tree, addedViaApi: boolean): Cluster {
    const { bootstrap } = this.#options;
    const manager = bootstrap["cluster_manager"];
    const bind = isTree(manager) ? manager["upstream_bind_config"] : undefined;
    const plan = readDnsPlan(config, bootstrap);
    const whole = { ...config };
    if (bind !== undefined) whole["upstream_bind_config"] ??= bind;
    if (plan !== undefined) delete whole["load_assignment"]; // its names come as endpoints, once they are addresses
    const counts: UpdateStat[] = [];
    const source =
      plan === undefined ? this.#createEds(config, counts) : this.#createDns(config, plan, counts);
    const secrets = this.#options.useSecrets?.(config) ?? [];
    const waited = secrets.length === 0 ? source : new WithSecrets(source, config, secrets);
    return { config, native: whole, identity: JSON.stringify(config), addedViaApi, source: waited, counts };
  }

  #createEds(config: Tree, counts: UpdateStat[]): EndpointSource | undefined {
    const { createEds, native } = this.#options;
    if (config["type"] !== "EDS" || createEds === undefined) return undefined;
    const name = nameOf(config);
    const isActive = () => endpointsOf(this.#active.get(name)) === eds;
    const eds: EndpointSource = createEds(
      config,
      (assignment) => {
        if (!isActive()) return undefined;
        const [fault] = native.setEndpoints(name, JSON.stringify(assignment));
        this.#options.health?.refresh(name);
        return fault === undefined ? undefined : `${fault.path}: ${fault.reason}`;
      },
      (stat) => (isActive() ? native.countUpdate(name, stat) : counts.push(stat)),
    );
    return eds;
  }

  #createDns(config: Tree, plan: DnsPlan, counts: UpdateStat[]): DnsCluster {
    const { native, schedule = scheduleUnref, random = Math.random } = this.#options;
    const name = nameOf(config);
    const assignment = config["load_assignment"];
    const isActive = () => endpointsOf(this.#active.get(name)) === dns;
    const dns: DnsCluster = new DnsCluster({
      plan,
      assignment: isTree(assignment) ? assignment : {},
      resolver: this.#resolverFor(plan.resolver),
      schedule,
      random,
      count: (stat) => {
        if (isActive()) native.countUpdate(name, stat);
        else counts.push(stat);
      },
      onChange: (endpoints) => {
        if (isActive()) this.#push(name, endpoints);
      },
    });
    return dns;
  }

  #resolverFor(options: DnsOptions): DnsResolver {
    const key = JSON.stringify(options);
    const known = this.#resolvers.get(key) ?? this.#options.createResolver(options);
    this.#resolvers.set(key, known);
    return known;
  }

  #push(name: string, endpoints: Tree): void {
    for (const fault of this.#options.native.setEndpoints(name, JSON.stringify(endpoints))) {
      this.#options.onFault(fault);
    }
    this.#options.health?.refresh(name);
  }

  #activate(cluster: Cluster): void {
    this.#active.set(nameOf(cluster.config), cluster);
    this.names.add(nameOf(cluster.config));
    this.#options.stats.add("cluster_added");
  }

  #waitFor({ config, source }: Cluster): void {
    const { health } = this.#options;
    const checked = config["health_checks"] !== undefined && health !== undefined;
    if (source === undefined && !checked) return;
    const looked = source?.start() ?? Promise.resolve();
    if (config["wait_for_warm_on_init"] === false) return;
    this.#wait(checked ? looked.then(() => health.checked(nameOf(config))) : looked);
  }

  #wait(done: Promise<void>): void {
    this.#waits.add(done);
    void done.then(() => this.#waits.delete(done));
  }

  #takeOver(next: Cluster): void {
    const name = nameOf(next.config);
    const old = this.#active.get(name);
    old?.source?.stop();
    this.#active.set(name, next);
    this.names.add(name);
    this.#options.stats.add(old === undefined ? "cluster_added" : "cluster_modified");
    for (const stat of next.counts.splice(0)) this.#options.native.countUpdate(name, stat);
    this.#options.health?.follow(next.config);
  }

  #dropWarming(name: string): void {
    this.#warming.get(name)?.source?.stop();
    this.#warming.delete(name);
  }

  #countClusters(): void {
    this.#options.stats.set("active_clusters", this.#active.size);
    this.#options.stats.set("warming_clusters", this.#warming.size);
  }
}
