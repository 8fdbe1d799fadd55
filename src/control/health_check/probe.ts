/** One active health check of one host: what is sent, and what the answer means. */
import type * as Http from "node:http";
import type * as Http2 from "node:http2";
import { connect } from "node:net";
import { treesIn } from "../check/context.ts";
import { isTree, type Tree } from "../check/typing.ts";

export type Finding =
  | "healthy"
  | "degraded"
  /** The host said that it is not well: no threshold is waited for. */
  | "unwell"
  /** It said so in a way that counts towards the threshold. */
  | "retriable"
  | "network"
  | "timeout";

export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** One check. The signal ends it; it never rejects. */
export type Probe = (target: Target, signal: AbortSignal) => Promise<Finding>;

/** Of what a host answers, no more is kept. */
const answer_bytes_max = 64 * 1024;
const user_agent = "Envoy/HC";

/** @param check envoy.config.core.v3.HealthCheck */
export function probeOf(check: Tree, cluster: string): Probe {
  const { http_health_check: http, tcp_health_check: tcp, grpc_health_check: grpc } = check;
  if (isTree(http))
    return http["codec_client_type"] === "HTTP2"
      ? http2Probe(http, cluster)
      : httpProbe(http, cluster, check);
  if (isTree(grpc)) return grpcProbe(grpc, cluster);
  return tcpProbe(isTree(tcp) ? tcp : {});
}

/** Runs until the first of its ends; what comes later does not count. */
function settle(
  signal: AbortSignal,
  run: (done: (finding: Finding) => void) => () => void,
): Promise<Finding> {
  return new Promise((resolve) => {
    let cleanUp: (() => void) | undefined;
    const done = (finding: Finding) => {
      signal.removeEventListener("abort", onAbort);
      resolve(finding);
      cleanUp?.();
      cleanUp = undefined;
    };
    const onAbort = () => done("timeout");
    signal.addEventListener("abort", onAbort);
    cleanUp = run(done);
  });
}

// ---- HTTP ----------------------------------------------------------------------------------------------------------

function inRanges(ranges: readonly Tree[], status: number): boolean {
  return ranges.some(({ start = 0, end = 0 }) => status >= Number(start) && status < Number(end));
}

function judge(config: Tree, status: number, degraded: boolean): Finding {
  const expected = treesIn(config["expected_statuses"]);
  if (expected.length === 0 ? status === 200 : inRanges(expected, status))
    return degraded ? "degraded" : "healthy";
  return inRanges(treesIn(config["retriable_statuses"]), status) ? "retriable" : "unwell";
}

function requestOf(config: Tree, cluster: string) {
  const headers: Record<string, string> = { "user-agent": user_agent };
  for (const { header } of treesIn(config["request_headers_to_add"])) {
    if (isTree(header)) headers[String(header["key"]).toLowerCase()] = String(header["value"] ?? "");
  }
  for (const name of (config["request_headers_to_remove"] ?? []) as readonly string[]) {
    delete headers[name.toLowerCase()];
  }
  return {
    method: String(config["method"] ?? "GET"),
    path: String(config["path"]),
    host: String(config["host"] || cluster),
    headers,
  };
}

function httpProbe(config: Tree, cluster: string, check: Tree): Probe {
  const { method, path, host, headers } = requestOf(config, cluster);
  let agent: Http.Agent | undefined;
  return async (target, signal) => {
    const http = await import("node:http");
    agent ??= new http.Agent({ keepAlive: check["reuse_connection"] !== false });
    const to = "path" in target ? { socketPath: target.path } : { host: target.host, port: target.port };
    return settle(signal, (done) => {
      let whole = false; // then the connection may serve the next check
      const request = http.request({
        ...to,
        agent,
        method,
        path,
        headers: { host, ...headers },
        setHost: false,
      });
      request.removeHeader("connection");
      request.on("error", () => done("network"));
      request.on("response", (response) => {
        response.on("error", () => done("network"));
        response.on("end", () => {
          whole = true;
          done(judge(config, response.statusCode ?? 0, response.headers["x-envoy-degraded"] !== undefined));
        });
        response.on("close", () => done("network"));
        response.resume();
      });
      request.end();
      return () => {
        if (!whole) request.destroy();
      };
    });
  };
}

// ---- HTTP/2 and gRPC -----------------------------------------------------------------------------------------------

type Answer = {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
};

