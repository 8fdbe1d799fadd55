// npm test: installs and builds what is missing, then check, native tests, and node:test for everything
// in TypeScript. `npm run test:unit|test:native|test:e2e` are the parts.

import { check } from "./check.mjs";
import { at, die, files, node, say, tryRun } from "./common.mjs";
import { setup } from "./setup.mjs";

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const wants = (part) => wanted.length === 0 || wanted.includes(part);
const failures = [];

const isTest = (path) => path.endsWith(".test.ts");
const unit = () => [...files(["src", "test/house", "examples"], isTest)];
const spanning = () => files(["test"], (path) => isTest(path) && !path.startsWith("test/house/"));

function nodeTests(name, paths, options = []) {
  if (paths.length === 0) return say(`${name}: no test file yet`);
  const { status } = tryRun(node, ["--test", "--test-reporter=spec", ...options, ...paths]);
  if (status !== 0) failures.push(name);
}

await setup({ tests: true });
if (wanted.length === 0 && !(await check())) failures.push("check");
if (wants("native")) {
  const filter = process.env.GTEST_FILTER ? [] : ["--gtest_brief=1"];
  if (tryRun(at("build/Release/native_tests"), filter).status !== 0) failures.push("native");
}
if (wants("unit")) nodeTests("unit", unit());
// Tests that span rooms start whole proxies: one file at a time keeps them honest on a small machine.
if (wants("e2e")) nodeTests("e2e", spanning(), ["--test-concurrency=1"]);
if (failures.length > 0) die(`failed: ${failures.join(", ")}`);
say("all tests passed");
