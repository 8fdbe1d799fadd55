/**
 * One gRPC call with messages both ways, on node:http2. A control plane needs no more of gRPC than this, and what it
 * does need (the cluster's own addresses, TLS settings and Unix sockets) is what a client library hides.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** Longer messages end the call. */
const MESSAGE_BYTES_MAX = 1 << 30;
const WINDOW_BYTES = 16 << 20;

export type GrpcTarget = {
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly authority: string;
  readonly tls?: ConnectionOptions;
  readonly connectTimeoutMs: number;
  readonly metadata: readonly (readonly [string, string])[];
};

export interface GrpcEvents {
  /** The server takes the call. */
  onOpen(): void;
  onMessage(bytes: Uint8Array): void;
  /** Once, at the end, whatever the reason. */
  onEnd(reason: string): void;
}

/** Cuts the bytes of a stream into messages: a flag for compression, four bytes of length, the message. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** @throws Error when what came is no gRPC */
  *read(chunk: Buffer): Generator<Uint8Array> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= 5) {
      const head = this.#peek(5);
      if (head[0] !== 0) throw new Error("a compressed message, which was not asked for");
      const length = head.readUInt32BE(1);
      if (length > MESSAGE_BYTES_MAX) throw new Error(`a message of ${length} bytes`);
      if (this.#bytes < 5 + length) return;
      const whole = this.#peek(5 + length);
      this.#chunks = whole.length > 5 + length ? [whole.subarray(5 + length)] : [];
      this.#bytes -= 5 + length;
      yield whole.subarray(5, 5 + length);
    }
  }

  /** The bytes so far in one piece, joined only when the first piece is too short. */
  #peek(length: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= length) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

export class GrpcCall {
  readonly #events: GrpcEvents;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  #ended = false;

  constructor(target: GrpcTarget, method: string, events: GrpcEvents) {
    this.#events = events;
    const { address, tls, authority } = target;
    const scheme = tls === undefined ? "http" : "https";
    const where = "path" in address ? { path: address.path } : address;
    this.#session = connectHttp2(`${scheme}://${"path" in address ? "localhost" : authority}`, {
      ...(tls === undefined
        ? { createConnection: () => connectTcp(where) as Socket }
        : { ...tls, ...where, ALPNProtocols: ["h2"] }),
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    });
    const timer = setTimeout(() => this.#end("connect timeout"), target.connectTimeoutMs);
    this.#session.on("connect", () => {
      clearTimeout(timer);
      this.#session.setLocalWindowSize(WINDOW_BYTES);
    });
    this.#session.on("error", (error) => this.#end(error.message));
    this.#session.on("close", () => this.#end("the connection was closed"));
    this.#session.on("goaway", () => this.#end("the server goes away"));
    this.#stream = this.#session.request({
      ":method": "POST",
      ":scheme": scheme,
      ":authority": authority,
      ":path": method,
      "content-type": "application/grpc",
      te: "trailers",
      ...Object.fromEntries(target.metadata),
    });
    this.#listen();
  }

  #listen(): void {
    const reader = new MessageReader();
    this.#stream.on("response", (headers) => {
      const status = headers[":status"];
      if (status !== 200) return this.#end(`HTTP status ${status}`);
      if (headers["grpc-status"] === undefined) return this.#events.onOpen();
      this.#end(`gRPC status ${headers["grpc-status"]}: ${headers["grpc-message"] ?? ""}`);
    });
    this.#stream.on("data", (chunk: Buffer) => {
      try {
        for (const message of reader.read(chunk)) if (!this.#ended) this.#events.onMessage(message);
      } catch (error) {
        this.#end((error as Error).message);
      }
    });
    this.#stream.on("trailers", (trailers) =>
      this.#end(`gRPC status ${trailers["grpc-status"]}: ${trailers["grpc-message"] ?? ""}`),
    );
    this.#stream.on("error", (error) => this.#end(error.message));
    this.#stream.on("close", () => this.#end("the stream was closed"));
  }

  send(message: Uint8Array): void {
    if (!this.#ended) this.#stream.write(frame(message));
  }

  /** Ends the call; onEnd() is not called. */
  close(): void {
    this.#ended = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#session.destroy();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session.destroy();
    this.#events.onEnd(reason);
  }
}
