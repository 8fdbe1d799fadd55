// envoy.filters.http.ext_authz with a service that speaks gRPC: what it is asked, and what its answers do.
import { equal, match, ok } from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { startProxy } from "./proxy.ts";
import { echo, upstream } from "./wire.ts";

/** One field of a message with a length; `content` is text or fields. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  ok(bytes.length < 128);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}
const number = (id: number, value: number) => Buffer.from([id << 3, (value & 127) | 128, value >> 7]);
const option = (key: string, value: string, ...more: Buffer[]) =>
  Buffer.concat([field(1, Buffer.concat([field(1, key), field(2, value)])), ...more]);

type Answer = { readonly message?: Buffer; readonly status?: number; readonly never?: true };

/** A gRPC server on HTTP/1.1: a frame, then grpc-status in the trailers. */
async function service(t: TestContext, answers: Record<string, Answer>) {
  const asked: Buffer[] = [];
  const read = async (request: IncomingMessage) => Buffer.concat(await request.toArray());
  const server = createServer(async (request, response) => {
    const body = await read(request);
    asked.push(body);
    const found = Object.entries(answers).find(([path]) => body.includes(path));
    const { message = Buffer.alloc(0), status = 0, never } = found?.[1] ?? {};
    if (never) return;
    response.writeHead(200, { "content-type": "application/grpc", trailer: "grpc-status" });
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    if (status === 0) response.write(Buffer.concat([prefix, message]));
    response.addTrailers({ "grpc-status": String(status) });
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

/** grpc-status comes in the trailers. */
const withTrailers = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http_protocol_options: { enable_trailers: true } },
    },
  },
};

const authz = (settings: object) => [
  {
    name: "envoy.filters.http.ext_authz",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: "authz" }, timeout: "0.5s" },
      ...settings,
    },
  },
  {
    name: "envoy.filters.http.router",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
  },
];

test("a gRPC service allows with changes, denies with an answer of its own, fails and is too late", async (t) => {
  const allowed = Buffer.concat([
    field(1, ""),
    field(
      3,
      Buffer.concat([
        field(2, option("x-user", "alice")),
        field(5, "x-secret"),
        field(6, option("x-checked", "yes")),
      ]),
    ),
  ]);
  const denied = Buffer.concat([
    field(1, number(1, 7)),
    field(
      2,
      Buffer.concat([
        field(1, number(1, 401)),
        field(2, option("www-authenticate", "Basic")),
        field(3, "who?"),
      ]),
    ),
  ]);
  const asks = await service(t, {
    "/good": { message: allowed },
    "/bad": { message: denied },
    "/broken": { status: 13 },
    "/slow": { never: true },
  });
  let seen = "";
  const up = await upstream(t, async (wire) => {
    for (;;) {
      const request = await wire.request();
      seen = JSON.stringify([...request.fields]);
      wire.send(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`);
    }
  });
  const proxy = await startProxy(t, {
    clusters: { up, authz: asks.port },
    cluster: withTrailers,
    hcm: { http_filters: authz({ with_request_body: { max_request_bytes: 100 } }) },
  });
  const good = await proxy.ask(
    "POST /good?q=1 HTTP/1.1\r\nHost: t\r\nx-secret: s\r\nx-user: forged\r\nContent-Length: 5\r\n\r\nhello",
  );
  equal(good.status, 200);
  equal(good.fields.get("x-checked"), "yes");
  match(seen, /"x-user","alice"/);
  ok(!seen.includes("x-secret"));
  const question = asks.asked[0]?.toString("latin1") ?? "";
  for (const part of ["POST", "/good?q=1", "HTTP/1.1", "hello", "127.0.0.1", "x-envoy-auth-partial-body"]) {
    ok(question.includes(part), part);
  }

  const bad = await proxy.ask("GET /bad HTTP/1.1\r\nHost: t\r\n\r\n");
  equal(bad.status, 401);
  equal(bad.fields.get("www-authenticate"), "Basic");
  equal(String(bad.body), "who?");
  equal((await proxy.ask("GET /broken HTTP/1.1\r\nHost: t\r\n\r\n")).status, 403);
  equal((await proxy.ask("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")).status, 403);
  const long = await proxy.ask(
    `POST /good HTTP/1.1\r\nHost: t\r\nContent-Length: 200\r\n\r\n${"x".repeat(200)}`,
  );
  equal(long.status, 413);

  const stats = await proxy.stats("ext_authz");
  equal(stats.get("http.in.ext_authz.ok"), 1);
  equal(stats.get("http.in.ext_authz.denied"), 1);
  equal(stats.get("http.in.ext_authz.error"), 2);
  equal(stats.get("cluster.up.ext_authz.denied"), 1);
  equal(await proxy.stat("cluster.authz.upstream_rq_timeout"), 1);
  await proxy.settled();
});

test("a client that leaves while the service is asked takes its question with it", async (t) => {
  const asks = await service(t, { "/slow": { never: true } });
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, {
    clusters: { up, authz: asks.port },
    cluster: withTrailers,
    hcm: { http_filters: authz({ grpc_service: { envoy_grpc: { cluster_name: "authz" } } }) },
  });
  const wire = await proxy.dial();
  wire.send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
  while (asks.asked.length === 0) await new Promise((turn) => setImmediate(turn));
  wire.close();
  await proxy.settled();
  equal(await proxy.stat("cluster.authz.upstream_rq_tx_reset"), 1);
});
