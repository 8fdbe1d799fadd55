import { equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { re2, regexFault } from "./regex.ts";

for (const [pattern, text] of [
  ["^[[:digit:]]+$", "123"],
  ["(?i)ABC", "xabcx"],
  ["(?P<name>a)b", "ab"],
  ["\\Aab\\z", "ab"],
  ["\\Qa.b\\E", "a.b"],
] as const) {
  test(`RE2's ${pattern} matches ${text}`, () => ok(re2(pattern).test(text)));
}

for (const pattern of ["(?=a)", "(?<!a)b", "(a)\\1"]) {
  test(`${pattern} is refused, as RE2 does`, () => throws(() => re2(pattern), SyntaxError));
}

test("faults are named in RE2's words", () => {
  equal(regexFault("a[b"), "missing ]: [b");
  equal(regexFault("(a"), "missing ): (a");
  equal(regexFault("a"), "");
});
