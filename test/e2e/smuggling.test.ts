// Requests that two readers could frame differently: each is refused and its connection closed, with nothing behind
// it read, or it reaches the upstream exactly once, in a form that has one reading only.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Running, startProxy } from "./proxy.ts";
import { type Upstream, upstream } from "./wire.ts";

type Refused = { readonly what: string; readonly send: string; readonly status: number };
type Passed = {
  readonly what: string;
  readonly send: string;
  /** Each request as the upstream gets it, without what the proxy adds to any. */
  readonly seen: readonly string[];
  /** The connection ends behind the answers; default: it serves the next request. */
  readonly closes?: boolean;
};

const hidden = "GET /evil HTTP/1.1\r\nHost: t\r\n\r\n";
const next = "GET /next HTTP/1.1\r\nHost: t\r\n\r\n";
const get = (fields: string) => `GET / HTTP/1.1\r\nHost: t\r\n${fields}\r\n`;
const post = (fields: string, body = "hello") => `POST / HTTP/1.1\r\nHost: t\r\n${fields}\r\n${body}`;
const chunked = (body: string) => post("Transfer-Encoding: chunked\r\n", body);
const seenChunked = "POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
const seenGet = "GET / HTTP/1.1\r\nhost: t\r\n\r\n";
const many = (count: number) => Array.from({ length: count }, (_, i) => `x${i}: y\r\n`).join("");

const chunks = "5\r\nhello\r\n0\r\n\r\n";
const row = (status: number) => (what: string, send: string) => ({ what, send, status });
const bad = row(400);
const unknown = row(501);
const large = row(431);

/** A transfer coding that is not exactly one `chunked`. */
const coding = (status: number, ...values: string[]) =>
  values.map((value) =>
    row(status)(`transfer coding ${JSON.stringify(value)}`, post(`Transfer-Encoding: ${value}\r\n`, chunks)),
  );
const length = (...values: string[]) =>
  values.map((value) => bad(`length ${JSON.stringify(value)}`, post(`Content-Length: ${value}\r\n`)));
const size = (...lines: string[]) =>
  lines.map((line) => bad(`chunk size ${JSON.stringify(line)}`, chunked(`${line}\r\nhello\r\n0\r\n\r\n`)));
const field = (status: number, ...lines: string[]) =>
  lines.map((line) => row(status)(`field ${JSON.stringify(line)}`, get(`${line}\r\n`)));
const line = (...lines: string[]) =>
  lines.map((text) => bad(`line ${JSON.stringify(text)}`, `${text}\r\nHost: t\r\n\r\n`));

