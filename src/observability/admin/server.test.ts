import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect, type NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { AdminConfig, JsonObject } from "./context.ts";
import { fakeContext } from "./fake_context.ts";
import { startAdmin } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "outrider-admin-"));
after(() => rmSync(folder, { recursive: true }));

const anyPort = { socket_address: { address: "127.0.0.1", port_value: 0 } };
const portOf = (address: JsonObject) => Number((address["socket_address"] as JsonObject)["port_value"]);

/** Sends bytes, resolves to all that comes until the other side ends. */
function raw(where: NetConnectOpts, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(where, () => socket.write(text));
    let answer = "";
    socket.on("data", (part) => (answer += part));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

async function started(config: AdminConfig = { address: anyPort }) {
  const context = fakeContext();
  const server = await startAdmin(config, context);
  return { context, server, port: "socket_address" in server.address ? portOf(server.address) : 0 };
}

const closing = "Connection: close\r\n\r\n";

test("answers have Envoy's headers and are chunked", async () => {
  const { server, port } = await started();
  const answer = await raw({ port }, `GET /ready HTTP/1.1\r\nHost: x\r\n${closing}`);
  match(
    answer.replace(/date: .*\r\n/i, ""),
    /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain; charset=UTF-8\r\ncache-control: no-cache, max-age=0\r\nx-content-type-options: nosniff\r\nserver: envoy\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nLIVE\n\r\n0\r\n\r\n$/i,
  );
  await server.close();
});

test("a connection is kept, without a word about it", async () => {
  const { server, port } = await started();
  const answer = await raw(
    { port },
    `GET /ready HTTP/1.1\r\nHost: x\r\n\r\nHEAD /ready HTTP/1.1\r\nHost: x\r\n${closing}`,
  );
  equal(answer.split("HTTP/1.1 200 OK").length, 3);
  equal(/keep-alive/i.test(answer), false);
  await server.close();
});

test("HTTP/2 without TLS is answered on the same port", async () => {
  const { server, port } = await started();
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/ready" });
  let body = "";
  stream.setEncoding("utf8").on("data", (part) => (body += part));
  const headers = await new Promise<Record<string, unknown>>((resolve) => stream.on("response", resolve));
  await new Promise((resolve) => stream.on("end", resolve));
  equal(headers[":status"], 200);
  equal(headers["server"], "envoy");
  equal(body, "LIVE\n");
  session.close();
  await server.close();
});

test("HTTP/1.0 is asked to upgrade", async () => {
  const { server, port } = await started();
  const answer = await raw({ port }, "GET /ready HTTP/1.0\r\n\r\n");
  match(answer, /^HTTP\/1\.1 426 Upgrade Required\r\n/);
  match(answer, /\r\n\r\nUpgrade Required$/);
  await server.close();
});

test("a form is read where there is no query", async () => {
  const { context, server, port } = await started();
  const form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n";
  await raw({ port }, `POST /runtime_modify HTTP/1.1\r\nHost: x\r\n${form}${closing}a=b`);
  deepEqual(context.calls, ['modify [["a","b"]]']);
  await server.close();
});

test("a body without end is refused", async () => {
  const { server, port } = await started();
  const size = 2 * 1024 * 1024;
  const head = `POST /ready HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n${closing}`;
  match(await raw({ port }, head + "x".repeat(size)), /^HTTP\/1\.1 413 /);
  await server.close();
});

test("connections and requests are counted as Envoy counts them", async () => {
  const { context, server, port } = await started();
  await raw({ port }, `GET /nothing HTTP/1.1\r\nHost: x\r\n${closing}`);
  const value = (name: string) => context.stats.value(name);
  equal(value("http.admin.downstream_cx_total"), 1);
  equal(value("http.admin.downstream_rq_total"), 1);
  equal(value("http.admin.downstream_rq_4xx"), 1);
  equal(value("listener.admin.http.admin.downstream_rq_4xx"), 1);
  equal(value("listener.admin.main_thread.downstream_cx_total"), 1);
  await server.close();
  equal(value("http.admin.downstream_cx_active"), 0);
  equal(value("http.admin.downstream_rq_active"), 0);
});

test("a Unix socket has its mode, and replaces one that was left behind", async () => {
  const path = join(folder, "admin.sock");
  const config = { address: { pipe: { path, mode: 0o600 } } };
  const first = await started(config);
  equal(statSync(path).mode & 0o777, 0o600);
  match(await raw({ path }, `GET /ready HTTP/1.1\r\nHost: x\r\n${closing}`), /LIVE/);
  const second = await started(config);
  match(await raw({ path }, `GET /ready HTTP/1.1\r\nHost: x\r\n${closing}`), /LIVE/);
  await second.server.close();
  await first.server.close();
});

test("an abstract Unix socket works too", async () => {
  const name = `outrider-admin-${process.pid}`;
  const { server } = await started({ address: { pipe: { path: `@${name}` } } });
  match(await raw({ path: `\0${name}` }, `GET /ready HTTP/1.1\r\nHost: x\r\n${closing}`), /LIVE/);
  await server.close();
});

test("a port in use is an error", async () => {
  const { server, port } = await started();
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  await rejects(started({ address }), /EADDRINUSE/);
  await server.close();
});

test("the access log has Envoy's default format, or the one that was asked for", async () => {
  const paths = [join(folder, "default.log"), join(folder, "own.log")];
  const type = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  const own = {
    text_format_source: { inline_string: "%REQ(X-A?:METHOD)% %RESPONSE_CODE% %UPSTREAM_HOST%\n" },
  };
  const { server, port } = await started({
    address: anyPort,
    access_log: [
      { typed_config: { "@type": type, path: paths[0]! } },
      { typed_config: { "@type": type, path: paths[1]!, log_format: own } },
    ],
  });
  await raw({ port }, `GET /ready?a HTTP/1.1\r\nHost: h:1\r\nUser-Agent: u\r\n${closing}`);
  await server.close();
  match(
    readFileSync(paths[0]!, "utf8"),
    /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "GET \/ready\?a HTTP\/1\.1" 200 - 0 5 \d+ - "-" "u" "-" "h:1" "-"\n$/,
  );
  equal(readFileSync(paths[1]!, "utf8"), "GET 200 -\n");
});

test("an access log takes what its filter accepts", async () => {
  const path = join(folder, "filtered.log");
  const type = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  const log_format = { text_format_source: { inline_string: "%REQ(:PATH)%\n" } };
  const status_code_filter = { comparison: { op: "GE", value: { default_value: 400, runtime_key: "none" } } };
  const header = { name: "X-Log", string_match: { prefix: "Y", ignore_case: true } };
  const filter = {
    or_filter: {
      filters: [
        { status_code_filter },
        { and_filter: { filters: [{ not_health_check_filter: {} }, { header_filter: { header } }] } },
      ],
    },
  };
  const { server, port } = await started({
    address: anyPort,
    access_log: [{ filter, typed_config: { "@type": type, path, log_format } }],
  });
  for (const [target, field] of [
    ["/ready", "x-log: no"],
    ["/nowhere", "x-log: no"],
    ["/help", "x-log: yes"],
    ["/help?b", "x-other: yes"],
  ]) {
    await raw({ port }, `GET ${target} HTTP/1.1\r\nHost: x\r\n${field}\r\n${closing}`);
  }
  await server.close();
  equal(readFileSync(path, "utf8"), "/nowhere\n/help\n");
  const unknown = { grpc_status_filter: {} };
  await rejects(
    started({ address: anyPort, access_log: [{ filter: unknown, typed_config: { "@type": type, path } }] }),
    /grpc_status_filter is not supported/,
  );
});

test("an access log of JSON, of a path alone, or of an unknown kind", async () => {
  const path = join(folder, "json.log");
  const type = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  const json_format = { path: "%REQ(:PATH)%", more: { code: "%RESPONSE_CODE%", one: 1 } };
  const { server, port } = await started({
    address: anyPort,
    access_log: [{ typed_config: { "@type": type, path, log_format: { json_format } } }],
    access_log_path: join(folder, "plain.log"),
  });
  await raw({ port }, `GET /ready HTTP/1.1\r\nHost: x\r\n${closing}`);
  await server.close();
  deepEqual(JSON.parse(readFileSync(path, "utf8")), { path: "/ready", more: { code: "200", one: 1 } });
  match(readFileSync(join(folder, "plain.log"), "utf8"), /"GET \/ready HTTP\/1\.1" 200/);
  await rejects(
    started({ address: anyPort, access_log: [{ typed_config: { "@type": "x/Y" } }] }),
    /x\/Y is not/,
  );
});

test("a client that leaves early is no trouble", async () => {
  const { context, server, port } = await started();
  const socket = connect({ port }, () => socket.write("GET /help HTTP/1.1\r\nHost: x\r\n\r\n"));
  await new Promise<void>((resolve) => socket.once("data", () => resolve(void socket.destroy())));
  match(await raw({ port }, `GET /ready HTTP/1.1\r\nHost: x\r\n${closing}`), /LIVE/);
  deepEqual(context.lines, []);
  await server.close();
});
