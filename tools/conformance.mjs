// npm run test:conformance: the recorded scenarios of ../shared/conformance (or $CONFORMANCE) that are known
// to pass, by name, in test/conformance/passing.txt; one that fell back fails the run.
//   -- --add [REGEX]   tries the others too, and adds what passes to the list
//   -- NAME...         just these, with every difference
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { at, die, say } from "./common.mjs";
import { count } from "./count.mjs";
import { setup } from "./setup.mjs";

const suite = process.env.CONFORMANCE ?? at("../shared/conformance");
const listPath = at("test/conformance/passing.txt");
const report = at(".cache/conformance.json");
const listed = readFileSync(listPath, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const exactly = (name) => `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;

/** Runs the cases whose names match and resolves to the report's entries. */
function play(patterns, options = []) {
  const args = [
    "--proxy",
    at("bin/outrider"),
    "--json",
    report,
    ...options,
    ...patterns.flatMap((one) => ["-k", one]),
  ];
  const { status, error } = spawnSync(`${suite}/run.py`, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (error || status > 1) die(`${suite}/run.py failed: ${error?.message ?? status}`);
  return JSON.parse(readFileSync(report, "utf8")).cases;
}

function checkListed() {
  if (listed.length === 0) return say("test/conformance/passing.txt names no case");
  const failed = play(listed.map(exactly)).filter((one) => one.result === "failed");
  // Some cases measure time, and cases run beside each other: a failure counts when it happens alone, too.
  const again =
    failed.length > 0
      ? play(
          failed.map((one) => exactly(one.name)),
          ["-j", "1", "--verbose"],
        )
      : [];
  const fellBack = again.filter((one) => one.result === "failed").map((one) => one.name);
  count("conformance", listed.length - fellBack.length, fellBack.length);
  if (fellBack.length > 0) die(`conformance cases that fell back: ${fellBack.join(" ")}`);
  say(`conformance: ${listed.length} cases hold`);
}

function addPassing(pattern = "") {
  const passed = play([pattern])
    .filter((one) => one.result === "passed")
    .map((one) => one.name);
  const names = [...new Set([...listed, ...passed])].sort();
  const comment = readFileSync(listPath, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("#"));
  writeFileSync(listPath, `${[...comment, ...names].join("\n")}\n`);
  say(`${names.length - listed.length} cases added, ${names.length} in the list`);
}

await setup();
mkdirSync(at(".cache"), { recursive: true });
if (!existsSync(`${suite}/run.py`)) die(`no conformance suite at ${suite}: nothing to run`, 0);
const ready = spawnSync(`${suite}/setup.sh`, [], { stdio: ["ignore", "ignore", "inherit"] });
if (ready.status !== 0) die(`${suite}/setup.sh failed`);
const [first, ...rest] = process.argv.slice(2);
if (first === "--add") addPassing(rest[0]);
else if (first !== undefined) play([first, ...rest].map(exactly), ["--verbose"]);
else checkListed();
