// Clients that end, break, stall or lie: nothing is left behind, nobody else notices, memory stays bounded.
import { equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { eventually, startProxy } from "./proxy.ts";
import { dial, echo, upstream, type Wire } from "./wire.ts";

const get = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
const post = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n";
const chunked = "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";

test("wherever a client ends or resets, nothing of it stays", async (t) => {
  const up = await upstream(t, async (wire) => {
    const { head } = await wire.request();
    if (head.startsWith("GET")) wire.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome");
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const points = {
    "before it speaks": "",
    "inside the request line": "GET /",
    "inside the head": "GET / HTTP/1.1\r\nHost",
    "after the head": post,
    "inside the body": `${post}some`,
    "inside a chunk": `${chunked}5\r\nhel`,
    "inside the trailers": `${chunked}0\r\nx: y\r\n`,
    "while it waits": get,
    "with a pipelined request behind": get + get,
    "with half a request behind": `${get}GET /`,
  };
  const base = proxy.descriptors();
  for (const [where, bytes] of Object.entries(points)) {
    for (const how of ["finish", "reset", "close"] as const) {
      const wire = await proxy.dial();
      wire.send(bytes);
      if (bytes.startsWith(get)) await wire.until((text) => text.includes("some") || undefined);
      else if (bytes !== "")
        await eventually(async () => ok((await proxy.stat("http.in.downstream_cx_rx_bytes_total")) > 0));
      wire[how]();
      await eventually(() => proxy.settled()).catch((error) => {
        throw new Error(`${where}, ${how}: ${error}`);
      });
      wire.close();
    }
  }
  for (const wire of up.wires) wire.close();
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_cx_active"), 0));
  await eventually(() =>
    ok(proxy.descriptors() <= base + 2, `${base} descriptors became ${proxy.descriptors()}`),
  );
});

test("a big answer to a client that does not read stops at the watermarks, and arrives whole in the end", async (t) => {
  const size = 48 * 1024 * 1024;
  for (const framing of ["length", "chunks"]) {
    const up = await upstream(t, async (wire) => {
      await wire.request();
      const piece = Buffer.alloc(1 << 20, 0x61);
      const head = framing === "length" ? `content-length: ${size}` : "transfer-encoding: chunked";
      wire.send(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
      for (let sent = 0; sent < size; sent += piece.length) {
        if (framing === "chunks") wire.send("100000\r\n");
        if (!wire.socket.write(piece)) await new Promise((resolve) => wire.socket.once("drain", resolve));
        if (framing === "chunks") wire.send("\r\n");
      }
      if (framing === "chunks") wire.send("0\r\n\r\n");
    });
    const proxy = await startProxy(t, { clusters: { up } });
    const before = proxy.residentKib();
    const wire = await proxy.dial();
    wire.socket.pause();
    wire.send(get);
    // Until the upstream, too, is held back.
    const there = await up.wire(0);
    await eventually(() => ok(there.socket.writableLength > 0 && there.socket.writableNeedDrain));
    const grown = proxy.residentKib() - before;
    ok(grown < 24 * 1024, `${grown} KiB more`);
    wire.socket.resume();
    wire.received = "";
    const digest = { bytes: 0 };
    wire.socket.on("data", (data) => {
      digest.bytes += data.length;
      wire.received = wire.received.slice(-64);
    });
    await eventually(() => ok(wire.receivedBytes >= size));
    if (framing === "chunks") {
      await wire.until((text) => text.endsWith("0\r\n\r\n") || undefined);
      const stats = await proxy.stats("flow_control");
      ok((stats.get("cluster.up.upstream_flow_control_paused_reading_total") ?? 0) >= 0);
    }
    wire.close();
    await proxy.settled();
  }
});

test("a big request to an upstream that does not read stops at the watermarks, and arrives whole", async (t) => {
  const size = 48 * 1024 * 1024;
  let taken = 0;
  const up = await upstream(t, async (wire) => {
    await wire.head();
    taken = wire.received.length;
    wire.received = "";
    wire.socket.pause();
    wire.socket.removeAllListeners("data");
    wire.socket.on("data", (data) => {
      taken += data.length;
      if (taken === size) wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    wire.socket.pause();
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const before = proxy.residentKib();
  const wire = await proxy.dial();
  wire.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${size}\r\n\r\n`);
  const piece = Buffer.alloc(1 << 20, 0x62);
  for (let sent = 0; sent < size; sent += piece.length) wire.socket.write(piece);
  const there = await up.wire(0);
  await eventually(async () =>
    ok((await proxy.stat("http.in.downstream_flow_control_paused_reading_total")) > 0),
  );
  const grown = proxy.residentKib() - before;
  ok(grown < 24 * 1024, `${grown} KiB more`);
  there.socket.resume();
  equal((await wire.response()).body, "ok");
  equal(taken, size);
  const stats = await proxy.stats("http.in.downstream_flow_control");
  equal(
    stats.get("http.in.downstream_flow_control_paused_reading_total"),
    stats.get("http.in.downstream_flow_control_resumed_reading_total"),
  );
  wire.close();
  await proxy.settled();
});

test("a client that pipelines and never reads is not answered without end", async (t) => {
  const body = "x".repeat(4000);
  const proxy = await startProxy(t, {
    routes: [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } }],
    listener: { per_connection_buffer_limit_bytes: 65_536 },
  });
  const before = proxy.residentKib();
  const wire = await proxy.dial();
  wire.socket.pause();
  const count = 50_000; // 200 MB of answers
  const many = Buffer.from(get.repeat(1000));
  for (let i = 0; i < count / 1000; i++) wire.socket.write(many);
  // It stops taking requests long before the last.
  let last = -1;
  for (let same = 0; same < 20; ) {
    const now = await proxy.stat("http.in.downstream_rq_total");
    same = now === last ? same + 1 : 0;
    last = now;
  }
  ok(last < count / 4, `${last} were answered`);
  const grown = proxy.residentKib() - before;
  ok(grown < 64 * 1024, `${grown} KiB more`); // the figures asked for are most of it
  wire.socket.resume();
  let seen = 0;
  wire.socket.on("data", () => {
    seen += wire.received.length;
    wire.received = "";
  });
  await eventually(async () => equal(await proxy.stat("http.in.downstream_rq_total"), count));
  wire.close();
  await proxy.settled();
  ok(seen > 0);
});

test("pipelined answers that fill the client's socket do not hold back the upstream's for ever", async (t) => {
  const body = "y".repeat(300_000);
  const up = await upstream(t, async (wire) => {
    for (;;) {
      await wire.request();
      wire.send(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    }
  });
  const proxy = await startProxy(t, {
    clusters: { up },
    listener: { per_connection_buffer_limit_bytes: 32_768 },
  });
  const wire = await proxy.dial();
  wire.socket.pause();
  wire.send(get.repeat(40));
  await eventually(async () => ok((await proxy.stat("http.in.downstream_rq_total")) > 5)).catch(
    () => undefined,
  );
  wire.socket.resume();
  for (let i = 0; i < 40; i++) equal((await wire.response()).body.length, body.length);
  wire.close();
  await proxy.settled();
});

test("a slow reader of a last answer gets all of it", async (t) => {
  const size = 4 * 1024 * 1024;
  const up = await upstream(t, async (wire) => {
    await wire.request();
    wire.send(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${"z".repeat(size)}`);
  });
  const proxy = await startProxy(t, {
    clusters: { up },
    listener: { per_connection_buffer_limit_bytes: 16 * 1024 * 1024 },
  });
  const wire = await proxy.dial();
  wire.socket.pause();
  wire.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  await eventually(async () => equal(await proxy.stat("http.in.downstream_rq_2xx"), 1));
  // Longer than any close timeout without a byte read would allow in the old days.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  wire.socket.resume();
  equal((await wire.response()).body.length, size);
  equal(await wire.ended, "end");
  wire.close();
  await proxy.settled();
});

test("a connection ends behind max_requests_per_connection, and says so", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, {
    clusters: { up },
    hcm: { common_http_protocol_options: { max_requests_per_connection: 3 } },
  });
  const wire = await proxy.dial();
  wire.send(get.repeat(5));
  const ends = [];
  for (let i = 0; i < 3; i++) ends.push((await wire.response()).fields.get("connection"));
  equal(ends.join(), ",,close");
  equal(await wire.ended, "end");
  equal(wire.received, "");
  wire.close();
  await proxy.settled();
});

test("slow heads, slow bodies and idle connections are bounded by their timeouts", async (t) => {
  const up = await upstream(t, async (wire) => {
    await wire.head();
  });
  const proxy = await startProxy(t, {
    clusters: { up },
    hcm: {
      request_headers_timeout: "0.2s",
      request_timeout: "0.4s",
      stream_idle_timeout: "5s",
      drain_timeout: "0.05s",
      common_http_protocol_options: { idle_timeout: "0.3s" },
    },
  });
  const slow = async (first: string, then: string) => {
    const wire = await proxy.dial();
    wire.send(first);
    const timer = setInterval(() => wire.send(then), 20);
    const response = await wire.response().finally(() => clearInterval(timer));
    await wire.ended;
    wire.close();
    return `${response.status} ${response.body}`;
  };
  equal(await slow("GET / HTTP/1.1\r\nHost: t\r\n", "x: y\r\n"), "408 request header timeout");
  equal(await slow(post, "b"), "408 request timeout");
  equal(await slow(chunked, "1\r\nb\r\n"), "408 request timeout");
  const idle = await proxy.dial();
  equal(await idle.ended, "end");
  equal(idle.received, "");
  idle.close();
  await proxy.settled();
  const stats = await proxy.stats("http.in.downstream");
  equal(stats.get("http.in.downstream_rq_header_timeout"), 1);
  equal(stats.get("http.in.downstream_rq_timeout"), 2);
  equal(stats.get("http.in.downstream_cx_idle_timeout"), 1);
});

test("running out of descriptors refuses for a while and heals", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, { clusters: { up }, shell: "ulimit -n 90" });
  const wires: Wire[] = await Promise.all(Array.from({ length: 120 }, () => dial(proxy.port)));
  for (const wire of wires) wire.send(get);
  const statuses = new Set<number>();
  await Promise.all(
    wires.slice(0, 5).map(async (wire) => {
      statuses.add((await wire.response()).status);
    }),
  );
  for (const status of statuses) ok([200, 503].includes(status), String(status));
  for (const wire of wires) wire.close();
  await eventually(async () => equal((await proxy.ask(get)).status, 200));
  await proxy.settled();
});

test("Unix sockets and IPv6, and a long answer through either", async (t) => {
  const size = 3 * 1024 * 1024;
  const path = `@outrider-e2e-${process.pid}`;
  const up = await upstream(t, async (wire) => {
    for (;;) {
      await wire.request();
      wire.send(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${"u".repeat(size)}`);
    }
  });
  const proxy = await startProxy(t, {
    clusters: { up },
    addresses: [
      { socket_address: { address: "::1", port_value: 0 } },
      { pipe: { path } },
      { socket_address: { address: "127.0.0.1", port_value: 0 } },
    ],
  });
  for (const to of [{ host: "::1", port: proxy.ports[0]! }, `\0${path.slice(1)}`, proxy.ports[2]!]) {
    const wire = await dial(to);
    for (let i = 0; i < 2; i++) equal((await wire.send(get).response()).body.length, size);
    wire.close();
  }
  await proxy.settled();
  match((await proxy.fetch("/listeners")).trim(), /::/);
});
