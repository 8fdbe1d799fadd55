// The HTTP/1 parser beside llhttp, the parser of Node: seeds and mutations of them from a fixed seed. The two
// need not refuse the same (ours follows Envoy), but what both accept they must read as the same messages.
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");
const mutations = 20_000;

interface Message {
  readonly start: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly complete: boolean;
}
interface Outcome {
  readonly messages: readonly Message[];
  readonly error: string | null;
  readonly tunnel: boolean; // CONNECT or an upgrade (h2c, too, which ours ignores as Envoy does)
}
interface Input {
  readonly response: boolean;
  readonly bytes: Buffer;
}

// Node exposes its parser only here; the shape is what this file uses of it.
interface NodeParser {
  [callback: number]: unknown;
  initialize(type: number, resource: object, maxHeaderSize: number): void;
  execute(bytes: Buffer): number | Error;
  free(): void;
}
const { HTTPParser, methods } = createRequire(import.meta.url)("_http_common") as {
  HTTPParser: { new (): NodeParser } & Readonly<Record<string, number>>;
  methods: readonly string[];
};

/** Field lines as one text a name, the values that are not empty joined in order; Host is :authority, as in the native map. */
function collect(pairs: readonly (readonly [string, string])[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [rawName, value] of pairs) {
    const lower = rawName.toLowerCase();
    const name = lower === "host" ? ":authority" : lower;
    const before = headers.get(name);
    headers.set(name, before && value ? `${before},${value}` : before || value);
  }
  return headers;
}

/** The absolute form gives path and authority, whatever Host says (RFC 9112 §3.2.2). */
function takeApart(target: string, headers: Map<string, string>): string {
  const absolute = /^https?:\/\/(?:[^/?]*@)?([^/?]*)(.*)$/i.exec(target);
  if (absolute === null) return target;
  headers.set(":authority", absolute[1] ?? "");
  return absolute[2] || "/";
}

function readWithNode({ response, bytes }: Input): Outcome {
  const messages: { start: string; headers: Map<string, string>; body: string; complete: boolean }[] = [];
  const parser = new HTTPParser();
  let early: string[] = [];
  let earlyUrl = "";
  let tunnel = false;
  parser.initialize(response ? (HTTPParser["RESPONSE"] ?? 0) : (HTTPParser["REQUEST"] ?? 0), {}, 1 << 20);
  parser[HTTPParser["kOnHeaders"] ?? 0] = (headers: string[], url: string) => {
    early = early.concat(headers);
    earlyUrl += url;
  };
  parser[HTTPParser["kOnHeadersComplete"] ?? 0] = (
    _major: number,
    _minor: number,
    headers: string[] | undefined,
    method: number,
    url: string | undefined,
    status: number,
    _reason: string | undefined,
    upgrade: boolean,
  ) => {
    const flat = early.concat(headers ?? []);
    const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ""] as const] : []));
    const collected = collect(pairs);
    const target = takeApart(earlyUrl + (url ?? ""), collected);
    const start = response ? String(status) : `${methods[method]} ${target}`;
    messages.push({ start, headers: collected, body: "", complete: false });
    early = [];
    earlyUrl = "";
    tunnel ||= upgrade || start.startsWith("CONNECT ");
    return false;
  };
  parser[HTTPParser["kOnBody"] ?? 0] = (data: Buffer) => {
    const last = messages.at(-1);
    if (last !== undefined) last.body += data.toString("latin1");
  };
  parser[HTTPParser["kOnMessageComplete"] ?? 0] = () => {
    const last = messages.at(-1);
    if (last !== undefined) last.complete = true;
  };
  const result = parser.execute(bytes);
  parser.free();
  return { messages, error: typeof result === "number" ? null : result.message, tunnel };
}

const fromHex = (text: string | undefined) => Buffer.from(text ?? "", "hex").toString("latin1");

/** The native side's lines for one input; see native/codec/http1/oracle_test.cc. */
function readNativeOutcome(lines: readonly string[]): Outcome {
  const messages: Message[] = [];
  let pairs: [string, string][] = [];
  let body = "";
  let error: string | null = null;
  let open = false;
  const tunnel = lines.includes("tunnel");
  const close = (complete: boolean) => {
    if (!open) return;
    const pseudo = new Map(pairs);
    const start = pseudo.get(":status") ?? `${pseudo.get(":method")} ${pseudo.get(":path")}`;
    const plain = pairs.filter(([name]) => !name.startsWith(":") || name === ":authority");
    messages.push({ start, headers: collect(plain), body, complete });
    open = false;
  };
  for (const line of lines) {
    const [kind, first, second] = line.split(" ");
    if (kind === "head") {
      open = true;
      pairs = [];
      body = "";
    } else if (kind === "h") pairs.push([fromHex(first), fromHex(second)]);
    else if (kind === "b") body += fromHex(first);
    else if (kind === "done") close(true);
    else if (kind === "error") error = fromHex(first);
  }
  close(false);
  return { messages, error, tunnel };
}

