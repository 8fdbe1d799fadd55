import { equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { boundary } from "./boundary.ts";
import { enumerator, header } from "./emit_header.ts";

test("the header that is checked in is what boundary.ts says", () => {
  equal(readFileSync(new URL("../../native/base/boundary.gen.h", import.meta.url), "utf8"), header());
});

test("stat names become C++ names", () => {
  equal(enumerator("circuit_breakers.default.cx_open"), "circuit_breakers_default_cx_open");
  equal(enumerator("external.upstream_rq_"), "external_upstream_rq_codes");
  match(header(), /enum class ListenerWorkerStat : uint8_t \{\n {2}downstream_cx_total,\n/);
});

test("the counters of a response stand behind its completed counter", () => {
  for (const template of Object.values(boundary.stats)) {
    const names = Object.keys(template);
    for (const [at, name] of names.entries()) {
      if (!name.endsWith("rq_completed")) continue;
      const prefix = name.slice(0, -"completed".length);
      for (const n of [1, 2, 3, 4, 5]) equal(names[at + n], `${prefix}${n}xx`);
    }
  }
});

test("no template is longer than the place of default scopes", () => {
  for (const template of Object.values(boundary.stats)) ok(Object.keys(template).length <= 256);
});
