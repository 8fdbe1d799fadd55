import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import { openSchema } from "../api/schema.ts";
import { IssueList } from "../issue.ts";
import { editDistance, nearest } from "../near.ts";
import { durationNanos, durationSeconds, isPlainDuration, readDuration, readTimestamp } from "./duration.ts";
import { formatFault } from "./operators.ts";
import { regexFault } from "./regex.ts";
import { absentMessage, compileRules } from "./rules.ts";
import { isPlain, readScalar } from "./scalar.ts";
import { type Tree, Typing } from "./typing.ts";

const schema = openSchema();

for (const [given, canonical] of [
  ["0s", "0s"],
  ["1.5s", "1.500s"],
  ["1.000000001s", "1.000000001s"],
  ["-0.25s", "-0.250s"],
  ["007s", "7s"],
  [{ seconds: "3", nanos: 500_000 }, "3.000500s"],
  [{}, "0s"],
] as const) {
  test(`the duration ${JSON.stringify(given)} is ${canonical}`, () => {
    deepEqual(readDuration(given), { value: canonical });
  });
}

for (const bad of [
  "",
  "5",
  "5S",
  " 5s",
  ".5s",
  "5.s",
  "1e2s",
  "+5s",
  "1.0000000001s",
  "315576000001s",
  5,
  null,
  [],
  { a: 1 },
]) {
  test(`${JSON.stringify(bad)} is no duration`, () => {
    equal("wrong" in readDuration(bad), true);
  });
}

test("the short cut for whole seconds takes nothing that reading would change", () => {
  for (const text of ["0s", "5s", "600s", "00s", "05s", "s", "5", "1.5s", "-5s", "12345678s", "x5s"]) {
    if (isPlainDuration(text)) deepEqual(readDuration(text), { value: text });
  }
  equal(isPlainDuration("600s"), true);
});

test("durations are told in nanoseconds and in seconds", () => {
  equal(durationNanos("-1.000000001s"), -1_000_000_001n);
  equal(durationNanos("x"), undefined);
  equal(durationSeconds("0.250s"), 0.25);
});

test("a timestamp is RFC 3339", () => {
  deepEqual(readTimestamp("2026-01-31T12:00:00.5Z"), { value: "2026-01-31T12:00:00.5Z" });
  equal("wrong" in readTimestamp("2026-13-31T12:00:00Z"), true);
  equal("wrong" in readTimestamp("yesterday"), true);
});

for (const [type, given, value] of [
  ["uint32", "1024", 1024],
  ["uint32", "1.0", 1],
  ["uint32", "1e3", 1000],
  ["uint32", "+7", 7],
  ["uint32", "0x1f", 31],
  ["double", ".5", 0.5],
  ["uint32", 4_294_967_295, 4_294_967_295],
  ["int64", "9007199254740993", "9007199254740993"],
  ["uint64", "18446744073709551615", "18446744073709551615"],
  ["double", "1.5", 1.5],
  ["double", "NaN", "NaN"],
  ["bool", "yes", true],
  ["bool", "False", false],
  ["bytes", "_-8=", "/+8="],
] as const) {
  test(`${JSON.stringify(given)} as ${type} is ${JSON.stringify(value)}`, () => {
    deepEqual(readScalar(type, given), { value });
  });
}

for (const [type, given] of [
  ["uint32", -1],
  ["uint32", 1.5],
  ["uint32", 4_294_967_296],
  ["uint32", "many"],
  ["uint32", true],
  ["uint64", "18446744073709551616"],
  ["int32", `1e${"9".repeat(50)}`],
  ["bool", 1],
  ["bool", "on"],
  ["string", 5],
  ["string", true],
  ["bytes", "a b"],
  ["double", "x"],
] as const) {
  test(`${JSON.stringify(given).slice(0, 20)} is no ${type}`, () => {
    equal("wrong" in readScalar(type, given), true);
    equal(isPlain(type, given), false);
  });
}

function typed(type: string, value: unknown): { tree: unknown; faults: string[] } {
  const issues = new IssueList();
  const tree = new Typing(schema, issues, "refuse").message(schema.message(type), value);
  return { tree, faults: issues.found.map(({ path, message }) => `${path.join(".")}: ${message}`) };
}

const cluster = "envoy.config.cluster.v3.Cluster";

test("a value that cannot be read is reported once and then absent, but not missing", () => {
  const { tree, faults } = typed(cluster, { name: 5, connect_timeout: "1s" });
  equal(faults.length, 1);
  deepEqual(tree, { name: undefined, connect_timeout: "1s" });
  equal("name" in (tree as Tree), true);
});

test("null is as good as nothing, in a list as good as a default", () => {
  deepEqual(typed(cluster, { name: null, lrs_report_endpoint_metrics: [null] }).tree, {
    lrs_report_endpoint_metrics: [""],
  });
});

test("of two spellings of one field the later wins", () => {
  deepEqual(typed(cluster, { altStatName: "a", alt_stat_name: "b" }).tree, { alt_stat_name: "b" });
  deepEqual(typed(cluster, { alt_stat_name: "a", altStatName: "b" }).tree, { alt_stat_name: "b" });
});

