/** Route configurations that listeners look up by name; each is there once, however many ask for it. */
import type { Tree } from "../check/typing.ts";
import type { Refusal, SubscriptionStats } from "./feed.ts";
import type { ResourceReader } from "./reader.ts";
import { type Arrival, kinds } from "./resource.ts";
import type { Use } from "./sds.ts";
import type { Sources, Subscription } from "./sources.ts";

export interface NativeRoutes {
  setRoutes(name: string, json: string): readonly { readonly path: string; readonly reason: string }[];
  removeRoutes(name: string): void;
}

export interface RdsStats extends SubscriptionStats {
  reloaded(): void;
}

export type RdsOptions = {
  readonly sources: Sources;
  readonly reader: ResourceReader;
  readonly native: NativeRoutes;
  readonly statsFor: (statPrefix: string, name: string) => RdsStats;
};

class RouteProvider {
  readonly key: string;
  readonly ready: Promise<void>;
  users = 0;
  readonly subscription: Subscription;
  #ready: () => void = () => {};

  constructor(key: string, rds: Tree, statPrefix: string, options: RdsOptions) {
    this.key = key;
    this.ready = new Promise((resolve) => {
      this.#ready = resolve;
    });
    const name = String(rds["route_config_name"] ?? "");
    const stats = options.statsFor(statPrefix, name);
    const watcher = {
      onUpdate: ([arrival]: readonly Arrival[]) => this.#update(arrival, options, stats),
      onTimeout: () => this.#ready(),
    };
    this.subscription = options.sources.watch(rds["config_source"] as Tree, kinds.rds, name, watcher, stats);
  }

  #update(arrival: Arrival | undefined, { reader, native }: RdsOptions, stats: RdsStats): readonly Refusal[] {
    if (arrival !== undefined) {
      const { name } = arrival;
      const read = reader.read(kinds.rds, arrival.payload);
      if (!read.ok) return [{ name, reason: `${name}: ${read.reason}` }];
      const [fault] = native.setRoutes(this.key, JSON.stringify(read.resolved));
      if (fault !== undefined) return [{ name, reason: `${name}: ${fault.path}: ${fault.reason}` }];
      stats.reloaded();
    }
    this.#ready();
    return [];
  }
}

export type RouteUse = Use & { readonly key: string };

export class Rds {
  readonly #options: RdsOptions;
  readonly #providers = new Map<string, RouteProvider>();

  constructor(options: RdsOptions) {
    this.#options = options;
  }

  /**
   * Somebody uses the routes until it says otherwise. `key` is the name that native code knows them by.
   * @param rds envoy.extensions.filters.network.http_connection_manager.v3.Rds
   */
  use(rds: Tree, statPrefix: string): RouteUse {
    const source = JSON.stringify(rds["config_source"]);
    const key = `${String(rds["route_config_name"] ?? "")}\n${source}`;
    const provider = this.#providers.get(key) ?? new RouteProvider(key, rds, statPrefix, this.#options);
    this.#providers.set(key, provider);
    provider.users++;
    let released = false;
    return {
      key,
      ready: provider.ready,
      release: () => {
        if (released) return;
        released = true;
        if (--provider.users > 0) return;
        provider.subscription.stop();
        this.#providers.delete(key);
        this.#options.native.removeRoutes(key);
      },
    };
  }

  /** For /config_dump. */
  feeds(): readonly { readonly name: string; readonly subscription: Subscription }[] {
    return [...this.#providers].map(([key, { subscription }]) => ({
      name: key.slice(0, key.indexOf("\n")),
      subscription,
    }));
  }
}
