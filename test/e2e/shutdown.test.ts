// The end of the program, and of its listeners: no request is lost, no line of the log, and nothing stays behind.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, type Running, startProxy } from "./proxy.ts";
import { echo, upstream } from "./wire.ts";

const get = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
const accessLog = {
  access_log: [
    {
      name: "file",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path: "{{dir}}/access.log",
        log_format: {
          text_format_source: { inline_string: "%RESPONSE_CODE% %REQ(:PATH)% %RESPONSE_FLAGS%\n" },
        },
      },
    },
  ],
};

type Load = { sent: number; answered: number; lost: string[]; stop: boolean };

/** A client that asks as fast as it is answered, on connections that live as long as the proxy lets them. */
async function client(proxy: Running, load: Load, keepAlive: boolean): Promise<void> {
  const request = keepAlive ? get : get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
  while (!load.stop) {
    const wire = await proxy.dial().catch(() => undefined);
    if (wire === undefined) return;
    for (let close = false; !close && !load.stop; ) {
      load.sent += 1;
      try {
        const response = await wire.send(request).response();
        if (response.status === 200) load.answered += 1;
        else load.lost.push(`${response.status} ${response.body}`);
        close = response.fields.get("connection") === "close";
      } catch (error) {
        load.lost.push(String(error));
        close = true;
      }
    }
    wire.close();
  }
}

const ways = {
  SIGTERM: (proxy: Running) => proxy.process.kill("SIGTERM"),
  "/quitquitquit": (proxy: Running) => proxy.fetch("/quitquitquit", "POST"),
};
for (const [way, end] of Object.entries(ways)) {
  for (const keepAlive of [true, false]) {
    const kind = keepAlive ? "kept" : "new";
    test(`${way} under load loses no request and no line of the log (${kind} connections)`, async (t) => {
      const up = await upstream(t, echo);
      const proxy = await startProxy(t, { clusters: { up }, hcm: accessLog });
      const load: Load = { sent: 0, answered: 0, lost: [], stop: false };
      const clients = Array.from({ length: 8 }, () => client(proxy, load, keepAlive));
      await eventually(() => ok(load.answered > 300));
      end(proxy);
      equal(await proxy.exited, 0);
      load.stop = true;
      await Promise.all(clients);
      deepEqual(load.lost, []);
      equal(load.answered, load.sent);
      const lines = readFileSync(join(proxy.folder, "access.log"), "utf8").trim().split("\n");
      equal(lines.length, load.answered);
      equal(lines.filter((line) => line !== "200 / -").join("\n"), "");
    });
  }
}

test("SIGTERM waits for the answer that is under way, and closes idle connections", async (t) => {
  const up = await upstream(t, async (wire) => {
    await wire.request();
    await released;
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate");
  });
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const proxy = await startProxy(t, { clusters: { up } });
  const busy = await proxy.dial();
  busy.send(get);
  const idle = await proxy.dial();
  await up.wire(0);
  proxy.process.kill("SIGTERM");
  equal(await idle.ended, "end");
  equal(idle.received, "");
  release();
  const response = await busy.response();
  equal(response.body, "late");
  equal(response.fields.get("connection"), "close");
  equal(await proxy.exited, 0);
});

test("a graceful drain of the listeners closes each connection behind an answer, and loses none", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, {
    clusters: { up },
    args: ["--drain-time-s", "1", "--drain-strategy", "immediate"],
  });
  const load: Load = { sent: 0, answered: 0, lost: [], stop: false };
  const clients = Array.from({ length: 4 }, () => client(proxy, load, true));
  await eventually(() => ok(load.answered > 100));
  equal((await proxy.fetch("/drain_listeners?graceful", "POST")).trim(), "OK");
  await Promise.all(clients); // until nobody accepts any more
  deepEqual(load.lost, []);
  equal(load.answered, load.sent);
  await eventually(async () => equal(await proxy.stat("http.in.downstream_cx_active"), 0));
});

test("SIGUSR1 opens the access log anew", async (t) => {
  const up = await upstream(t, echo);
  const proxy = await startProxy(t, {
    clusters: { up },
    hcm: accessLog,
    args: ["--file-flush-interval-msec", "10"],
  });
  const path = join(proxy.folder, "access.log");
  await proxy.ask(get.replace("/", "/before"));
  await eventually(() => match(readFileSync(path, "utf8"), /before/));
  renameSync(path, `${path}.1`);
  proxy.process.kill("SIGUSR1");
  await eventually(() => ok(existsSync(path)));
  await proxy.ask(get.replace("/", "/after"));
  await eventually(() => match(readFileSync(path, "utf8"), /after/));
  equal(readFileSync(`${path}.1`, "utf8").includes("after"), false);
});
