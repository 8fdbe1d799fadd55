import { deepEqual, equal, match, throws } from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { escapeControls, jsonFormat, Log, loggerNames, readComponentLevels } from "./log.ts";
import { pattern } from "./log_pattern.ts";

const record = {
  time: new Date(2026, 10, 4, 13, 5, 9, 42),
  level: "warning",
  logger: "http",
  text: 'a "b"\nc',
  file: "src/control/x.ts",
  line: 7,
  thread: 99,
};

for (const [format, line] of [
  [
    "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v",
    '[2026-11-04 13:05:09.042][99][warning][http] [src/control/x.ts:7] a "b"\nc',
  ],
  ["%L|%s|%@|%_", 'W|x.ts|src/control/x.ts:7|a "b"\\nc'],
  ["%j", 'a \\"b\\"\\nc'],
  ["%a %A %b %B %C %D %x", "Wed Wednesday Nov November 26 11/04/26 11/04/26"],
  ["%H %I %M %S %p %r %R %X %f %F", "13 01 05 09 PM 01:05:09 PM 13:05 13:05:09 042000 042000000"],
  ["%c", "Wed Nov 4 13:05:09 2026"],
  ["%^%l%$ 100%% %q", "warning 100% %q"],
  ["<%9l|%-9l|%=9l|%3!l>", "<  warning|warning  | warning |war>"],
] as const) {
  test(`the pattern ${format} is honoured`, () => equal(pattern(format)(record), line));
}

function lines(options: ConstructorParameters<typeof Log>[0] = {}): { log: Log; lines: string[] } {
  const written: string[] = [];
  return {
    log: new Log({ format: "%l %n %v", ...options, write: (line) => written.push(line) }),
    lines: written,
  };
}

test("a logger says what its level lets through", () => {
  const { log, lines: written } = lines();
  const logger = log.logger("main", "src/main.ts");
  logger.debug("no");
  logger.info("yes");
  log.setLevel("main", "debug");
  logger.debug("now");
  log.setAll("off");
  logger.critical("never");
  deepEqual(written, ["info main yes\n", "debug main now\n"]);
  equal(logger.enabled("critical"), false);
  equal(log.setLevel("nope", "info"), false);
});

test("who wants to know is told of new levels", () => {
  const { log } = lines();
  const seen: string[] = [];
  log.onLevels(() => seen.push(log.level("http")));
  log.setLevel("http", "trace");
  log.setAll("error");
  deepEqual(seen, ["trace", "error"]);
});

test("an escaped entry is one line", () => {
  const { log, lines: written } = lines({ escaped: true });
  log.logger("main", "x").info('a\nb\x01"');
  deepEqual(written, ['info main a\\nb\\001\\"\n']);
  equal(escapeControls("\\\x7f"), "\\\\\\177");
});

test("a JSON format keeps each entry an object", () => {
  const { log, lines: written } = lines();
  log.setFormat(jsonFormat({ level: "%l", deep: { text: "%j" } }));
  log.logger("main", "x").error('a "b"\n');
  deepEqual(JSON.parse(written[0]!), { level: "error", deep: { text: 'a "b"\n' } });
});

test("a file is opened anew after it was moved away", () => {
  const folder = mkdtempSync(join(tmpdir(), "outrider-log-"));
  const path = join(folder, "a.log");
  const log = new Log({ path, format: "%v" });
  const logger = log.logger("main", "x");
  logger.info("one");
  renameSync(path, `${path}.1`);
  logger.info("two");
  log.reopen();
  logger.info("three");
  equal(readFileSync(`${path}.1`, "utf8"), "one\ntwo\n");
  equal(readFileSync(path, "utf8"), "three\n");
  rmSync(folder, { recursive: true });
});

test("a path that cannot be written is an error at once", () => {
  throws(() => new Log({ path: "/nowhere/at/all.log" }), /ENOENT/);
});

test("component levels are read, and refused in Envoy's words", () => {
  deepEqual(readComponentLevels("http:debug,upstream:warn"), [
    ["http", "debug"],
    ["upstream", "warning"],
  ]);
  equal(readComponentLevels("http:bogus"), "error: invalid log level specified 'bogus'");
  equal(readComponentLevels("nope:debug"), "error: invalid component specified 'nope'");
  match(String(readComponentLevels("http")), /not correctly specified 'http'/);
});

test("there are Envoy's 73 loggers", () => {
  equal(new Set(loggerNames).size, 73);
});