const refused: readonly Refused[] = [
  bad("both lengths", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks)),
  bad(
    "both lengths, the other way round",
    post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunks),
  ),
  bad("a length beside an unknown coding", post("Content-Length: 5\r\nTransfer-Encoding: identity\r\n")),
  ...coding(501, "identity", "xchunked", "chunkedx", "gzip, chunked", "chunked, gzip", "chunked, identity"),
  ...coding(501, "chunked, chunked", "chunked,", ",chunked", "chunked;q=1", '"chunked"', "", "chun ked"),
  ...coding(501, "chun\r\n ked", "chunked\xa0"),
  ...coding(400, "\x0bchunked", "chunked\x0c", "chunked\0", "\x08chunked", "chun\rked"),
  unknown("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks)),
  unknown("two codings, one none", post("Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n", chunks)),
  row(426)("a coding in HTTP/1.0", `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`),

  ...length(
    "+5",
    "-1",
    "-0",
    "0x5",
    "5x",
    "5 5",
    "5,5",
    "5, 5",
    "5,",
    ",5",
    "",
    "5.0",
    "5;",
    "1e1",
    "5_0",
    "٥",
  ),
  ...length("1\r5", "\r5", "5\r", "5\r\r"),
  ...length("18446744073709551616", "99999999999999999999", "18446744073709551621"),
  bad("two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n")),
  bad("two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n")),
  bad("a length folded apart", post("Content-Length: 1\r\n 5\r\n")),

  ...size("", "-5", "+5", "0x5", "5_0", "5h", " 5", "g", "5\0", "5\n", "5,", "5.0", "\t5"),
  ...size("10000000000000005", "ffffffffffffffff5", "5;a\nb"),
  bad("no line end behind a chunk", chunked("5\r\nhelloX\r\n0\r\n\r\n")),
  bad("a chunk longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n")),
  bad("a chunk ended with CR only", chunked("5\r\nhello\r0\r\n\r\n")),
  bad("CR and no LF behind a chunk size", chunked("5\rhello\r\n0\r\n\r\n")),
  bad("LF only behind the last size", chunked("5\r\nhello\r\n0\n\r\n")),
  bad("a flood of chunk extension", chunked(`5;${"a".repeat(200_000)}\r\nhello\r\n0\r\n\r\n`)),
  bad("a trailer that is none", chunked("5\r\nhello\r\n0\r\nno trailer\r\n\r\n")),
  bad("a NUL in a trailer", chunked("5\r\nhello\r\n0\r\nx: a\0b\r\n\r\n")),
  large("trailers without end", chunked(`5\r\nhello\r\n0\r\nx: ${"a".repeat(100_000)}\r\n\r\n`)),

  ...field(400, "x : y", "x\t: y", "x y: z", "no colon", ": y", ":path: /evil", " x: y", "\tx: y"),
  ...field(400, "x: a\0b", "x: a\x01b", "x: a\x0bb", "x: a\x1bb", "x: a\x7fb", "x\0: y", "x\x01: y"),
  ...field(
    400,
    "x\x80: y",
    "x(: y",
    "x@: y",
    "x/: y",
    "x{: y",
    'x": y',
    "x[]: y",
    "x,: y",
    "x\ry: z",
    "\rx: y",
  ),
  ...field(400, "Content-Length : 5", "Transfer-Encoding : chunked", "Transfer-Encoding\0: chunked"),
  ...line("GET", "GET  HTTP/1.1x", "GET / HTTP/1.1 x", "GET / HTTP/11", "GET / HTTP/1.", "GET / HTTP/+1.1"),
  ...line("GET / http/1.1", "GET / XTTP/1.1", "GET / /evil HTTP/1.1", "get / HTTP/1.1", "FOO / HTTP/1.1"),
  ...line("G\x01T / HTTP/1.1", "G\0T / HTTP/1.1", "G:T / HTTP/1.1", "G\rT / HTTP/1.1", "\x80GET / HTTP/1.1"),
  ...line("GET /a\x01b HTTP/1.1", "GET /a\0b HTTP/1.1", "GET /a\x7fb HTTP/1.1", "GET /a\rb HTTP/1.1"),
  ...line("GET evil HTTP/1.1", "GET ?evil HTTP/1.1", "GET http:/t/ HTTP/1.1", "GET http:///evil HTTP/1.1"),
  ...line("GET ftp://t/ HTTP/1.1", "GET http://t:99999/ HTTP/1.1", "GET http://t:x/ HTTP/1.1"),
  ...line("GET http://a@@t/ HTTP/1.1", "GET h\x01ttp://t/ HTTP/1.1", "GET http://t\0/ HTTP/1.1"),
  bad("a CR for the end of the first line", "GET / HTTP/1.1\rHost: t\r\n\r\n"),
  bad("no Host", "GET / HTTP/1.1\r\n\r\n"),
  bad("a Host with a slash", "GET / HTTP/1.1\r\nHost: t/evil\r\n\r\n"),
  bad("a Host with a blank", "GET / HTTP/1.1\r\nHost: t evil\r\n\r\n"),
  bad("a Host with a quote", 'GET / HTTP/1.1\r\nHost: t"\r\n\r\n'),
  large("a line without end", `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: t\r\n\r\n`),
  large("a field without end", get(`x: ${"a".repeat(100_000)}\r\n`)),
  large("a name without end", get(`${"a".repeat(100_000)}: y\r\n`)),
  large("a field folded without end", get(`x: y\r\n${" y\r\n".repeat(40_000)}`)),
  large("too many fields", get(many(101))),

  bad("CONNECT with a body", "CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\nContent-Length: 5\r\n\r\nhello"),
  unknown(
    "CONNECT in chunks",
    `CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
  ),
  bad("CONNECT without a port", "CONNECT t HTTP/1.1\r\nHost: t\r\n\r\n"),
  row(404)("CONNECT that no route takes", "CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n\r\n"),
  row(403)("an upgrade that no route takes", get("Connection: upgrade\r\nUpgrade: websocket\r\n")),
  row(403)("an answer before the body", `POST /local HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\n`),
  row(403)(
    "an answer before the chunks",
    `POST /local HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n`,
  ),
];

const one = (what: string, send: string, seen: string): Passed => ({ what, send, seen: [seen] });

const passed: readonly Passed[] = [
  ...["chunked", "Chunked", "CHUNKED", "cHuNkEd", "chunked ", "\tchunked\t", "\r\n chunked"].map((value) =>
    one(`coding ${JSON.stringify(value)}`, post(`Transfer-Encoding: ${value}\r\n`, chunks), seenChunked),
  ),
  one("a coding in an odd name", post("tRANSFER-eNCODING:chunked\r\n", chunks), seenChunked),
  one("a chunk extension", chunked("5;a=b\r\nhello\r\n0;c\r\n\r\n"), seenChunked),
  one("a chunk extension in quotes", chunked('5;a="b;c"\r\nhello\r\n0\r\n\r\n'), seenChunked),
  one("a blank behind a chunk size", chunked("5 \r\nhello\r\n0\r\n\r\n"), seenChunked),
  one("noughts before a chunk size", chunked("00000000000000000005\r\nhello\r\n000\r\n\r\n"), seenChunked),
  one("trailers", chunked("5\r\nhello\r\n0\r\nContent-Length: 3\r\nx: y\r\n\r\n"), seenChunked),
  one(
    "a request in a chunk",
    chunked(`${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`),
    seenChunked.replace("5\r\nhello", `${hidden.length.toString(16)}\r\n${hidden}`),
  ),
  one(
    "a request in the body",
    post(`Content-Length: ${hidden.length}\r\n`, hidden),
    `POST / HTTP/1.1\r\nhost: t\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
  ),
  one(
    "a body behind GET",
    get("Content-Length: 5\r\n").concat("hello"),
    "GET / HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\nhello",
  ),
  one("LF for every line end", "GET / HTTP/1.1\nHost: t\n\n", seenGet),
  one("empty lines in front", `\r\n\r\n${get("")}`, seenGet),
  one("blanks about a value", get("x: \t y \t \r\n"), "GET / HTTP/1.1\r\nhost: t\r\nx: y\r\n\r\n"),
  one("a folded value", get("x: a\r\n b\r\n\tc\r\n"), "GET / HTTP/1.1\r\nhost: t\r\nx: a b\tc\r\n\r\n"),
  one("a CR in a value", get("x: a\rb: c\r\n"), "GET / HTTP/1.1\r\nhost: t\r\nx: ab: c\r\n\r\n"),
  one(
    "bytes beyond ASCII in a value",
    get("x: \x80\xff\r\n"),
    "GET / HTTP/1.1\r\nhost: t\r\nx: \x80\xff\r\n\r\n",
  ),
  one("as many fields as may be", get(many(90)), `GET / HTTP/1.1\r\nhost: t\r\n${many(90)}\r\n`),
  one("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nhost: a,b\r\n\r\n"),
  one("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nhost: \r\n\r\n"),
  one(
    "a Host other than the target's",
    "GET http://a/b?c HTTP/1.1\r\nHost: evil\r\n\r\n",
    "GET /b?c HTTP/1.1\r\nhost: a\r\n\r\n",
  ),
  one(
    "an offer of h2c",
    get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
    seenGet,
  ),
  one(
    "a length that Connection names", // taken out, so the body gets a framing anew
    post("Content-Length: 5\r\nConnection: Content-Length\r\n"),
    seenChunked,
  ),
  one(
    "a coding that Connection names",
    post("Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n", chunks),
    seenChunked,
  ),
  {
    what: "two requests in one packet",
    send: `${post("Content-Length: 5\r\n")}${get("")}`,
    seen: ["POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\nhello", seenGet],
  },
  {
    what: "a request behind Connection: close",
    send: get("Connection: close\r\n") + hidden,
    seen: [seenGet],
    closes: true,
  },
  {
    what: "a request behind Connection: close and a body",
    send: post("Connection: x, Close\r\nContent-Length: 5\r\n") + hidden,
    seen: ["POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\nhello"],
    closes: true,
  },
];

