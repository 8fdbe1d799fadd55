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

export const balancingChecks: Checks = {
  "envoy.config.cluster.v3.Cluster.MaglevLbConfig": checkMaglev,
  "envoy.config.cluster.v3.Cluster.RingHashLbConfig": checkRingHash,
  "envoy.extensions.load_balancing_policies.maglev.v3.Maglev": checkMaglev,
  "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash": checkRingHash,
};
