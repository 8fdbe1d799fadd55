// Ordinary exchanges in extraordinary packets: keep-alive, pipelining, chunks, bodies of every framing.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { startProxy } from "./proxy.ts";
import { echo, upstream } from "./wire.ts";

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: t\r\n\r\n`;

test("one connection carries request after request, and so does the upstream's", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  for (let i = 0; i < 50; i++) equal((await wire.send(get(`/${i}`)).response()).body, `GET /${i} `);
  equal(up.wires.length, 1);
  wire.close();
  await proxy.settled();
});

test("a hundred requests in one packet are answered in order, however slow the upstream is", async (t) => {
  const up = await upstream(t, async (wire) => {
    for (;;) {
      const { head } = await wire.request();
      await new Promise(setImmediate);
      const path = head.split(" ")[1]!;
      wire.send(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`);
    }
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  const paths = Array.from({ length: 100 }, (_, i) => `/${i}`);
  wire.send(paths.map(get).join(""));
  for (const path of paths) equal((await wire.response()).body, path);
  wire.close();
  await proxy.settled();
});

test("pipelined requests with bodies and a request split anywhere keep their borders", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  const post = (body: string) =>
    `POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const chunked =
    "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
  const all = post("one") + chunked + get("/g") + post("") + chunked;
  const answers = ["POST /p one", "POST /c abcde", "GET /g ", "POST /p ", "POST /c abcde"];
  for (let cut = 1; cut < all.length; cut += 7) {
    wire.send(all.slice(0, cut));
    await new Promise(setImmediate);
    wire.send(all.slice(cut));
    for (const answer of answers) equal((await wire.response()).body, answer);
  }
  wire.close();
  await proxy.settled();
});

test("chunks that come byte by byte arrive whole, both ways", async (t) => {
  const up = await upstream(t, async (wire) => {
    const { body } = await wire.request();
    await wire.sendByByte(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)};a="b"\r\n${body}\r\n0\r\nX-T: 1\r\n\r\n`,
    );
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  await wire.sendByByte(
    "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n0004\r\nello\r\n0\r\nX-T: 1\r\n\r\n",
  );
  equal((await wire.response()).body, "hello");
  wire.close();
  await proxy.settled();
});

for (const [what, answer, body] of [
  ["a length", "content-length: 5\r\n\r\nhello", "hello"],
  ["a length of 0", "content-length: 0\r\n\r\n", ""],
  ["chunks", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"],
  ["the end of the connection", "\r\nhello", "hello"],
] as const) {
  test(`an answer ended by ${what} passes, and the client's connection stays`, async (t) => {
    const up = await upstream(t, async (wire) => {
      await wire.request();
      wire.send(`HTTP/1.1 200 OK\r\n${answer}`);
      if (what.startsWith("the end")) wire.finish();
    });
    const proxy = await startProxy(t, { clusters: { up } });
    const wire = await proxy.dial();
    for (let i = 0; i < 3; i++) {
      if (i > 0 && !what.startsWith("the end")) break;
      equal((await wire.send(get("/")).response()).body, body);
    }
    ok(!wire.hasEnded);
    wire.close();
    await proxy.settled();
  });
}

test("answers without a body are not waited for: HEAD, 204, 304", async (t) => {
  const up = await upstream(t, async (wire) => {
    for (;;) {
      const { head } = await wire.request();
      const status = head.includes("/204")
        ? "204 No Content"
        : head.includes("/304")
          ? "304 Not Modified"
          : "200 OK";
      wire.send(`HTTP/1.1 ${status}\r\n${status.startsWith("204") ? "" : "content-length: 100\r\n"}\r\n`);
    }
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  for (let i = 0; i < 3; i++) {
    equal(
      (await wire.send("HEAD /x HTTP/1.1\r\nHost: t\r\n\r\n").response(true)).fields.get("content-length"),
      "100",
    );
    equal((await wire.send(get("/204")).response()).status, 204);
    equal((await wire.send(get("/304")).response()).status, 304);
  }
  equal(up.wires.length, 1);
  wire.close();
  await proxy.settled();
});

test("Expect: 100-continue is answered before the body comes", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  wire.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  equal((await wire.response()).status, 100);
  equal((await wire.send("hi").response()).body, "POST / hi");
  wire.close();
});

test("an upgrade becomes a tunnel that ends when either side does", async (t) => {
  for (const first of ["client", "upstream"]) {
    const up = await upstream(t, async (wire) => {
      const { fields } = await wire.head();
      equal(fields.get("upgrade"), "websocket");
      wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
    });
    const proxy = await startProxy(t, {
      clusters: { up },
      hcm: { upgrade_configs: [{ upgrade_type: "websocket" }] },
    });
    const wire = await proxy.dial();
    wire.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    equal((await wire.response()).status, 101);
    equal(await wire.read(5), "first");
    const there = await up.wire(0);
    wire.send("to upstream \0\xff");
    equal(await there.read(14), "to upstream \0\xff");
    there.send("to client \0\xff");
    equal(await wire.read(12), "to client \0\xff");
    if (first === "client") {
      wire.send("last");
      wire.finish();
      equal(await there.read(4), "last");
      await there.ended;
    } else {
      there.send("last");
      there.finish();
      equal(await wire.read(4), "last");
    }
    await wire.ended;
    wire.close();
    await proxy.settled();
    equal(await proxy.stat("http.in.downstream_cx_active"), 0);
  }
});

test("CONNECT becomes a tunnel", async (t) => {
  const up = await upstream(t, async (wire) => {
    match((await wire.head()).head, /^CONNECT h:1 HTTP\/1.1/);
    wire.send("HTTP/1.1 200 OK\r\n\r\n");
    wire.send(`got ${await wire.read(4)}`).finish();
  });
  const proxy = await startProxy(t, {
    clusters: { up },
    hcm: { upgrade_configs: [{ upgrade_type: "CONNECT" }] },
    routes: [{ match: { connect_matcher: {} }, route: { cluster: "up" } }],
  });
  const wire = await proxy.dial();
  wire.send("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
  equal((await wire.head()).head.slice(0, 12), "HTTP/1.1 200");
  wire.send("ping");
  equal(await wire.read(8), "got ping");
  equal(await wire.ended, "end");
  wire.close();
  await proxy.settled();
});

test("an answer before the request has ended closes the connection behind it", async (t) => {
  const up = await upstream(t, async (wire) => {
    await wire.head();
    wire.send("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno");
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const wire = await proxy.dial();
  wire.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nsome");
  const response = await wire.response();
  equal(response.status, 413);
  equal(response.body, "no");
  equal(response.fields.get("connection"), "close");
  equal(await wire.ended, "end");
  wire.close();
  await proxy.settled();
});
test("empty lines between requests are not requests", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, {
    clusters: { up },
    hcm: { common_http_protocol_options: { idle_timeout: "0.3s" }, drain_timeout: "0.1s" },
  });
  const wire = await proxy.dial();
  equal((await wire.send(get("/a")).response()).body, "GET /a ");
  wire.send("\r\n\r\n");
  equal((await wire.send(get("/b")).response()).body, "GET /b ");
  wire.send("\r\n");
  // An idle connection all the same.
  equal(await wire.ended, "end");
  deepEqual(wire.received, "");
  wire.close();
});
