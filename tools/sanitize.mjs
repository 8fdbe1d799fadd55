// npm run test:sanitize: the native tests, then the integration tests with the addon inside Node, under the
// address and undefined-behaviour sanitizers. test:asan is the native half; test:tsan uses the thread sanitizer.
import { readFileSync, writeFileSync } from "node:fs";
import { at, die, files, node, say, tryRun } from "./common.mjs";
import { buildNative, defaultCompiler, setup } from "./setup.mjs";
import { nativeTests, nodeTests } from "./test.mjs";

const [kind = "address", part = "all"] = process.argv.slice(2);
const configuration = { address: "Asan", thread: "Tsan" }[kind] ?? die(`no sanitizer named ${kind}`);
const name = configuration.toLowerCase();

/** Reports of a sanitizer go to files, since a test may swallow what its proxy writes. */
const reports = () => files([".cache"], (path) => path.startsWith(`.cache/${name}-report.`));

const env = {
  ASAN_OPTIONS: `detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=0:handle_segv=1`,
  LSAN_OPTIONS: `suppressions=${at("test/house/lsan.supp")}:print_suppressions=0`,
  UBSAN_OPTIONS: "print_stacktrace=1",
  TSAN_OPTIONS: `suppressions=${at("test/house/tsan.supp")}`,
};

/** Node itself is not instrumented, so the runtime has to be there before it starts: a wrapper for bin/outrider. */
function instrumentedNode() {
  const compiler = defaultCompiler.split(" ").at(-1);
  const libraries = ["libasan.so", "libubsan.so", "libstdc++.so"]
    .map((name) =>
      tryRun(compiler, [`-print-file-name=${name}`], { stdio: "pipe", encoding: "utf8" }).stdout.trim(),
    )
    .filter((path) => path.startsWith("/"));
  const wrapper = at(".cache", `${name}-node`);
  writeFileSync(wrapper, `#!/bin/sh\nLD_PRELOAD="${libraries.join(" ")}" exec "${node}" "$@"\n`, {
    mode: 0o755,
  });
  return wrapper;
}

await setup({ tests: true });
await buildNative(part === "native" ? ["native_tests"] : ["native_tests", "outrider"], configuration);
const failures = [];
if (!nativeTests(`native_${name}`, at(`build/${configuration}/native_tests`), env)) failures.push("native");
if (part !== "native") {
  const inside = {
    ...env,
    ASAN_OPTIONS: `${env.ASAN_OPTIONS}:log_path=${at(`.cache/${name}-report`)}`,
    OUTRIDER_BUILD: configuration,
    OUTRIDER_NODE: instrumentedNode(),
    OUTRIDER_SANITIZED: kind,
  };
  for (const path of reports()) tryRun("rm", [at(path)]);
  const tests = files(["test/e2e"], (path) => path.endsWith(".test.ts"));
  // A test that loads the addon itself has to run inside the instrumented Node; others only start proxies with it.
  const loadsAddon = (path) => readFileSync(at(path), "utf8").includes("loadAddon(");
  const outside = tests.filter((path) => !loadsAddon(path));
  const one = { options: ["--test-concurrency=1"], env: inside };
  const alone = { options: ["--test-isolation=none"], env: inside, program: inside.OUTRIDER_NODE };
  if (!nodeTests(`e2e_${name}`, outside, one)) failures.push("e2e");
  if (!nodeTests(`addon_${name}`, tests.filter(loadsAddon), alone)) failures.push("addon");
  for (const path of reports()) {
    failures.push(path);
    process.stderr.write(readFileSync(at(path), "utf8"));
  }
}
if (failures.length > 0) die(`failed under the ${kind} sanitizer: ${failures.join(", ")}`);
say(`all tests passed under the ${kind} sanitizer`);
