/** The readers of the four forms, judged by each other and by @bufbuild/protobuf. */
import { deepEqual, equal, throws } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { openSchema } from "../api/schema.ts";
import { Typing } from "../check/typing.ts";
import { IssueList } from "../issue.ts";
import { readBinary } from "./binary.ts";
import { readJson } from "./json.ts";
import { locate, type Source } from "./place.ts";
import { formatOf } from "./source.ts";
import { SyntaxFaults } from "./syntax.ts";
import { readTextProto } from "./text_proto.ts";
import { plainScalar, readYaml } from "./yaml.ts";

const schema = openSchema();
const type = schema.message("envoy.config.bootstrap.v3.Bootstrap");
const corpus = join(import.meta.dirname, "../../../test/corpus/bootstrap");

function canonical(source: Source): unknown {
  const issues = new IssueList();
  const tree = new Typing(schema, issues, "refuse").message(type, source.value);
  deepEqual(issues.found, []);
  return tree;
}

function place(source: Source, ...path: (string | number)[]): string {
  const position = locate([source], path);
  return `${position?.line}:${position?.column}`;
}

const set = gunzipSync(readFileSync(join(import.meta.dirname, "../api/envoy-1.40.binpb.gz")));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, set));
const descriptor = registry.getMessage(type.name) as DescMessage;

/** Through @bufbuild/protobuf and back: what says no more than its default is left out. */
function trimmed(json: JsonValue): unknown {
  const options = { registry, useProtoFieldName: true };
  const printed = toJson(descriptor, fromJson(descriptor, json, { registry }), options);
  return canonical(readJson("printed.json", JSON.stringify(printed)));
}

function serialize(json: JsonValue): Uint8Array {
  return toBinary(descriptor, fromJson(descriptor, json, { registry }));
}

const texts = (ending: string) =>
  readdirSync(corpus)
    .filter((name) => name.endsWith(ending))
    .map((name) => [name, readFileSync(join(corpus, name), "utf8")] as const);

for (const [name, text] of texts(".json")) {
  test(`${name} is the same when @bufbuild/protobuf has serialized it`, () => {
    deepEqual(
      canonical(readBinary(name, schema, type, serialize(JSON.parse(text)))),
      trimmed(JSON.parse(text)),
    );
  });

  test(`${name} is the same in YAML and in text`, () => {
    const tree = canonical(readJson(name, text));
    const yaml = name.replace(".json", ".yaml");
    deepEqual(canonical(readYaml(yaml, readFileSync(join(corpus, yaml), "utf8"))), tree);
    const proto = name.replace(".json", ".pb_text");
    deepEqual(
      canonical(readTextProto(proto, schema, type, readFileSync(join(corpus, proto), "utf8"))),
      trimmed(JSON.parse(text)),
    );
  });
}

const everything: JsonValue = {
  node: {
    id: "\u00e9\ud83d\ude00",
    metadata: { a: [1.5, true, null, "x", { b: [] }], n: -3 },
    user_agent_build_version: { version: { major_number: 1 } },
  },
  stats_flush_interval: "0.000000001s",
  watchdogs: { main_thread_watchdog: { kill_timeout: "3600s", multikill_threshold: { value: 0.5 } } },
  static_resources: {
    clusters: [
      {
        name: "c",
        lb_policy: "RANDOM",
        per_connection_buffer_limit_bytes: 0,
        ring_hash_lb_config: { minimum_ring_size: "9007199254740993" },
        metadata: { filter_metadata: { m: { k: "v" } } },
        upstream_bind_config: {
          socket_options: [
            { level: "-1", name: "-9007199254740993", buf_value: "AP8=", state: "STATE_BOUND" },
          ],
        },
        typed_extension_protocol_options: {
          a: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "1.500s" },
          b: { "@type": "type.googleapis.com/google.protobuf.UInt32Value", value: 7 },
          c: { "@type": "type.googleapis.com/google.protobuf.Struct", value: { z: 1 } },
        },
      },
    ],
  },
};

test("numbers, bytes, maps, structs and Any survive the binary form", () => {
  deepEqual(canonical(readBinary("x.pb", schema, type, serialize(everything))), trimmed(everything));
});

test("binary that is cut off is refused, and an unknown field is named", () => {
  const bytes = serialize(everything);
  throws(() => readBinary("x.pb", schema, type, bytes.subarray(0, 40)), SyntaxFaults);
  const { value } = readBinary("x.pb", schema, type, Buffer.from("fa3f030a0161", "hex"));
  deepEqual(Object.keys(value as object), ["field 1023"]);
});

