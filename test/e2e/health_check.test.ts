// Active health checks from end to end: hosts leave and come back, and nothing is served before the first check.
import { deepEqual, equal, match } from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { eventually, socketAddress, startProxy } from "./proxy.ts";

/** An upstream whose health can be set, and that counts its checks. */
async function host(t: TestContext, name: string) {
  const state = { health: 200, checks: 0 };
  const server = createServer(({ url }, response) => {
    if (url !== "/health") return void response.end(name);
    state.checks += 1;
    response.writeHead(state.health).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { state, port: (server.address() as AddressInfo).port };
}

const check = {
  timeout: "5s",
  interval: "0.02s",
  no_traffic_interval: "0.02s",
  unhealthy_threshold: 3,
  healthy_threshold: 2,
  http_health_check: { path: "/health", retriable_statuses: [{ start: 503, end: 504 }] },
};

test("a host that fails its checks gets no traffic until it is well again", async (t) => {
  const a = await host(t, "a");
  const b = await host(t, "b");
  b.state.health = 500;
  const lb_endpoints = [a, b].map(({ port }) => ({ endpoint: { address: socketAddress(port) } }));
  const up = {
    load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints }] },
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    health_checks: [check],
  };
  const proxy = await startProxy(t, { clusters: { up }, workers: 1 });
  const answers = async () => {
    const wire = await proxy.dial();
    const seen = new Set<string>();
    for (let i = 0; i < 6; i += 1) {
      seen.add((await wire.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n").response()).body);
    }
    wire.close();
    return [...seen].sort();
  };
  deepEqual(await answers(), ["a"], "b failed its first check, which came before the first request");
  b.state.health = 200;
  await eventually(async () => deepEqual(await answers(), ["a", "b"]));
  a.state.health = 503;
  const before = a.state.checks;
  await eventually(async () => deepEqual(await answers(), ["b"]));
  equal(a.state.checks - before >= 3, true, "a retriable status counts towards the threshold");
  b.state.health = 500;
  await eventually(async () => deepEqual(await answers(), ["no healthy upstream"]));
  match(await proxy.fetch("/clusters"), /health_flags::\/failed_active_hc/);
  match(await proxy.fetch("/stats?filter=health_check"), /cluster\.up\.health_check\.healthy: 0/);
});
