/**
 * Feeds what reads a control plane's bytes: `node src/control/xds/wire.fuzz.ts SECONDS [SEED]`. Whatever comes in, the
 * framing must give the same messages however it is cut, and a feed's protocols must answer and not throw.
 */
import { deepEqual } from "node:assert/strict";
import { openSchema } from "../api/schema.ts";
import { decodeEnvelope } from "../read/binary.ts";
import { encodeMessage } from "./encode.ts";
import { everything, Feed, Watch } from "./feed.ts";
import { MessageReader } from "./grpc_client.ts";
import { kinds, nameOfBytes } from "./resource.ts";
import { sotw } from "./sotw.ts";

const schema = openSchema();
const wrapper = schema.message("envoy.service.discovery.v3.Resource");
const responseType = schema.message("envoy.service.discovery.v3.DiscoveryResponse");
const protocol = sotw((bytes) => decodeEnvelope(schema, wrapper, bytes));
const silent = () => {};
const stats = {
  attempt: silent,
  success: silent,
  rejected: silent,
  failure: silent,
  timeout: silent,
  release: silent,
};

const seed = encodeMessage(schema, responseType, {
  version_info: "1",
  resources: [
    { "@type": kinds.cds.url, name: "a", type: "EDS", connect_timeout: "1s" },
    {
      "@type": "type.googleapis.com/envoy.service.discovery.v3.Resource",
      name: "b",
      ttl: "1s",
      resource: { "@type": kinds.cds.url, name: "b" },
    },
  ],
  type_url: kinds.cds.url,
  nonce: "n",
});

/** Knuth's generator: a seed gives the same run again. */
function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function messagesOf(bytes: Buffer, size: number): string[] {
  const reader = new MessageReader();
  const found: string[] = [];
  try {
    for (let at = 0; at < bytes.length; at += size)
      for (const message of reader.read(bytes.subarray(at, at + size)))
        found.push(Buffer.from(message).toString("hex"));
  } catch (error) {
    found.push((error as Error).message);
  }
  return found;
}

function answer(bytes: Uint8Array): void {
  const feed = new Feed(kinds.cds, silent);
  const watcher = { onUpdate: () => [], onTimeout: silent };
  feed.add(new Watch(everything, watcher, stats, 0));
  const dialogue = protocol.dialogue(feed);
  dialogue.restart();
  let response: ReturnType<typeof decodeEnvelope>;
  try {
    response = decodeEnvelope(schema, responseType, bytes);
  } catch {
    return; // not a message: the stream says so and goes on
  }
  dialogue.request();
  dialogue.answer(response);
  if (dialogue.request() === undefined) throw new Error("an answer that is neither taken nor refused");
  feed.deliver([], [...feed.known.keys()], "", "some");
}

const until = Date.now() + 1_000 * Number(process.argv[2] ?? 0);
const start = Number(process.argv[3] ?? Date.now() % 1_000_000);
const random = randomFrom(start);
let runs = 0;
do {
  const bytes = Buffer.from(seed);
  for (let i = random(6); runs > 0 && i > 0; i--) bytes[random(bytes.length)] = random(256);
  const cut = runs === 0 ? bytes : bytes.subarray(0, random(bytes.length + 1));
  answer(cut);
  nameOfBytes(cut);
  const stream = Buffer.concat([framed(cut), framed(bytes)]);
  if (random(2) === 0) stream[random(stream.length)] = random(256);
  deepEqual(messagesOf(stream, 1 + random(20)), messagesOf(stream, stream.length));
  runs++;
} while (Date.now() < until);
process.stdout.write(`${runs} runs from seed ${start}\n`);
