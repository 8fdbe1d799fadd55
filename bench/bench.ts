// npm run bench: Outrider beside Envoy, nginx, HAProxy and a blind relay, in turns within one run. The proxy has
// core 0 and one worker; load generator and origin share core 1. See bench/README.md.
//   -- --rounds 5 --seconds 2   --only WORD (a scenario's name has it)   --peers Outrider,nginx
//      --readme (writes the figures there)
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { findPeers, findProgram, type Peer, type Place } from "./peers.ts";
import { anonymousKiB, cpuSeconds, family, freePort, residentMiB, startPinned, stop } from "./processes.ts";
import { type Figures, median, writeReport } from "./report.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

const root = join(import.meta.dirname, "..");
const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", default: "" },
    peers: { type: "string" },
    readme: { type: "boolean", default: false },
  },
});

const canPin = availableParallelism() > 1 && findProgram("taskset", "TASKSET") !== undefined;
const proxyCore = canPin ? 0 : undefined;
const clientCore = canPin ? 1 : undefined;

/** Compiles the tools whose source is newer than their program. */
function buildTools(): { load: string; origin: string; relay: string } {
  const folder = join(root, ".cache/bench");
  mkdirSync(folder, { recursive: true });
  const build = (name: string) => {
    const source = join(root, `bench/tools/${name}.cc`);
    const program = join(folder, name);
    const built = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const newest = Math.max(
      ...[source, join(root, "bench/tools/socket.h")].map((path) => statSync(path).mtimeMs),
    );
    if (built < newest)
      execFileSync(process.env["CXX"] ?? "g++", ["-std=c++20", "-O2", "-o", program, source]);
    return program;
  };
  return { load: build("load"), origin: build("origin"), relay: build("relay") };
}

const tools = buildTools();

function loadArgs(scenario: Scenario, port: number, more: Record<string, number | string>): string[] {
  const words = { bytes: scenario.bodyBytes, seconds: options.seconds, ...scenario.load, ...more };
  return [String(port), ...Object.entries(words).map(([name, value]) => `${name}=${value}`)];
}

/** What to look at while the connections of the load generator stand: after its warm-up, and at its end. */
type Watch = { readonly begin?: () => void; readonly end?: () => void };

/** Runs the load generator against a server and resolves to its figures; a server that dies ends both. */
async function runLoad(
  server: ChildProcess,
  args: readonly string[],
  watch: Watch = {},
): Promise<Record<string, number>> {
  const child = startPinned(clientCore, tools.load, args);
  const abandon = () => child.kill();
  server.once("exit", abandon);
  const ended = once(child, "exit");
  let figures = "{}";
  for await (const line of createInterface(child.stdout ?? process.stdin)) {
    if (line === "begin") watch.begin?.();
    else {
      figures = line;
      watch.end?.();
      child.stdin?.end();
    }
  }
  const [code] = await ended;
  server.off("exit", abandon);
  if (code !== 0) throw new Error("the load generator did not end well");
  return JSON.parse(figures);
}

async function measure(scenario: Scenario, peer: Peer): Promise<Figures> {
  const place: Place = {
    dir: mkdtempSync(join(tmpdir(), "bench-")),
    port: await freePort(),
    origin: await freePort(),
  };
  for (const [file, text] of Object.entries(peer.config(scenario, place)))
    writeFileSync(join(place.dir, file), text);
  const origin = startPinned(clientCore, tools.origin, [String(place.origin), String(scenario.bodyBytes)]);
  await runLoad(origin, loadArgs(scenario, place.origin, { mode: "first" }));
  const started = performance.now();
  const proxy = startPinned(proxyCore, peer.program, peer.args(place));
  let complaint = "";
  proxy.stderr?.on("data", (text) => (complaint += text));
  try {
    await runLoad(proxy, loadArgs(scenario, place.port, { mode: "first" }));
    const startMs = performance.now() - started;
    const pids = family(proxy.pid ?? 0);
    if (scenario.kind === "start") return { startMs, residentMiB: residentMiB(pids) };
    if (scenario.kind === "idle") return await measureIdle(scenario, { place, proxy, pids });
    return await measureLoad(scenario, { place, proxy, pids });
  } catch (error) {
    throw new Error(`${peer.name}, ${scenario.name}: ${error} ${complaint.slice(0, 500)}`);
  } finally {
    await stop(proxy);
    await stop(origin);
    rmSync(place.dir, { recursive: true, force: true });
  }
}

type Running = { readonly place: Place; readonly proxy: ChildProcess; readonly pids: readonly number[] };

async function measureLoad(scenario: Scenario, { place, proxy, pids }: Running): Promise<Figures> {
  let cpu = 0;
  let resident = 0;
  const watch = {
    begin: () => {
      cpu = cpuSeconds(pids);
    },
    end: () => {
      cpu = cpuSeconds(pids) - cpu;
      resident = residentMiB(pids);
    },
  };
  const result = await runLoad(proxy, loadArgs(scenario, place.port, {}), watch);
  const { requests = 0, errors = 0, seconds = 1, p50 = 0, p99 = 0, p999 = 0 } = result;
  return {
    cpuUs: (cpu * 1e6) / requests,
    perSecond: requests / seconds,
    p50Us: p50,
    p99Us: p99,
    p999Us: p999,
    residentMiB: resident,
    errors,
  };
}

async function measureIdle(scenario: Scenario, { place, proxy, pids }: Running): Promise<Figures> {
  const before = anonymousKiB(pids);
  let grown = 0;
  let resident = 0;
  const watch = {
    end: () => {
      grown = anonymousKiB(pids) - before;
      resident = residentMiB(pids);
    },
  };
  const { held = 0, errors = 0 } = await runLoad(
    proxy,
    loadArgs(scenario, place.port, { mode: "idle" }),
    watch,
  );
  return { kibPerConnection: grown / held, residentMiB: resident, errors };
}

const { peers: found, missing } = findPeers(root, tools.relay);
const peers = found.filter((peer) => options.peers?.split(",").includes(peer.name) ?? true);
for (const word of missing) console.error(`bench: ${word}`);
if (!canPin) console.error("bench: one core, or no taskset: nothing is pinned, and figures say little");

const wanted = scenarios.filter((scenario) => scenario.name.includes(options.only));
const rows: { scenario: Scenario; peer: string; figures: Figures }[] = [];
for (const scenario of wanted) {
  const rounds = new Map<string, Figures[]>(peers.map((peer) => [peer.name, []]));
  for (let round = 0; round < Number(options.rounds); ++round) {
    // Another one is first each round, so that no one always meets the machine as the one before left it.
    const turn = peers.map((_, index) => peers[(index + round) % peers.length] as Peer);
    for (const peer of turn) {
      process.stderr.write(`\r\x1b[K${scenario.name}, round ${round + 1}, ${peer.name}`);
      rounds.get(peer.name)?.push(await measure(scenario, peer));
    }
  }
  for (const peer of peers)
    rows.push({ scenario, peer: peer.name, figures: median(rounds.get(peer.name) ?? []) });
}
process.stderr.write("\r\x1b[K");
writeReport(root, rows, {
  rounds: Number(options.rounds),
  seconds: Number(options.seconds),
  intoReadme: options.readme,
});
