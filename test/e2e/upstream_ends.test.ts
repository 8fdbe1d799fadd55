// Upstreams that end, break or lie at every point of an exchange, and what the client gets then.
import { equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { eventually, startProxy } from "./proxy.ts";
import { echo, upstream, type Wire } from "./wire.ts";

const get = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

type Break = {
  readonly what: string;
  readonly script: (wire: Wire) => unknown;
  /** Of the answer; 0: none comes whole. */
  readonly status: number;
  readonly body?: string | RegExp;
  readonly head?: RegExp;
  /** What the client's connection does then; default: it stays open. */
  readonly closes?: boolean;
};

const head = "HTTP/1.1 200 OK\r\n";
const whole = `${head}content-length: 5\r\n\r\nhello`;
const breaks: readonly Break[] = [
  { what: "ends before the head", script: (w) => w.finish(), status: 503, body: /connection termination/ },
  { what: "resets before the head", script: (w) => w.reset(), status: 503, body: /connection termination/ },
  { what: "ends inside the head", script: (w) => w.send("HTTP/1.1 200").finish(), status: 502 },
  { what: "resets inside the head", script: (w) => w.send(head).reset(), status: 502 },
  {
    what: "ends after the head",
    script: (w) => w.send(`${head}content-length: 5\r\n\r\n`).finish(),
    status: 0,
    closes: true,
  },
  {
    what: "ends inside the body",
    script: (w) => w.send(`${head}content-length: 5\r\n\r\nhel`).finish(),
    status: 0,
    closes: true,
  },
  {
    what: "ends inside a chunk",
    script: (w) => w.send(`${head}transfer-encoding: chunked\r\n\r\n5\r\nhel`).finish(),
    status: 0,
    closes: true,
  },
  {
    what: "ends between chunks",
    script: (w) => w.send(`${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`).finish(),
    status: 0,
    closes: true,
  },
  {
    what: "ends before the last empty line",
    script: (w) => w.send(`${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`).finish(),
    status: 0,
    closes: true,
  },
  { what: "ends after the answer", script: (w) => w.send(whole).finish(), status: 200, body: "hello" },
  {
    what: "sends bytes behind the answer",
    script: (w) => w.send(`${whole}HTTP/1.1 200 OK\r\n\r\nevil`),
    status: 200,
    body: "hello",
  },
  {
    what: "sends a status line that is none",
    script: (w) => w.send("NOPE\r\n\r\n"),
    status: 502,
    body: /protocol error/,
  },
  {
    what: "sends both lengths",
    script: (w) => w.send(`${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    status: 502,
  },
  {
    what: "sends two lengths",
    script: (w) => w.send(`${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`),
    status: 502,
  },
  {
    what: "sends a NUL in a field",
    script: (w) => w.send(`${head}x: a\0b\r\ncontent-length: 0\r\n\r\n`),
    status: 502,
  },
  {
    what: "splits its answer with a bare CR",
    script: (w) => w.send(`${head}x: a\rset-cookie: b\r\ncontent-length: 0\r\n\r\n`),
    status: 200,
    head: /x: aset-cookie: b/, // Envoy drops it, too
  },
  {
    what: "sends a head without end",
    script: (w) => w.send(`${head}x: ${"a".repeat(100_000)}`),
    status: 502,
  },
  {
    what: "sends interim answers without end",
    script: (w) => w.send("HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000)),
    status: 502,
  },
  {
    what: "sends a chunk size past 64 bits",
    script: (w) => w.send(`${head}transfer-encoding: chunked\r\n\r\n11111111111111111\r\n`),
    status: 0,
    closes: true,
  },
  {
    what: "switches protocols unasked",
    script: (w) => w.send("HTTP/1.1 101 Switching Protocols\r\n\r\nraw"),
    status: 502,
  },
];

test("whatever an upstream breaks, the client gets the truth, and the next request is answered", async (t) => {
  let script: (wire: Wire) => unknown = echo;
  const up = await upstream(t, async (wire) => {
    while (!wire.hasEnded) {
      await wire.request();
      await script(wire);
    }
  });
  const proxy = await startProxy(t, { clusters: { up } });
  for (const row of breaks) {
    await t.test(row.what, async () => {
      script = row.script;
      const wire = await proxy.dial();
      t.after(() => wire.close());
      wire.send(get);
      if (row.status === 0) {
        equal((await wire.head()).head.slice(0, 12), "HTTP/1.1 200");
        await wire.ended;
        ok(!/0\r\n\r\n$/.test(wire.received), wire.received);
      } else {
        const response = await wire.response();
        equal(response.status, row.status, response.body);
        if (typeof row.body === "string") equal(response.body, row.body);
        else if (row.body !== undefined) match(response.body, row.body);
        if (row.head !== undefined) match(response.head, row.head);
        // The connection goes on, with nothing of the broken exchange in it.
        script = (there) => there.send(whole);
        const next = await wire.send(get).response();
        equal(`${next.status} ${next.body}`, "200 hello");
        equal(wire.received, "");
      }
      wire.close();
      await proxy.settled();
    });
  }
});

test("a request on a dead idle connection is sent again on a fresh one", async (t) => {
  const up = await upstream(t, async (wire, index) => {
    await wire.request();
    wire.send(whole);
    if (index > 0) return;
    // The end comes while nobody looks: the worker reads it with, or after, the next request.
    wire.socket.pause();
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  equal((await wire.send(get).response()).status, 200);
  for (let i = 0; i < 20; i++) {
    up.wires.at(-1)!.reset();
    const response = await wire.send(get).response();
    equal(response.status, 200, `${i}: ${response.body}`);
  }
  wire.close();
  await proxy.settled();
});

test("bytes on an idle upstream connection end it", async (t) => {
  const up = await upstream(t, async (wire) => {
    await wire.request();
    wire.send(whole);
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  equal((await wire.send(get).response()).body, "hello");
  up.wires[0]!.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
  await up.wires[0]!.ended;
  equal((await wire.send(get).response()).body, "hello");
  equal(up.wires.length, 2);
  wire.close();
});

test("a refused and a silent connect are answered and counted", async (t) => {
  const gone = await upstream(t, () => undefined);
  const port = gone.port;
  await gone.close();
  const proxy = await startProxy(t, { clusters: { up: port } });
  const answer = await proxy.ask(get);
  equal(answer.status, 503);
  match(answer.body, /remote connection failure/);
  equal(await proxy.stat("cluster.up.upstream_cx_connect_fail"), 1);
  await proxy.settled();
});

test("an open circuit breaker answers 503, and closes again", async (t) => {
  const held: Wire[] = [];
  const up = await upstream(t, async (wire) => {
    while (!wire.hasEnded) {
      await wire.request();
      held.push(wire);
    }
  });
  const proxy = await startProxy(t, {
    clusters: { up },
    cluster: {
      circuit_breakers: {
        thresholds: [{ max_requests: 2, max_connections: 2, max_pending_requests: 2, track_remaining: true }],
      },
    },
  });
  const wires = await Promise.all(Array.from({ length: 8 }, () => proxy.dial()));
  const answers = wires.map((wire) => wire.response());
  for (const wire of wires.slice(0, 2)) wire.send(get);
  await eventually(() => equal(held.length, 2));
  for (const wire of wires.slice(2)) wire.send(get);
  // Two are sent, two wait; the others overflow.
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_rq_pending_overflow"), 4));
  for (let done = 0; done < 4; done++) {
    const wire = await eventually(() => {
      ok(held.length > 0);
      return held.shift()!;
    });
    wire.send(whole);
  }
  const statuses = (await Promise.all(answers)).map((answer) => answer.status).sort();
  equal(statuses.join(), "200,200,200,200,503,503,503,503");
  for (const wire of wires) wire.close();
  await proxy.settled();
  equal(await proxy.stat("cluster.up.circuit_breakers.default.remaining_rq"), 2);
  equal(await proxy.stat("cluster.up.circuit_breakers.default.remaining_pending"), 2);
});

test("more waiting requests than may be sent at once are refused, and the connection serves others", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, {
    clusters: { up },
    cluster: { circuit_breakers: { thresholds: [{ max_requests: 1 }] } },
  });
  const wires = await Promise.all(Array.from({ length: 6 }, () => proxy.dial()));
  for (let round = 0; round < 5; round++) {
    for (const wire of wires) wire.send(get);
    for (const wire of wires) ok([200, 503].includes((await wire.response()).status));
  }
  equal((await wires[0]!.send(get).response()).status, 200);
  for (const wire of wires) wire.close();
  await proxy.settled();
  // Those that found no request to carry wait in the pool for the next ones.
  const connections = await proxy.stat("cluster.up.upstream_cx_total");
  for (let i = 0; i < 5; i++) equal((await proxy.ask(get)).status, 200);
  equal(await proxy.stat("cluster.up.upstream_cx_total"), connections);
});

test("an upstream connection carries max_requests_per_connection requests", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, {
    clusters: { up },
    cluster: {
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
          explicit_http_config: { http_protocol_options: {} },
          common_http_protocol_options: { max_requests_per_connection: 3 },
        },
      },
    },
  });
  const wire = await proxy.dial();
  for (let i = 0; i < 9; i++) equal((await wire.send(get).response()).status, 200);
  equal(up.wires.length, 3);
  wire.close();
  await proxy.settled();
});
