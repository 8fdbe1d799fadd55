import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Tree } from "./check/typing.ts";
import { type ClusterFault, ClusterManager } from "./cluster_manager.ts";
import { createResolver, type DnsAnswer, type DnsFamily, type DnsOptions } from "./dns.ts";
import { startFakeDns } from "./fake_dns.ts";

/** A clock that stands still until run() is called. */
class FakeTimers {
  readonly waiting: { ms: number; action: () => void }[] = [];
  readonly schedule = (ms: number, action: () => void) => {
    const timer = { ms, action };
    this.waiting.push(timer);
    return () => void this.waiting.splice(this.waiting.indexOf(timer), 1);
  };
  async run(): Promise<void> {
    for (const { action } of this.waiting.splice(0)) action();
    await settle();
  }
}

/** Lets promises that are resolved by now go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function addressesOf(assignment: Tree): readonly string[] {
  const endpoints = assignment["endpoints"] as { lb_endpoints: Tree[] }[];
  return endpoints.flatMap(({ lb_endpoints }) =>
    lb_endpoints.map(({ endpoint }) => {
      const { address, hostname } = endpoint as {
        address: { socket_address: { address: string; port_value: number } };
        hostname: string;
      };
      return `${address.socket_address.address}:${address.socket_address.port_value} ${hostname}`;
    }),
  );
}

const answers = (...addresses: string[]): DnsAnswer => ({
  ok: true,
  addresses: addresses.map((address) => ({ address, ttl: 30 })),
});

function setUp(bootstrap: Tree = {}) {
  const timers = new FakeTimers();
  const calls: string[] = [];
  const counts: Record<string, number> = {};
  const gauges: Record<string, number> = {};
  const names = new Map<string, DnsAnswer>();
  const resolvers: DnsOptions[] = [];
  const families: DnsFamily[] = [];
  let refused: ClusterFault[] = [];
  const count = (name: string, n = 1) => void (counts[name] = (counts[name] ?? 0) + n);
  const manager = new ClusterManager({
    bootstrap,
    native: {
      setClusters: (json) => {
        const clusters = JSON.parse(json) as Tree[];
        // Names of hosts stay on this side.
        const withHosts = clusters.filter((one) => "load_assignment" in one).length;
        calls.push(
          `clusters ${clusters.map(({ name }) => name).join(" ")}${withHosts > 0 ? " with hosts" : ""}`,
        );
        return refused;
      },
      setEndpoints: (name, json) => {
        calls.push(`${name}: ${addressesOf(JSON.parse(json)).join(", ")}`);
        return [];
      },
      removeCluster: (name) => void calls.push(`remove ${name}`),
      countUpdate: (name, stat) => count(`${name}.${stat}`),
    },
    stats: { add: count, set: (name, value) => void (gauges[name] = value) },
    createResolver: (options) => {
      resolvers.push(options);
      return {
        resolve: async (name, family) => {
          families.push(family);
          return names.get(name) ?? { ok: false, reason: "ETIMEOUT" };
        },
      };
    },
    onFault: ({ reason }) => void calls.push(`fault ${reason}`),
    schedule: timers.schedule,
    random: () => 0.5,
  });
  const refuse = (...faults: ClusterFault[]) => {
    refused = faults;
  };
  return { manager, timers, calls, counts, gauges, names, resolvers, families, refuse };
}

function cluster(type: string, names: readonly string[], fields: Tree = {}): Tree {
  const endpoint = (address: string) => ({
    endpoint: { address: { socket_address: { address, port_value: 80 } } },
  });
  const load_assignment = { endpoints: [{ lb_endpoints: names.map(endpoint) }] };
  return { name: "one", type, load_assignment, ...fields };
}

test("the clusters of the bootstrap are handed over in one call", async () => {
  const { manager, calls, gauges, counts } = setUp();
  const names = Array.from({ length: 100 }, (_, i) => `c${i}`);
  deepEqual(manager.start(names.map((name) => cluster("STATIC", ["127.0.0.1"], { name }))), []);
  await manager.ready();
  deepEqual(calls, [`clusters ${names.join(" ")} with hosts`]);
  equal(gauges["active_clusters"], 100);
  equal(counts["cluster_added"], 100);
});

test("a cluster that the native side refuses is not there", () => {
  const { manager, gauges, refuse } = setUp();
  const fault = { name: "one", path: "lb_policy", reason: "not supported yet" };
  refuse(fault);
  deepEqual(manager.start([cluster("STRICT_DNS", ["a.test"])]), [fault]);
  equal(gauges["active_clusters"], 0);
  deepEqual(manager.list(), []);
});

test("every address of every name is a host, with the name it came from", async () => {
  const { manager, calls, names, counts } = setUp();
  names.set("a.test", answers("127.0.0.1", "127.0.0.2"));
  names.set("b.test", answers("::3"));
  manager.start([cluster("STRICT_DNS", ["a.test", "b.test"])]);
  await manager.ready();
  equal(calls.at(-1), "one: 127.0.0.1:80 a.test, 127.0.0.2:80 a.test, ::3:80 b.test");
  equal(counts["one.update_success"], 2);
});

test("ready waits for the first lookup, also for one that fails", async () => {
  const { manager, calls, counts } = setUp();
  manager.start([cluster("STRICT_DNS", ["gone.test"])]);
  await manager.ready();
  deepEqual(calls, ["clusters one"]);
  deepEqual([counts["one.update_attempt"], counts["one.update_failure"]], [1, 1]);
});

test("a name is looked up again, and only changes are handed over", async () => {
  const { manager, timers, calls, names, counts } = setUp();
  names.set("a.test", answers("127.0.0.1", "127.0.0.2"));
  manager.start([cluster("STRICT_DNS", ["a.test"], { dns_refresh_rate: "2s" })]);
  await manager.ready();
  deepEqual(
    timers.waiting.map(({ ms }) => ms),
    [2_000],
  );
  names.set("a.test", answers("127.0.0.2", "127.0.0.1"));
  await timers.run();
  equal(counts["one.update_no_rebuild"], 1);
  equal(calls.length, 2);
  names.set("a.test", answers("127.0.0.3"));
  await timers.run();
  equal(calls.at(-1), "one: 127.0.0.3:80 a.test");
});

test("a failure leaves the hosts, a name that is no longer known takes them", async () => {
  const { manager, timers, calls, names } = setUp();
  names.set("a.test", answers("127.0.0.1"));
  manager.start([cluster("STRICT_DNS", ["a.test"])]);
  await manager.ready();
  names.delete("a.test");
  await timers.run();
  equal(calls.at(-1), "one: 127.0.0.1:80 a.test");
  names.set("a.test", answers());
  await timers.run();
  equal(calls.at(-1), "one: ");
});

test("a logical host has the first address, and keeps it when the name is no longer known", async () => {
  const { manager, timers, calls, names, counts } = setUp();
  names.set("a.test", answers("127.0.0.1", "127.0.0.2"));
  manager.start([cluster("LOGICAL_DNS", ["a.test"])]);
  await manager.ready();
  equal(calls.at(-1), "one: 127.0.0.1:80 a.test");
  names.set("a.test", answers());
  await timers.run();
  equal(calls.length, 2);
  equal(counts["one.update_failure"], 1);
});

test("the TTL sets the rhythm where it is respected, with its jitter", async () => {
  const { manager, timers, names } = setUp();
  names.set("a.test", answers("127.0.0.1"));
  manager.start([cluster("STRICT_DNS", ["a.test"], { respect_dns_ttl: true, dns_jitter: "4s" })]);
  await manager.ready();
  deepEqual(
    timers.waiting.map(({ ms }) => ms),
    [32_000],
  );
});

test("failures back off between their own bounds", async () => {
  const { manager, timers, names } = setUp();
  const dns_failure_refresh_rate = { base_interval: "1s", max_interval: "3s" };
  manager.start([cluster("STRICT_DNS", ["a.test"], { dns_failure_refresh_rate })]);
  await manager.ready();
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    waits.push(...timers.waiting.map(({ ms }) => ms));
    if (i === 2) names.set("a.test", answers("127.0.0.1"));
    await timers.run();
  }
  deepEqual(waits, [500, 1_000, 1_500, 5_000]); // half of 1, 2 and 3 s, then the usual rhythm
});

test("a cluster of type DnsCluster is read from its own message", async () => {
  const { manager, calls, names, families, resolvers } = setUp();
  names.set("a.test", answers("127.0.0.1", "127.0.0.2"));
  const typed_config = {
    "@type": "type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster",
    all_addresses_in_single_endpoint: true,
    dns_lookup_family: "V4_ONLY",
    typed_dns_resolver_config: {
      typed_config: {
        resolvers: [{ socket_address: { address: "::1", port_value: 5353 } }],
        query_timeout_seconds: 2,
        query_tries: 1,
        dns_resolver_options: { no_default_search_domain: true, use_tcp_for_dns_lookups: true },
      },
    },
  };
  const { type: _, ...config } = cluster("", ["a.test"], { cluster_type: { typed_config } });
  manager.start([config]);
  await manager.ready();
  equal(calls.at(-1), "one: 127.0.0.1:80 a.test");
  deepEqual(families, ["V4_ONLY"]);
  deepEqual(resolvers, [
    { servers: ["[::1]:5353"], timeoutMs: 2_000, tries: 1, overTcp: true, search: false },
  ]);
});

test("a cluster type may be given by its name alone", async () => {
  const { manager, calls, names } = setUp();
  names.set("a.test", answers("127.0.0.1", "127.0.0.2"));
  const { type: _, ...config } = cluster("", ["a.test"], {
    cluster_type: { name: "envoy.cluster.logical_dns" },
  });
  manager.start([config]);
  await manager.ready();
  equal(calls.at(-1), "one: 127.0.0.1:80 a.test");
});

test("DNS settings and the source address of the bootstrap count for clusters without their own", () => {
  const sent: string[] = [];
  const options: DnsOptions[] = [];
  const manager = new ClusterManager({
    bootstrap: {
      use_tcp_for_dns_lookups: true,
      cluster_manager: { upstream_bind_config: { source_address: { address: "127.0.0.9" } } },
    },
    native: {
      setClusters: (json) => {
        sent.push(json);
        return [];
      },
      setEndpoints: () => [],
      removeCluster: () => {},
      countUpdate: () => {},
    },
    stats: { add: () => {}, set: () => {} },
    createResolver: (one) => {
      options.push(one);
      return { resolve: async () => answers() };
    },
    onFault: () => {},
    schedule: () => () => {},
  });
  const dns_resolvers = [{ socket_address: { address: "127.0.0.1", port_value: 53 } }];
  manager.start([
    cluster("STRICT_DNS", ["a.test"]),
    cluster("STRICT_DNS", ["a.test"], { name: "two", dns_resolvers, upstream_bind_config: {} }),
    cluster("STRICT_DNS", ["a.test"], { name: "three" }),
  ]);
  deepEqual(
    (JSON.parse(sent[0] ?? "") as Tree[]).map(({ upstream_bind_config: bind }) => bind),
    [{ source_address: { address: "127.0.0.9" } }, {}, { source_address: { address: "127.0.0.9" } }],
  );
  deepEqual(
    options.map(({ servers, overTcp }) => [servers, overTcp]),
    [
      [[], true],
      [["127.0.0.1:53"], false],
    ],
  );
});

test("a cluster that is replaced at run time takes over once its names are known", async () => {
  const { manager, calls, names, gauges, counts, timers } = setUp();
  names.set("a.test", answers("127.0.0.1"));
  manager.start([cluster("STRICT_DNS", ["a.test"])]);
  await manager.ready();
  names.set("b.test", answers("127.0.0.2"));
  const done = manager.set(cluster("STRICT_DNS", ["b.test"]));
  equal(gauges["warming_clusters"], 1);
  equal(calls.length, 2);
  deepEqual(await done, []);
  deepEqual(calls.slice(2), ["clusters one with hosts"]);
  equal(counts["cluster_modified"], 1);
  equal(counts["one.update_success"], 2);
  equal(gauges["warming_clusters"], 0);
  equal(timers.waiting.length, 1); // nobody looks up a.test any more
});

test("the same configuration again changes nothing", async () => {
  const { manager, calls } = setUp();
  manager.start([cluster("STATIC", ["127.0.0.1"])]);
  deepEqual(await manager.set(cluster("STATIC", ["127.0.0.1"])), []);
  equal(calls.length, 1);
});

test("a removed cluster is looked up no more", async () => {
  const { manager, calls, names, timers, gauges } = setUp();
  names.set("a.test", answers("127.0.0.1"));
  manager.start([cluster("STRICT_DNS", ["a.test"])]);
  await manager.ready();
  equal(manager.remove("one"), true);
  equal(manager.remove("one"), false);
  equal(calls.at(-1), "remove one");
  equal(timers.waiting.length, 0);
  equal(gauges["active_clusters"], 0);
});

test("a change in a real server reaches the hosts", async (context) => {
  const dns = await startFakeDns();
  context.after(() => dns.close());
  dns.names.set("a.test", { addresses: ["127.0.0.1"] });
  const timers = new FakeTimers();
  let told = (_: string) => {};
  const next = () =>
    new Promise<string>((resolve) => {
      told = resolve;
    });
  const manager = new ClusterManager({
    bootstrap: {
      typed_dns_resolver_config: {
        typed_config: { resolvers: [{ socket_address: { address: "127.0.0.1", port_value: dns.port } }] },
      },
    },
    native: {
      setClusters: () => [],
      setEndpoints: (_, json) => {
        told(addressesOf(JSON.parse(json)).join(", "));
        return [];
      },
      removeCluster: () => {},
      countUpdate: () => {},
    },
    stats: { add: () => {}, set: () => {} },
    createResolver: (options) => createResolver(options, { add: () => {} }),
    onFault: () => {},
    schedule: timers.schedule,
  });
  const first = next();
  manager.start([cluster("STRICT_DNS", ["a.test"])]);
  equal(await first, "127.0.0.1:80 a.test");
  await manager.ready();
  dns.names.set("a.test", { addresses: ["127.0.0.2", "127.0.0.3"] });
  const second = next();
  await timers.run();
  equal(await second, "127.0.0.2:80 a.test, 127.0.0.3:80 a.test");
});
