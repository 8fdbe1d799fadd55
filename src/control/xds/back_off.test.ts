import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { BackOff, TokenBucket } from "./back_off.ts";

test("the bound of the wait doubles up to its maximum, and starts again after a reset", () => {
  const backOff = new BackOff(500, 3_000, () => 0.999999);
  deepEqual(
    [1, 2, 3, 4, 5].map(() => backOff.next()),
    [499, 999, 1999, 2999, 2999],
  );
  backOff.reset();
  equal(backOff.next(), 499);
});

test("requests beyond the bucket wait until a token has come back", () => {
  let now = 0;
  const bucket = new TokenBucket(2, 10, () => now);
  deepEqual([bucket.take(), bucket.take(), bucket.take()], [0, 0, 100]);
  now = 100;
  deepEqual([bucket.take(), bucket.take()], [0, 100]);
});