test("a single value stands for a list, and lists in lists are one", () => {
  deepEqual(typed(cluster, { lrs_report_endpoint_metrics: "a" }).tree, {
    lrs_report_endpoint_metrics: ["a"],
  });
  deepEqual(typed(cluster, { lrs_report_endpoint_metrics: [["a"], "b"] }).tree, {
    lrs_report_endpoint_metrics: ["a", "b"],
  });
});

test("a Struct is left as it is", () => {
  const metadata = { filter_metadata: { a: { b: [1.5, null, { c: true }] } } };
  deepEqual(typed(cluster, { metadata }).tree, { metadata });
});

test("keys of the language are fields like any other", () => {
  const { faults } = typed(cluster, JSON.parse('{"__proto__": {}, "constructor": 1, "toString": 2}'));
  equal(faults.length, 3);
});

test("an Any without a host in its type is refused, and one of an unknown type is named", () => {
  const any = (type: string) =>
    typed("envoy.config.core.v3.TypedExtensionConfig", { typed_config: { "@type": type } });
  match(any("a.B").faults[0] ?? "", /no type URL/);
  match(any("t/a.Cluster").faults[0] ?? "", /a\.Cluster is no type of the Envoy API/);
});

test("nesting without end is refused", () => {
  let value: Tree = {};
  for (let i = 0; i < 300; i++) value = { and_match: { rules: [value] } };
  match(
    typed("envoy.config.common.matcher.v3.MatchPredicate", value).faults.join(),
    /nested more than 100 deep/,
  );
});

function rulesOf(type: string, field: string) {
  const message = schema.message(type);
  const found = message.byName.get(field);
  if (found === undefined) throw new Error(field);
  return { ...compileRules(found, String), absent: absentMessage(found, String) };
}

test("rules of numbers, texts, lists and presence come from the descriptors", () => {
  const port = rulesOf("envoy.config.core.v3.SocketAddress", "port_value");
  match(port.whole?.(65_536) ?? "", /65536 is out of range: must be at most 65535/);
  equal(port.whole?.(65_535), undefined);
  const name = rulesOf("envoy.config.cluster.v3.Cluster", "name");
  equal(name.absent, "must be set");
  equal(name.whole?.(""), "must not be empty");
  const domains = rulesOf("envoy.config.route.v3.VirtualHost", "domains");
  match(domains.absent ?? "", /at least 1/);
  const key = rulesOf("envoy.config.core.v3.HeaderValue", "key");
  match(key.whole?.("a\nb") ?? "", /no header name may hold/);
  match(key.whole?.("x".repeat(20_000)) ?? "", /too long/);
  const timeout = rulesOf("envoy.config.cluster.v3.Cluster", "connect_timeout");
  match(timeout.whole?.("0s") ?? "", /more than 0s/);
  equal(timeout.absent, undefined);
});

test("every rule of the API can be compiled", () => {
  for (const name of schema.names()) {
    const type = schema.find(name);
    if (type?.kind !== "message") continue;
    for (const field of type.fields) {
      compileRules(field, String);
      absentMessage(field, String);
    }
  }
});

for (const good of [
  ...[
    "",
    "a|b",
    "(?i)x",
    "(?P<n>a)",
    "(?:a)*",
    "[[:alpha:]]+",
    "[]a]",
    "[^]]",
    "\\Q(\\E",
    "a{2,3}?",
    "a{,3}",
    "\\p{Greek}",
    "\\x{10FFFF}",
  ],
  ...["(a|)", "x*?", "^$", "(?i:a)", "[(]", "\\(", "a{1000}", "(?-s).", "[a\\]]"],
]) {
  test(`the regular expression ${good} passes`, () => {
    equal(regexFault(good), null);
  });
}

for (const bad of [
  "(",
  ")",
  "a)(",
  "[",
  "[a",
  "*a",
  "a|*",
  "(+)",
  "(?=a)",
  "(?!a)",
  "(?<=a)",
  "\\1",
  "a\\",
  "a**",
  "a{1001}",
  "(?:a",
]) {
  test(`the regular expression ${bad} does not`, () => {
    equal(typeof regexFault(bad), "string");
  });
}

test("commands of a format are known and closed", () => {
  for (const good of [
    "",
    "%%",
    "a%REQ(X?Y):5%b%PROTOCOL%",
    "%START_TIME(%s.%3f)%",
    "%DYNAMIC_METADATA(a:b)%",
  ]) {
    equal(formatFault(good), null, good);
  }
  for (const bad of ["%", "50%", "%REQ(X", "%NO_SUCH%", "%req(x)%", "%PROTOCOL"])
    equal(typeof formatFault(bad), "string", bad);
  match(formatFault("%PROTOCL%") ?? "", /did you mean PROTOCOL\?/);
});

test("a near word is found, a far one is not", () => {
  equal(nearest("lb_polcy", ["name", "lb_policy", "type"]), "lb_policy");
  equal(nearest("LbPolicy", ["name", "lb_policy"]), "lb_policy");
  equal(nearest("zzzzzz", ["name", "lb_policy"]), undefined);
  equal(editDistance("ab", "ba", 5), 1);
  equal(editDistance("abc", "abcdefgh", 2), 3);
});
