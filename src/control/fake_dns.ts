// For tests: a DNS server on loopback, over UDP and TCP, that answers from a table.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

export interface FakeRecords {
  /** Addresses of both families. */
  addresses?: readonly string[];
  ttl?: number;
  /** Answers with this code; 3 is NXDOMAIN. */
  code?: number;
  /** Says nothing at all. */
  silent?: boolean;
}

export interface FakeDns {
  readonly port: number;
  /** By name, without a last dot; a name that is not there gets NXDOMAIN. */
  readonly names: Map<string, FakeRecords>;
  /** "NAME A udp", in the order of their arrival. */
  readonly queries: string[];
  /** Resolves with the next question. */
  next(): Promise<string>;
  close(): Promise<void>;
}

const types: Readonly<Record<number, string>> = { 1: "A", 28: "AAAA" };

/** "::1" as its 16 bytes. */
function bytesOfIp6(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return [...first, ...middle, ...last].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let size = query[at]!; size !== 0; size = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + size));
    at += 1 + size;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

/** A pointer to the question's name, type, class IN, TTL, size and data. */
function record(type: number, ttl: number, data: readonly number[]): Buffer {
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
  head.writeUInt32BE(ttl, 6);
  return Buffer.concat([head, Buffer.from(data)]);
}

function answer(query: Buffer, end: number, type: number, records: FakeRecords): Buffer {
  const wanted = (records.addresses ?? []).filter((address) => address.includes(":") === (type === 28));
  const answers = wanted.map((address) =>
    record(type, records.ttl ?? 60, type === 28 ? bytesOfIp6(address) : address.split(".").map(Number)),
  );
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180 | (records.code ?? 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  return Buffer.concat([head, query.subarray(12, end + 4), ...answers]);
}

export async function startFakeDns(): Promise<FakeDns> {
  const names = new Map<string, FakeRecords>();
  const queries: string[] = [];
  let waiting: ((query: string) => void)[] = [];

  const respond = (query: Buffer, transport: string): Buffer | undefined => {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    const line = `${name} ${types[type] ?? type} ${transport}`;
    queries.push(line);
    for (const tell of waiting) tell(line);
    waiting = [];
    const records = names.get(name) ?? { code: 3 };
    return records.silent === true ? undefined : answer(query, end, type, records);
  };

  const tcp = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      const reply = respond(bytes.subarray(2), "tcp");
      if (reply === undefined) return;
      const size = Buffer.alloc(2);
      size.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([size, reply]));
    });
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket("udp4");
  udp.on("message", (query, from) => {
    const reply = respond(query, "udp");
    if (reply !== undefined) udp.send(reply, from.port, from.address);
  });
  udp.bind(port, "127.0.0.1");
  await once(udp, "listening");

  return {
    port,
    names,
    queries,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close: async () => {
      udp.close();
      tcp.close();
      await Promise.all([once(udp, "close"), once(tcp, "close")]);
    },
  };
}