for (const [text, value] of [
  ["", null],
  ["~", null],
  ["yes", true],
  ["Off", false],
  ["tRue", "tRue"],
  ["y", true],
  ["0x1F", 31],
  ["017", 15],
  ["-0", 0],
  ["+1", 1],
  ["2147483648", "2147483648"],
  ["1.5", "1.5"],
  ["1e3", "1e3"],
  ["0o7", "0o7"],
  ["1_000", "1_000"],
] as const) {
  test(`YAML's ${JSON.stringify(text)} is ${JSON.stringify(value)}, as yaml-cpp has it`, () => {
    equal(plainScalar(text), value);
  });
}

test("YAML: quotes make text, tags say nothing, the last of equal keys and the first document count", () => {
  const { value } = readYaml("x", 'a: "on"\nb: !!str 1\nc: 1\nc: 2\nd: |\n  x\n---\na: other\n');
  deepEqual(value, { a: "on", b: 1, c: 2, d: "x\n" });
});

test("YAML: nothing behind a tag is an empty text, not null", () => {
  deepEqual(readYaml("x", "a: !!str\nb:\n").value, { a: "", b: null });
});

test("YAML: an alias is a copy, so changing one does not change the other", () => {
  const value = readYaml("x", "a: &x {k: 1}\nb: *x\n").value as { a: object; b: object };
  deepEqual(value.a, value.b);
  equal(value.a === value.b, false);
});

test("YAML: an alias of nothing is refused", () => {
  throws(() => readYaml("x", "a: *b\nb: &b 1\n"), SyntaxFaults);
});

test("YAML: aliases without end are refused", () => {
  const lines = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
  throws(() => readYaml("x", ["a0: &a0 [x]", ...lines].join("\n")), SyntaxFaults);
});

test("YAML: a key called __proto__ is a key", () => {
  equal(Object.hasOwn(readYaml("x", "__proto__: {a: 1}").value as object, "__proto__"), true);
});

test("YAML: places are those of keys and of list entries, also behind an alias", () => {
  const source = readYaml("x", "a:\n- b: 1\n  c: &c {d: 2}\n- *c\n");
  deepEqual(
    [
      place(source),
      place(source, "a"),
      place(source, "a", 0, "c"),
      place(source, "a", 1, "d"),
      place(source, "a", 7),
    ],
    ["1:1", "1:1", "3:3", "3:10", "1:1"],
  );
});

test("JSON: single quotes, a last comma and names without quotes are taken as protobuf takes them", () => {
  deepEqual(readJson("x", "{'a': [1,], b: 'c\\u0041',}").value, { a: [1], b: "cA" });
});

for (const [text, offset] of [
  ['{"a" 1}', 5],
  ['{"a": 1} x', 9],
  ['{"a": "b}', 6],
  ["[1 2]", 3],
  ["{", 1],
  ["", 0],
  ['{"a": nope}', 6],
] as const) {
  test(`JSON: ${JSON.stringify(text)} is refused at ${offset}`, () => {
    throws(
      () => readJson("x", text),
      (error: unknown) => error instanceof SyntaxFaults && error.faults[0]?.offset === offset,
    );
  });
}

test("JSON: a text without end of depth is refused, not a crash", () => {
  throws(() => readJson("x", `${"[".repeat(100_000)}x`), SyntaxFaults);
});

test("JSON: places are found by either spelling of a name", () => {
  const source = readJson("x", '{"staticResources":\n {"clusters": [{},\n  {"name": 1}]}}');
  equal(place(source, "static_resources", "clusters", 1, "name"), "3:4");
});

test("text: every way to write a value", () => {
  const text = `
    node: < id: 'a' "b" metadata { fields { key: "k" value { number_value: 0x10 } } } > # comment
    stats_flush_interval { seconds: 1, nanos: 500000000 };
    static_resources {
      clusters [ { name: "\\x41\\102\\u00e9\\n" lb_policy: RANDOM }, { name: "b" per_connection_buffer_limit_bytes { value: 017 } } ]
      clusters { name: "c" typed_extension_protocol_options { key: "x" value { [type.googleapis.com/google.protobuf.Duration] { seconds: 2 } } } }
    }`;
  deepEqual(canonical(readTextProto("x", schema, type, text)), {
    node: { id: "ab", metadata: { k: 16 } },
    stats_flush_interval: "1.500s",
    static_resources: {
      clusters: [
        { name: "AB\u00e9\n", lb_policy: "RANDOM" },
        { name: "b", per_connection_buffer_limit_bytes: 15 },
        {
          name: "c",
          typed_extension_protocol_options: {
            x: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "2s" },
          },
        },
      ],
    },
  });
});

test("text: a fault has its place", () => {
  throws(
    () => readTextProto("x", schema, type, 'node { id: "a" '),
    (error: unknown) => error instanceof SyntaxFaults && error.faults[0]?.offset === 15,
  );
});

test("the ending of the name picks the reader", () => {
  deepEqual(["a.yaml", "a.YML", "a.json", "a.pb", "a.pb_text", "/dev/stdin"].map(formatOf), [
    ...["yaml", "yaml", "json", "binary", "text", "yaml"],
  ]);
});
