/** How a subscription and the control plane are counted. */

import type { MainScope } from "../../observability/stats/main_scope.ts";
import type { StatsStore } from "../../observability/stats/store.ts";
import {
  controlPlane,
  edsCluster,
  type MainTemplate,
  subscription,
} from "../../observability/stats/templates.ts";
import { xxHash64 } from "../../observability/stats/xxhash64.ts";
import type { UpdateStat } from "../dns_cluster.ts";
import type { DynamicOptions } from "./dynamic.ts";
import type { SubscriptionStats } from "./feed.ts";
import type { ControlPlaneStats } from "./stream.ts";

/** As long as a listener that is gone may drain, its routes are counted. */
const drain_ms = 600_000;

type Counted = Omit<SubscriptionStats, "release">;

function subscriptionStats(scope: MainScope<typeof subscription>): Counted {
  return {
    attempt: () => scope.add("update_attempt"),
    success: (version, tookMs) => {
      scope.add("update_success");
      scope.set("update_time", Date.now());
      scope.set("version", xxHash64(version));
      scope.set("version_text", version);
      scope.record("update_duration", Math.round(tookMs));
    },
    rejected: () => scope.add("update_rejected"),
    failure: () => scope.add("update_failure"),
    timeout: () => scope.add("init_fetch_timeout"),
  };
}

export function controlPlaneStats(scope: MainScope<typeof controlPlane>): ControlPlaneStats {
  return {
    set: (name, value) => scope.set(name, value),
    setText: (name, value) => scope.set(name, value),
    add: (name) => scope.add(name),
  };
}

/** Scopes that several may count in: one goes with the last of them. */
class SharedScopes {
  readonly #store: StatsStore;
  readonly #uses = new Map<string, number>();

  constructor(store: StatsStore) {
    this.#store = store;
  }

  use<T extends MainTemplate>(
    template: T,
    prefix: string,
  ): { readonly scope: MainScope<T>; readonly release: () => void } {
    const scope = this.#store.scope(template, prefix);
    this.#uses.set(prefix, (this.#uses.get(prefix) ?? 0) + 1);
    const release = () => {
      const left = (this.#uses.get(prefix) ?? 1) - 1;
      if (left > 0) this.#uses.set(prefix, left);
      else {
        this.#uses.delete(prefix);
        this.#store.removeScope(scope as unknown as MainScope);
      }
    };
    return { scope, release };
  }
}

/** Every statistic that resources from outside have. */
export function dynamicStats(store: StatsStore): Pick<DynamicOptions, "stats" | "controlPlane"> {
  let plane: ControlPlaneStats | undefined;
  const scopes = new SharedScopes(store);
  const of = (prefix: string): SubscriptionStats => {
    const { scope, release } = scopes.use(subscription, prefix);
    return { ...subscriptionStats(scope), release };
  };
  return {
    controlPlane: () => {
      plane ??= controlPlaneStats(store.scope(controlPlane, "control_plane."));
      return plane;
    },
    stats: {
      cds: () => of("cluster_manager.cds."),
      lds: () => of("listener_manager.lds."),
      sds: (name) => of(`sds.${name}.`),
      rtds: (layer) => of(`runtime.rtds.${layer}.`),
      rds: (statPrefix, name) => {
        const { scope, release } = scopes.use(subscription, `http.${statPrefix}.rds.${name}.`);
        const reloaded = () => {
          scope.add("config_reload");
          scope.set("config_reload_time_ms", Date.now());
        };
        const later = () => void setTimeout(release, drain_ms).unref();
        return { ...subscriptionStats(scope), release: later, reloaded };
      },
      eds: (cluster, count) => edsStats(scopes, cluster, count),
    },
  };
}

/** The native side counts part of it, as for clusters of every type. */
function edsStats(
  scopes: SharedScopes,
  cluster: string,
  count: (stat: UpdateStat) => void,
): SubscriptionStats {
  const { scope, release } = scopes.use(edsCluster, `cluster.${cluster}.`);
  return {
    attempt: () => count("update_attempt"),
    success: (version, tookMs) => {
      count("update_success");
      scope.set("update_time", Date.now());
      scope.set("version_text", version);
      scope.record("update_duration", Math.round(tookMs));
    },
    rejected: () => scope.add("update_rejected"),
    failure: () => count("update_failure"),
    timeout: () => scope.add("init_fetch_timeout"),
    release,
  };
}
