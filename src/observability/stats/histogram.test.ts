import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { binFloor, binOf, bins, count, countsBelow, quantileValues, since, sum } from "./histogram.ts";

const of = (...pairs: [value: number, count: number][]) => ({
  pairs: pairs.flatMap(([value, n]) => [binOf(value), n]),
  scale: 1,
});

test("bins keep two decimal digits", () => {
  for (const [value, floor] of [
    [0, 0],
    [9, 9],
    [99, 99],
    [109, 100],
    [12_345, 12_000],
    [123_456, 120_000],
  ] as const) {
    equal(binFloor(binOf(value)), floor);
  }
});

// Recorded from Envoy: 7 values of 1, and 3 of 0 with one of 41 and one of 42.
test("quantiles lie evenly inside a bin", () => {
  deepEqual(
    quantileValues(of([1, 7])),
    [1.0125, 1.025, 1.05, 1.075, 1.0875, 1.0875, 1.0875, 1.0875, 1.0875, 1.0875],
  );
  deepEqual(
    quantileValues(of([0, 3], [41, 1], [42, 1])),
    [0, 0, 0, 41.5, 42.5, 42.5, 42.5, 42.5, 42.5, 42.5],
  );
});

test("no value has no quantile", () => {
  equal(quantileValues(of()).every(Number.isNaN), true);
});

test("a sum takes the harmonic mean of a bin's edges", () => {
  equal(sum(of([1, 7])), 7.333333333333334);
  equal(sum(of([40, 1])), 40.49382716049383);
  equal(sum(of([0, 9])), 0);
});

test("a bound counts the bins that begin at or below it", () => {
  const histogram = of([0, 3], [1, 2], [41, 1], [9_000, 1]);
  deepEqual(countsBelow(histogram, [0.5, 1, 40, 41, 10_000]), [3, 5, 5, 6, 7]);
  equal(count(histogram), 7);
});

test("shares are recorded in millionths", () => {
  const histogram = { ...of([50_000, 1]), scale: 1e-6 };
  deepEqual(bins(histogram), [{ lower: 0.05, width: 0.001, count: 1 }]);
});

test("an interval is what came since the last reading", () => {
  deepEqual(since(of([1, 5], [2, 1], [7, 2]), of([1, 5], [2, 0])).pairs, [2, 1, 7, 2]);
  deepEqual(since(of([1, 5]), undefined), of([1, 5]));
});
