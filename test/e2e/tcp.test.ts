// TCP connections through network filters: what a client sends arrives, both ways, and both ends end as they should.
import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { startProxy } from "./proxy.ts";
import { upstream, type Wire } from "./wire.ts";

const types = "type.googleapis.com/envoy.extensions.filters";

function tcpProxy(fields: object = {}) {
  const typed_config = { "@type": `${types}.network.tcp_proxy.v3.TcpProxy`, stat_prefix: "t", cluster: "up" };
  return { name: "tcp", typed_config: { ...typed_config, ...fields } };
}
function chain(...filters: object[]) {
  return { filter_chains: [{ filters }] };
}

/** Sends back what comes, until the end. */
async function mirror(wire: Wire): Promise<void> {
  wire.socket.pipe(wire.socket);
  await wire.ended;
}

test("32 MiB echoed by tcp_proxy arrive whole, past user space, and are counted once", async (t) => {
  const up = await upstream(t, mirror);
  const proxy = await startProxy(t, { clusters: { up }, listener: chain(tcpProxy()) });
  const wire = await proxy.dial();
  const sent = Buffer.alloc(32 << 20);
  for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
  wire.send(sent).finish();
  equal(Buffer.from(await wire.read(sent.length), "latin1").compare(sent), 0);
  equal(await wire.ended, "end");
  await proxy.settled();
  equal(await proxy.stat("tcp.t.downstream_cx_rx_bytes_total"), sent.length);
  equal(await proxy.stat("tcp.t.downstream_cx_tx_bytes_total"), sent.length);
  equal(await proxy.stat("cluster.up.upstream_cx_active"), 0);
});

test("8 MiB pass small buffers, though the client reads late", async (t) => {
  const up = await upstream(t, mirror);
  const small = { per_connection_buffer_limit_bytes: 16_384 };
  const listener = { ...chain(tcpProxy()), ...small };
  const proxy = await startProxy(t, { clusters: { up }, cluster: small, listener });
  const wire = await proxy.dial();
  const sent = Buffer.alloc(8 << 20, "abcdefg");
  wire.send(sent).finish();
  equal(Buffer.from(await wire.read(sent.length), "latin1").compare(sent), 0);
  equal(await wire.ended, "end");
  await proxy.settled();
});

test("each side may end its half first", async (t) => {
  const up = await upstream(t, async (wire) => {
    if ((await wire.read(1)) === "u") {
      wire.send("bye").finish();
      await wire.ended;
    } else {
      equal(await wire.ended, "end");
      wire.send("after").finish();
    }
  });
  const proxy = await startProxy(t, { clusters: { up }, listener: chain(tcpProxy()) });
  const first = await proxy.dial();
  first.send("c").finish();
  equal(await first.read(5), "after");
  equal(await first.ended, "end");
  const second = await proxy.dial();
  equal(await second.send("u").read(3), "bye");
  equal(await second.ended, "end");
  second.send("more").finish();
  await proxy.settled();
  equal(await proxy.stat("cluster.up.upstream_cx_active"), 0);
});

test("a PROXY header that comes byte by byte is taken off, and what follows it is not", async (t) => {
  const up = await upstream(t, mirror);
  const proxy_protocol = {
    name: "proxy",
    typed_config: { "@type": `${types}.listener.proxy_protocol.v3.ProxyProtocol` },
  };
  const listener = { ...chain(tcpProxy()), listener_filters: [proxy_protocol] };
  const proxy = await startProxy(t, { clusters: { up }, listener });
  const wire = await proxy.dial();
  wire.socket.setNoDelay(true);
  for (const byte of "PROXY TCP4 203.0.113.7 198.51.100.1 4000 80\r\nhello") {
    wire.send(byte);
    await new Promise(setImmediate);
  }
  equal(await wire.read(5), "hello");
  wire.close();
  await proxy.settled();
  equal(await proxy.stat("proxy_proto.versions.v1.found"), 1);
});

test("200 connections that say nothing wait in the listener, bounded, and end with their time", async (t) => {
  const tls_inspector = {
    name: "tls",
    typed_config: { "@type": `${types}.listener.tls_inspector.v3.TlsInspector` },
  };
  const echo = { name: "echo", typed_config: { "@type": `${types}.network.echo.v3.Echo` } };
  const listener = { ...chain(echo), listener_filters: [tls_inspector], listener_filters_timeout: "0.5s" };
  const proxy = await startProxy(t, { listener });
  const wires = await Promise.all(Array.from({ length: 200 }, () => proxy.dial()));
  for (const wire of wires) wire.send("\x16\x03");
  for (const wire of wires) ok(await wire.ended);
  await proxy.settled();
});
