// npm run fuzz: every *_fuzz.cc runs under libFuzzer with the address and undefined-behaviour sanitizers, for
// FUZZ_SECONDS (30) each, from the seeds in test/corpus/<name>/.
//   -- NAME...    only those whose path has one of the words
//   -- --replay   no fuzzing and no clang: runs the seeds once through each target, as the test suite does
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { at, die, files, node, nodeDir, onPath, say, tryRun } from "./common.mjs";
import { count } from "./count.mjs";
import { buildNative, defaultCompiler, installSystemPackages, setup } from "./setup.mjs";

const words = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const replay = process.argv.includes("--replay");
const seconds = Number(process.env.FUZZ_SECONDS ?? 30);
const configuration = replay ? "Asan" : "Fuzz";
const compiler = replay ? defaultCompiler : "clang++";

function installClang() {
  installSystemPackages([{ name: "clang", there: () => onPath("clang++") }]);
  const ask = (...args) => tryRun("clang++", args, { stdio: "pipe", encoding: "utf8" }).stdout.trim();
  const machine = { x64: "x86_64", arm64: "aarch64" }[process.arch];
  const runtime = ask(`-print-file-name=libclang_rt.fuzzer-${machine}.a`);
  const name = `libclang-rt-${ask("-dumpversion").split(".")[0]}-dev`;
  installSystemPackages([{ name, there: () => runtime.startsWith("/") }]);
}

/** Compiles one target and links it to the core of its configuration; true when that worked. */
function link(source, program) {
  const sanitize = replay ? "-fsanitize=address,undefined" : "-fsanitize=fuzzer,address,undefined";
  const flags = [
    "-std=c++20",
    "-fno-exceptions",
    "-fno-rtti",
    "-O1",
    "-g",
    "-fno-omit-frame-pointer",
    sanitize,
  ];
  const inputs = [source, ...(replay ? ["tools/fuzz_replay.cc"] : []), at(`build/${configuration}/core.a`)];
  const includes = [`-I${at("native")}`, `-I${nodeDir}/include/node`];
  const args = [
    ...flags,
    "-Wall",
    "-Wextra",
    "-Werror",
    ...includes,
    ...inputs,
    "-lre2",
    "-lssl",
    "-lcrypto",
    "-lpthread",
    "-o",
    program,
  ];
  return tryRun(compiler, args).status === 0;
}

function fuzz(source) {
  const name = basename(source, "_fuzz.cc");
  const program = at(`build/${configuration}/${name}_fuzz`);
  if (!link(source, program)) return false;
  const seeds = at("test/corpus", name);
  if (replay)
    return (
      tryRun(
        program,
        files([`test/corpus/${name}`]).map((path) => at(path)),
      ).status === 0
    );
  const found = at(".cache/corpus", name);
  mkdirSync(found, { recursive: true });
  const bounds = [`-max_total_time=${seconds}`, "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"];
  const folders = existsSync(seeds) ? [found, seeds] : [found];
  say(`fuzzing ${source} for ${seconds} s`);
  return tryRun(program, [...bounds, `-artifact_prefix=${at(".cache")}/${name}-`, ...folders]).status === 0;
}

/** The loader's fuzzer is TypeScript: a module that takes the seconds it may run. */
function fuzzTypeScript(source) {
  say(`fuzzing ${source} for ${seconds} s`);
  return tryRun(node, [at(source), String(replay ? 0 : seconds)]).status === 0;
}

await setup();
if (!replay) installClang();
await buildNative(["core"], configuration, compiler);
const wanted = (path) => words.length === 0 || words.some((word) => path.includes(word));
const native = createRequire(import.meta.url)("../native/sources.cjs").fuzz.filter(wanted);
const scripts = files(["src"], (path) => path.endsWith(".fuzz.ts")).filter(wanted);
const failed = [...native.filter((path) => !fuzz(path)), ...scripts.filter((path) => !fuzzTypeScript(path))];
count("fuzz_seeds", native.length + scripts.length - failed.length, failed.length);
if (failed.length > 0) die(`failed: ${failed.join(", ")}`);
say(`${native.length + scripts.length} fuzz targets passed`);
