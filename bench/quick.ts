// npm run bench:quick: a first look with autocannon, whose own cost is larger than the proxy's. For figures, bench.ts.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPeers } from "./peers.ts";
import { freePort, startPinned, stop } from "./processes.ts";

const root = join(import.meta.dirname, "..");
const seconds = process.argv[2] ?? "5";
const place = {
  dir: mkdtempSync(join(tmpdir(), "bench-")),
  port: await freePort(),
  origin: await freePort(),
};
const [outrider] = findPeers(root, "").peers;
if (outrider === undefined) throw new Error("no bin/outrider");

const origin = createServer((_, response) => response.end("x".repeat(1_024))).listen(
  place.origin,
  "127.0.0.1",
);
await once(origin, "listening");
for (const [file, text] of Object.entries(outrider.config({ routes: 1, bodyBytes: 1_024 }, place))) {
  writeFileSync(join(place.dir, file), text);
}
const proxy = startPinned(undefined, outrider.program, outrider.args(place));
proxy.stderr?.pipe(process.stderr);

const url = `http://127.0.0.1:${place.port}/`;
while (proxy.exitCode === null && !(await fetch(url).catch(() => undefined))?.ok) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const cannon = startPinned(undefined, join(root, "node_modules/.bin/autocannon"), [
  "-c",
  "64",
  "-d",
  seconds,
  url,
]);
cannon.stdout?.pipe(process.stdout);
cannon.stderr?.pipe(process.stderr);
const [code] = await once(cannon, "exit");
await stop(proxy);
origin.close();
origin.closeAllConnections();
rmSync(place.dir, { recursive: true, force: true });
process.exitCode = code ?? 1;
