import { deepEqual, equal, match, throws } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { GrpcCall, MessageReader } from "./grpc_client.ts";

const framed = (text: string) => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
};

test("messages are found however their bytes are cut", () => {
  const bytes = Buffer.concat([framed("one"), framed(""), framed("three".repeat(50))]);
  for (const size of [1, 4, 5, 6, 100, bytes.length]) {
    const reader = new MessageReader();
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      for (const message of reader.read(bytes.subarray(at, at + size)))
        found.push(Buffer.from(message).toString());
    deepEqual(found, ["one", "", "three".repeat(50)]);
  }
});

test("a compressed message is refused", () => {
  throws(() => [...new MessageReader().read(Buffer.from([1, 0, 0, 0, 0]))], /compressed/);
});

/** A server that answers each message with the same, and ends the call with this status when it is told to. */
async function withServer(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "14", "grpc-message": "gone" }));
    stream.write(framed(`${headers[":path"]} ${headers[":authority"]} ${headers["x-token"]}`));
    stream.on("data", (bytes: Buffer) => (bytes.includes("end") ? stream.end() : stream.write(bytes)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

const target = (port: number) => ({
  address: { host: "127.0.0.1", port },
  authority: "xds",
  connectTimeoutMs: 1_000,
  metadata: [["x-token", "secret"]] as const,
});

test("messages go both ways with metadata, and the server's status ends the call", async () => {
  await withServer(async (port) => {
    const seen: string[] = [];
    const reason = await new Promise<string>((resolve) => {
      const call = new GrpcCall(target(port), "/a.B/C", {
        onOpen: () => void seen.push("open"),
        onMessage: (bytes) => {
          seen.push(Buffer.from(bytes).toString());
          call.send(Buffer.from(seen.length < 3 ? "again" : "end"));
        },
        onEnd: resolve,
      });
    });
    deepEqual(seen, ["open", "/a.B/C xds secret", "again"]);
    equal(reason, "gRPC status 14: gone");
  });
});

test("where nobody listens the call ends with the reason", async () => {
  const reason = await new Promise<string>((resolve) => {
    new GrpcCall(target(1), "/a.B/C", { onOpen: () => {}, onMessage: () => {}, onEnd: resolve });
  });
  match(reason, /ECONNREFUSED/);
});
