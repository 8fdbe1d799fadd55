/**
 * The main thread's side of listeners: a listener that looks up its routes or secrets begins once they are there, or
 * were waited for long enough; until then the one that it replaces serves on.
 */
import { randomUUID } from "node:crypto";
import type { BoundAddress, Fault } from "../native/load.ts";
import { addressKey } from "./check/address.ts";
import { treesIn } from "./check/context.ts";
import { anyTypeName, isTree, type Tree } from "./check/typing.ts";
import type { KeyedUse, Use } from "./xds/shared.ts";

const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

export interface NativeListeners {
  /** The addresses that are bound, or why there are none. */
  addListener(json: string): readonly BoundAddress[] | Omit<Fault, "name">;
  removeListener(name: string): void;
}

export type ListenerStat =
  | "listener_added"
  | "listener_create_failure"
  | "listener_create_success"
  | "listener_modified"
  | "listener_removed";

/** "listener_manager." */
export interface ListenerManagerStats {
  add(name: ListenerStat, n?: number): void;
  set(name: "total_listeners_active" | "total_listeners_warming", value: number): void;
}

export type ListenerManagerOptions = {
  readonly native: NativeListeners;
  readonly stats: ListenerManagerStats;
  readonly concurrency: number;
  readonly useRoutes: (rds: Tree, statPrefix: string) => KeyedUse;
  readonly useSecrets: (config: Tree) => readonly Use[];
  /** A listener that was refused, or could not be bound, after it had been taken. */
  readonly onFault: (name: string, reason: string) => void;
};

type Listener = {
  readonly name: string;
  readonly config: Tree;
  readonly addedViaApi: boolean;
  readonly uses: readonly Use[];
  readonly bound: readonly BoundAddress[];
};

export class ListenerManager {
  readonly #options: ListenerManagerOptions;
  readonly #active = new Map<string, Listener>();
  readonly #warming = new Map<string, Listener>();

  constructor(options: ListenerManagerOptions) {
    this.#options = options;
  }

  /**
   * Adds or replaces a listener.
   * @param config as native code takes it
   * @returns why it is refused; a promise where that is known later
   */
  set(config: Tree, addedViaApi: boolean): string | undefined | Promise<string | undefined> {
    const { stats, useRoutes, useSecrets } = this.#options;
    const name = String(config["name"] || randomUUID());
    const clash = this.#clash(name, config);
    if (clash !== undefined) return clash;
    const uses: Use[] = [...useSecrets(config)];
    const named = withRouteKeys({ ...config, name }, (rds, statPrefix) => {
      const use = useRoutes(rds, statPrefix);
      uses.push(use);
      return use.key;
    });
    stats.add(this.#active.has(name) || this.#warming.has(name) ? "listener_modified" : "listener_added");
    this.#dropWarming(name);
    const listener: Listener = { name, config: named, addedViaApi, uses, bound: [] };
    if (uses.length === 0) return this.#activate(listener);
    this.#warming.set(name, listener);
    this.#count();
    return Promise.all(uses.map(({ ready }) => ready)).then(() => {
      if (this.#warming.get(name) !== listener) return undefined; // replaced or removed meanwhile
      this.#warming.delete(name);
      return this.#activate(listener);
    });
  }

  remove(name: string): void {
    this.#dropWarming(name);
    const listener = this.#active.get(name);
    if (listener !== undefined) {
      this.#active.delete(name);
      this.#options.native.removeListener(name);
      this.#options.stats.add("listener_removed");
      for (const use of listener.uses) use.release();
    }
    this.#count();
  }

  has(name: string): boolean {
    return this.#active.has(name);
  }

  isWarming(name: string): boolean {
    return this.#warming.has(name);
  }

  /** Those that listen. */
  list(): readonly Listener[] {
    return [...this.#active.values()];
  }

  warming(): readonly string[] {
    return [...this.#warming.keys()];
  }

  #activate(listener: Listener): string | undefined {
    const { native, stats, concurrency, onFault } = this.#options;
    const { name, uses } = listener;
    const answer = native.addListener(JSON.stringify(listener.config));
    if ("reason" in answer) {
      stats.add("listener_create_failure");
      for (const use of uses) use.release();
      this.#count();
      const reason = answer.path === "" ? answer.reason : `${answer.path}: ${answer.reason}`;
      onFault(name, reason);
      return reason;
    }
    stats.add("listener_create_success", concurrency);
    const before = this.#active.get(name);
    this.#active.set(name, { ...listener, bound: answer });
    for (const use of before?.uses ?? []) use.release();
    this.#count();
    return undefined;
  }

  /** Two listeners of one address would take connections from each other. */
  #clash(name: string, config: Tree): string | undefined {
    const key = config["bind_to_port"] === false ? undefined : addressKey(config["address"]);
    if (key === undefined) return undefined;
    for (const other of [...this.#active.values(), ...this.#warming.values()]) {
      if (other.name === name || other.config["bind_to_port"] === false) continue;
      if (addressKey(other.config["address"]) === key)
        return `address: ${key} is also the address of listener ${other.name}`;
    }
    return undefined;
  }

  #dropWarming(name: string): void {
    for (const use of this.#warming.get(name)?.uses ?? []) use.release();
    this.#warming.delete(name);
  }

  #count(): void {
    const { stats } = this.#options;
    stats.set("total_listeners_active", this.#active.size);
    stats.set("total_listeners_warming", this.#warming.size);
  }
}

type KeyOf = (rds: Tree, statPrefix: string) => string;

/** The listener with every `rds` naming the routes by the key that native code has for them. */
function withRouteKeys(listener: Tree, keyOf: KeyOf): Tree {
  const inFilter = (filter: Tree): Tree => {
    const config = filter["typed_config"];
    if (!isTree(config) || anyTypeName(String(config["@type"] ?? "")) !== managerType) return filter;
    const rds = config["rds"];
    if (!isTree(rds)) return filter;
    const route_config_name = keyOf(rds, String(config["stat_prefix"] ?? ""));
    return { ...filter, typed_config: { ...config, rds: { ...rds, route_config_name } } };
  };
  const inChain = (chain: Tree): Tree => ({ ...chain, filters: treesIn(chain["filters"]).map(inFilter) });
  const fallback = listener["default_filter_chain"];
  return {
    ...listener,
    ...("filter_chains" in listener && { filter_chains: treesIn(listener["filter_chains"]).map(inChain) }),
    ...(isTree(fallback) && { default_filter_chain: inChain(fallback) }),
  };
}
