/** Routes: what they name must exist, and what they say must not contradict itself. */
import { show } from "../issue.ts";
import { didYouMean } from "../near.ts";
import { type Checks, type Context, eachTree, has, textAt, treeAt } from "./context.ts";
import { checkRemovals } from "./format.ts";
import type { Tree } from "./typing.ts";

const WEIGHT_MAX = 4_294_967_295;

/** Unless the route configuration says otherwise; only bodies that the text holds count here. */
const BODY_BYTES_MAX = 4_096;

function checkClusterName(name: string | undefined, context: Context, ...steps: readonly string[]): void {
  if (name === undefined || name === "" || context.clusters.has(name)) return;
  context.issues.error(`there is no cluster ${show(name)}${didYouMean(name, context.clusters)}`, ...steps);
}

function checkWeights(weighted: Tree, context: Context, validate: boolean): void {
  const { issues } = context;
  let sum = 0;
  issues.path.push("weighted_clusters", "clusters", 0);
  eachTree(weighted["clusters"], (entry, i) => {
    issues.path[issues.path.length - 1] = i;
    if (!has(entry, "weight")) issues.error("has no weight");
    sum += Number(entry["weight"] ?? 0);
    const [name, header] = [textAt(entry, "name") ?? "", textAt(entry, "cluster_header") ?? ""];
    if (name === "" && header === "") issues.error("wants a name or a cluster_header");
    if (name !== "" && header !== "") issues.error("only one of name and cluster_header may be set", "name");
    if (validate) checkClusterName(name, context, "name");
  });
  issues.path.pop();
  if (sum === 0 && weighted["clusters"] !== undefined)
    issues.error("the weights sum up to 0, at least one must be more");
  if (sum > WEIGHT_MAX) issues.error(`the weights sum up to ${sum}, allowed is ${WEIGHT_MAX}`);
  issues.path.length -= 2;
}

function checkRouteClusters(route: Tree, context: Context, validate: boolean): void {
  const action = treeAt(route, "route");
  if (action === undefined) return;
  context.issues.path.push("route");
  if (validate) checkClusterName(textAt(action, "cluster"), context, "cluster");
  const weighted = treeAt(action, "weighted_clusters");
  if (weighted !== undefined) checkWeights(weighted, context, validate);
  context.issues.path.pop();
}

function checkBody(route: Tree, limit: number, { issues }: Context): void {
  if (!("direct_response" in route)) return;
  const body = treeAt(route, "direct_response", "body");
  const text = textAt(body, "inline_string");
  const bytes =
    text === undefined
      ? Buffer.from(textAt(body, "inline_bytes") ?? "", "base64").length
      : Buffer.byteLength(text);
  if (bytes <= limit) return;
  issues.error(
    `is ${bytes} bytes long, max_direct_response_body_size_bytes allows ${limit}`,
    "direct_response",
    "body",
  );
}

type Domains = Map<string, readonly [host: number, domain: number]>;

function checkDomains(host: Tree, at: number, seen: Domains, { issues }: Context): void {
  const domains = host["domains"];
  if (!Array.isArray(domains)) return;
  domains.forEach((domain, i) => {
    if (typeof domain !== "string") return;
    const key = domain.toLowerCase();
    const other = seen.get(key);
    if (other === undefined) seen.set(key, [at, i]);
    else
      issues.error(
        `${show(domain)} is already taken by virtual_hosts[${other[0]}].domains[${other[1]}]`,
        "domains",
        i,
      );
  });
}

function checkRouteConfiguration(config: Tree, context: Context): void {
  const { issues } = context;
  checkRemovals(config, context);
  const validate = (config["validate_clusters"] ?? context.clustersMayCome !== true) !== false;
  const limit = Number(config["max_direct_response_body_size_bytes"] ?? BODY_BYTES_MAX);
  const seen: Domains = new Map();
  issues.path.push("virtual_hosts", 0);
  const last = issues.path.length - 1;
  eachTree(config["virtual_hosts"], (host, i) => {
    issues.path[last] = i;
    checkDomains(host, i, seen, context);
    issues.path.push("routes", 0);
    eachTree(host["routes"], (route, j) => {
      issues.path[last + 2] = j;
      checkRouteClusters(route, context, validate);
      checkBody(route, limit, context);
      checkTemplateRewrite(route, context);
    });
    issues.path.length -= 2;
  });
  issues.path.length -= 2;
}

