/** The same configuration and the same traffic for the real Envoy and for Outrider: what both say of it. */
import { match } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually, type Running, type Setup, startProxy } from "../e2e/proxy.ts";
import { type Upstream, upstream, type Wire } from "../e2e/wire.ts";

/** The program to compare with; without it the comparisons are skipped. */
export const envoy = process.env["ENVOY_BIN"];

export type Traffic = (proxy: Running) => Promise<void>;
export type Told = {
  /** Counters and gauges by name; histograms with how many values they took. */
  readonly stats: ReadonlyMap<string, string>;
  readonly log: readonly string[];
};

/** Answers by what the path asks for. */
async function answer(wire: Wire): Promise<void> {
  for (;;) {
    if (wire.hasEnded && wire.received === "") return;
    const { head } = await wire.request();
    const status = /\/status\/(\d+)/.exec(head)?.[1] ?? "200";
    if (head.includes("/cut")) return void wire.close();
    if (head.includes("/never")) return void (await wire.until((_, ended) => ended || undefined));
    const body = `answer ${status}`;
    const length = status === "204" ? "" : `content-length: ${body.length}\r\n`;
    const sent = status === "204" || head.startsWith("HEAD") ? "" : body;
    wire.send(`HTTP/1.1 ${status} Whatever\r\n${length}x-from: up\r\n\r\n${sent}`);
  }
}

/** A port that refuses. */
async function refusingPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function tellBoth(
  t: TestContext,
  setup: (up: Upstream, refusing: number, log: string) => Setup,
  traffic: Traffic,
): Promise<{ readonly theirs: Told; readonly ours: Told }> {
  const up = await upstream(t, answer);
  const refusing = await refusingPort();
  const tell = async (program: Pick<Setup, "program" | "args">): Promise<Told> => {
    const folder = mkdtempSync(join(tmpdir(), "oracle-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const log = join(folder, "log");
    const proxy = await startProxy(t, { ...setup(up, refusing, log), ...program });
    await traffic(proxy);
    await proxy.settled();
    // Envoy shows in histograms what a flush has seen.
    await eventually(async () => match(await proxy.fetch("/stats?filter=in.downstream_rq_time"), /P50/));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stats = new Map<string, string>();
    for (const line of (await proxy.fetch("/stats?histogram_buckets=cumulative")).split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) stats.set(line.slice(0, colon), readValue(line.slice(colon + 2)));
    }
    await proxy.stop();
    return { stats, log: await eventually(() => readFileSync(log, "utf8").split("\n").slice(0, -1)) };
  };
  const theirs = await tell({ program: envoy!, args: ["--use-dynamic-base-id"] });
  return { theirs, ours: await tell({}) };
}

/** Of a histogram only how many values it took: times differ from run to run. */
function readValue(text: string): string {
  if (text.startsWith("No recorded values")) return "0 values";
  const last = /B(?:[\d.e+]+|inf)\((\d+),(\d+)\)\s*$/.exec(text);
  return last === null ? text : `${last[2]} values`;
}
