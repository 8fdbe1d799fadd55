/** A control plane for ADS, state of the world, that says what it is told to say and remembers what it hears. */
import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { openSchema } from "../../src/control/api/schema.ts";
import type { Tree } from "../../src/control/check/typing.ts";
import { decodeMessage } from "../../src/control/read/binary.ts";
import { encodeMessage } from "../../src/control/xds/encode.ts";
import { MessageReader } from "../../src/control/xds/grpc_client.ts";
import { kinds } from "../../src/control/xds/resource.ts";

export type Kind = keyof typeof kinds;
const schema = openSchema();
const requestType = schema.message("envoy.service.discovery.v3.DiscoveryRequest");
const responseType = schema.message("envoy.service.discovery.v3.DiscoveryResponse");

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export class ControlPlane {
  #server: Http2Server = createServer();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #resources = new Map<string, readonly Tree[]>();
  readonly #subscribed = new Map<string, ServerHttp2Stream>();
  #version = 0;
  port = 0;
  streams = 0;
  readonly requests: Tree[] = [];

  async start(): Promise<void> {
    this.#server = createServer();
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
    this.#server.on("stream", (stream: ServerHttp2Stream) => this.#serve(stream));
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Ends every connection. */
  drop(): void {
    this.#subscribed.clear();
    for (const session of this.#sessions) session.destroy();
  }

  /** All resources of a kind from now on. @returns their version */
  set(kind: Kind, resources: readonly Tree[]): string {
    const { url } = kinds[kind];
    this.#version++;
    this.#resources.set(url, resources);
    this.#send(url);
    return String(this.#version);
  }

  acked(kind: Kind): string | undefined {
    return String(this.last(kind)?.["version_info"] ?? "");
  }

  last(kind: Kind): Tree | undefined {
    return this.requests.findLast((request) => request["type_url"] === kinds[kind].url);
  }

  #serve(stream: ServerHttp2Stream): void {
    this.streams++;
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    const reader = new MessageReader();
    stream.on("data", (bytes: Buffer) => {
      for (const message of reader.read(bytes)) {
        const request = decodeMessage(schema, requestType, message) as Tree;
        this.requests.push(request);
        const url = String(request["type_url"]);
        const isAnswer = (request["response_nonce"] ?? "") !== "";
        this.#subscribed.set(url, stream);
        if (!isAnswer || request["version_info"] !== String(this.#version)) this.#answer(url, isAnswer);
      }
    });
  }

  readonly #asked = new Map<string, string>();
  /** An acknowledgement is answered only where it asks for other names. */
  #answer(url: string, isAnswer: boolean): void {
    const request = this.requests.findLast(({ type_url }) => type_url === url);
    const names = JSON.stringify(request?.["resource_names"] ?? []);
    const same = this.#asked.get(url) === names;
    this.#asked.set(url, names);
    if (!isAnswer || !same) this.#send(url);
  }

  #send(url: string): void {
    const stream = this.#subscribed.get(url);
    const resources = this.#resources.get(url);
    if (stream === undefined || stream.closed || resources === undefined) return;
    const response = {
      version_info: String(this.#version),
      resources: resources.map((resource) => ({ "@type": url, ...resource })),
      type_url: url,
      nonce: `n${this.#version}`,
    };
    stream.write(framed(encodeMessage(schema, responseType, response)));
  }
}

export async function startControlPlane(t: TestContext): Promise<ControlPlane> {
  const plane = new ControlPlane();
  await plane.start();
  t.after(() => plane.stop());
  return plane;
}
