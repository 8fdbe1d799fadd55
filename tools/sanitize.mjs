// npm run test:sanitize: the native tests, then the integration tests with the addon inside Node, under the
// address and undefined-behaviour sanitizers. test:asan is the native half; test:tsan the thread sanitizer.
import { existsSync } from "node:fs";
import { at, die, files, node, say, tryRun } from "./common.mjs";
import { buildNative, setup } from "./setup.mjs";

const [kind = "address", part = "all"] = process.argv.slice(2);
const configuration = { address: "Asan", thread: "Tsan" }[kind] ?? die(`no sanitizer named ${kind}`);

const options = {
  ASAN_OPTIONS: "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=0:abort_on_error=0",
  UBSAN_OPTIONS: "print_stacktrace=1",
  TSAN_OPTIONS: `halt_on_error=0:suppressions=${at("test/house/tsan.supp")}`,
  LSAN_OPTIONS: `suppressions=${at("test/house/lsan.supp")}:print_suppressions=0`,
};

/** Node itself is not instrumented, so the runtime has to be there before it starts. */
function preload() {
  const compiler = process.env.CXX ?? "g++";
  const library = (name) => {
    const { stdout } = tryRun(compiler, [`-print-file-name=${name}`], { stdio: "pipe", encoding: "utf8" });
    const path = stdout.trim();
    return path.startsWith("/") && existsSync(path) ? [path] : [];
  };
  return [...library("libasan.so"), ...library("libubsan.so")].join(" ");
}

await setup({ tests: true });
await buildNative(part === "native" ? ["native_tests"] : ["native_tests", "outrider"], configuration);
const failures = [];
if (tryRun(at(`build/${configuration}/native_tests`), ["--gtest_brief=1"], { env: options }).status !== 0) {
  failures.push("native");
}
if (part !== "native") {
  const spanning = files(["test/e2e"], (path) => path.endsWith(".test.ts"));
  // The tests start bin/outrider, which sees both variables: the addon to load and what to load before Node.
  const env = {
    ...options,
    OUTRIDER_ADDON: at(`build/${configuration}/outrider.node`),
    OUTRIDER_PRELOAD: preload(),
    OUTRIDER_SANITIZED: kind,
  };
  if (spanning.length === 0) say("e2e: no test file yet");
  else if (tryRun(node, ["--test", "--test-concurrency=1", ...spanning], { env }).status !== 0)
    failures.push("e2e");
}
if (failures.length > 0) die(`failed under the ${kind} sanitizer: ${failures.join(", ")}`);
say(`all tests passed under the ${kind} sanitizer`);