function readWithNative(inputs: readonly Input[]): Outcome[] {
  const folder = mkdtempSync(join(tmpdir(), "oracle-"));
  try {
    const [input, output] = [join(folder, "in"), join(folder, "out")];
    const records = inputs.flatMap(({ response, bytes }) => {
      const head = Buffer.alloc(5);
      head.writeUInt32LE(bytes.length);
      head[4] = response ? 1 : 0;
      return [head, bytes];
    });
    writeFileSync(input, Buffer.concat(records));
    const filter = ["--gtest_filter=Http1Oracle.*", "--gtest_also_run_disabled_tests", "--gtest_brief=1"];
    const env = { ...process.env, OUTRIDER_ORACLE_INPUT: input, OUTRIDER_ORACLE_OUTPUT: output };
    execFileSync(join(root, "build/Release/native_tests"), filter, { env, stdio: "pipe" });
    const blocks = readFileSync(output, "latin1").split("end\n").slice(0, -1);
    return blocks.map((block) => readNativeOutcome(block.split("\n")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** xorshift32: the same mutations in every run. */
function randomBelow(seed: number) {
  let state = seed;
  return (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

// llhttp takes an HTAB behind a coding for a part of it; RFC 9110 §5.5 does not.
const misreadByNode = /chunked *\t/i;

const fragments = [
  "\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  ":",
  ",",
  "0",
  "chunked",
  "Content-Length: 3\r\n",
  "\0",
  "é",
];

function mutate(bytes: Buffer, random: (limit: number) => number): Buffer {
  const at = random(bytes.length + 1);
  const kind = random(4);
  const fragment = Buffer.from(fragments[random(fragments.length)] ?? "", "latin1");
  if (kind === 0) return Buffer.concat([bytes.subarray(0, at), fragment, bytes.subarray(at)]);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(4))]);
  if (kind === 2) {
    const changed = Buffer.from(bytes);
    if (at < changed.length) changed[at] = random(256);
    return changed;
  }
  const from = random(bytes.length);
  const line = bytes.subarray(from, from + random(40));
  return Buffer.concat([bytes.subarray(0, at), line, bytes.subarray(at)]);
}

/** What the two are compared by: whole messages. */
function comparable(outcome: Outcome): unknown[] {
  const whole = outcome.messages.filter((message) => message.complete);
  return whole.map(({ start, headers, body }) => ({ start, headers: new Map([...headers].sort()), body }));
}

const plain: readonly Input[] = [
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /x?y=1 HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nX-Long-Header-Name-Of-Ours: 1\r\nCookie: a=1\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: b\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: c\r\n\r\n",
  "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nServer: x\r\n\r\nabc",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
].map((text) => ({ response: text.startsWith("HTTP/"), bytes: Buffer.from(text, "latin1") }));

function seeds(): Input[] {
  const folder = join(root, "test/corpus/http1");
  // An offer of h2c is taken out of the head here, as Envoy does it.
  const files = readdirSync(folder)
    .filter((name) => !name.includes("h2c"))
    .sort();
  return files.map((name) => ({
    response: name.startsWith("response"),
    bytes: readFileSync(join(folder, name)).subarray(2),
  }));
}

test("plain messages are accepted by both and read as the same", () => {
  const native = readWithNative(plain);
  plain.forEach((input, i) => {
    const ours = native[i] as Outcome;
    const theirs = readWithNode(input);
    equal(ours.error, null);
    equal(theirs.error, null);
    ok(ours.messages.length > 0);
    deepEqual(comparable(ours), comparable(theirs));
  });
});

test("mutated messages that both accept are read as the same", () => {
  const random = randomBelow(0x2545f491);
  const all = [...plain, ...seeds()];
  const inputs = Array.from({ length: mutations }, () => {
    const input = all[random(all.length)] as Input;
    let bytes = mutate(input.bytes, random);
    if (random(2) === 0) bytes = mutate(bytes, random);
    return { response: input.response, bytes };
  });
  const native = readWithNative(inputs);
  let both = 0;
  inputs.forEach((input, i) => {
    const ours = native[i] as Outcome;
    const theirs = readWithNode(input);
    const text = input.bytes.toString("latin1");
    if (ours.error !== null || theirs.error !== null || theirs.tunnel || misreadByNode.test(text)) return;
    both += 1;
    deepEqual(comparable(ours), comparable(theirs), JSON.stringify(text));
  });
  ok(both > mutations / 10, `only ${both} inputs were accepted by both`);
});
