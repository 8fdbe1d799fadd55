import { equal } from "node:assert/strict";
import { test } from "node:test";
import { general, integer, json, plain } from "./numbers.ts";

for (const [value, text] of [
  [0, "0"],
  [0.5, "0.5"],
  [25, "25"],
  [300_000, "300000"],
  [600_000, "600000"],
  [1_800_000, "1.8e+06"],
  [99.9, "99.9"],
  [0.00001, "1e-05"],
  [-2.5, "-2.5"],
  [Number.NaN, "nan"],
  [Number.POSITIVE_INFINITY, "inf"],
] as const) {
  test(`%g prints ${value} as ${text}`, () => equal(general(value), text));
}

test("%.32g prints every digit of a double", () => {
  equal(general(7 * 1.0476190476190477, 32), "7.3333333333333339254522798000835");
  equal(general(0.5, 32), "0.5");
  equal(general(3_600_000, 32), "3600000");
});

for (const [value, text] of [
  [1.0333333333333334, "1.0333333333333334"],
  [1e15, "1000000000000000"],
  [1e16, "1e+16"],
  [1.5e-7, "1.5e-07"],
  [0, "0"],
  [41.5, "41.5"],
] as const) {
  test(`fmt prints ${value} as ${text}`, () => equal(plain(value), text));
}

for (const [value, text] of [
  [300_000, "3e+05"],
  [1_800_000, "1800000"],
  [60_000, "60000"],
  [0.5, "0.5"],
  [0, "0"],
  [Number.NaN, "null"],
] as const) {
  test(`the shorter notation of ${value} is ${text}`, () => equal(json(value), text));
}

test("integers keep all their digits", () => {
  equal(integer(2 ** 53 + 2), "9007199254740994");
  equal(integer(2 ** 64), "18446744073709551615");
});
