// How many tests ran: each runner leaves its figures in .cache/counts/, `node tools/count.mjs` adds them up
// and prints the line that CI reads.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { at } from "./common.mjs";

const folder = at(".cache/counts");

export function forgetCounts() {
  rmSync(folder, { recursive: true, force: true });
}

export function count(name, passed, failed) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.json`, JSON.stringify({ passed, failed }));
}

export function total() {
  const sum = { passed: 0, failed: 0 };
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const { passed, failed } = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
    sum.passed += passed;
    sum.failed += failed;
  }
  return sum;
}

/** What GoogleTest wrote with --gtest_output=json:PATH; a file that is not there is a run that crashed. */
export function countGoogleTest(name, path) {
  if (!existsSync(path)) return count(name, 0, 1);
  const { tests, failures, disabled, errors } = JSON.parse(readFileSync(path, "utf8"));
  const failed = failures + errors;
  count(name, tests - failed - disabled, failed);
}

if (process.argv[1] === at("tools/count.mjs")) {
  const { passed, failed } = total();
  console.log(`${passed} passed, ${failed} failed`);
}
