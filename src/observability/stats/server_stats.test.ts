import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { serverStats, setClustersInflated } from "./server_stats.ts";
import { StatsStore } from "./store.ts";

test("the process's stats have Envoy's names", () => {
  const store = new StatsStore();
  let state = 0;
  serverStats(store, { concurrency: 2, revision: "9e5580933739", state: () => state });
  setClustersInflated(store, 2, 5);
  equal(store.value("server.version"), 10_376_576);
  equal(store.value("server.live"), 1);
  equal(store.value("server.concurrency"), 2);
  equal(store.value("server.hot_restart_generation"), 1);
  equal(store.value("server.days_until_first_cert_expiring"), 4_294_967_295);
  equal(store.value("thread_local_cluster_manager.worker_1.clusters_inflated"), 5);
  ok(Number(store.value("server.memory_physical_size")) > 1_000_000);
  deepEqual(
    store.all({ name: (name) => name.endsWith("watchdog_miss") }).map(({ name }) => name),
    [
      "main_thread.watchdog_miss",
      "server.main_thread.watchdog_miss",
      "server.worker_0.watchdog_miss",
      "server.worker_1.watchdog_miss",
      "workers.watchdog_miss",
    ],
  );
  state = 1;
  equal(store.value("server.live"), 0);
  equal(store.value("server.state"), 1);
});
