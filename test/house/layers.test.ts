// One direction (ARCHITECTURE.md): a room uses the shared ground and the rooms below it, never one above.
// The lists below are the only place that says which room stands where.
import { deepEqual, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

/** From the top to the bottom; rooms on one line may not see each other. */
const nativeRooms = [
  ["addon"],
  ["worker"],
  ["downstream"],
  ["filter"],
  ["router"],
  ["upstream"],
  ["access_log"],
  ["formatter", "tracing"],
  ["observability"],
  ["transport"],
  ["codec", "connection"],
  ["base"],
];

const sourceRooms = [
  ["main.ts"],
  ["server.ts"],
  ["server_info.ts"],
  ["options.ts"],
  ["control"],
  ["observability"],
  ["script"],
  ["native"],
];

/** Edges that go up or across for a reason; each needs one. */
const exceptions: Record<string, string> = {};

type Edge = { from: string; line: number; to: string };

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));
}

function edges(path: string, pattern: RegExp, resolve: (target: string) => string): Edge[] {
  const lines = readFileSync(join(root, path), "utf8").split("\n");
  return lines.flatMap((text, index) => {
    const target = pattern.exec(text)?.[1];
    return target === undefined ? [] : [{ from: path, line: index + 1, to: resolve(target) }];
  });
}

const roomOf = (path: string) => path.split("/")[1] ?? "";
const rank = (rooms: string[][], room: string) => rooms.findIndex((row) => row.includes(room));

function wrongWay(rooms: string[][], edge: Edge): string | undefined {
  const from = roomOf(edge.from);
  const to = roomOf(edge.to);
  if (from === to || `${from} -> ${to}` in exceptions) return undefined;
  const where = `${edge.from}:${edge.line}`;
  if (rank(rooms, from) < 0) return `${where}: the room ${from} stands nowhere in test/house/layers.test.ts`;
  if (rank(rooms, to) < 0) return `${where}: the room ${to} stands nowhere in test/house/layers.test.ts`;
  if (rank(rooms, to) > rank(rooms, from)) return undefined;
  return `${where}: ${from} must not use ${to} (${edge.to})`;
}

const isProgram = (path: string) =>
  !/(_test|_fuzz)\.cc$/.test(path) && !/(\.test|\/fake_[a-z_]+)\.ts$/.test(path);

test("native rooms include only what stands below them", () => {
  const found = filesBelow("native", /\.(cc|h)$/)
    .filter(isProgram)
    .flatMap((path) => edges(path, /^\s*#include "([^"]+)"/, (target) => `native/${target}`));
  deepEqual(
    found.flatMap((edge) => wrongWay(nativeRooms, edge) ?? []),
    [],
  );
});

test("rooms of src import only what stands below them", () => {
  const paths = filesBelow("src", /\.ts$/).filter(isProgram);
  const pattern = /(?:\bfrom|\bimport\(|\bimport)\s*["'](\.[^"']+)["']/;
  const found = paths.flatMap((path) =>
    edges(path, pattern, (target) => normalize(join(dirname(path), target))),
  );
  deepEqual(
    found.filter((edge) => edge.to.startsWith("src/")).flatMap((edge) => wrongWay(sourceRooms, edge) ?? []),
    [],
  );
});

test("only addon names node_api.h", () => {
  const outside = filesBelow("native", /\.(cc|h)$/).filter((path) => roomOf(path) !== "addon");
  const guilty = outside.filter((path) =>
    /#include <(napi|node_api|node|v8)\.h>/.test(readFileSync(join(root, path), "utf8")),
  );
  deepEqual(guilty, []);
});

test("native code keeps nothing per thread", () => {
  const guilty = filesBelow("native", /\.(cc|h)$/)
    .filter(isProgram)
    .filter((path) =>
      /^(?!\s*\/\/).*\bthread_local\b/m.test(readFileSync(join(root, path), "utf8").replace(/\/\/.*/g, "")),
    );
  deepEqual(guilty, []);
});

test("an edge that points up is named with its line", () => {
  const edge = { from: "native/base/buffer.h", line: 3, to: "native/router/router.h" };
  ok(wrongWay(nativeRooms, edge)?.startsWith("native/base/buffer.h:3: base must not use router"));
  deepEqual(relative(root, join(root, "x")), "x");
});
