// The admin interface on its socket, on the main thread: HTTP/1.1 and, for clients that know, HTTP/2 without TLS.
// Only node:net is loaded at the start; HTTP and the endpoints come with the first connection.
import { chmodSync, rmSync, statSync } from "node:fs";
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Http2Server } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { boundary } from "../../native/boundary.ts";
import { adminListener, adminThread } from "../stats/templates.ts";
import { type AdminAccessLog, adminAccessLog } from "./access_log.ts";
import type { Address, AdminConfig, AdminContext, JsonObject } from "./context.ts";
import type { Answer } from "./endpoint.ts";
import type { Handle } from "./handler.ts";

const body_bytes_max = 1024 * 1024;
const connections_max = 1024;
const idle_timeout_ms = 3_600_000;
const preface = "PRI * HTTP/2.0";

// HTTP/2 comes through node:http2's compatibility layer, which has the same methods.
type Request = IncomingMessage;
type Response = ServerResponse;

export interface AdminServer {
  /** Where it listens, with the port that was given for port 0. */
  readonly address: Address;
  reopenLogs(): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Rejects with what listen(2) says, or when an access log cannot be opened. */
export async function startAdmin(config: AdminConfig, context: AdminContext): Promise<AdminServer> {
  const log = adminAccessLog(config, (key) => context.runtime.dump().entries[key]?.final_value);
  const admin = new Admin(config, context, log);
  const server = createServer((socket) => admin.accept(socket));
  server.maxConnections = connections_max;
  await listen(server, config.address ?? {});
  return {
    address: boundAddress(server, config.address ?? {}),
    reopenLogs: () => log?.reopen(),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      admin.end();
      await closed;
      log?.close();
    },
  };
}

function listen(server: Server, address: Address): Promise<void> {
  const socket = address["socket_address"] as JsonObject | undefined;
  const pipe = address["pipe"] as JsonObject | undefined;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const done = () => {
      server.off("error", reject);
      const mode = Number(pipe?.["mode"] ?? 0);
      if (mode !== 0) chmodSync(String(pipe!["path"]), mode);
      resolve();
    };
    if (pipe === undefined) {
      const host = String(socket?.["address"] ?? "127.0.0.1");
      server.listen({ host, port: Number(socket?.["port_value"] ?? 0), backlog: 128 }, done);
      return;
    }
    const path = String(pipe["path"] ?? "");
    // A socket that a process before us left behind, as Envoy does.
    if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
    server.listen({ path: path.startsWith("@") ? `\0${path.slice(1)}` : path, backlog: 128 }, done);
  });
}

function boundAddress(server: Server, address: Address): Address {
  const bound = server.address();
  if (bound === null || typeof bound === "string") return address;
  const socket = (address["socket_address"] ?? {}) as JsonObject;
  return { socket_address: { ...socket, address: bound.address, port_value: (bound as AddressInfo).port } };
}

/** One connection's and one request's way through, with the counters that Envoy keeps of its admin listener. */
class Admin {
  readonly #config: AdminConfig;
  readonly #context: AdminContext;
  readonly #log: AdminAccessLog | null;
  readonly #sockets = new Set<Socket>();
  readonly #listener;
  readonly #thread;
  readonly #http;
  readonly #listenerHttp;
  #http1: HttpServer | null = null;
  #http2: Http2Server | null = null;
  #handle: Handle | null = null;

  constructor(config: AdminConfig, context: AdminContext, log: AdminAccessLog | null) {
    this.#config = config;
    this.#context = context;
    this.#log = log;
    this.#listener = context.stats.scope(adminListener, "listener.admin.");
    this.#thread = context.stats.scope(adminThread, "listener.admin.main_thread.");
    this.#http = context.stats.scope(boundary.stats.http, "http.admin.");
    this.#listenerHttp = context.stats.scope(boundary.stats.listener_http, "listener.admin.http.admin.");
  }

