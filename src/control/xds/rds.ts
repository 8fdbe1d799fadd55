/** Route configurations that listeners look up by name; each is there once, however many ask for it. */
import type { Tree } from "../check/typing.ts";
import type { SubscriptionStats } from "./feed.ts";
import type { ResourceReader } from "./reader.ts";
import { kinds } from "./resource.ts";
import { type Faults, type KeyedUse, SharedResources } from "./shared.ts";
import type { Sources } from "./sources.ts";

export interface NativeRoutes {
  setRoutes(name: string, json: string): Faults;
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

export class Rds {
  readonly #options: RdsOptions;
  readonly #routes: SharedResources;

  constructor(options: RdsOptions) {
    this.#options = options;
    this.#routes = new SharedResources(kinds.rds, options.sources, options.reader);
  }

  /**
   * Native code knows the routes by the answer's key.
   * @param rds envoy.extensions.filters.network.http_connection_manager.v3.Rds
   */
  use(rds: Tree, statPrefix: string): KeyedUse {
    const { native, statsFor } = this.#options;
    const name = String(rds["route_config_name"] ?? "");
    return this.#routes.use({ name, source: rds["config_source"] as Tree }, (key) => {
      const stats = statsFor(statPrefix, name);
      const take = (routes: Tree) => {
        const faults = native.setRoutes(key, JSON.stringify(routes));
        if (faults.length === 0) stats.reloaded();
        return faults;
      };
      return { stats, take, release: () => native.removeRoutes(key) };
    });
  }

  feeds() {
    return this.#routes.feeds();
  }
}