const added = /^(x-forwarded-proto|x-request-id|x-envoy-[a-z-]+): .*\r\n/gm;

/** Keeps every byte that came, and answers every whole request. */
async function record(
  t: Parameters<typeof upstream>[0],
): Promise<{ up: Upstream; seen: string[]; all: string[] }> {
  const seen: string[] = [];
  const all: string[] = [];
  const up = await upstream(t, async (wire) => {
    let raw = "";
    wire.socket.on("data", (data) => {
      raw += data.toString("latin1");
      all.push(data.toString("latin1"));
    });
    while (!wire.hasEnded) {
      await wire.request();
      seen.push(raw.slice(0, raw.length - wire.received.length).replace(added, ""));
      raw = wire.received;
      wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    }
  });
  return { up, seen, all };
}

/** Sends the row with a request behind it: one answer, the end, and nobody is told of what was behind. */
async function refuses(proxy: Running, { send, status }: Refused, seen: string[]): Promise<void> {
  const wire = await proxy.dial();
  try {
    wire.send(send + hidden.repeat(2));
    const { status: answered, body } = await wire.response();
    equal(answered, status, body);
    await wire.until((_, ended) => ended || undefined);
    equal(wire.received, "", "one answer only");
  } finally {
    wire.close();
  }
  await proxy.settled();
  deepEqual(seen.splice(0), []);
}

