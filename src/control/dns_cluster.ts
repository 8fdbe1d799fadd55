/**
 * A cluster whose endpoints are names: looks each of them up, again and again, and tells when the addresses change.
 * Each name has a rhythm of its own, as in Envoy.
 */
import { treesIn } from "./check/context.ts";
import { isTree, type Tree } from "./check/typing.ts";
import type { DnsAddress, DnsResolver } from "./dns.ts";
import type { DnsPlan } from "./dns_config.ts";

/** Runs `action` once, `ms` from now, unless the answer is called before. */
export type Schedule = (ms: number, action: () => void) => () => void;

export type UpdateStat = "update_attempt" | "update_success" | "update_failure" | "update_no_rebuild";

export interface DnsClusterOptions {
  readonly plan: DnsPlan;
  /** envoy.config.endpoint.v3.ClusterLoadAssignment as configured. */
  readonly assignment: Tree;
  readonly resolver: DnsResolver;
  readonly schedule: Schedule;
  /** From 0 to less than 1. */
  readonly random: () => number;
  readonly count: (stat: UpdateStat) => void;
  /** The assignment with addresses in the place of names. */
  readonly onChange: (assignment: Tree) => void;
}

interface Target {
  readonly endpoint: Tree;
  readonly name: string;
  addresses: readonly string[];
  /** The next back-off after a failure. */
  backOffMs: number;
  cancel: (() => void) | undefined;
}

function treeAt(tree: Tree, name: string): Tree {
  const value = tree[name];
  return isTree(value) ? value : {};
}

function socketOf(lbEndpoint: Tree): Tree {
  return treeAt(treeAt(treeAt(lbEndpoint, "endpoint"), "address"), "socket_address");
}

function withAddress(lbEndpoint: Tree, name: string, address: string, more: readonly string[]): Tree {
  const endpoint = treeAt(lbEndpoint, "endpoint");
  const at = (ip: string) => ({ socket_address: { ...socketOf(lbEndpoint), address: ip } });
  const hostname = endpoint["hostname"];
  return {
    ...lbEndpoint,
    endpoint: {
      ...endpoint,
      address: at(address),
      hostname: typeof hostname === "string" && hostname !== "" ? hostname : name,
      ...(more.length > 0 && { additional_addresses: more.map((ip) => ({ address: at(ip) })) }),
    },
  };
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}

export class DnsCluster {
  readonly #options: DnsClusterOptions;
  readonly #localities: readonly { readonly fields: Tree; readonly targets: readonly Target[] }[];
  #stopped = false;

  constructor(options: DnsClusterOptions) {
    this.#options = options;
    this.#localities = treesIn(options.assignment["endpoints"]).map((fields) => ({
      fields,
      targets: treesIn(fields["lb_endpoints"]).map((endpoint) => ({
        endpoint,
        name: String(socketOf(endpoint)["address"]),
        addresses: [],
        backOffMs: options.plan.failure?.baseMs ?? options.plan.refreshMs,
        cancel: undefined,
      })),
    }));
  }

  /** Resolves, and never rejects, once every name was looked up, with or without success. */
  async start(): Promise<void> {
    await Promise.all(this.#localities.flatMap(({ targets }) => targets.map((one) => this.#lookUp(one))));
  }

  /** No call of onChange follows. */
  stop(): void {
    this.#stopped = true;
    for (const { targets } of this.#localities) for (const target of targets) target.cancel?.();
  }

  assignment(): Tree {
    const endpoints = this.#localities.map(({ fields, targets }) => ({
      ...fields,
      lb_endpoints: targets.flatMap((target) => this.#endpointsOf(target)),
    }));
    return { ...this.#options.assignment, endpoints };
  }

  #endpointsOf({ endpoint, name, addresses }: Target): readonly Tree[] {
    if (!this.#options.plan.logical) return addresses.map((ip) => withAddress(endpoint, name, ip, []));
    const [first, ...more] = addresses;
    return first === undefined ? [] : [withAddress(endpoint, name, first, more)];
  }

  async #lookUp(target: Target): Promise<void> {
    const { plan, resolver, count } = this.#options;
    target.cancel = undefined;
    count("update_attempt");
    const answer = await resolver.resolve(target.name, plan.family);
    if (this.#stopped) return;
    const useful = answer.ok && (answer.addresses.length > 0 || !plan.logical);
    const waitMs = useful ? this.#onSuccess(target, answer.addresses) : this.#onFailure(target);
    target.cancel = this.#options.schedule(waitMs, () => void this.#lookUp(target));
  }

  #onSuccess(target: Target, answer: readonly DnsAddress[]): number {
    const { plan, count, random, onChange } = this.#options;
    count("update_success");
    target.backOffMs = plan.failure?.baseMs ?? plan.refreshMs;
    const addresses = [...new Set(answer.map(({ address }) => address))];
    // Of a logical host only the first address counts, unless connections race for all of them.
    const now = plan.logical && plan.family !== "ALL" ? addresses.slice(0, 1) : addresses;
    if (sameSet(target.addresses, now)) {
      count("update_no_rebuild");
    } else {
      target.addresses = now;
      onChange(this.assignment());
    }
    const ttlMs = 1_000 * Math.min(...answer.map(({ ttl }) => ttl));
    const refreshMs = plan.respectTtl && Number.isFinite(ttlMs) && ttlMs > 0 ? ttlMs : plan.refreshMs;
    return Math.max(refreshMs, plan.minRefreshMs) + Math.floor(random() * plan.jitterMs);
  }

  #onFailure(target: Target): number {
    const { plan, count, random } = this.#options;
    count("update_failure");
    if (plan.failure === undefined) return plan.refreshMs;
    const most = target.backOffMs;
    target.backOffMs = Math.min(2 * most, plan.failure.maxMs);
    return Math.max(1, Math.floor(random() * most));
  }
}