  /** The first bytes say which HTTP it is. */
  accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setTimeout(idle_timeout_ms, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    this.#count(socket);
    socket.once("data", (first) => {
      socket.pause();
      socket.unshift(first);
      const second = first.toString("latin1", 0, preface.length) === preface;
      this.#serve(socket, second).catch((error: Error) => {
        this.#context.log.logger("admin", "src/observability/admin/server.ts").error(String(error.stack));
        socket.destroy();
      });
    });
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(socket: Socket, second: boolean): Promise<void> {
    if (this.#handle === null) {
      const { handler } = await import("./handler.ts");
      this.#handle = handler(this.#context, this.#config);
    }
    this.#http.add(second ? "downstream_cx_http2_total" : "downstream_cx_http1_total");
    const active = second ? "downstream_cx_http2_active" : "downstream_cx_http1_active";
    add(this.#http, active, 1);
    socket.once("close", () => add(this.#http, active, -1));
    (second ? await this.#secondServer() : await this.#firstServer()).emit("connection", socket);
    if (!second) socket.resume();
  }

  async #firstServer(): Promise<HttpServer> {
    if (this.#http1 !== null) return this.#http1;
    const { createServer: create } = await import("node:http");
    this.#http1 ??= create({ keepAliveTimeout: idle_timeout_ms, requestTimeout: 300_000 }, this.#take);
    return this.#http1;
  }

  async #secondServer(): Promise<Http2Server> {
    if (this.#http2 !== null) return this.#http2;
    const { createServer: create } = await import("node:http2");
    this.#http2 ??= create({}, this.#take as never);
    return this.#http2;
  }

  readonly #take = (request: Request, response: Response): void => {
    this.#answer(request, response).catch((error: Error) => {
      this.#context.log.logger("admin", "src/observability/admin/server.ts").error(String(error.stack));
      response.destroy(error);
    });
  };

  async #answer(request: Request, response: Response): Promise<void> {
    const start = new Date();
    const begun = performance.now();
    const second = request.httpVersionMajor === 2;
    this.#http.add("downstream_rq_total");
    this.#http.add(second ? "downstream_rq_http2_total" : "downstream_rq_http1_total");
    add(this.#http, "downstream_rq_active", 1);
    response.once("close", () => add(this.#http, "downstream_rq_active", -1));
    const body = await readBody(request);
    const answer = this.#answerTo(request, body);
    this.#countStatus(answer.status);
    const sent = await send(request, response, answer);
    const durationMs = performance.now() - begun;
    this.#http.record("downstream_rq_time", durationMs);
    this.#log?.write({
      start,
      durationMs,
      method: request.method ?? "",
      target: request.url ?? "",
      protocol: second ? "HTTP/2" : "HTTP/1.1",
      status: answer.status,
      bytesReceived: body?.length ?? 0,
      bytesSent: sent,
      remote: `${request.socket.remoteAddress ?? ""}:${request.socket.remotePort ?? 0}`,
      local: `${request.socket.localAddress ?? ""}:${request.socket.localPort ?? 0}`,
      header: (name) => {
        const value = request.headers[name === ":authority" && !second ? "host" : name];
        return Array.isArray(value) ? value.join(",") : value;
      },
    });
  }

  #answerTo(request: Request, body: Buffer | null): Answer {
    if (request.httpVersion === "1.0") return { status: 426, type: "text/plain", body: "Upgrade Required" };
    if (body === null) return { status: 413, type: "text/plain", body: "Payload Too Large" };
    return this.#handle!(request.method ?? "GET", request.url ?? "/", formOf(request, body));
  }

  #count(socket: Socket): void {
    const begun = performance.now();
    for (const scope of [this.#listener, this.#thread, this.#http]) {
      add(scope, "downstream_cx_total", 1);
      add(scope, "downstream_cx_active", 1);
    }
    this.#listener.record("connections_accepted_per_socket_event", 1);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      for (const scope of [this.#listener, this.#thread, this.#http]) add(scope, "downstream_cx_active", -1);
      this.#listener.add("downstream_cx_destroy");
      this.#http.add("downstream_cx_destroy");
      this.#http.add(socket.readableEnded ? "downstream_cx_destroy_remote" : "downstream_cx_destroy_local");
      this.#http.add("downstream_cx_rx_bytes_total", socket.bytesRead);
      this.#http.add("downstream_cx_tx_bytes_total", socket.bytesWritten);
      this.#http.record("downstream_cx_length_ms", performance.now() - begun);
      this.#listener.record("downstream_cx_length_ms", performance.now() - begun);
    });
  }

  #countStatus(status: number): void {
    const group = `downstream_rq_${Math.floor(status / 100)}xx` as "downstream_rq_2xx";
    for (const scope of [this.#http, this.#listenerHttp]) {
      add(scope, "downstream_rq_completed", 1);
      add(scope, group, 1);
    }
  }
}

/** Scopes of different templates that have a stat of the same name. */
function add<Name extends string>(scope: { add(name: Name, n: number): void }, name: Name, n: number): void {
  scope.add(name, n);
}

/** Null: it is too long. */
async function readBody(request: Request): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += (part as Buffer).length;
    if (length <= body_bytes_max) parts.push(part as Buffer);
  }
  return length > body_bytes_max ? null : Buffer.concat(parts);
}

function formOf(request: Request, body: Buffer): string {
  const form = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  return form ? body.toString("utf8") : "";
}

/** Resolves to the bytes of the body that were sent. */
async function send(request: Request, response: Response, { status, type, body }: Answer): Promise<number> {
  const second = request.httpVersionMajor === 2;
  const headers = {
    "content-type": type,
    "cache-control": "no-cache, max-age=0",
    "x-content-type-options": "nosniff",
    server: "envoy",
    // Envoy's answers are chunked whatever their length.
    ...(second ? {} : { "transfer-encoding": "chunked" }),
    ...(request.httpVersion === "1.0" ? { connection: "close" } : {}),
  };
  // Node would say "connection: keep-alive", which goes without saying.
  if (!second && response.shouldKeepAlive) response.removeHeader("connection");
  response.writeHead(status, request.httpVersion === "1.0" ? withoutChunks(headers, body) : headers);
  let sent = 0;
  if (request.method !== "HEAD") {
    for (const part of typeof body === "string" ? [body] : inChunks(body)) {
      sent += Buffer.byteLength(part);
      if (part === "" || response.write(part)) continue;
      await drained(response);
      if (response.destroyed) return sent;
    }
  }
  response.end();
  return sent;
}

const chunk_characters = 64 * 1024;

function* inChunks(parts: Iterable<string>): Generator<string> {
  let chunk = "";
  for (const part of parts) {
    chunk += part;
    if (chunk.length < chunk_characters) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

function withoutChunks(headers: Record<string, string>, body: Answer["body"]): Record<string, string> {
  const { "transfer-encoding": _, ...others } = headers;
  return typeof body === "string" ? { ...others, "content-length": String(Buffer.byteLength(body)) } : others;
}

function drained(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