/** Of several ways to rewrite one thing only one may be used. */
function onlyOne(tree: Tree, names: readonly string[], { issues }: Context): void {
  const set = names.filter((name) => has(tree, name) && tree[name] !== "");
  if (set.length > 1) issues.error(`only one of ${names.join(", ")} may be set`, set[1] ?? "");
}

function checkUpgrades(configs: unknown, { issues }: Context): void {
  const seen = new Set<string>();
  eachTree(configs, (config, i) => {
    const type = (textAt(config, "upgrade_type") ?? "").toLowerCase();
    if (seen.has(type))
      issues.error(`${show(config["upgrade_type"])} is configured twice`, "upgrade_configs", i);
    seen.add(type);
    if (has(config, "connect_config") && type !== "connect" && type !== "connect-udp") {
      issues.error("connect_config is for CONNECT only", "upgrade_configs", i, "connect_config");
    }
    if (has(config, "connect_config") && type === "connect-udp") {
      issues.error("CONNECT-UDP that ends here is not implemented", "upgrade_configs", i, "connect_config");
    }
  });
}

function checkAction(action: Tree, context: Context): void {
  onlyOne(action, ["prefix_rewrite", "regex_rewrite", "path_rewrite_policy", "path_rewrite"], context);
  checkUpgrades(action["upgrade_configs"], context);
}

/** `/{*}`, `/{**}`, `/{name}`, `/{name=*}`: variables named once, `**` last. Source: uri_template_match.proto. */
function templateFault(template: string): string | undefined {
  if (!template.startsWith("/")) return "must begin with /";
  const names = [...template.matchAll(/\{([^{}=]*)(?:=([^{}]*))?\}/g)];
  const rest = template.replace(/\{[^{}]*\}/g, "");
  if (/[{}]/.test(rest)) return "has a brace without its partner";
  const variables = names.map((match) => match[1] ?? "");
  const bad = variables.find(
    (name) => !/^[A-Za-z][A-Za-z0-9_]{0,15}$/.test(name) && name !== "*" && name !== "**",
  );
  if (bad !== undefined) return `${show(bad)} is no name for a variable`;
  const named = variables.filter((name) => !name.startsWith("*"));
  if (new Set(named).size < named.length) return "names a variable twice";
  return named.length > 5 ? "has more than 5 variables" : undefined;
}

const variableNames = (template: string) =>
  [...template.matchAll(/\{([A-Za-z]\w*)(?:=[^{}]*)?\}/g)].map((match) => match[1] ?? "");

/** A rewrite by template fills in what the match by template has found. */
function checkTemplateRewrite(route: Tree, { issues }: Context): void {
  const action = treeAt(route, "route");
  if (action === undefined || !("path_rewrite_policy" in action)) return;
  const rewrite = treeAt(action, "path_rewrite_policy", "typed_config");
  const target = textAt(rewrite, "path_template_rewrite");
  if (target === undefined) return;
  const steps = ["route", "path_rewrite_policy", "typed_config", "path_template_rewrite"];
  const template = textAt(treeAt(route, "match", "path_match_policy", "typed_config"), "path_template");
  if (template === undefined)
    issues.error("wants a path_match_policy with a path_template in the match", ...steps);
  const known = new Set(variableNames(template ?? ""));
  const unknown = variableNames(target).find((name) => template !== undefined && !known.has(name));
  if (unknown !== undefined) issues.error(`${show(unknown)} is no variable of ${show(template)}`, ...steps);
}

function checkTemplate(config: Tree, { issues }: Context): void {
  const template = textAt(config, "path_template");
  const fault = template === undefined || template === "" ? undefined : templateFault(template);
  if (fault !== undefined) issues.error(`${show(template)} ${fault}`, "path_template");
}

function checkVirtualHost(host: Tree, context: Context): void {
  checkRemovals(host, context);
  eachTree(host["virtual_clusters"], (cluster, i) => {
    if (!has(cluster, "headers")) context.issues.error("has no headers to match", "virtual_clusters", i);
  });
}

function checkFilterConfig(config: Tree, { issues }: Context): void {
  if (has(config, "config") || config["disabled"] === true) return;
  issues.error("says nothing: it wants a config, or disabled: true");
}

export const routeChecks: Checks = {
  "envoy.config.route.v3.FilterConfig": checkFilterConfig,
  "envoy.config.route.v3.RouteAction": checkAction,
  "envoy.config.route.v3.RouteConfiguration": checkRouteConfiguration,
  "envoy.config.route.v3.VirtualHost": checkVirtualHost,
  "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig": checkTemplate,
};

export { checkUpgrades };
