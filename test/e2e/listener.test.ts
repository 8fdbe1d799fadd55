// Sockets: how many connections a listener takes, who serves them, and where they come in.
import { equal, match, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { bootstrapOf, eventually, type Running, socketAddress, startProxy } from "./proxy.ts";
import { dial, type Wire } from "./wire.ts";

const routes = [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "hi" } } }];
const get = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

/** A connection that has been served once, so that a worker has it for sure. */
async function served(to: number | string): Promise<Wire> {
  const wire = await dial(to);
  equal((await wire.send(get).response()).status, 200);
  return wire;
}
/** Connects; the proxy ends the connection without a word. */
async function refused(proxy: Running): Promise<void> {
  const wire = await proxy.dial();
  await wire.ended;
  equal(wire.received, "");
  wire.close();
}
/** Of the listeners' statistics that end so. */
async function values(proxy: Running, name: string): Promise<number[]> {
  const stats = await proxy.stats(`^listener\\.127.*${name}$`);
  return [...stats].filter(([key]) => key !== "").map(([, value]) => value);
}
function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "outrider-listener-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
/** A second proxy that must not start. @returns what it says */
async function startFails(t: TestContext, address: object): Promise<string> {
  const path = join(folder(t), "bootstrap.json");
  writeFileSync(path, JSON.stringify(bootstrapOf({ routes, addresses: [address as never] })));
  const program = join(import.meta.dirname, "../../bin/outrider");
  const child = spawn(program, ["-c", path, "--concurrency", "2"], { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  equal(await new Promise((resolve) => child.on("close", resolve)), 1, errors);
  return errors;
}

for (const reuse of [true, false]) {
  test(`exact balance gives each worker its share, SO_REUSEPORT ${reuse ? "or not" : "off"}`, async (t) => {
    const proxy = await startProxy(t, {
      routes,
      listener: { connection_balance_config: { exact_balance: {} }, enable_reuse_port: reuse },
      workers: 3,
    });
    const wires: Wire[] = [];
    for (let i = 0; i < 12; i++) wires.push(await served(proxy.port));
    equal((await values(proxy, "worker_.*downstream_cx_active")).join(), "4,4,4");
    for (const wire of wires) wire.close();
    await proxy.settled();
    // Those that have gone are not counted any more.
    for (let i = 0; i < 3; i++) wires.push(await served(proxy.port));
    equal((await values(proxy, "worker_.*downstream_cx_active")).join(), "1,1,1");
    for (const wire of wires) wire.close();
    await proxy.settled();
  });
}

test("a listener's connection limit follows the runtime", async (t) => {
  const proxy = await startProxy(t, { routes });
  const key = "envoy.resource_limits.listener.in0.connection_limit";
  const first = await served(proxy.port);
  await proxy.fetch(`/runtime_modify?${key}=1`, "POST");
  await refused(proxy);
  equal(await proxy.stat(`listener.127.0.0.1_0.downstream_cx_overflow`), 1);
  await proxy.fetch(`/runtime_modify?${key}=2`, "POST");
  const second = await served(proxy.port);
  await refused(proxy);
  first.close();
  await eventually(async () => (await served(proxy.port)).close());
  second.close();
  await proxy.settled();
});

for (const [how, bootstrap] of [
  [
    "the overload manager",
    {
      overload_manager: {
        resource_monitors: [
          {
            name: "envoy.resource_monitors.global_downstream_max_connections",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
              max_active_downstream_connections: 2,
            },
          },
        ],
      },
    },
  ],
  [
    "the runtime",
    {
      layered_runtime: {
        layers: [{ name: "s", static_layer: { "overload.global_downstream_max_connections": 2 } }],
      },
    },
  ],
] as const) {
  test(`all listeners together keep to the limit that ${how} gives`, async (t) => {
    const addresses = [socketAddress(0), socketAddress(0)];
    const proxy = await startProxy(t, { routes, bootstrap, addresses });
    const wires = [await served(proxy.ports[0]!), await served(proxy.ports[1]!)];
    await refused(proxy);
    equal(
      (await values(proxy, "downstream_global_cx_overflow")).reduce((sum, n) => sum + n),
      1,
    );
    for (const wire of wires) wire.close();
    await eventually(async () => (await served(proxy.port)).close());
    await proxy.settled();
  });

  test(`a listener may ignore the limit that ${how} gives`, async (t) => {
    const listener = { ignore_global_conn_limit: true };
    const proxy = await startProxy(t, { routes, bootstrap, listener });
    const wires: Wire[] = [];
    for (let i = 0; i < 4; i++) wires.push(await served(proxy.port));
    for (const wire of wires) wire.close();
    await proxy.settled();
  });
}

test("workers that listen on port 0 share one port, also with SO_REUSEPORT", async (t) => {
  const proxy = await startProxy(t, { routes, workers: 4 });
  for (let i = 0; i < 40; i++) (await served(proxy.port)).close();
  await proxy.settled();
});

test("an IPv6 listener with ipv4_compat takes both, and sees an IPv4 peer as one", async (t) => {
  const address = { socket_address: { address: "::", port_value: 0, ipv4_compat: true } };
  const says = { text_format_source: { inline_string: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" } };
  const proxy = await startProxy(t, {
    routes: [{ match: { prefix: "/" }, direct_response: { status: 400, body: { inline_string: "x" } } }],
    hcm: { local_reply_config: { body_format: says } },
    addresses: [address],
  });
  equal((await proxy.ask(get)).body, "127.0.0.1");
  const six = await dial({ host: "::1", port: proxy.port });
  equal((await six.send(get).response()).body, "::1");
  six.close();
});

test("a Unix socket has its mode, and a dead process's socket is replaced", async (t) => {
  const path = join(folder(t), "socket");
  // A process that is killed leaves its socket behind.
  const listen = `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const dead = spawn(process.execPath, ["-e", listen], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => dead.stdout.once("data", resolve));
  dead.kill("SIGKILL");
  await new Promise((resolve) => dead.once("close", resolve));
  ok(existsSync(path));
  const proxy = await startProxy(t, { routes, addresses: [{ pipe: { path, mode: 0o620 } }] });
  equal(statSync(path).mode & 0o777, 0o620);
  (await served(path)).close();
  await proxy.settled();
});

test("a Unix socket that somebody listens on is not taken from him", async (t) => {
  const path = join(folder(t), "socket");
  const server = createServer((socket) => socket.on("error", () => {}).end("mine"));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  match(await startFails(t, { pipe: { path } }), /cannot bind .*socket: Address already in use/);
  const wire = await dial(path);
  equal(await wire.read(4), "mine");
  wire.close();
});

test("an abstract socket serves", async (t) => {
  const name = `outrider-test-${process.pid}`;
  const proxy = await startProxy(t, { routes, addresses: [{ pipe: { path: `@${name}` } }] });
  (await served(`\0${name}`)).close();
  await proxy.settled();
});

test("a port that is taken is named, and who may have it", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const said = await startFails(t, socketAddress(port));
  match(
    said,
    new RegExp(`127\\.0\\.0\\.1:${port}.*Address already in use \\(another listener or another process`),
  );
});
