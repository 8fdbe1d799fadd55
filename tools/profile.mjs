// Profile-guided optimisation: builds the addon with counters, sends typical traffic through it, and leaves the
// counts where the compiler looks for them when it builds Release. Worth 8 % of all CPU a small request costs.
// Once a clone; again with `npm run setup -- --profile`.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { at, files, say } from "./common.mjs";

const counted = "build/Profile";

/** Bodies by path: small as most are, and large enough to be split. */
const bodies = {
  "/small": Buffer.alloc(47, "s"),
  "/medium": Buffer.alloc(10_240, "m"),
  "/large": Buffer.alloc(1 << 20, "l"),
};

function listening(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

function origin() {
  return http.createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const body = bodies[request.url.split("?")[0]] ?? bodies["/small"];
      if (request.url.endsWith("?chunked")) response.writeHead(200);
      else response.writeHead(200, { "content-length": body.length, "content-type": "text/plain" });
      response.end(body);
    });
  });
}

function config(port, path, log) {
  const api = "type.googleapis.com/envoy.";
  const any = (type, fields = {}) => ({ "@type": `${api}${type}`, ...fields });
  const to = (match, action = {}) => ({ match, route: { cluster: "origin", ...action } });
  const manager = any("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "profile",
    route_config: {
      virtual_hosts: [
        {
          name: "named",
          domains: ["named.test", "*.named.test"],
          routes: [
            to({ path: "/exact" }, { timeout: "5s" }),
            to(
              { prefix: "/api/", headers: [{ name: "x-tenant", string_match: { exact: "a" } }] },
              { prefix_rewrite: "/" },
            ),
            to({ safe_regex: { regex: "/v[0-9]+/.*" } }),
            to({ prefix: "/" }, { retry_policy: { retry_on: "5xx" } }),
          ],
        },
        { name: "all", domains: ["*"], routes: [to({ prefix: "/" })] },
      ],
    },
    access_log: [
      { name: "file", typed_config: any("extensions.access_loggers.file.v3.FileAccessLog", { path: log }) },
    ],
    http_filters: [{ name: "router", typed_config: any("extensions.filters.http.router.v3.Router") }],
  });
  return {
    static_resources: {
      listeners: [
        {
          name: "in",
          address: { pipe: { path } },
          filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: "origin",
          type: "STATIC",
          load_assignment: {
            cluster_name: "origin",
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}

/** Sends `count` requests over one connection, one after the other. */
function keepAlive(socketPath, count, request) {
  return new Promise((resolve, reject) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const next = (left) => {
      if (left === 0) {
        agent.destroy();
        resolve();
        return;
      }
      const sent = http.request({ socketPath, agent, ...request }, (response) => {
        response.resume();
        response.on("end", () => next(left - 1));
      });
      sent.on("error", reject);
      sent.end(request.body);
    };
    next(count);
  });
}

const crowd = (connections, run) => Promise.all(Array.from({ length: connections }, run));

/** The same bytes `count` times, each after its answer: cheap for the sender. */
function repeated(path, count, url) {
  const request = `GET ${url} HTTP/1.1\r\nhost: named.test\r\nuser-agent: profile\r\naccept: */*\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    let left = count;
    socket.on("connect", () => socket.write(request));
    socket.on("data", () => (--left > 0 ? socket.write(request) : socket.end()));
    socket.on("close", resolve);
    socket.on("error", reject);
  });
}

async function traffic(path) {
  const headers = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-header-${i}`, `value-${i}`]));
  await crowd(64, () => repeated(path, 400, "/small"));
  await crowd(16, () => keepAlive(path, 100, { path: "/small", headers }));
  await crowd(16, () =>
    keepAlive(path, 50, { path: "/api/x", headers: { host: "named.test", "x-tenant": "a" } }),
  );
  await crowd(16, () => keepAlive(path, 50, { path: "/medium" }));
  await crowd(8, () => keepAlive(path, 50, { path: "/medium?chunked" }));
  await crowd(8, () => keepAlive(path, 50, { path: "/small", method: "POST", body: bodies["/medium"] }));
  await crowd(4, () => keepAlive(path, 20, { path: "/large" }));
  for (let i = 0; i < 100; ++i)
    await keepAlive(path, 1, { path: "/small", headers: { connection: "close" } });
}

function started(child) {
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr.on("data", (data) => {
      log += data;
      if (log.includes("starting workers")) resolve();
    });
    child.on("exit", () => reject(new Error(`the counted build did not start: ${log}`)));
  });
}

/** Runs the counted build under traffic; resolves once it has written its counts. */
async function train() {
  const folder = mkdtempSync(join(tmpdir(), "outrider-profile-"));
  const server = origin();
  try {
    const file = join(folder, "config.json");
    const path = join(folder, "socket");
    writeFileSync(file, JSON.stringify(config(await listening(server), path, join(folder, "access.log"))));
    const child = spawn(at("bin/outrider"), ["-c", file, "--concurrency", "1", "--log-level", "info"], {
      env: { ...process.env, OUTRIDER_BUILD: "Profile" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    await started(child);
    await traffic(path);
    child.kill("SIGTERM");
    if ((await ended) !== 0) throw new Error("the counted build did not end in order");
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where Release's objects stand, each with the counts of its twin. */
function handOver() {
  const counts = files([counted], (path) => path.endsWith(".gcda"));
  for (const path of counts) {
    const target = at("build/Release", relative(counted, path));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(at(path), target);
  }
  if (counts.length === 0) throw new Error("the counted build left no counts");
}

/** A machine that cannot run the counted build still gets a sound one, and is told. */
export async function profile() {
  try {
    await train();
    handOver();
  } catch (error) {
    say(`built without a profile, about 8 % slower: ${error.message}`);
  }
}