/** One exchange on a connection of its own. */
function exchange(
  http2: typeof Http2,
  target: Target,
  signal: AbortSignal,
  message: { readonly headers: Record<string, string>; readonly body: Buffer | undefined },
  read: (answer: Answer) => Finding,
): Promise<Finding> {
  return settle(signal, (done) => {
    const options = { createConnection: () => connect("path" in target ? { path: target.path } : target) };
    const session = http2.connect("http://health.check", options);
    session.on("error", () => done("network"));
    session.on("close", () => done("network"));
    const stream = session.request(message.headers, { endStream: message.body === undefined });
    const body: Buffer[] = [];
    let bytes = 0;
    let headers: Answer["headers"] = {};
    let trailers: Answer["trailers"] = {};
    stream.on("error", () => done("network"));
    stream.on("response", (received) => {
      headers = received;
    });
    stream.on("trailers", (received) => {
      trailers = received;
    });
    stream.on("data", (data: Buffer) => {
      bytes += data.length;
      if (bytes <= answer_bytes_max) body.push(data);
    });
    stream.on("end", () => {
      const answered = headers[":status"] !== undefined; // a session that breaks ends its streams, too
      done(answered ? read({ headers, trailers, body: Buffer.concat(body) }) : "network");
    });
    if (message.body !== undefined) stream.end(message.body);
    return () => session.destroy();
  });
}

function http2Probe(config: Tree, cluster: string): Probe {
  const { method, path, host, headers } = requestOf(config, cluster);
  const head = { ":method": method, ":path": path, ":authority": host, ":scheme": "http", ...headers };
  return async (target, signal) =>
    exchange(await import("node:http2"), target, signal, { headers: head, body: undefined }, (answer) =>
      judge(config, Number(answer.headers[":status"]), answer.headers["x-envoy-degraded"] !== undefined),
    );
}

/** grpc.health.v1.HealthCheckRequest in its frame. */
function grpcRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const length: number[] = [];
  for (let left = name.length; ; left >>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...length]), name]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

/** grpc.health.v1.HealthCheckResponse with status SERVING. */
function isServing(body: Buffer): boolean {
  return (
    body.length === 7 && body[0] === 0 && body.readUInt32BE(1) === 2 && body[5] === 0x08 && body[6] === 1
  );
}

function grpcProbe(config: Tree, cluster: string): Probe {
  const headers: Record<string, string> = {
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    ":authority": String(config["authority"] || cluster),
    ":scheme": "http",
    "user-agent": user_agent,
    "content-type": "application/grpc",
    te: "trailers",
  };
  for (const { header } of treesIn(config["initial_metadata"])) {
    if (isTree(header)) headers[String(header["key"]).toLowerCase()] = String(header["value"] ?? "");
  }
  const body = grpcRequest(String(config["service_name"] ?? ""));
  return async (target, signal) =>
    exchange(await import("node:http2"), target, signal, { headers, body }, (answer) => {
      const status = answer.trailers["grpc-status"] ?? answer.headers["grpc-status"];
      const fine = Number(answer.headers[":status"]) === 200 && Number(status) === 0;
      return fine && isServing(answer.body) ? "healthy" : "unwell";
    });
}

// ---- TCP -----------------------------------------------------------------------------------------------------------

function payload(value: unknown): Buffer {
  if (!isTree(value)) return Buffer.alloc(0);
  return value["text"] === undefined
    ? Buffer.from(String(value["binary"] ?? ""), "base64")
    : Buffer.from(String(value["text"]), "hex");
}

/** Every block stands in the answer, in this order, with anything between. */
function holds(answer: Buffer, blocks: readonly Buffer[]): boolean {
  let from = 0;
  for (const block of blocks) {
    const at = answer.indexOf(block, from);
    if (at < 0) return false;
    from = at + block.length;
  }
  return true;
}

function tcpProbe(config: Tree): Probe {
  const send = payload(config["send"]);
  const wanted = treesIn(config["receive"]).map(payload);
  return (target, signal) =>
    settle(signal, (done) => {
      let answer = Buffer.alloc(0);
      const socket = connect(target);
      socket.on("error", () => done("network"));
      socket.on("close", () => done("network"));
      socket.on("connect", () => {
        if (send.length > 0) socket.write(send);
        if (wanted.length === 0) done("healthy");
      });
      socket.on("data", (data: Buffer) => {
        answer = Buffer.concat([answer, data]);
        if (holds(answer, wanted)) done("healthy");
        else if (answer.length > answer_bytes_max) done("unwell");
      });
      return () => socket.destroy();
    });
}
