import { deepEqual, equal } from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createHttp2, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import type { Tree } from "../check/typing.ts";
import { probeOf, type Target } from "./probe.ts";

type Listening = Pick<Server, "listen" | "address" | "close">;

async function listening(t: TestContext, server: Listening): Promise<Target> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.after(() => server.close());
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

const never = new AbortController().signal;
const probe = (check: Tree, target: Target, signal = never) => probeOf(check, "c")(target, signal);

test("an HTTP check goes by the status, and a host may call itself degraded", async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer(({ url = "", headers }, response) => {
    seen.push(headers);
    const degraded = url.endsWith("?degraded") ? { "x-envoy-degraded": "true" } : {};
    response.writeHead(Number(/\d+/.exec(url)?.[0] ?? 200), degraded).end("body");
  });
  const target = await listening(t, server);
  t.after(() => server.closeAllConnections());
  const http = (config: Tree) => probe({ http_health_check: config, reuse_connection: false }, target);
  const ranges = {
    expected_statuses: [{ start: "418", end: "419" }],
    retriable_statuses: [{ start: "500", end: "503" }],
  };
  equal(await http({ path: "/" }), "healthy");
  equal(await http({ path: "/201" }), "unwell");
  equal(await http({ path: "/200?degraded" }), "degraded");
  equal(await http({ path: "/418", ...ranges }), "healthy");
  equal(await http({ path: "/200", ...ranges }), "unwell");
  equal(await http({ path: "/502", ...ranges }), "retriable");
  equal(await http({ path: "/503", ...ranges }), "unwell");
  seen.length = 0;
  const added = [{ header: { key: "X-Probe", value: "1" } }];
  await http({ path: "/", host: "h", request_headers_to_add: added });
  deepEqual(seen, [{ host: "h", "user-agent": "Envoy/HC", "x-probe": "1" }]);
  await http({ path: "/", request_headers_to_remove: ["User-Agent"] });
  deepEqual(seen[1], { host: "c" });
});

test("a connection serves several HTTP checks", async (t) => {
  let connections = 0;
  const server = createServer((_, response) => response.end("ok"));
  server.on("connection", () => {
    connections += 1;
  });
  const target = await listening(t, server);
  t.after(() => server.closeAllConnections());
  const check = probeOf({ http_health_check: { path: "/" } }, "c");
  for (let i = 0; i < 3; i += 1) {
    equal(await check(target, never), "healthy");
    await new Promise((resolve) => setImmediate(resolve)); // the agent takes the socket back
  }
  equal(connections, 1);
});

test("a host that refuses, hangs up or is silent fails", async (t) => {
  const hangsUp = createTcp((socket) => socket.destroy());
  const silent = createTcp((socket) => socket.on("error", () => socket.destroy()));
  const gone = createTcp();
  const refusing = await listening(t, gone);
  await new Promise((resolve) => gone.close(resolve));
  const hanging = await listening(t, hangsUp);
  const mute = await listening(t, silent);
  for (const check of [{ http_health_check: { path: "/" } }, { grpc_health_check: {} }, tcpOf("70", "71")]) {
    equal(await probe(check, refusing), "network");
    equal(await probe(check, hanging), "network");
    equal(await probe(check, mute, AbortSignal.timeout(20)), "timeout");
  }
});

function tcpOf(send: string, ...receive: string[]): Tree {
  return { tcp_health_check: { send: { text: send }, receive: receive.map((text) => ({ text })) } };
}

test("a TCP check wants its blocks in their order, or a connection alone", async (t) => {
  const target = await listening(
    t,
    createTcp((socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", (data: Buffer) => socket.write(Buffer.concat([Buffer.from("ab"), data])));
    }),
  );
  equal(await probe(tcpOf("63", "6162", "63"), target), "healthy");
  equal(await probe(tcpOf("63", "63", "61"), target, AbortSignal.timeout(20)), "timeout");
  equal(await probe({ tcp_health_check: {} }, target), "healthy");
});

test("a gRPC check asks for its service, and only SERVING is healthy", async (t) => {
  const asked: string[] = [];
  const answers: Readonly<Record<string, Buffer>> = {
    up: Buffer.from([0, 0, 0, 0, 2, 8, 1]),
    down: Buffer.from([0, 0, 0, 0, 2, 8, 2]),
  };
  const server = createHttp2();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("data", (data: Buffer) => {
      const service = data.subarray(7).toString();
      asked.push(`${headers[":path"]} ${service}`);
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": service === "bad" ? "5" : "0" }));
      stream.end(answers[service] ?? answers["up"]);
    });
  });
  const target = await listening(t, server);
  const grpc = (service_name: string) => probe({ grpc_health_check: { service_name } }, target);
  equal(await grpc("up"), "healthy");
  equal(await grpc("down"), "unwell");
  equal(await grpc("bad"), "unwell");
  equal(asked[0], "/grpc.health.v1.Health/Check up");
});
