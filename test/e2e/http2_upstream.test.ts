// HTTP/2 behind the proxy: Node's own server is the upstream, HTTP/1 the client.
import { equal, match, ok } from "node:assert/strict";
import {
  constants,
  createServer,
  type Http2Stream,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { eventually, startProxy } from "./proxy.ts";

type Handler = (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>) => void;
type Server = { readonly port: number; readonly sessions: ServerHttp2Session[] };

const answer: Handler = (stream, headers) => {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => {});
  stream.on("end", () => {
    if (stream.destroyed) return;
    stream.respond({ ":status": 200, "x-path": String(headers[":path"]) });
    stream.end(Buffer.concat(chunks));
  });
};

async function serve(t: TestContext, handler: Handler, settings = {}): Promise<Server> {
  const sessions: ServerHttp2Session[] = [];
  const server = createServer({ settings });
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("stream", handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

const types = "type.googleapis.com/envoy.extensions.upstreams.http.v3";
const http2 = (options = {}, more = {}) => ({
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": `${types}.HttpProtocolOptions`,
      explicit_http_config: { http2_protocol_options: options },
      ...more,
    },
  },
});
const get = (path = "/") => `GET ${path} HTTP/1.1\r\nHost: t\r\n\r\n`;

test("a request with a body and its answer cross from HTTP/1 to HTTP/2 and back", async (t) => {
  const up = await serve(t, answer);
  const proxy = await startProxy(t, { clusters: { up: up.port }, cluster: http2() });
  for (const bytes of [0, 1, 70_000, 3_000_000]) {
    const body = "b".repeat(bytes);
    const got = await proxy.ask(`POST /p HTTP/1.1\r\nHost: t\r\ncontent-length: ${bytes}\r\n\r\n${body}`);
    equal(got.status, 200);
    equal(got.body.length, bytes);
  }
  const chunked = await proxy.ask(
    "POST /c HTTP/1.1\r\nHost: t\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  );
  equal(chunked.body, "hello");
  equal(await proxy.stat("cluster.up.upstream_cx_http2_total"), 1);
  await proxy.settled();
});

test("the old field of a cluster chooses HTTP/2, too", async (t) => {
  const up = await serve(t, answer);
  const proxy = await startProxy(t, { clusters: { up: up.port }, cluster: { http2_protocol_options: {} } });
  equal((await proxy.ask(get())).status, 200);
  equal(up.sessions.length, 1);
});

test("many requests at once share one connection", async (t) => {
  const waiting: ServerHttp2Stream[] = [];
  const up = await serve(t, (stream) => {
    waiting.push(stream);
    if (waiting.length < 90) return;
    for (const each of waiting) {
      each.respond({ ":status": 200 });
      each.end("ok");
    }
  });
  const proxy = await startProxy(t, { clusters: { up: up.port }, cluster: http2() });
  const answers = await Promise.all(Array.from({ length: 90 }, () => proxy.ask(get())));
  ok(answers.every((each) => each.status === 200 && each.body === "ok"));
  equal(await proxy.stat("cluster.up.upstream_cx_total"), 1);
  await proxy.settled();
});

for (const [whose, settings, options] of [
  ["peer's", { maxConcurrentStreams: 2 }, {}],
  ["cluster's", {}, { max_concurrent_streams: 2 }],
] as const) {
  test(`no connection carries more streams than the ${whose} limit`, async (t) => {
    let most = 0;
    const open = new Map<unknown, number>();
    const up = await serve(
      t,
      (stream) => {
        const now = (open.get(stream.session) ?? 0) + 1;
        open.set(stream.session, now);
        most = Math.max(most, now);
        setImmediate(() => {
          open.set(stream.session, (open.get(stream.session) ?? 0) - 1);
          stream.respond({ ":status": 200 });
          stream.end("ok");
        });
      },
      settings,
    );
    const proxy = await startProxy(t, { clusters: { up: up.port }, cluster: http2(options) });
    equal((await proxy.ask(get())).status, 200); // its settings are known from here on
    const answers = await Promise.all(Array.from({ length: 40 }, () => proxy.ask(get())));
    ok(answers.every((each) => each.status === 200));
    ok(most <= 2, `${most} at once`);
    await proxy.settled();
  });
}

const resets = [
  ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR, 503, /remote reset/, "UR"],
  ["REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM, 503, /remote refused stream reset/, "UR"],
  ["PROTOCOL_ERROR", constants.NGHTTP2_PROTOCOL_ERROR, 502, /protocol error/, "UPE"],
] as const;
for (const [name, code, status, text] of resets) {
  test(`a stream that ends with ${name} is answered ${status}, and the connection goes on`, async (t) => {
    const up = await serve(t, (stream, headers) => {
      stream.on("error", () => {});
      headers[":path"] === "/bad" ? stream.close(code) : answer(stream, headers);
    });
    const proxy = await startProxy(t, { clusters: { up: up.port }, cluster: http2() });
    const got = await proxy.ask(get("/bad"));
    equal(got.status, status);
    match(got.body, text);
    equal((await proxy.ask(get())).status, 200);
    equal(await proxy.stat("cluster.up.upstream_cx_total"), 1);
    await proxy.settled();
  });
}

test("a refused stream is tried again where the route says so", async (t) => {
  let tries = 0;
  const up = await serve(t, (stream, headers) => {
    stream.on("error", () => {});
    ++tries < 3 ? stream.close(constants.NGHTTP2_REFUSED_STREAM) : answer(stream, headers);
  });
  const retry_policy = { retry_on: "refused-stream", num_retries: 4 };
  const proxy = await startProxy(t, {
    clusters: { up: up.port },
    cluster: http2(),
    routes: [{ match: { prefix: "/" }, route: { cluster: "up", retry_policy } }],
  });
  equal((await proxy.ask(get())).status, 200);
  equal(tries, 3);
  await proxy.settled();
});

test("after GOAWAY what is under way ends, and new requests go over a new connection", async (t) => {
  const held: ServerHttp2Stream[] = [];
  const up = await serve(t, (stream, headers) => {
    headers[":path"] === "/held" ? held.push(stream) : answer(stream, headers);
  });
  const proxy = await startProxy(t, { clusters: { up: up.port }, cluster: http2() });
  const slow = proxy.ask(get("/held"));
  const stream = await eventually(() => {
    ok(held[0] !== undefined);
    return held[0];
  });
  up.sessions[0]?.goaway(0, (stream as Http2Stream).id);
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_cx_close_notify"), 1));
  equal((await proxy.ask(get("/next"))).status, 200);
  equal(up.sessions.length, 2);
  stream.respond({ ":status": 200 });
  stream.end("late");
  equal((await slow).body, "late");
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_cx_active"), 1));
  await proxy.settled();
});

test("a connection carries max_requests_per_connection requests, and idles no longer than it may", async (t) => {
  const up = await serve(t, answer);
  const common_http_protocol_options = { max_requests_per_connection: 3, idle_timeout: "0.2s" };
  const proxy = await startProxy(t, {
    clusters: { up: up.port },
    cluster: http2({}, { common_http_protocol_options }),
  });
  for (let i = 0; i < 7; i++) equal((await proxy.ask(get())).status, 200);
  equal(up.sessions.length, 3);
  equal(await proxy.stat("cluster.up.upstream_cx_max_requests"), 2);
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_cx_idle_timeout"), 1));
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_cx_active"), 0));
});

test("a connection that ends takes its exchanges with it, and the next request has a new one", async (t) => {
  const up = await serve(t, (stream, headers) => {
    stream.on("error", () => {});
    headers[":path"] === "/cut" ? stream.session?.destroy() : answer(stream, headers);
  });
  const proxy = await startProxy(t, { clusters: { up: up.port }, cluster: http2() });
  equal((await proxy.ask(get("/cut"))).status, 503);
  equal((await proxy.ask(get())).status, 200);
  equal(await proxy.stat("cluster.up.upstream_cx_destroy_remote_with_active_rq"), 1);
  await proxy.settled();
});

test("an upgrade goes out as extended CONNECT and comes back as 101", async (t) => {
  let seen: Readonly<Record<string, unknown>> = {};
  const up = await serve(
    t,
    (stream, headers) => {
      seen = headers;
      stream.on("error", () => {});
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    },
    { enableConnectProtocol: true },
  );
  const proxy = await startProxy(t, {
    clusters: { up: up.port },
    cluster: http2(),
    hcm: { upgrade_configs: [{ upgrade_type: "websocket" }] },
  });
  const wire = await proxy.dial();
  wire.send("GET /chat HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  match((await wire.head()).head, /^HTTP\/1.1 101 /);
  equal(await wire.send("ping").read(4), "ping");
  equal(seen[":method"], "CONNECT");
  equal(seen[":protocol"], "websocket");
  equal(seen[":path"], "/chat");
  equal(seen["upgrade"], undefined);
  wire.close();
  await proxy.settled();
});
