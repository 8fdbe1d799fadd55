/** Load balancing policies, in both spellings. */
import { show } from "../issue.ts";
import { type Checks, type Context, textAt, treeAt } from "./context.ts";
import type { Tree } from "./typing.ts";

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return n > 1;
}

/** Every host must come by every place of the table, whatever its step. */
function checkMaglev(maglev: Tree, { issues }: Context): void {
  const size = Number(maglev["table_size"] ?? 65_537);
  if (!isPrime(size))
    issues.error(`${size} is not a prime number, as the table's size must be`, "table_size");
}

function checkRingHash(ring: Tree, { issues }: Context): void {
  const least = Number(ring["minimum_ring_size"] ?? 1_024);
  const most = Number(ring["maximum_ring_size"] ?? 8_388_608);
  if (least <= most) return;
  issues.error(`${least} is larger than maximum_ring_size, ${most}`, "minimum_ring_size");
}

/** A part of checkCluster: only the names of a STRICT_DNS cluster are names of hosts. */
export function checkHostnameHashing(cluster: Tree, { issues }: Context): void {
  const hashing = treeAt(cluster, "common_lb_config", "consistent_hashing_lb_config");
  const type = textAt(cluster, "type") ?? "STATIC";
  if (hashing?.["use_hostname_for_hashing"] !== true || type === "STRICT_DNS" || "cluster_type" in cluster)
    return;
  issues.error(
    `a cluster of type ${show(type)} has no host names to hash`,
    "common_lb_config",
    "consistent_hashing_lb_config",
    "use_hostname_for_hashing",
  );
}

/** A part of checkCluster: Envoy looks at the old fields of the policy that is in use only. */
export function checkOldPolicy(cluster: Tree, context: Context): void {
  const old = { MAGLEV: "maglev_lb_config", RING_HASH: "ring_hash_lb_config" } as const;
  const policy = cluster["lb_policy"];
  if (policy !== "MAGLEV" && policy !== "RING_HASH") return;
  const config = treeAt(cluster, old[policy]);
  if (config === undefined) return;
  context.issues.path.push(old[policy]);
  (policy === "MAGLEV" ? checkMaglev : checkRingHash)(config, context);
  context.issues.path.pop();
}

export const balancingChecks: Checks = {
  "envoy.extensions.load_balancing_policies.maglev.v3.Maglev": checkMaglev,
  "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash": checkRingHash,
};
