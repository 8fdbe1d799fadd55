import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type FakeScope, fakeNative } from "./fake_native.ts";
import { StatsStore } from "./store.ts";
import { clusterManager, server, subscription } from "./templates.ts";

const names = (store: StatsStore, pattern: RegExp) =>
  store.all({ name: (name) => pattern.test(name) }).map(({ name, value }) => `${name}: ${value}`);

const cluster = (prefix: string, rest: Partial<FakeScope> = {}): FakeScope => ({
  kind: "cluster",
  prefix,
  ...rest,
});

test("native and main's own stats come sorted by name", () => {
  const store = new StatsStore({
    native: fakeNative([cluster("cluster.b."), cluster("cluster.a."), cluster("cluster.a.b.")]),
  });
  store.scope(clusterManager, "cluster_manager.").set("active_clusters", 2);
  const all = store.all().map(({ name }) => name);
  deepEqual(all, [...all].sort());
  deepEqual(names(store, /active_clusters|^cluster.*upstream_rq_total/), [
    "cluster.a.b.upstream_rq_total: 0",
    "cluster.a.upstream_rq_total: 0",
    "cluster.b.upstream_rq_total: 0",
    "cluster_manager.active_clusters: 2",
  ]);
});

test("a late counter and a status appear once they were counted", () => {
  const scope = cluster("cluster.a.", {
    values: { upstream_rq_2xx: 3, upstream_rq_completed: 3 },
    sparse: {
      upstream_rq_: [
        [200, 2],
        [204, 1],
      ],
    },
  });
  const store = new StatsStore({ native: fakeNative([scope]) });
  deepEqual(names(store, /\.upstream_rq_([2-5]|completed)/), [
    "cluster.a.upstream_rq_200: 2",
    "cluster.a.upstream_rq_204: 1",
    "cluster.a.upstream_rq_2xx: 3",
    "cluster.a.upstream_rq_completed: 3",
  ]);
});

test("a codec's stats are hidden until there was a codec", () => {
  const hidden = new StatsStore({ native: fakeNative([{ kind: "http1", prefix: "http1." }]) });
  equal(hidden.all().length, 0);
  const shown = new StatsStore({
    native: fakeNative([{ kind: "http1", prefix: "http1.", values: { created: 1 } }]),
  });
  deepEqual(names(shown, /flood/), ["http1.response_flood: 0"]);
  equal(names(shown, /created/).length, 0);
});

test("usedonly leaves out what was never written, not what is 0", () => {
  const store = new StatsStore({
    native: fakeNative([cluster("cluster.a.", { values: { upstream_cx_active: 0 } })]),
  });
  store.scope(server, "server.").set("live", 0);
  deepEqual(
    store.all({ usedOnly: true }).map(({ name }) => name),
    ["cluster.a.upstream_cx_active", "server.live"],
  );
});

test("reset_counters takes counters to 0 and leaves gauges alone", () => {
  const values: Record<string, number> = { upstream_rq_total: 5, upstream_rq_active: 2 };
  const store = new StatsStore({
    native: fakeNative([cluster("cluster.a.", { values, sparse: { upstream_rq_: [[200, 5]] } })]),
  });
  const scope = store.scope(clusterManager, "cluster_manager.");
  scope.add("cluster_added", 3);
  scope.set("active_clusters", 3);
  store.resetCounters();
  equal(store.value("cluster.a.upstream_rq_total"), 0);
  equal(store.value("cluster.a.upstream_rq_200"), 0);
  equal(store.value("cluster.a.upstream_rq_active"), 2);
  equal(store.value("cluster_manager.cluster_added"), 0);
  equal(store.value("cluster_manager.active_clusters"), 3);
  values["upstream_rq_total"] = 7;
  equal(store.value("cluster.a.upstream_rq_total"), 2);
});

test("an interval is what came between the last two flushes", () => {
  const pairs: [number, number][] = [[1, 4]];
  const store = new StatsStore({
    native: fakeNative([cluster("cluster.a.", { sparse: { upstream_rq_time: pairs } })]),
  });
  const interval = () => {
    const stat = store.all({ name: (name) => name.endsWith("upstream_rq_time") })[0];
    return Array.from(stat?.interval?.pairs ?? []);
  };
  deepEqual(interval(), []);
  store.flush();
  deepEqual(interval(), [1, 4]);
  pairs[0] = [1, 6];
  store.flush();
  deepEqual(interval(), [1, 2]);
  store.flush();
  deepEqual(interval(), []);
});

test("the same name in two scopes is shown once, with both counts", () => {
  const store = new StatsStore({
    native: fakeNative([
      { kind: "cluster_control", prefix: "cluster.a.", values: { update_attempt: 0, update_success: 1 } },
    ]),
  });
  store.scope(subscription, "cluster.a.").add("update_attempt", 2);
  deepEqual(names(store, /update_(attempt|success)/), [
    "cluster.a.update_attempt: 2",
    "cluster.a.update_success: 1",
  ]);
});

test("a rejected stat does not exist, a removed scope neither", () => {
  const store = new StatsStore({ rejects: (name) => name.endsWith(".live") });
  const scope = store.scope(server, "server.");
  equal(store.value("server.live"), undefined);
  equal(store.value("server.uptime"), 0);
  store.removeScope(scope);
  equal(store.all().length, 0);
});

test("what is worked out is fresh at each reading", () => {
  const store = new StatsStore();
  const scope = store.scope(server, "server.");
  let uptime = 0;
  store.onRead(() => scope.set("uptime", (uptime += 1)));
  equal(store.value("server.uptime"), 1);
  equal(store.value("server.uptime"), 2);
});
