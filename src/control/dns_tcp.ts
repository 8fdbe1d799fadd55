/**
 * Questions over TCP (RFC 1035 §4.2.2, RFC 7766), for use_tcp_for_dns_lookups: Node's c-ares takes to TCP only when an
 * answer was cut off. One connection a question.
 */
import { randomInt } from "node:crypto";
import { connect } from "node:net";
import type { DnsAddress, DnsAnswer, DnsOptions, DnsQuery } from "./dns.ts";
import { watchedFile } from "./hosts_file.ts";

const types = { 4: 1, 6: 28 } as const;
const nameError = 3;
/** A message over TCP cannot be longer. */
const messageBytesMax = 65_535;

function encodeName(name: string): Buffer | undefined {
  const labels = name.split(".").map((label) => Buffer.from(label, "latin1"));
  if (labels.some(({ length }) => length === 0 || length > 63)) return undefined;
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.from([0]),
  ]);
}

function encodeQuery(id: number, name: string, type: number): Buffer | undefined {
  const question = encodeName(name);
  if (question === undefined) return undefined;
  const message = Buffer.concat([Buffer.alloc(14), question, Buffer.from([0, type, 0, 1])]);
  message.writeUInt16BE(message.length - 2, 0); // the length goes before the message
  message.writeUInt16BE(id, 2);
  message.writeUInt16BE(0x0100, 4); // recursion desired
  message.writeUInt16BE(1, 6);
  return message;
}

/** The place after a name; it may end in a pointer (RFC 1035 §4.1.4). */
function skipName(message: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const size = message.readUInt8(at);
    if (size >= 0xc0) return at + 2;
    at += 1 + size;
    if (size === 0) return at;
  }
}

function ipText(data: Buffer): string {
  if (data.length === 4) return data.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => data.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** Throws a RangeError where the message ends too early. */
function decodeAnswer(message: Buffer, id: number, type: number): DnsAnswer {
  const code = message.readUInt16BE(2) & 15;
  if (message.readUInt16BE(0) !== id) return { ok: false, reason: "an answer to another question" };
  if (code !== 0 && code !== nameError) return { ok: false, reason: `the server answered with code ${code}` };
  let at = 12;
  for (let n = message.readUInt16BE(4); n > 0; n--) at = skipName(message, at) + 4;
  const addresses: DnsAddress[] = [];
  for (let n = message.readUInt16BE(6); n > 0; n--) {
    at = skipName(message, at);
    const size = message.readUInt16BE(at + 8);
    const data = message.subarray(at + 10, at + 10 + size);
    // Names in between (CNAME) are the server's to follow.
    if (message.readUInt16BE(at) === type && data.length === (type === types[4] ? 4 : 16)) {
      addresses.push({ address: ipText(data), ttl: message.readUInt32BE(at + 4) });
    }
    at += 10 + size;
  }
  return { ok: true, addresses };
}

function askServer(server: string, name: string, type: number, timeoutMs: number): Promise<DnsAnswer> {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(server) ?? [];
  const id = randomInt(65_536);
  const query = encodeQuery(id, name, type);
  if (query === undefined) return Promise.resolve({ ok: false, reason: `${name} is no DNS name` });
  return new Promise((resolve) => {
    const socket = connect({ host: bracketed ?? plain ?? "", port: Number(port) });
    const timer = setTimeout(() => end({ ok: false, reason: "ETIMEOUT" }), timeoutMs);
    let received = Buffer.alloc(0);
    const end = (answer: DnsAnswer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on("error", (error: NodeJS.ErrnoException) =>
      end({ ok: false, reason: error.code ?? error.message }),
    );
    socket.on("close", () => end({ ok: false, reason: "the server closed the connection" }));
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, Math.min(2 + received.readUInt16BE(0), 2 + messageBytesMax));
      try {
        end(decodeAnswer(message, id, type));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        end({ ok: false, reason: "the answer ends too early" });
      }
    });
    socket.write(query);
  });
}

function systemServers(resolvConf: string): readonly string[] {
  const found = [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server = ""]) =>
    server.includes(":") ? `[${server}]:53` : `${server}:53`,
  );
  return found.length > 0 ? found : ["127.0.0.1:53"];
}

export function queryOverTcp(options: DnsOptions, resolvConf: string): DnsQuery {
  const system = watchedFile(resolvConf, systemServers);
  return async (name, version) => {
    const servers = options.servers.length > 0 ? options.servers : system();
    let answer: DnsAnswer = { ok: false, reason: "no server" };
    for (let attempt = 0; attempt < options.tries * servers.length; attempt++) {
      const server = servers[attempt % servers.length] ?? "";
      answer = await askServer(server, name, types[version], options.timeoutMs);
      if (answer.ok) break;
    }
    return answer;
  };
}
