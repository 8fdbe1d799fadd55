/**
 * Feeds the loader mutated bootstraps: `node src/control/bootstrap.fuzz.ts SECONDS [SEED]`. With 0 seconds it only
 * replays test/corpus/bootstrap. Whatever comes in, the loader must not throw, must end soon, must give a tree that it
 * takes again unchanged, or issues with positions.
 */
import { deepEqual, ok } from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSchema } from "./api/schema.ts";
import { type BootstrapFlags, type Loaded, type Loader, loadBootstrap } from "./bootstrap.ts";

const corpus = join(import.meta.dirname, "../../test/corpus/bootstrap");
const cache = join(import.meta.dirname, "../../.cache");

/** One load may take this long at most. */
const LOAD_MS_MAX = 5_000;

/** Mutations that pile up on one seed. */
const MUTATIONS_MAX = 6;

const schema = openSchema();
const flags: BootstrapFlags = {
  configPath: "",
  configYaml: "",
  allowUnknownStaticFields: false,
  skipDeprecatedLogs: false,
  serviceCluster: "",
  serviceNode: "",
  serviceZone: "",
};

type Input = { readonly name: string; readonly bytes: Buffer };

async function load({ name, bytes }: Input): Promise<Loaded> {
  const loader: Loader = { schema, hooks: { openLog: () => null }, openFile: () => ({ name, bytes }) };
  return await loadBootstrap({ ...flags, configPath: name }, loader);
}

async function check(input: Input): Promise<boolean> {
  const started = performance.now();
  const loaded = await load(input);
  ok(performance.now() - started < LOAD_MS_MAX, "it took too long");
  if (!loaded.ok) {
    ok(loaded.issues.some((issue) => issue.severity === "error"));
    if (input.name.endsWith(".pb")) return false;
    for (const { position, message } of loaded.issues) {
      if (/^and \d+ more$/.test(message)) continue;
      ok(position !== undefined && position.line >= 1 && position.column >= 1, `no position: ${message}`);
    }
    return false;
  }
  const text = JSON.stringify(loaded.bootstrap);
  const again = await load({ name: "again.json", bytes: Buffer.from(text) });
  ok(again.ok, "its own canonical form is refused");
  deepEqual(JSON.parse(JSON.stringify(again.bootstrap)), JSON.parse(text));
  return true;
}

/** xorshift32: the same seed gives the same run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, below);
  };
}

type Random = ReturnType<typeof randomOf>;

const words = [
  ...[
    "null",
    "true",
    "[]",
    "{}",
    "-1",
    "4294967296",
    "1e400",
    '"1.5s"',
    '"-1s"',
    "&a ",
    "*a",
    "<<: ",
    "- ",
    ": ",
  ],
  ...[
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "\n",
    "\t",
    "\\",
    "%",
    "#",
    "|",
    ">",
    "@type",
    "__proto__",
    "\u0000",
    "\ud83d\ude00",
  ],
  ...[
    "type.googleapis.com/google.protobuf.Struct",
    "type.googleapis.com/xds.type.v3.TypedStruct",
    "constructor",
  ],
];

function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const length = random(20);
  const word = Buffer.from(words[random(words.length)] ?? "");
  const from = random(bytes.length);
  const inserted =
    [word, Buffer.alloc(0), bytes.subarray(from, from + length), Buffer.of(random(256))][random(4)] ?? word;
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + random(2) * length)]);
}

const values: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    1.5,
    2 ** 53,
    "",
    "x",
    "1.5s",
    "-3",
    "Infinity",
    "%NOPE%",
    "(",
    ":path",
    "::1",
    "a.b.C",
  ],
  ...[
    [],
    {},
    [null],
    [[]],
    { value: 1 },
    { "@type": "type.googleapis.com/google.protobuf.Any" },
    { seconds: "1" },
  ],
];

type Holder = { [key: string]: unknown };

/** Every object and list of a tree. */
function holders(value: unknown, found: Holder[] = []): Holder[] {
  if (typeof value !== "object" || value === null) return found;
  found.push(value as Holder);
  for (const entry of Object.values(value)) holders(entry, found);
  return found;
}

/** Changes one value of a tree: to something else, to a part of the tree, away, or to another name. */
function mutateTree(tree: unknown, random: Random): void {
  const all = holders(tree);
  const holder = all[random(all.length)];
  if (holder === undefined) return;
  const keys = Object.keys(holder);
  const key = keys[random(keys.length)] ?? "x";
  const other = all[random(all.length)];
  const kind = random(4);
  if (kind === 0) holder[key] = structuredClone(values[random(values.length)]);
  else if (kind === 1) holder[key] = structuredClone(other);
  else if (kind === 2) delete holder[key];
  else holder[Object.keys(other ?? {})[0] ?? "y"] = holder[key];
}

function mutate(seed: Input, random: Random): Input {
  const times = 1 + random(MUTATIONS_MAX);
  if (seed.name.endsWith(".json") && random(2) === 0) {
    const tree = JSON.parse(seed.bytes.toString());
    for (let i = 0; i < times; i++) mutateTree(tree, random);
    return { name: seed.name, bytes: Buffer.from(JSON.stringify(tree).slice(0, 1 << 18)) };
  }
  let bytes = seed.bytes;
  for (let i = 0; i < times; i++) bytes = mutateBytes(bytes, random);
  return { name: seed.name, bytes };
}

async function run(input: Input): Promise<boolean> {
  try {
    return await check(input);
  } catch (error) {
    const kept = join(cache, `crash-${input.name}`);
    mkdirSync(cache, { recursive: true });
    writeFileSync(kept, input.bytes);
    throw new Error(`the input is kept as ${kept}`, { cause: error });
  }
}

const [seconds = "0", seed = String(Date.now() % 1_000_003)] = process.argv.slice(2);
const seeds = readdirSync(corpus).map((name) => ({ name, bytes: readFileSync(join(corpus, name)) }));

async function fuzz(): Promise<void> {
  for (const input of seeds) await run(input);
  const random = randomOf(Number(seed) + 1);
  const end = performance.now() + Number(seconds) * 1_000;
  let runs = 0;
  let accepted = 0;
  while (performance.now() < end) {
    const input = seeds[random(seeds.length)];
    if (input !== undefined && (await run(mutate(input, random)))) accepted++;
    runs++;
  }
  console.log(`${seeds.length} seeds, ${runs} mutations (${accepted} accepted), random seed ${seed}`);
}

if (import.meta.main) await fuzz();
