/** Clusters and their endpoints. */
import { show } from "../issue.ts";
import { checkIpAddress } from "./address.ts";
import { checkHostnameHashing, checkOldPolicy } from "./balancing.ts";
import { type Checks, type Context, eachTree, has, textAt, treeAt } from "./context.ts";
import { anyTypeName, type Tree } from "./typing.ts";
import { isImplemented } from "./verdict.ts";

const WEIGHT_MAX = 4_294_967_295;

const dnsHint = ", and a cluster of this type looks up no names: use STRICT_DNS or LOGICAL_DNS";

type Kind = "dns" | "logical_dns" | "static";

/** What `cluster_type` may name without saying more. */
export const namedKinds: Readonly<Record<string, string>> = {
  "envoy.cluster.static": "STATIC",
  "envoy.cluster.strict_dns": "STRICT_DNS",
  "envoy.cluster.logical_dns": "LOGICAL_DNS",
  "envoy.clusters.dns": "STRICT_DNS",
};

function kindOf(cluster: Tree): Kind | undefined {
  const custom = treeAt(cluster, "cluster_type", "typed_config");
  if (custom !== undefined) {
    const name = anyTypeName(textAt(custom, "@type") ?? "");
    if (name !== "envoy.extensions.clusters.dns.v3.DnsCluster") return undefined;
    return custom["all_addresses_in_single_endpoint"] === true ? "logical_dns" : "dns";
  }
  const named = treeAt(cluster, "cluster_type");
  const type = named === undefined ? (cluster["type"] ?? "STATIC") : namedKinds[textAt(named, "name") ?? ""];
  if (type === "STRICT_DNS") return "dns";
  if (type === "LOGICAL_DNS") return "logical_dns";
  return type === "STATIC" ? "static" : undefined;
}

function checkLocality(kind: Kind, locality: Tree, context: Context): void {
  let weights = 0;
  context.issues.path.push("lb_endpoints", 0);
  eachTree(locality["lb_endpoints"], (endpoint, i) => {
    context.issues.path[context.issues.path.length - 1] = i;
    weights += Number(endpoint["load_balancing_weight"] ?? 1);
    if (treeAt(endpoint, "endpoint")?.["address"] === undefined)
      context.issues.error("has no endpoint with an address");
    if (kind === "static") checkIpAddress(endpoint, ["endpoint", "address"], context, dnsHint);
  });
  context.issues.path.length -= 2;
  if (weights > WEIGHT_MAX)
    context.issues.error(`the weights sum up to ${weights}, allowed is ${WEIGHT_MAX}`);
}

/** The numbers of endpoints by locality, `2,3`. */
function countEndpoints(assignment: Tree | undefined): string {
  const counts: number[] = [];
  eachTree(assignment?.["endpoints"], ({ lb_endpoints: list }) =>
    counts.push(Array.isArray(list) ? list.length : 0),
  );
  return counts.join();
}

function checkAssignment(kind: Kind, assignment: Tree, context: Context): void {
  context.issues.path.push("load_assignment", "endpoints", 0);
  eachTree(assignment["endpoints"], (locality, i) => {
    context.issues.path[context.issues.path.length - 1] = i;
    checkLocality(kind, locality, context);
  });
  context.issues.path.length -= 3;
}

/** Envoy finds these options by their key, and knows no other one for what is implemented here. */
const optionsKey = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

function checkNames(cluster: Tree, { issues }: Context): void {
  for (const key in treeAt(cluster, "typed_extension_protocol_options")) {
    if (key === optionsKey) continue;
    issues.error(
      `nothing has the name ${show(key)}; did you mean ${optionsKey}?`,
      "typed_extension_protocol_options",
      key,
    );
  }
  const named = treeAt(cluster, "cluster_type");
  const name = textAt(named, "name") ?? "";
  if (named === undefined || "typed_config" in named || name in namedKinds) return;
  issues.error(`${show(name)} is no cluster type that Outrider implements`, "cluster_type", "name");
}

