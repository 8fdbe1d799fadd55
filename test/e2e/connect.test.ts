// CONNECT: a raw tunnel to the upstream where the route has connect_config, else an HTTP request that is sent on.
import { equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { startProxy } from "./proxy.ts";
import { upstream, type Wire } from "./wire.ts";

const connect = "CONNECT site.test:443 HTTP/1.1\r\nHost: site.test:443\r\n\r\n";

function routeTo(cluster: string, connect_config?: object, match: object = { connect_matcher: {} }) {
  const upgrade = { upgrade_type: "CONNECT", ...(connect_config && { connect_config }) };
  return { match, route: { cluster, upgrade_configs: [upgrade] } };
}
const tunnel = routeTo("up", {});

/** Sends back what comes, until the end. */
async function mirror(wire: Wire): Promise<void> {
  wire.socket.pipe(wire.socket);
  await wire.ended;
}

test("a tunnel carries what came with the head and what comes later, both ways, and nothing else", async (t) => {
  const up = await upstream(t, mirror);
  const proxy = await startProxy(t, { clusters: { up }, routes: [tunnel] });
  const wire = await proxy.dial();
  const { head } = await wire.send(`${connect}early`).head();
  match(head, /^HTTP\/1\.1 200 OK\r\n/);
  ok(!/transfer-encoding|content-length|connection/.test(head), head);
  equal(await wire.read(5), "early");
  equal(await wire.send("late").read(4), "late");
  wire.finish();
  equal(await wire.ended, "end");
  equal(await (await up.wire(0)).ended, "end");
  await proxy.settled();
  equal(await proxy.stat("cluster.up.upstream_cx_total"), 1);
  equal(await proxy.stat("cluster.up.upstream_cx_http1_total"), 0);
  equal(await proxy.stat("cluster.up.upstream_rq_200"), 1);
  equal(await proxy.stat("cluster.up.upstream_cx_tx_bytes_total"), 9);
  equal(await proxy.stat("cluster.up.upstream_cx_rx_bytes_total"), 9);
  equal(await proxy.stat("cluster.up.upstream_rq_tx_reset"), 0);
});

test("what the upstream said before it ended reaches the client, then the tunnel ends", async (t) => {
  const up = await upstream(t, async (wire) => {
    await wire.read(2);
    wire.send("farewell").finish();
  });
  const proxy = await startProxy(t, { clusters: { up }, routes: [tunnel] });
  const wire = await proxy.dial();
  await wire.send(`${connect}go`).head();
  equal(await wire.read(8), "farewell");
  equal(await wire.ended, "end");
  wire.close();
  await proxy.settled();
});

test("eight MiB echoed through a tunnel arrive whole though its buffers are small", async (t) => {
  const up = await upstream(t, mirror);
  const cluster = { per_connection_buffer_limit_bytes: 16_384 };
  const listener = { per_connection_buffer_limit_bytes: 16_384 };
  const proxy = await startProxy(t, { clusters: { up }, routes: [tunnel], cluster, listener });
  const wire = await proxy.dial();
  await wire.send(connect).head();
  const sent = Buffer.alloc(8 << 20);
  for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
  wire.send(sent);
  equal(Buffer.from(await wire.read(sent.length), "latin1").compare(sent), 0);
  wire.close();
  await proxy.settled();
});

test("a tunnel to nowhere is answered with 503", async (t) => {
  const proxy = await startProxy(t, { clusters: { up: 1 }, routes: [tunnel] });
  const { status, body } = await proxy.ask(connect);
  equal(status, 503);
  match(body, /reset reason: remote connection failure/);
  equal(await proxy.stat("cluster.up.upstream_cx_connect_fail"), 1);
  await proxy.settled();
});

test("with allow_post a POST request's body is the tunnel, and its end the end of our side", async (t) => {
  const up = await upstream(t, async (wire) => {
    await wire.until((_, ended) => ended || undefined);
    wire.send(`<${wire.received}>`).finish();
  });
  const routes = [routeTo("up", { allow_post: true }, { prefix: "/" })];
  const proxy = await startProxy(t, { clusters: { up }, routes });
  const { status, body } = await proxy.ask("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello");
  equal(status, 200);
  equal(body, "<hello>");
  await proxy.settled();
});

test("sent on to an HTTP upstream, CONNECT has its port again, and its payload waits for the 200", async (t) => {
  let seen = "";
  const up = await upstream(t, async (wire) => {
    const { head } = await wire.request();
    seen = head;
    await new Promise(setImmediate);
    equal(wire.received, "");
    wire.send("HTTP/1.1 200 OK\r\n\r\n");
    wire.send(`<${await wire.read(5)}>`);
    await wire.ended;
  });
  const hcm = { strip_any_host_port: true };
  const proxy = await startProxy(t, { clusters: { up }, routes: [routeTo("up")], hcm });
  const wire = await proxy.dial();
  await wire.send(`${connect}early`).head();
  equal(await wire.read(7), "<early>");
  match(seen, /^CONNECT site\.test:443 HTTP\/1\.1\r\nhost: site\.test:443\r\n/);
  wire.close();
  await proxy.settled();
  equal(up.failure, undefined);
});

test("a host that refuses CONNECT gets none of its payload", async (t) => {
  const up = await upstream(t, async (wire) => {
    await wire.request();
    wire.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    await wire.until((received, ended) => ended || received !== "" || undefined);
    equal(wire.received, "");
  });
  const proxy = await startProxy(t, { clusters: { up }, routes: [routeTo("up")] });
  const wire = await proxy.dial();
  wire.send(`${connect}early`);
  equal((await wire.response()).status, 403);
  wire.close();
  await proxy.settled();
  equal(up.failure, undefined);
});
