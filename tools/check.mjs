// npm run check: format and lint of both languages, types, stale generated files, layers.
// --fix writes what the formatters want; --quick leaves clang-tidy out.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { at, cores, files, node, onPath, runAside, say, sha256 } from "./common.mjs";
import { setup } from "./setup.mjs";

const fix = process.argv.includes("--fix");
const quick = process.argv.includes("--quick");
const bin = (name) => at("node_modules/.bin", name);

const sources = files(["native"], (path) => /\.(cc|h)$/.test(path));
const handWritten = sources.filter((path) => !path.endsWith(".gen.h"));

/** Each step resolves to what is wrong, in words; an empty text is a pass. */
const steps = {
  biome: () => words(bin("biome"), ["check", "--colors=off", ...(fix ? ["--write"] : [])]),
  tsc: () => words(bin("tsc"), ["--pretty", "false"]),
  "clang-format": () =>
    onPath("clang-format")
      ? words("clang-format", [...(fix ? ["-i"] : ["--dry-run", "-Werror"]), ...handWritten])
      : "clang-format is not installed",
  "generated files": async () => {
    const generators = ["src/native/emit_header.ts", "tools/api/emit_schema.ts", "tools/supported.ts"];
    const run = (path) => words(node, [path, ...(fix ? [] : ["--check"])]);
    return (await Promise.all(generators.map(run))).filter((fault) => fault !== "").join("\n");
  },
  layers: () => words(node, ["--test", "--test-reporter=dot", "test/house/layers.test.ts"]),
};

async function words(command, args) {
  const { status, output } = await runAside(command, args);
  return status === 0 ? "" : output || `${command} exited with ${status}`;
}

/** What a file of native/ says, and what every file that it includes says. */
function includedText(path, seen = new Set()) {
  if (seen.has(path) || !existsSync(at(path))) return "";
  seen.add(path);
  const text = readFileSync(at(path), "utf8");
  const inner = [...text.matchAll(/^\s*#include "([^"]+)"/gm)].map((found) =>
    includedText(`native/${found[1]}`, seen),
  );
  return [text, ...inner].join("\n");
}

/**
 * clang-tidy takes seconds a file, so a clean file is remembered by all the text that went into it and the settings:
 * an empty file in the user's cache, which all clones share.
 */
async function tidy() {
  if (!onPath("clang-tidy")) return "clang-tidy is not installed";
  const clean = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "outrider/clang-tidy");
  mkdirSync(clean, { recursive: true });
  const settings = readFileSync(at(".clang-tidy"), "utf8") + readFileSync(at("tools/check.mjs"), "utf8");
  const units = sources.filter((path) => /\.cc$/.test(path) && !/_(test|fuzz)\.cc$/.test(path));
  const markOf = (path) => join(clean, sha256(`${path}\n${settings}\n${includedText(path)}`));
  const stale = units.filter((path) => !existsSync(markOf(path)));
  if (stale.length > 20) say(`clang-tidy looks at ${stale.length} files`);
  const faults = [];
  const database = compileCommands(units);
  const work = async () => {
    for (let path = stale.pop(); path !== undefined; path = stale.pop()) {
      const mark = markOf(path);
      const { status, output } = await runAside("clang-tidy", ["--quiet", "-p", database, path]);
      if (status === 0) writeFileSync(mark, "");
      else faults.push(output.replace(/^\d+ warnings? .*\n/gm, ""));
    }
  };
  await Promise.all(Array.from({ length: cores }, work));
  return faults.join("\n");
}

/** clang's view of the build: gyp's commands without the flags that only GCC knows. */
function compileCommands(units) {
  const include = `-I${at("native")} -I${at("node_modules", `node-linux-${process.arch}`, "include/node")}`;
  const flags =
    "-std=c++20 -fno-exceptions -fno-rtti -Wall -Wextra -DNAPI_VERSION=9 -DOUTRIDER_VERSION='\"0\"'";
  const entries = units.map((file) => ({
    directory: at(),
    file,
    command: `clang++ ${flags} -DNODE_GYP_MODULE_NAME=outrider ${include} -c ${file}`,
  }));
  mkdirSync(at(".cache/tidy"), { recursive: true });
  writeFileSync(at(".cache/tidy/compile_commands.json"), JSON.stringify(entries));
  return at(".cache/tidy");
}

export async function check() {
  await setup();
  const entries = Object.entries(quick ? steps : { ...steps, "clang-tidy": tidy });
  let failed = 0;
  for (const [name, step] of entries) {
    const fault = await step();
    if (fault === "") continue;
    failed += 1;
    say(`check: ${name}\n${fault.trimEnd()}`);
  }
  say(
    failed === 0
      ? `check: ${entries.length} checks passed`
      : `check: ${failed} of ${entries.length} checks failed`,
  );
  return failed === 0;
}

if (process.argv[1] === at("tools/check.mjs") && !(await check())) process.exitCode = 1;
