// bin/outrider: from any folder, through links, with the proxy's own signals and exit codes; and the quick start.
import { equal, match, notEqual } from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const launcher = join(root, "bin/outrider");
const quickstart = join(root, "examples/quickstart.yaml");
const folder = mkdtempSync(join(tmpdir(), "launcher-"));
after(() => rmSync(folder, { recursive: true }));

const validate = ["--mode", "validate", "-c", quickstart];

/** The quick start on ports that the kernel picks; the demo upstreams are reached through sockets in the folder. */
function quickstartElsewhere(): string {
  const text = readFileSync(quickstart, "utf8")
    .replaceAll(
      /socket_address: \{ address: 127\.0\.0\.1, port_value: (10001|10002) \}/g,
      `pipe: { path: ${folder}/$1 }`,
    )
    .replaceAll(/port_value: \d+/g, "port_value: 0");
  const path = join(folder, "quickstart.yaml");
  writeFileSync(path, text);
  return path;
}

/** Starts the proxy and resolves, once it says where, to the address of its admin interface. */
async function start(config: string): Promise<{ proxy: ChildProcess; admin: string }> {
  const file = join(folder, "admin-address");
  rmSync(file, { force: true });
  const watcher = watch(folder);
  const proxy = spawn(launcher, [
    "-c",
    config,
    "--concurrency",
    "1",
    "--admin-address-path",
    file,
    "--log-level",
    "error",
  ]);
  for await (const _ of onChange(watcher, proxy)) {
    const address = readOrEmpty(file).trim();
    if (address !== "") return { proxy, admin: `http://${address}` };
  }
  throw new Error("the proxy ended before it said where its admin interface is");
}

async function* onChange(watcher: ReturnType<typeof watch>, proxy: ChildProcess) {
  try {
    for (;;) {
      const ended = once(proxy, "exit").then(() => "ended");
      if ((await Promise.race([once(watcher, "change"), ended])) === "ended") return;
      yield;
    }
  } finally {
    watcher.close();
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function addressOf(admin: string, listener: string): Promise<string> {
  const text = await (await fetch(`${admin}/listeners`)).text();
  const address = new RegExp(`^${listener}::(.*)$`, "m").exec(text)?.[1];
  notEqual(address, undefined, text);
  return `http://${address}`;
}

test("it works from another folder and through a chain of relative and absolute links", () => {
  mkdirSync(join(folder, "links"));
  symlinkSync(launcher, join(folder, "links/one"));
  symlinkSync("one", join(folder, "links/two"));
  symlinkSync("links/two", join(folder, "three"));
  const { status, stdout, stderr } = spawnSync(join(folder, "three"), validate, {
    cwd: "/",
    encoding: "utf8",
  });
  equal(status, 0, stderr);
  equal(stdout, `configuration '${quickstart}' OK\n`);
});

test("it is found on the PATH", () => {
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env["PATH"]}` };
  match(execFileSync("outrider", validate, { cwd: folder, env, encoding: "utf8" }), /OK/);
});

test("it passes the proxy's exit code on", () => {
  equal(spawnSync(launcher, ["--mode", "validate", "-c", join(folder, "not-there.yaml")]).status, 1);
});

test("it says how to build what is not built", () => {
  mkdirSync(join(folder, "bare/bin"), { recursive: true });
  copyFileSync(launcher, join(folder, "bare/bin/outrider"));
  const { status, stderr } = spawnSync(join(folder, "bare/bin/outrider"), validate, { encoding: "utf8" });
  equal(status, 1);
  match(stderr, /^outrider: not built yet: run 'npm run setup' in .*\/bare\n$/);
});

test("the quick start answers as it says, and SIGTERM ends it with 0", async () => {
  const { proxy, admin } = await start(quickstartElsewhere());
  try {
    const front = await addressOf(admin, "front");
    const bodies = [await (await fetch(front)).text(), await (await fetch(front)).text()].sort();
    equal(bodies.join(""), "hello from blue\nhello from green\n");
    equal(await (await fetch(`${front}/blue`)).text(), "hello from blue\n");
    equal(await (await fetch(`${front}/green`)).text(), "hello from green\n");
    const moved = await fetch(`${front}/old`, { redirect: "manual" });
    equal(moved.status, 301);
    equal(moved.headers.get("location"), `${front}/`);
  } finally {
    proxy.kill("SIGTERM");
  }
  const [code] = await once(proxy, "exit");
  equal(code, 0);
});
