import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Options, parseCommandLine } from "./options.ts";

const program = { name: "outrider", version: "v/1.40.0", hotRestartVersion: "11.104" };

function parse(line: string) {
  return parseCommandLine(line === "" ? [] : line.split(" "), program);
}

function options(line: string): Options {
  const parsed = parse(line);
  if (parsed.kind !== "run") throw new Error(parsed.text);
  return parsed.options;
}

function refusal(line: string): string {
  const parsed = parse(line);
  return parsed.kind === "refused" ? parsed.text : parsed.kind;
}

test("without arguments every option has Envoy's default", () => {
  const { mode, logLevel, drainTimeS, parentShutdownTimeS, concurrency, fileFlushIntervalMsec, configPath } =
    options("");
  deepEqual(
    { mode, logLevel, drainTimeS, parentShutdownTimeS, concurrency, fileFlushIntervalMsec, configPath },
    {
      mode: "serve",
      logLevel: "info",
      drainTimeS: 600,
      parentShutdownTimeS: 900,
      concurrency: undefined,
      fileFlushIntervalMsec: 10_000,
      configPath: "",
    },
  );
});

test("a value may follow or stand behind an equals sign, and short names work", () => {
  equal(options("--concurrency 3").concurrency, 3);
  equal(options("--concurrency=3").concurrency, 3);
  equal(options("-c a.yaml -l debug").configPath, "a.yaml");
  equal(options("-c a.yaml -l warn").logLevel, "warning");
  equal(options("--config-yaml=a=b").configYaml, "a=b");
});

test("what stands after -- is ignored", () => {
  equal(options("--concurrency 2 -- --foo bar").concurrency, 2);
});

test("the old name of a flag does what the new one does", () => {
  ok(options("--allow-unknown-fields").allowUnknownStaticFields);
});

test("levels by component and tags are taken apart", () => {
  deepEqual(options("--component-log-level upstream:debug,config:warn").componentLogLevels, [
    ["upstream", "debug"],
    ["config", "warning"],
  ]);
  deepEqual(options("--stats-tag a:b --stats-tag=c:d:e").statsTags, [
    ["a", "b"],
    ["c", "d:e"],
  ]);
});

for (const [line, message] of [
  ["--foo", "PARSE ERROR: Argument: --foo\n             Couldn't find match for argument\n"],
  ["extra", "PARSE ERROR: Argument: extra\n             Couldn't find match for argument\n"],
  ["--version=1", "PARSE ERROR: Argument: --version=1\n             Couldn't find match for argument\n"],
  [
    "--concurrency x",
    "PARSE ERROR: Argument: (--concurrency)\n             Couldn't read argument value from string 'x'\n",
  ],
  ["-c", "PARSE ERROR: Argument: -c (--config-path)\n             Missing a value for this argument!\n"],
  ["--base-id 5 --base-id 6", "PARSE ERROR: Argument: (--base-id)\n             Argument already set!\n"],
  ["--mode foo", "error: unknown mode 'foo'\n"],
  ["--log-level nope", "error: invalid log level specified 'nope'\n"],
  ["--component-log-level a", "error: component log level not correctly specified 'a'\n"],
  ["--drain-strategy x", "error: unknown drain-strategy 'x'\n"],
  ["--local-address-ip-version v5", "error: unknown IP address version 'v5'\n"],
  [
    "--restart-epoch 1 --use-dynamic-base-id",
    "error: cannot use --restart-epoch=1 with --use-dynamic-base-id\n",
  ],
  ["--stats-tag a", "error: misformatted stats-tag 'a'\n"],
  ["--stats-tag a.b:c", "error: misformatted stats-tag 'a.b:c' contains invalid char in 'a.b'\n"],
] as const) {
  test(`${line} is refused with Envoy's message`, () => {
    ok(refusal(line).startsWith(message), refusal(line));
  });
}

test("help, version and the hot restart version are printed", () => {
  const help = parse("--help");
  ok(help.kind === "print");
  match(help.text, /--config-path <string>/);
  deepEqual(parse("--version"), { kind: "print", text: "\noutrider  version: v/1.40.0\n\n" });
  deepEqual(parse("--hot-restart-version"), { kind: "print", text: "11.104\n" });
});

test("a flag whose feature comes later is accepted with a warning", () => {
  const parsed = parse("--restart-epoch 1 --enable-core-dump --parent-shutdown-time-s 10");
  ok(parsed.kind === "run");
  equal(parsed.warnings.length, 3);
  equal(parse("--restart-epoch 0").kind, "run");
});
