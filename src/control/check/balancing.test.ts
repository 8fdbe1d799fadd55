import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { IssueList } from "../issue.ts";
import { balancingChecks, checkHostnameHashing, checkOldPolicy } from "./balancing.ts";
import type { Context } from "./context.ts";
import type { Tree } from "./typing.ts";

function faults(check: (tree: Tree, context: Context) => void, tree: Tree): readonly string[] {
  const issues = new IssueList();
  const fine = () => null;
  check(tree, { issues, clusters: new Set(), compileRegex: fine, parseFormat: fine, openLog: fine });
  return issues.found.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const checkOf = (type: string) => balancingChecks[type] ?? (() => {});

test("the size of a Maglev table must be a prime number", () => {
  const check = checkOf("envoy.extensions.load_balancing_policies.maglev.v3.Maglev");
  deepEqual(faults(check, {}), []);
  deepEqual(faults(check, { table_size: "101" }), []);
  for (const table_size of ["1", "65536", "9"]) {
    deepEqual(faults(check, { table_size }), [
      `table_size: ${table_size} is not a prime number, as the table's size must be`,
    ]);
  }
});

test("the bounds of a ring's size must not cross", () => {
  const check = checkOf("envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash");
  deepEqual(faults(check, { minimum_ring_size: "8", maximum_ring_size: "8" }), []);
  deepEqual(faults(check, { maximum_ring_size: "8" }), [
    "minimum_ring_size: 1024 is larger than maximum_ring_size, 8",
  ]);
});

test("host names are hashed only where hosts have names", () => {
  const common_lb_config = { consistent_hashing_lb_config: { use_hostname_for_hashing: true } };
  deepEqual(faults(checkHostnameHashing, { type: "STRICT_DNS", common_lb_config }), []);
  deepEqual(faults(checkHostnameHashing, { common_lb_config }), [
    'common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing: a cluster of type "STATIC" has no host names to hash',
  ]);
});

test("the old fields of a policy are checked when the cluster uses it", () => {
  const cluster = { maglev_lb_config: { table_size: 9 }, ring_hash_lb_config: { maximum_ring_size: 8 } };
  deepEqual(faults(checkOldPolicy, { ...cluster, lb_policy: "RANDOM" }), []);
  deepEqual(faults(checkOldPolicy, { ...cluster, lb_policy: "MAGLEV" }), [
    "maglev_lb_config.table_size: 9 is not a prime number, as the table's size must be",
  ]);
  deepEqual(faults(checkOldPolicy, { ...cluster, lb_policy: "RING_HASH" }), [
    "ring_hash_lb_config.minimum_ring_size: 1024 is larger than maximum_ring_size, 8",
  ]);
});
