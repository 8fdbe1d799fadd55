import { deepEqual, equal } from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StatsStore } from "../observability/stats/store.ts";
import { runtime as template } from "../observability/stats/templates.ts";
import { Runtime } from "./runtime.ts";
import { entryOf, unusableKeys } from "./runtime_value.ts";

const root = mkdtempSync(join(tmpdir(), "outrider-runtime-"));
after(() => rmSync(root, { recursive: true }));

const base = { name: "base", static_layer: { gone: { share: 100 }, text: "hello" } };
const admin = { name: "admin", admin_layer: {} };

test("nested keys become names with dots, and later layers win", () => {
  const runtime = new Runtime({ layers: [base, { name: "more", static_layer: { "gone.share": 5 } }] });
  equal(runtime.get("gone.share"), 5);
  deepEqual(runtime.dump(), {
    entries: {
      "gone.share": { final_value: "5", layer_values: ["100", "5"] },
      text: { final_value: "hello", layer_values: ["hello", ""] },
    },
    layers: ["base", "more"],
  });
});

test("an override shows in the admin layer until it is taken back", () => {
  const seen: unknown[] = [];
  const runtime = new Runtime({
    layers: [base, admin],
    onChange: (values) => seen.push(values["gone.share"]),
  });
  equal(runtime.modify(new Map([["gone.share", "0"]])), true);
  deepEqual(runtime.dump().entries["gone.share"], { final_value: "0", layer_values: ["100", "0"] });
  runtime.modify(new Map([["gone.share", ""]]));
  deepEqual(runtime.dump().entries["gone.share"], { final_value: "100", layer_values: ["100", ""] });
  deepEqual(seen, [0, 100]);
});

test("without an admin layer nothing can be overridden", () => {
  equal(new Runtime({ layers: [base] }).modify(new Map([["a", "b"]])), false);
});

for (const [text, value] of [
  ["7", 7],
  ["-3", -3],
  ["5.50", 5.5],
  ["1e21", 1e21],
  ["true", true],
  ["FALSE", false],
  ["{numerator: 3}", { numerator: 3, denominator: "HUNDRED" }],
  ["numerator: 5\ndenominator: TEN_THOUSAND", { numerator: 5, denominator: "TEN_THOUSAND" }],
  ['{"numerator": 5, "denominator": "MILLION"}', { numerator: 5, denominator: "MILLION" }],
  ["{numerator: 3, denominator: TEN}", "{numerator: 3, denominator: TEN}"],
  ["Infinity", "Infinity"],
  ["0x10", "0x10"],
  ["", ""],
  ["hello world", "hello world"],
] as const) {
  test(`${JSON.stringify(text)} is read as ${JSON.stringify(value)}`, () => {
    deepEqual(entryOf(text), { text, value });
  });
}

test("a fraction is one value and shown as text proto", () => {
  const runtime = new Runtime({
    layers: [{ name: "base", static_layer: { share: { numerator: 5, denominator: "TEN_THOUSAND" } } }],
  });
  deepEqual(runtime.get("share"), { numerator: 5, denominator: "TEN_THOUSAND" });
  equal(
    runtime.dump().entries["share"]?.final_value,
    'fields {\n  key: "denominator"\n  value {\n    string_value: "TEN_THOUSAND"\n  }\n}\nfields {\n  key: "numerator"\n  value {\n    number_value: 5\n  }\n}\n',
  );
});

function version(name: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, name, path, ".."), { recursive: true });
    writeFileSync(join(root, name, path), text);
  }
  symlinkSync(name, join(root, "next"));
  renameSync(join(root, "next"), join(root, "current"));
}

test("files are values, and a link moved over the old one is read at once", async () => {
  version("v1", { "sub/num": "12\n", com: "# why\n 34 \n", "c1/sub.num": "99" });
  const scope = new StatsStore().scope(template, "runtime.");
  const disk_layer = { symlink_root: join(root, "current") };
  let changed: (values: unknown) => void = () => {};
  const runtime = new Runtime({
    layers: [
      { name: "disk", disk_layer },
      { name: "own", disk_layer: { ...disk_layer, append_service_cluster: true } },
    ],
    serviceCluster: "c1",
    scope,
    onChange: (values) => changed(values),
  });
  deepEqual(runtime.values(), { "sub.num": 99, com: 34, "c1.sub.num": 99 });
  equal(scope.value("override_dir_exists"), 1);
  runtime.start();
  const next = new Promise((resolve) => {
    changed = resolve;
  });
  version("v2", { "sub/num": "13" });
  deepEqual(await next, { "sub.num": 13 });
  deepEqual(runtime.dump().layers, ["disk"]);
  equal(scope.value("load_success"), 2);
  runtime.close();
});

test("a control plane's layer stands where the bootstrap has it", () => {
  const runtime = new Runtime({ layers: [base, { name: "rtds", rtds_layer: {} }, admin] });
  runtime.setRtds("rtds", { gone: { share: 3 } });
  deepEqual(runtime.dump().entries["gone.share"]?.layer_values, ["100", "3", ""]);
});

test("lists and nulls are no values", () => {
  deepEqual(unusableKeys({ deep: { list: [1] }, nul: null, fine: { numerator: 1 } }), ["deep.list", "nul"]);
});
