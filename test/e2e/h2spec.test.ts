/** The conformance tests of HTTP/2 and HPACK, each of their cases. */
import { equal, match } from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { h2spec } from "../../tools/h2spec.ts";
import { startProxy } from "./proxy.ts";
import { echo, upstream } from "./wire.ts";

const run = promisify(execFile);

for (const section of ["generic", "hpack", "http2"]) {
  test(`h2spec ${section}: every case passes, strict ones too`, async (t) => {
    const proxy = await startProxy(t, {
      clusters: { up: await upstream(t, echo) },
      hcm: { codec_type: "HTTP2" },
    });
    const args = [section, "--strict", "-h", "127.0.0.1", "-p", String(proxy.port), "-o", "5"];
    const { stdout } = await run(h2spec(), args).catch((error) => error);
    match(stdout, /(\d+) tests, \1 passed, 0 skipped, 0 failed/, stdout);
    equal(await proxy.stat("http2.streams_active"), 0);
  });
}