async function passes(proxy: Running, row: Passed, seen: string[]): Promise<void> {
  const wire = await proxy.dial();
  wire.send(row.send);
  for (const _ of row.seen) equal((await wire.response()).status, 200);
  if (row.closes) {
    await wire.ended;
  } else {
    equal((await wire.send(next).response()).status, 200);
    match(seen.pop() ?? "", /^GET \/next /);
  }
  equal(wire.received, "");
  wire.close();
  deepEqual(seen.splice(0), row.seen);
}

const routes = [
  { match: { prefix: "/local" }, direct_response: { status: 403 } },
  { match: { prefix: "/" }, route: { cluster: "up", timeout: "0s" } },
];

test("a request with two readings is refused, and nothing behind it is read", async (t) => {
  const { up, seen, all } = await record(t);
  const proxy = await startProxy(t, { clusters: { up }, routes });
  for (const row of refused) await t.test(row.what, () => refuses(proxy, row, seen));
  ok(!all.join("").includes("evil"), "no part of a hidden request came through");
});

test("a request that is passed on has one reading, and comes once", async (t) => {
  const { up, seen } = await record(t);
  const proxy = await startProxy(t, { clusters: { up }, routes });
  for (const row of passed) await t.test(row.what, () => passes(proxy, row, seen));
});

test("HTTP/1.0, where it is taken, is framed as HTTP/1.1 and ends the connection unless it asks not to", async (t) => {
  const { up, seen, all } = await record(t);
  const proxy = await startProxy(t, {
    clusters: { up },
    routes,
    hcm: { http_protocol_options: { accept_http_10: true } },
  });
  const old = (fields: string, body: string) => `POST / HTTP/1.0\r\nHost: t\r\n${fields}\r\n${body}`;
  const seenLength = "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\nhello";
  const rows: readonly [string, number, readonly string[]][] = [
    [old("Transfer-Encoding: chunked\r\n", chunks), 200, [seenChunked]],
    [old("Content-Length: 5\r\n", "hello"), 200, [seenLength]],
    [old("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks), 400, []],
    [old("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400, []],
    [old("Transfer-Encoding: identity\r\n", "hello"), 501, []],
    ["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400, []],
    ["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 400, []],
  ];
  for (const [send, status, expected] of rows) {
    const wire = await proxy.dial();
    wire.send(send + hidden);
    equal((await wire.response()).status, status, JSON.stringify(send));
    await wire.ended;
    equal(wire.received, "");
    wire.close();
    await proxy.settled();
    deepEqual(seen.splice(0), expected, JSON.stringify(send));
  }
  const kept = await proxy.dial();
  kept.send(old("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", chunks) + next);
  equal((await kept.response()).status, 200);
  equal((await kept.response()).status, 200);
  equal(seen.length, 2);
  kept.close();
  ok(!all.join("").includes("evil"));
});

test("a refusal is the same when each byte comes in a packet of its own", async (t) => {
  const { up, seen, all } = await record(t);
  const proxy = await startProxy(t, { clusters: { up }, routes });
  for (const row of refused.filter(({ send }) => send.length < 120)) {
    await t.test(row.what, async () => {
      const wire = await proxy.dial();
      await wire.sendByByte(row.send);
      wire.send(hidden);
      equal((await wire.response()).status, row.status);
      await wire.ended;
      equal(wire.received, "");
      wire.close();
      await proxy.settled();
      deepEqual(seen.splice(0), []);
    });
  }
  ok(!all.join("").includes("evil"));
});

test("a first line, a chunk size, an extension and trailers that drip are bounded by the timeouts", async (t) => {
  const { up, seen } = await record(t);
  const hcm = { request_headers_timeout: "0.2s", request_timeout: "0.4s" };
  const proxy = await startProxy(t, { clusters: { up }, hcm });
  const drips = [
    { first: "GET /", drip: "a", body: "request header timeout" },
    { first: "GET / HTTP/1.1\r\nx: y", drip: "\r\n y", body: "request header timeout" },
    { first: chunked(""), drip: "0", body: "request timeout" },
    { first: chunked("5;"), drip: "a", body: "request timeout" },
    { first: chunked("5\r\nhello\r\n0\r\n"), drip: "x: y\r\n", body: "request timeout" },
  ];
  for (const { first, drip, body } of drips) {
    const wire = await proxy.dial();
    wire.send(first);
    const timer = setInterval(() => wire.send(drip), 50);
    const response = await wire.response().finally(() => clearInterval(timer));
    equal(`${response.status} ${response.body}`, `408 ${body}`, JSON.stringify(first + drip));
    await wire.ended;
    wire.close();
    await proxy.settled();
  }
  deepEqual(seen, []);
});
