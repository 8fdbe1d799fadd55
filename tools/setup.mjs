// npm run setup: installs and builds what is missing, and nothing else; a run with nothing to do takes
// a fraction of a second. Other scripts call setup() first, so `npm start` and `npm test` need no step before.
//   --tests     the native tests too
//   --profile   counts anew which code runs often (tools/profile.mjs); otherwise once a clone
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import {
  at,
  cores,
  die,
  files,
  fingerprint,
  node,
  nodeDir,
  onPath,
  run,
  say,
  sha256,
  tryRun,
  whenStale,
} from "./common.mjs";
import { profile } from "./profile.mjs";

export const defaultCompiler = process.env.CXX ?? "g++";

/** Debian's packages, each with the sign that it is there. `dev` ones serve only `npm run check` and the tests. */
const packages = [
  { name: "g++", there: () => onPath(defaultCompiler.split(" ").at(-1)) },
  { name: "make", there: () => onPath("make") },
  { name: "python3", there: () => onPath("python3") },
  { name: "libre2-dev", there: () => existsSync("/usr/include/re2/re2.h") },
  // The addon uses the OpenSSL inside Node; the native tests have no Node.
  { name: "libssl-dev", dev: true, there: () => existsSync("/usr/include/openssl/ssl.h") },
  { name: "libgtest-dev", dev: true, there: () => existsSync("/usr/include/gtest/gtest.h") },
  { name: "golang-go", dev: true, there: () => onPath("go") },
  { name: "nghttp2-client", dev: true, there: () => onPath("h2load") },
  { name: "curl", dev: true, there: () => onPath("curl") },
  { name: "clang-format", dev: true, there: () => onPath("clang-format") },
  { name: "clang-tidy", dev: true, there: () => onPath("clang-tidy") },
];

export function installSystemPackages(wanted) {
  const missing = wanted.filter((one) => !one.there()).map((one) => one.name);
  if (missing.length === 0) return;
  const list = missing.join(" ");
  const mayInstall = process.getuid?.() === 0 && onPath("apt-get");
  if (!mayInstall) die(`please install these packages (names as in Debian) and run again: ${list}`);
  say(`installing ${list}`);
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const options = { env, stdio: ["ignore", "ignore", "inherit"] };
  tryRun("apt-get", ["update", "-qq"], options);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], options);
}

async function installNodePackages() {
  const key = sha256(readFileSync(at("package-lock.json")) + process.arch);
  await whenStale("node_modules/.outrider-stamp", key, () => {
    say("installing npm packages");
    const args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    if (process.env.npm_execpath) run(process.execPath, [process.env.npm_execpath, ...args]);
    else run("npm", args);
  });
  if (!existsSync(node)) die(`no Node for linux-${process.arch} among the npm packages`);
}

/** A gyp configuration that knows no file that was added since is stale; file contents are make's business. */
async function configure() {
  const names = files(["native"], (path) => /\.cc$/.test(path)).join("\n");
  const inputs = ["binding.gyp", "native/sources.cjs", "package-lock.json"].map((path) =>
    readFileSync(at(path), "utf8"),
  );
  await whenStale("build/.configured", sha256([names, ...inputs, defaultCompiler].join("\n")), () => {
    if (!existsSync(at("build/Makefile"))) rmSync(at("build"), { recursive: true, force: true });
    const gyp = at("node_modules/node-gyp/bin/node-gyp.js");
    const args = ["configure", `--nodedir=${nodeDir}`, "--loglevel=error"];
    run(node, [gyp, ...args, "--", "-f", "make", "-f", "compile_commands_json"]);
  });
}

/** Runs make for the targets that are older than a source. */
export async function buildNative(targets, configuration = "Release", compiler = defaultCompiler) {
  await configure();
  const sources = files(["native"], (path) => /\.(cc|h)$/.test(path));
  const key = fingerprint([...sources, "build/Makefile"], compiler);
  for (const target of targets) {
    await whenStale(`build/${configuration}/.${target}.stamp`, key, () => {
      say(`building ${target} (${configuration})`);
      const cxx = onPath("ccache") && !compiler.startsWith("ccache") ? `ccache ${compiler}` : compiler;
      const args = [
        "-C",
        "build",
        `BUILDTYPE=${configuration}`,
        `-j${cores}`,
        "--no-print-directory",
        "-s",
        target,
      ];
      run("make", args, { env: { CXX: cxx }, stdio: ["ignore", 2, 2] });
    });
  }
}

/** GCC alone: clang has a format of its own for the counts. */
async function measureProfile() {
  const answer = spawnSync(process.execPath, [at("tools/compiler_is_gcc.cjs")], { encoding: "utf8" });
  if (answer.stdout.trim() !== "1") return;
  if (process.argv.includes("--profile")) rmSync(at("build/.profiled"), { force: true });
  await whenStale("build/.profiled", defaultCompiler, async () => {
    // Counts of an older build would be added to, and what was built without them would stay.
    for (const built of ["Profile", "Release"]) rmSync(at("build", built), { recursive: true, force: true });
    await buildNative(["outrider"], "Profile");
    await profile();
  });
}

/** Node writes its compile cache at the end of the first run, with the functions that ran: let it be a whole one. */
function warmCompileCache() {
  const result = tryRun(at("bin/outrider"), ["--mode", "validate", "-c", at("examples/quickstart.yaml")], {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  if (result.status !== 0) say(`the quick start does not validate:\n${result.stderr}`);
}

/** Answers whether there was something to do. */
async function bundle() {
  if (!existsSync(at("src/main.ts"))) return false;
  const inputs = [
    ...files(["src"], (path) => !path.endsWith(".test.ts")),
    "tools/bundle.mjs",
    "package-lock.json",
  ];
  return whenStale("dist/.stamp", fingerprint(inputs), () => {
    say("bundling src");
    run(node, [at("tools/bundle.mjs")]);
  });
}

/** A package with a prebuilt addon (tools/prebuild.mjs) runs where there is no compiler. */
function isPrebuilt() {
  const addon = at("prebuilds", `${process.platform}-${process.arch}`, "outrider.node");
  return existsSync(addon) && !existsSync(at("build")) && !packages.every((one) => one.dev || one.there());
}

export async function setup({ tests = false } = {}) {
  await installNodePackages();
  const bundled = await bundle();
  if (tests || !isPrebuilt()) {
    installSystemPackages(packages.filter((one) => tests || !one.dev));
    await measureProfile();
    await buildNative(tests ? ["outrider", "native_tests"] : ["outrider"]);
  }
  if (bundled) warmCompileCache();
}

if (process.argv[1] === at("tools/setup.mjs")) {
  await setup({ tests: process.argv.includes("--tests") });
}