function checkCluster(cluster: Tree, context: Context): void {
  checkNames(cluster, context);
  checkHostnameHashing(cluster, context);
  checkOldPolicy(cluster, context);
  const kind = kindOf(cluster);
  const assignment = treeAt(cluster, "load_assignment");
  if (kind === undefined) return;
  if (assignment !== undefined) checkAssignment(kind, assignment, context);
  if (kind === "logical_dns" && countEndpoints(assignment) !== "1") {
    const message = "a LOGICAL_DNS cluster must have a single locality with a single endpoint";
    context.issues.error(message, ...(assignment === undefined ? [] : ["load_assignment"]));
  }
  if (cluster["lb_policy"] === "LOAD_BALANCING_POLICY_CONFIG" && !has(cluster, "load_balancing_policy")) {
    context.issues.error("LOAD_BALANCING_POLICY_CONFIG wants a load_balancing_policy", "lb_policy");
  }
  checkHealthChecks(cluster, context);
}

/** One check, over plain TCP, with headers as they are written. */
function checkHealthChecks(cluster: Tree, { issues }: Context): void {
  const checks = cluster["health_checks"];
  if (!Array.isArray(checks) || checks.length === 0) return;
  if (checks.length > 1) issues.error("only one health check is implemented", "health_checks", 1);
  const socket = textAt(treeAt(cluster, "transport_socket", "typed_config"), "@type") ?? "RawBuffer";
  if (!socket.endsWith("RawBuffer")) {
    issues.error("health checks over TLS are not implemented", "health_checks");
  }
  const http = treeAt(checks[0], "http_health_check");
  eachTree(http?.["request_headers_to_add"], (option, i) => {
    if (!textAt(treeAt(option, "header"), "value")?.includes("%")) return;
    const path = ["health_checks", 0, "http_health_check", "request_headers_to_add", i] as const;
    issues.error("command operators are not implemented in the headers of a health check", ...path);
  });
}

/** The first policy that is known is used, so that a control plane may offer several. */
function choosePolicy(policy: Tree): void {
  const policies = policy["policies"];
  if (!Array.isArray(policies) || policies.length < 2) return;
  const known = policies.find((entry) => {
    const url = textAt(treeAt(entry, "typed_extension_config", "typed_config"), "@type");
    return url !== undefined && isImplemented("load balancing policy", anyTypeName(url));
  });
  if (known !== undefined) policy["policies"] = [known];
}

function checkPolicies(policy: Tree, { issues }: Context): void {
  choosePolicy(policy);
  const policies = Array.isArray(policy["policies"]) ? policy["policies"] : [];
  const named = policies.some(
    (entry) => treeAt(entry, "typed_extension_config", "typed_config") !== undefined,
  );
  if (!named) issues.error("has no policy with a typed_config");
}

/** Per host only connections are counted. */
function checkBreakers(breakers: Tree, { issues }: Context): void {
  eachTree(breakers["per_host_thresholds"], (thresholds, i) => {
    const others = Object.keys(thresholds).filter(
      (name) => name !== "priority" && name !== "max_connections",
    );
    if (others[0] === undefined) return;
    issues.error(
      `per host there is only max_connections, no ${others[0]}`,
      "per_host_thresholds",
      i,
      others[0],
    );
  });
}

/** Names must be unique; the checks of one cluster cannot see that. */
export function checkClusterNames(clusters: unknown, { issues }: Context): void {
  const seen = new Map<string, number>();
  eachTree(clusters, (cluster, i) => {
    const name = textAt(cluster, "name");
    if (name === undefined || name === "") return;
    const other = seen.get(name);
    if (other === undefined) seen.set(name, i);
    else issues.error(`${show(name)} is also the name of clusters[${other}]`, "clusters", i, "name");
  });
}

export const clusterChecks: Checks = {
  "envoy.config.cluster.v3.CircuitBreakers": checkBreakers,
  "envoy.config.cluster.v3.Cluster": checkCluster,
  "envoy.config.cluster.v3.LoadBalancingPolicy": checkPolicies,
};
