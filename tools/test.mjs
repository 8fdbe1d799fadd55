// npm test: installs and builds what is missing, then check, the native tests, and node:test for everything
// in TypeScript. `npm run test:native|test:unit|test:e2e` are the parts.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { check } from "./check.mjs";
import { at, die, files, node, say, tryRun } from "./common.mjs";
import { count, countGoogleTest, forgetCounts, total } from "./count.mjs";
import { setup } from "./setup.mjs";

const isTest = (path) => path.endsWith(".test.ts");

export const unitTests = () => files(["src", "test/house", "examples", "bench"], isTest);
export const spanningTests = () => files(["test"], (path) => isTest(path) && !path.startsWith("test/house/"));

/** Runs GoogleTest; false when a test failed. The name tells the run's figures apart. */
export function nativeTests(name, program, env = {}) {
  const report = at(`.cache/${name}.json`);
  rmSync(report, { force: true });
  const { status } = tryRun(program, ["--gtest_brief=1", `--gtest_output=json:${report}`], { env });
  countGoogleTest(name, report);
  return status === 0;
}

/** Runs node:test on the files; false when a test failed. */
export function nodeTests(name, paths, { options = [], env = {}, program = node } = {}) {
  if (paths.length === 0) {
    say(`${name}: no test file`);
    return true;
  }
  const report = at(`.cache/${name}.json`);
  rmSync(report, { force: true });
  const reporters = [
    ["spec", "stdout"],
    [at("tools/count_reporter.mjs"), report],
  ].flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`]);
  const { status } = tryRun(program, ["--test", ...reporters, ...options, ...paths], { env });
  const counts = existsSync(report) ? readFileSync(report, "utf8") : "";
  const { passed, failed } = counts === "" ? { passed: 0, failed: 1 } : JSON.parse(counts);
  count(name, passed, failed);
  return status === 0;
}

// Tests that span rooms start whole proxies: one file at a time keeps their timing honest on a small machine.
const oneAtATime = { options: ["--test-concurrency=1"] };

async function main(wanted) {
  const wants = (part) => wanted.length === 0 || wanted.includes(part);
  forgetCounts();
  await setup({ tests: true });
  const failures = [];
  if (wanted.length === 0 && !(await check())) failures.push("check");
  if (wants("native") && !nativeTests("native", at("build/Release/native_tests"))) failures.push("native");
  if (wants("unit") && !nodeTests("unit", unitTests())) failures.push("unit");
  if (wants("e2e") && !nodeTests("e2e", spanningTests(), oneAtATime)) failures.push("e2e");
  const { passed, failed } = total();
  console.log(`${passed} passed, ${failed} failed`);
  if (failures.length > 0) die(`failed: ${failures.join(", ")}`);
}

if (process.argv[1] === at("tools/test.mjs")) await main(process.argv.slice(2));
