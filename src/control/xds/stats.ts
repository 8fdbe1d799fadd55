/** How a subscription and the control plane are counted. */

import type { MainScope } from "../../observability/stats/main_scope.ts";
import type { StatsStore } from "../../observability/stats/store.ts";
import { controlPlane, edsCluster, subscription } from "../../observability/stats/templates.ts";
import { xxHash64 } from "../../observability/stats/xxhash64.ts";
import type { UpdateStat } from "../dns_cluster.ts";
import type { DynamicOptions } from "./dynamic.ts";
import type { SubscriptionStats } from "./feed.ts";
import type { ControlPlaneStats } from "./stream.ts";

export function subscriptionStats(scope: MainScope<typeof subscription>): SubscriptionStats {
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

/** Every statistic that resources from outside have. */
export function dynamicStats(store: StatsStore): Pick<DynamicOptions, "stats" | "controlPlane"> {
  let plane: ControlPlaneStats | undefined;
  const of = (prefix: string) => subscriptionStats(store.scope(subscription, prefix));
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
        const scope = store.scope(subscription, `http.${statPrefix}.rds.${name}.`);
        return {
          ...subscriptionStats(scope),
          reloaded: () => {
            scope.add("config_reload");
            scope.set("config_reload_time_ms", Date.now());
          },
        };
      },
      eds: (cluster, count) => edsStats(store, cluster, count),
    },
  };
}

/** The native side counts part of it, as for clusters of every type. */
function edsStats(store: StatsStore, cluster: string, count: (stat: UpdateStat) => void): SubscriptionStats {
  const scope = store.scope(edsCluster, `cluster.${cluster}.`);
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
  };
}
