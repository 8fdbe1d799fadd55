/** Downstream HTTP/2: with curl and nghttp2's tools as clients, and with frames that no client would send. */
import { equal, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Http2Wire } from "./http2_wire.ts";
import { eventually, startProxy } from "./proxy.ts";
import { echo, upstream } from "./wire.ts";

const run = promisify(execFile);

test("curl with prior knowledge: a request, a body, and the protocol in the log", async (t) => {
  const proxy = await startProxy(t, { clusters: { up: await upstream(t, echo) } });
  const url = `http://127.0.0.1:${proxy.port}/hello`;
  const { stdout } = await run("curl", [
    "-s",
    "--http2-prior-knowledge",
    "-w",
    " %{http_version} %{http_code}",
    url,
  ]);
  match(stdout, / 2 200$/);
  const body = "x".repeat(100_000);
  const posted = await run(
    "curl",
    ["-s", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}", "-d", body, url],
    {},
  );
  equal(posted.stdout, "200");
  equal(await proxy.stat("http.in.downstream_cx_http2_total"), 2);
  equal(await proxy.stat("http.in.downstream_rq_http2_total"), 2);
  await proxy.settled();
});

test("an upgrade to h2c is passed over, as by Envoy", async (t) => {
  const proxy = await startProxy(t, { clusters: { up: await upstream(t, echo) } });
  const url = `http://127.0.0.1:${proxy.port}/`;
  const { stdout } = await run("curl", [
    "-s",
    "--http2",
    "-o",
    "/dev/null",
    "-w",
    "%{http_version} %{http_code}",
    url,
  ]);
  equal(stdout, "1.1 200");
});

test("h2load: many streams on a few connections", async (t) => {
  const routes = [
    { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "hello" } } },
  ];
  const proxy = await startProxy(t, { routes });
  const { stdout } = await run("h2load", [
    "-n",
    "5000",
    "-c",
    "5",
    "-m",
    "100",
    `http://127.0.0.1:${proxy.port}/`,
  ]);
  match(stdout, /5000 succeeded, 0 failed, 0 errored/);
  await proxy.settled();
});

const attacks: Record<string, { send: (wire: Http2Wire) => void; stat: string }> = {
  "a flood of PINGs that nobody reads the answers of": {
    send: (wire) => wire.pause().repeat(200_000, wire.frame(6, 0, 0, "12345678")),
    stat: "http2.outbound_control_flood",
  },
  "a flood of SETTINGS": {
    send: (wire) => wire.pause().repeat(200_000, wire.frame(4, 0, 0)),
    stat: "http2.outbound_control_flood",
  },
  "empty DATA without end": {
    send: (wire) => {
      wire.request(1, { end: false });
      wire.repeat(1_000, wire.frame(0, 0, 1));
    },
    stat: "http2.inbound_empty_frames_flood",
  },
  "a flood of PRIORITY": {
    send: (wire) => wire.repeat(1_000, wire.frame(2, 0, 1, "\0\0\0\x03\x01")),
    stat: "http2.inbound_priority_frames_flood",
  },
  "a flood of WINDOW_UPDATE": {
    send: (wire) => wire.repeat(1_000, wire.frame(8, 0, 0, "\0\0\0\x01")),
    stat: "http2.inbound_window_update_frames_flood",
  },
  "CONTINUATION without end": {
    send: (wire) => {
      wire.write(wire.frame(1, 0, 1, "\x82"));
      wire.repeat(200, wire.frame(9, 0, 1, "\0\x01a".padEnd(1_000, "\x7f")));
    },
    stat: "http2.header_overflow",
  },
  "an HPACK bomb": {
    send: (wire) => {
      wire.request(1, { end: true, more: `\x40\x01b\x7f\xa1\x1e${"v".repeat(4_000)}` });
      wire.request(3, { end: true, more: "\xbf".repeat(16_000) });
    },
    stat: "http2.header_overflow",
  },
};

for (const [name, attack] of Object.entries(attacks)) {
  test(`${name}: is counted, and costs bounded memory`, async (t) => {
    const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
    const proxy = await startProxy(t, { routes });
    const before = proxy.residentKib();
    const wire = await Http2Wire.dial(proxy.port);
    attack.send(wire);
    await eventually(async () => equal(await proxy.stat(attack.stat), 1));
    ok(proxy.residentKib() - before < 40_000);
    wire.close();
    await proxy.settled();
  });
}

test("rapid reset ends the connection, and none of the requests stays", async (t) => {
  const proxy = await startProxy(t, { clusters: { up: await upstream(t, () => undefined) } });
  const wire = await Http2Wire.dial(proxy.port);
  for (let id = 1; id < 6_000; id += 2) {
    wire.request(id, { end: true });
    wire.write(wire.frame(3, 0, id, "\0\0\0\x08"));
  }
  await wire.closed;
  ok((await proxy.stat("http2.rx_reset")) < 1_500);
  equal(await proxy.stat("http2.goaway_sent"), 1);
  await proxy.settled();
});

test("a client that opens no window holds its own answer alone", async (t) => {
  const body = "y".repeat(4_000);
  const routes = [
    { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } },
  ];
  const proxy = await startProxy(t, { routes, hcm: { stream_idle_timeout: "0.3s" } });
  const wire = await Http2Wire.dial(proxy.port, { initialWindow: 0 });
  wire.request(1, { end: true });
  await eventually(async () => equal(await proxy.stat("http2.pending_send_bytes"), body.length));
  await eventually(async () => equal(await proxy.stat("http2.tx_flush_timeout"), 1));
  equal(await proxy.stat("http2.pending_send_bytes"), 0);
  wire.close();
});

test("keepalive: a client that does not answer PINGs loses its connection", async (t) => {
  const http2_protocol_options = { connection_keepalive: { interval: "0.05s", timeout: "0.1s" } };
  const proxy = await startProxy(t, { routes: [], hcm: { http2_protocol_options } });
  const wire = await Http2Wire.dial(proxy.port);
  await wire.closed;
  equal(await proxy.stat("http2.keepalive_timeout"), 1);
});

test("an idle connection is told to go, twice, and then closed", async (t) => {
  const hcm = { common_http_protocol_options: { idle_timeout: "0.05s" }, drain_timeout: "0.05s" };
  const proxy = await startProxy(t, { routes: [], hcm });
  const wire = await Http2Wire.dial(proxy.port);
  await wire.closed;
  equal(wire.received(7).length, 2);
  equal(await proxy.stat("http.in.downstream_cx_idle_timeout"), 1);
});
