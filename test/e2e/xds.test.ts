// A control plane changes everything while requests are under way, goes away and comes back: no request may fail.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Tree } from "../../src/control/check/typing.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { eventually, type Running, socketAddress, startProxy } from "./proxy.ts";
import { dial, type Upstream, upstream } from "./wire.ts";

const ads = { resource_api_version: "V3", ads: {} };
const types = "type.googleapis.com/envoy.extensions.filters";

const cluster = (name: string, connect_timeout = "1s"): Tree => ({
  name,
  type: "EDS",
  connect_timeout,
  eds_cluster_config: { eds_config: ads },
});
const endpoints = (cluster_name: string, ...to: Upstream[]): Tree => ({
  cluster_name,
  endpoints: [{ lb_endpoints: to.map(({ port }) => ({ endpoint: { address: socketAddress(port) } })) }],
});
const routes = (to: string, extra: readonly Tree[] = []): Tree => ({
  name: "main",
  virtual_hosts: [
    { name: "v", domains: ["*"], routes: [...extra, { match: { prefix: "/" }, route: { cluster: to } }] },
  ],
});
const listener = (server_name: string): Tree => ({
  name: "main",
  address: socketAddress(0),
  filter_chains: [
    {
      filters: [
        {
          name: "hcm",
          typed_config: {
            "@type": `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
            stat_prefix: "main",
            server_name,
            rds: { route_config_name: "main", config_source: ads },
            http_filters: [
              {
                name: "envoy.filters.http.router",
                typed_config: { "@type": `${types}.http.router.v3.Router` },
              },
            ],
          },
        },
      ],
    },
  ],
});

/** Answers every request with its name. */
function named(t: TestContext, name: string): Promise<Upstream> {
  return upstream(t, async (wire) => {
    for (;;) {
      await wire.request();
      wire.send(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`);
    }
  });
}

async function start(t: TestContext, plane: ControlPlane): Promise<Running> {
  return startProxy(t, {
    addresses: [],
    clusters: { xds: plane.port },
    workers: 2,
    bootstrap: {
      node: { id: "n", cluster: "c", metadata: { a: 1 } },
      dynamic_resources: {
        ads_config: {
          api_type: "GRPC",
          transport_api_version: "V3",
          set_node_on_first_message_only: true,
          grpc_services: [
            {
              envoy_grpc: {
                cluster_name: "xds",
                retry_policy: { retry_back_off: { base_interval: "0.05s", max_interval: "0.1s" } },
              },
            },
          ],
        },
        lds_config: ads,
        cds_config: ads,
      },
    },
  });
}

async function body(proxy: Running, path = "/"): Promise<string> {
  return (await proxy.ask(`GET ${path} HTTP/1.1\r\nHost: t\r\n\r\n`)).body;
}

async function setUp(t: TestContext) {
  const plane = await startControlPlane(t);
  const [a, b] = await Promise.all([named(t, "a"), named(t, "b")]);
  plane.set("cds", [cluster("one")]);
  plane.set("eds", [endpoints("one", a)]);
  plane.set("lds", [listener("first")]);
  plane.set("rds", [routes("one")]);
  const proxy = await start(t, plane);
  equal(await body(proxy), "a");
  return { plane, proxy, a, b };
}

/** Keeps asking on connections that stay, and on ones of their own; counts what failed. */
function load(proxy: Running, clients = 16) {
  let stopped = false;
  const failures: string[] = [];
  let answers = 0;
  const client = async (keep: boolean) => {
    let wire = await dial(proxy.port);
    while (!stopped) {
      try {
        const { status, fields } = await wire.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n").response();
        if (status !== 200) failures.push(`status ${status}`);
        answers++;
        const ended = fields.get("connection") === "close";
        if (keep && !ended) continue;
        wire.close();
        wire = await dial(proxy.port);
      } catch (error) {
        failures.push((error as Error).message);
        wire = await dial(proxy.port);
      }
    }
    wire.close();
  };
  const all = Array.from({ length: clients }, (_, i) => client(i % 2 === 0));
  return async () => {
    stopped = true;
    await Promise.all(all);
    return { failures, answers };
  };
}

test("the first request names the node, and everything is acknowledged", async (t) => {
  const { plane, proxy } = await setUp(t);
  const [first, second] = plane.requests;
  const node = first?.["node"] as Tree;
  equal(node["id"], "n");
  deepEqual(node["metadata"], { a: 1 });
  equal(second?.["node"], undefined);
  await eventually(() =>
    deepEqual(
      ["cds", "eds", "lds", "rds"].map((k) => plane.acked(k as "cds") !== ""),
      [true, true, true, true],
    ),
  );
  equal(await proxy.stat("cluster_manager.cds.update_success"), 1);
  equal(await proxy.stat("control_plane.connected_state"), 1);
  match(await proxy.fetch("/clusters"), /one::added_via_api::true/);
});

test("hundreds of updates under load fail no request", async (t) => {
  const { plane, proxy, a, b } = await setUp(t);
  const stop = load(proxy);
  for (let i = 0; i < 200; i++) {
    const now = plane.set("eds", [endpoints("one", ...(i % 3 === 0 ? [a, b] : i % 3 === 1 ? [b] : [a]))]);
    await eventually(() => equal(plane.acked("eds"), now));
  }
  for (let i = 0; i < 50; i++) {
    const extra = [{ match: { path: `/r${i}` }, direct_response: { status: 200 } }];
    const now = plane.set("rds", [routes("one", extra)]);
    await eventually(() => equal(plane.acked("rds"), now));
  }
  for (let i = 0; i < 30; i++) {
    const now = plane.set("cds", [cluster("one", `${i + 2}s`)]);
    await eventually(() => equal(plane.acked("cds"), now));
  }
  for (let i = 0; i < 30; i++) {
    const now = plane.set("lds", [listener(`s${i}`)]);
    await eventually(() => equal(plane.acked("lds"), now));
  }
  const { failures, answers } = await stop();
  deepEqual(failures, []);
  ok(answers > 500, `${answers} answers`);
});

test("a refused route configuration is answered with its faults, and the old one serves on", async (t) => {
  const { plane, proxy } = await setUp(t);
  await eventually(() => ok(plane.acked("rds") !== ""));
  const before = plane.acked("rds");
  plane.set("rds", [
    {
      name: "main",
      virtual_hosts: [
        { name: "v", domains: ["*"] },
        { name: "w", domains: ["*"] },
      ],
    },
  ]);
  await eventually(() => ok(plane.last("rds")?.["error_detail"] !== undefined));
  const detail = plane.last("rds")?.["error_detail"] as Tree;
  match(String(detail["message"]), /virtual_hosts\[1\]\.domains/);
  equal(plane.acked("rds"), before);
  equal(await body(proxy), "a");
  equal(await proxy.stat("http.main.rds.main.update_rejected"), 1);
});

test("a control plane that goes away and comes back finds what it left", async (t) => {
  const { plane, proxy, b } = await setUp(t);
  const stop = load(proxy, 4);
  await plane.stop();
  await eventually(async () => equal(await proxy.stat("control_plane.connected_state"), 0));
  plane.set("eds", [endpoints("one", b)]);
  await plane.start();
  await eventually(async () => equal(await body(proxy), "b"));
  deepEqual((await stop()).failures, []);
});

test("a cluster that is gone answers 503, and a listener that is gone refuses", async (t) => {
  const { plane, proxy } = await setUp(t);
  plane.set("cds", []);
  await eventually(async () => {
    const { status } = await proxy.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    equal(status, 503);
  });
  plane.set("lds", []);
  await eventually(async () => equal(await proxy.stat("listener_manager.listener_removed"), 1));
  await eventually(async () => {
    const refused = await dial(proxy.port).then(
      (wire) => {
        wire.close();
        return false;
      },
      () => true,
    );
    ok(refused);
  });
});
