/** Starts the program on free ports and asks it what it thinks of itself. */
import { equal, ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { dial, type Upstream, type Wire } from "./wire.ts";

type Json = Readonly<Record<string, unknown>>;

export type Setup = {
  /** By name: ports of this machine, a Unix socket's path, or an upstream; or the whole of a cluster. */
  readonly clusters?: Readonly<Record<string, Upstream | number | string | Json>>;
  /** Merged into every cluster. */
  readonly cluster?: Json;
  /** Default: everything to the cluster `up`. */
  readonly routes?: readonly Json[];
  /** Merged into the HttpConnectionManager and the listener; `{{dir}}` in any text is the proxy's own folder. */
  readonly hcm?: Json;
  readonly listener?: Json;
  /** More listeners with the same connection manager, by address. */
  readonly addresses?: readonly Json[];
  readonly bootstrap?: Json;
  readonly args?: readonly string[];
  readonly workers?: number;
  /** What is started; default: bin/outrider. */
  readonly program?: string;
  /** Runs the program in a shell after this, such as `ulimit -n 64`. */
  readonly shell?: string;
};

const root = join(import.meta.dirname, "../..");
const types = "type.googleapis.com/envoy.extensions.filters";
export const sanitized = process.env["OUTRIDER_SANITIZED"] !== undefined;

export function socketAddress(port: number, address = "127.0.0.1"): Json {
  return { socket_address: { address, port_value: port } };
}

function clusterOf(name: string, to: Upstream | number | string | Json, extra: Json): Json {
  if (typeof to === "object" && !("wires" in to)) return { name, connect_timeout: "5s", ...to, ...extra };
  const address =
    typeof to === "string"
      ? { pipe: { path: to } }
      : socketAddress(typeof to === "number" ? to : (to as Upstream).port);
  const load_assignment = {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
  };
  return { name, connect_timeout: "5s", load_assignment, ...extra };
}

export function bootstrapOf(setup: Setup): Json {
  const routes = setup.routes ?? [{ match: { prefix: "/" }, route: { cluster: "up", timeout: "0s" } }];
  const hcm = {
    "@type": `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "in",
    route_config: { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${types}.http.router.v3.Router` },
      },
    ],
    delayed_close_timeout: "0.2s",
    ...setup.hcm,
  };
  const filter_chains = [
    { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: hcm }] },
  ];
  const addresses = setup.addresses ?? [socketAddress(0)];
  return {
    admin: { address: socketAddress(0) },
    static_resources: {
      clusters: Object.entries(setup.clusters ?? {}).map(([name, to]) =>
        clusterOf(name, to, setup.cluster ?? {}),
      ),
      listeners: addresses.map((address, index) => ({
        name: `in${index}`,
        address,
        filter_chains,
        ...setup.listener,
      })),
    },
    ...setup.bootstrap,
  };
}

export class Running {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly exited: Promise<number>;
  errors = "";
  port = 0;
  ports: number[] = [];
  admin = "";

  constructor(process: ChildProcess, folder: string) {
    this.process = process;
    this.folder = folder;
    process.stderr?.on("data", (data) => {
      this.errors += data;
    });
    this.exited = new Promise((resolve) => {
      process.on("close", (code, signal) => resolve(code ?? (signal === null ? -1 : -2)));
    });
  }

  async fetch(path: string, method = "GET"): Promise<string> {
    return (await fetch(`${this.admin}${path}`, { method })).text();
  }
  async stats(filter = ""): Promise<Map<string, number>> {
    const text = await this.fetch(`/stats?filter=${encodeURIComponent(filter)}`);
    const lines = text.split("\n").map((line) => line.split(": "));
    return new Map(lines.map(([name, value]) => [name ?? "", Number(value)]));
  }
  async stat(name: string): Promise<number> {
    return (await this.stats(`^${name.replaceAll(".", "\\.")}$`)).get(name) ?? Number.NaN;
  }
  dial(): Promise<Wire> {
    return dial(this.port);
  }
  /** Sends one request on a connection of its own and takes the answer. */
  async ask(request: string) {
    const wire = await this.dial();
    const response = await wire.send(request).response();
    wire.close();
    return response;
  }
  /** Open descriptors; only meaningful beside an earlier figure. */
  descriptors(): number {
    return readdirSync(`/proc/${this.process.pid}/fd`).length;
  }
  residentKib(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, "utf8"))?.[1]);
  }

  /** Ends it as an operator would. @returns its exit code */
  async stop(): Promise<number> {
    this.process.kill("SIGTERM");
    return this.exited;
  }
  /** Every gauge that counts what is under way is 0 again, and every circuit breaker closed. */
  async settled(): Promise<void> {
    await eventually(async () => {
      const stats = await this.stats("_active$|_open$|remaining|pending");
      const busy = [...stats].filter(([name, value]) => isBusy(name, value));
      equal(busy.map(([name, value]) => `${name}: ${value}`).join("\n"), "");
    });
  }
}

function isBusy(name: string, value: number): boolean {
  if (value === 0 || name.startsWith("listener.admin") || name.startsWith("http.admin")) return false;
  if (name.includes("_cx_active")) return !name.startsWith("cluster.");
  return /\.(downstream_rq_active|upstream_rq_active|upstream_rq_pending_active|rq\w*_open)$/.test(name);
}

/** Asks again until the claim holds; fails with its last error. */
export async function eventually<T>(claim: () => Promise<T> | T, within_ms = 15_000): Promise<T> {
  for (const start = Date.now(); ; ) {
    try {
      return await claim();
    } catch (error) {
      if (Date.now() - start > within_ms) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Starts the program; it ends with the test, orderly, and must have had nothing to complain about. */
export async function startProxy(t: TestContext, setup: Setup): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "outrider-e2e-"));
  const config = join(folder, "bootstrap.json");
  const adminPath = join(folder, "admin");
  writeFileSync(config, JSON.stringify(bootstrapOf(setup)).replaceAll("{{dir}}", folder));
  const workers = String(setup.workers ?? 1);
  const args = ["-c", config, "--admin-address-path", adminPath, "--concurrency", workers, "-l", "error"];
  const program = setup.program ?? join(root, "bin/outrider");
  const command = setup.shell === undefined ? program : "/bin/sh";
  const inShell = setup.shell === undefined ? [] : ["-c", `${setup.shell}; exec "$0" "$@"`, program];
  const child = spawn(command, [...inShell, ...args, ...(setup.args ?? [])], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const proxy = new Running(child, folder);
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const code = await proxy.exited;
    rmSync(folder, { recursive: true, force: true });
    equal(code, 0, proxy.errors);
    ok(!/runtime error|Sanitizer/.test(proxy.errors), proxy.errors);
  });
  await eventually(() => {
    if (child.exitCode !== null) return;
    ok(existsSync(adminPath) && readFileSync(adminPath, "utf8") !== "", proxy.errors);
  }, 60_000);
  if (child.exitCode !== null) throw new Error(proxy.errors);
  proxy.admin = `http://${readFileSync(adminPath, "utf8")}`;
  await eventually(async () => equal((await proxy.fetch("/ready")).trim(), "LIVE"), 60_000);
  const listeners = JSON.parse(await proxy.fetch("/listeners?format=json")) as {
    listener_statuses: { local_address: { socket_address?: { port_value: number } } }[];
  };
  proxy.ports = listeners.listener_statuses.map(
    ({ local_address }) => local_address.socket_address?.port_value ?? 0,
  );
  proxy.port = proxy.ports[0] ?? 0;
  return proxy;
}
