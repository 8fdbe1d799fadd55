// What is logged when, and what gRPC clients are told by the proxy itself.
import { equal, ok } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually, startProxy } from "./proxy.ts";
import { echo, upstream } from "./wire.ts";

function fileLog(t: TestContext, format: string) {
  const folder = mkdtempSync(join(tmpdir(), "log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "log");
  const typed_config = {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
    path,
    log_format: { text_format_source: { inline_string: `${format}\n` } },
  };
  const lines = () => readFileSync(path, "utf8").split("\n").slice(0, -1);
  return { access_log: [{ name: "file", typed_config }], lines };
}

const quick = ["--file-flush-interval-msec", "5"];

test("a request is logged when it comes, again and again, and at its end", async (t) => {
  let answer = () => {};
  const up = await upstream(t, async (wire) => {
    await wire.request();
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });
  const { access_log, lines } = fileLog(t, "%ACCESS_LOG_TYPE% %RESPONSE_CODE%");
  const access_log_options = { flush_access_log_on_new_request: true, access_log_flush_interval: "0.02s" };
  const proxy = await startProxy(t, {
    clusters: { up },
    hcm: { access_log, access_log_options },
    args: quick,
  });
  const wire = await proxy.dial();
  wire.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  await eventually(() => ok(lines().filter((line) => line === "DownstreamPeriodic 0").length >= 2));
  answer();
  await wire.response();
  await eventually(() => equal(lines().at(-1), "DownstreamEnd 200"));
  equal(lines()[0], "DownstreamStart 0");
  wire.close();
  await proxy.settled();
});

test("a gRPC client gets the proxy's own answers in the head of a 200", async (t) => {
  const routes = [
    { match: { path: "/refused" }, direct_response: { status: 403, body: { inline_string: "no: 100%" } } },
  ];
  const proxy = await startProxy(t, { routes });
  const ask = (path: string) =>
    proxy.ask(`POST ${path} HTTP/1.1\r\nHost: t\r\ncontent-type: application/grpc+proto\r\n\r\n`);
  const refused = await ask("/refused");
  equal(refused.status, 200);
  equal(refused.fields.get("content-type"), "application/grpc");
  equal(refused.fields.get("grpc-status"), "7");
  equal(refused.fields.get("grpc-message"), "no: 100%25");
  equal((await ask("/nowhere")).fields.get("grpc-status"), "12");
});

test("a connection that is too old ends with its next response where that is safe", async (t) => {
  const up = await upstream(t, echo);
  const hcm = {
    http1_safe_max_connection_duration: true,
    common_http_protocol_options: { max_connection_duration: "0.05s" },
    drain_timeout: "0.01s",
  };
  const proxy = await startProxy(t, { clusters: { up }, hcm });
  const wire = await proxy.dial();
  await wire.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n").response();
  await eventually(async () => equal(await proxy.stat("http.in.downstream_cx_http1_soft_drain"), 1));
  const last = await wire.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n").response();
  equal(last.fields.get("connection"), "close");
  wire.close();
  await proxy.settled();
});
