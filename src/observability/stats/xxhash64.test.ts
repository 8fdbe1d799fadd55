import { equal } from "node:assert/strict";
import { test } from "node:test";
import { xxHash64 } from "./xxhash64.ts";

/** Of the reference implementation. */
const known: readonly (readonly [string, bigint])[] = [
  ["", 0xef46db3751d8e999n],
  ["a", 0xd24ec4f1a98c6e5bn],
  ["abc", 0x44bc2cf5ad770999n],
  ["1", 13237225503670494420n],
];

for (const [text, hash] of known) {
  test(`the hash of ${JSON.stringify(text)} is the reference's`, () => equal(xxHash64(text), hash));
}
