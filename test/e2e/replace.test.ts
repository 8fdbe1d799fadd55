// The addon alone: a listener that is replaced, or removed and added again, goes on serving.
import { equal } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadAddon } from "../../src/native/load.ts";
import { bootstrapOf, eventually } from "./proxy.ts";
import { dial } from "./wire.ts";

const addon = loadAddon(join(import.meta.dirname, "../.."));
addon.create(JSON.stringify({ concurrency: 2 }));
addon.start();
after(() => addon.stop());

type Config = { static_resources: { listeners: Record<string, unknown>[] } };
type Answer = { addresses?: { port: number }[]; reason?: string };

/** A listener whose answer is `says`. */
function listener(address: object, says: string): string {
  const routes = [
    { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: says } } },
  ];
  const config = bootstrapOf({ routes, addresses: [address as never] }) as unknown as Config;
  return JSON.stringify(config.static_resources.listeners[0]);
}
function add(address: object, says: string): number {
  const answer = JSON.parse(addon.addListener(listener(address, says))) as Answer;
  equal(answer.reason, undefined);
  return answer.addresses?.[0]?.port ?? 0;
}
const get = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
async function ask(to: number | string): Promise<string> {
  const wire = await dial(to);
  const { body } = await wire.send(get).response();
  wire.close();
  return body;
}

test("a listener that is replaced under load refuses nobody and keeps its port", async () => {
  const any = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const port = add(any, "0");
  let asked = 0;
  let stop = false;
  const clients = Array.from({ length: 8 }, async () => {
    for (; !stop; asked++) await ask(port);
  });
  for (let i = 1; i <= 20; i++) {
    equal(add(any, String(i)), port);
    const before = asked;
    while (asked < before + 20) await new Promise(setImmediate);
  }
  stop = true;
  await Promise.all(clients);
  // Each worker changes over in its own time.
  await eventually(async () => equal(await ask(port), "20"));
  addon.removeListener("in0");
});

test("removed and added again at once, a listener serves at the same address", async () => {
  const port = add({ socket_address: { address: "127.0.0.1", port_value: 0 } }, "old");
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  for (let i = 0; i < 20; i++) {
    addon.removeListener("in0");
    add(address, String(i));
    await ask(port);
  }
  addon.removeListener("in0");
});

test("so it does on a Unix socket", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outrider-replace-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "socket");
  add({ pipe: { path } }, "first");
  equal(await ask(path), "first");
  add({ pipe: { path } }, "second");
  await eventually(async () => equal(await ask(path), "second"));
  addon.removeListener("in0");
  add({ pipe: { path } }, "third");
  equal(await ask(path), "third");
  addon.removeListener("in0");
});
