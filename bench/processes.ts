// A proxy under test: started on its own core, weighed with all its processes and threads, and ended.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

/** How many files a process here may open; the tools and peers raise themselves to it. */
export function fileLimit(): number {
  const limit = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readOr("/proc/self/limits"))?.[1] ?? 1_024);
  return Math.min(limit, 100_000);
}

/** Ports are chosen by the kernel; another program may take one in between, and then the start fails. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Starts a program on one core, where `taskset` is there to say so. */
export function startPinned(
  core: number | undefined,
  program: string,
  args: readonly string[],
): ChildProcess {
  const stdio: ["pipe", "pipe", "pipe"] = ["pipe", "pipe", "pipe"];
  const child =
    core === undefined
      ? spawn(program, args, { stdio })
      : spawn("taskset", ["-c", String(core), program, ...args], { stdio });
  child.stderr?.setEncoding("utf8");
  return child;
}

/** The process and everything that it started. */
export function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(/^PPid:\s+(\d+)/m.exec(readOr(`/proc/${entry}/status`))?.[1] ?? -1);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const all = [pid];
  for (const one of all) all.push(...(children.get(one) ?? []));
  return all;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // the process or thread ended meanwhile
  }
}

/** CPU time of every thread, to the nanosecond: user and kernel. */
export function cpuSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readOr(`/proc/${pid}/task/${task}/schedstat`).split(" ")[0] ?? 0);
    }
  }
  return nanoseconds / 1e9;
}

const kibibytes = (pids: readonly number[], file: string, field: RegExp) =>
  pids.reduce((sum, pid) => sum + Number(field.exec(readOr(`/proc/${pid}/${file}`))?.[1] ?? 0), 0);

export const residentMiB = (pids: readonly number[]) => kibibytes(pids, "status", /^VmRSS:\s+(\d+)/m) / 1_024;
export const anonymousKiB = (pids: readonly number[]) => kibibytes(pids, "status", /^RssAnon:\s+(\d+)/m);

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await ended;
  clearTimeout(timer);
}
