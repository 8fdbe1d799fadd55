/** Listeners, filter chains and network filters. */
import { show } from "../issue.ts";
import { addressKey, checkListenerAddress } from "./address.ts";
import { type Checks, type Context, eachTree, has, textAt, treeAt } from "./context.ts";
import { anyTypeName, isTree, type Tree } from "./typing.ts";
import { isImplemented } from "./verdict.ts";

/** Filters that end a chain: nothing after them would ever see a byte. */
const terminal = new Set([
  "envoy.extensions.filters.network.direct_response.v3.Config",
  "envoy.extensions.filters.network.echo.v3.Echo",
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
  "envoy.extensions.filters.http.router.v3.Router",
]);

/** Whether a filter's own type is known; `undefined` where it has none or could not be read. */
function filterType(filter: Tree): string | undefined {
  const url = textAt(treeAt(filter, "typed_config"), "@type");
  return url === undefined ? undefined : anyTypeName(url);
}

/** The last filter must be one that ends the chain, and no other may be. */
export function checkChainOrder(
  filters: unknown,
  what: string,
  context: Context,
  steps: readonly string[],
): void {
  const length = Array.isArray(filters) ? filters.length : 0;
  eachTree(filters, (filter, i) => {
    const type = filterType(filter);
    if (type === undefined) {
      const configured = has(filter, "typed_config") || has(filter, "config_discovery");
      if (!configured)
        context.issues.error("has no typed_config, so it is not known which filter it is", ...steps, i);
      return;
    }
    // What is not implemented is refused as such, and which of those end a chain is not known here.
    if (!isImplemented(what, type)) return;
    const ends = terminal.has(type);
    const last = i === length - 1;
    const name = show(textAt(filter, "name") ?? type);
    if (ends && !last)
      context.issues.error(`${name} must be the last ${what}: nothing passes it`, ...steps, i);
    if (ends && filter["disabled"] === true) {
      context.issues.error(`${name} ends the chain and cannot be disabled`, ...steps, i, "disabled");
    }
    if (!ends && last)
      context.issues.error(`${name} cannot be the last ${what}: it passes on what it gets`, ...steps, i);
  });
}

const matchLists = [
  "prefix_ranges",
  "server_names",
  "application_protocols",
  "direct_source_prefix_ranges",
  "source_prefix_ranges",
  "source_ports",
] as const;

/** Envoy matches in this order, and every value of a list is a rule of its own. */
const matchOrder = [
  ...["destination_port", "prefix_ranges", "server_names", "transport_protocol", "application_protocols"],
  ...["direct_source_prefix_ranges", "source_type", "source_prefix_ranges", "source_ports"],
] as const;

/** More rules than this in one filter chain are not compared one by one. */
const RULES_MAX = 10_000;

function rangeText(range: unknown): string {
  const { address_prefix: prefix, prefix_len: length } = isTree(range) ? range : {};
  return `${prefix}/${length ?? 0}`;
}

/** The rules that a match stands for, each as one text. */
function rulesOf(match: Tree): string[] {
  let rules = [""];
  for (const field of matchOrder) {
    const value = match[field];
    const listed =
      (matchLists as readonly string[]).includes(field) && Array.isArray(value) && value.length > 0;
    const choices: unknown[] = listed ? (value as unknown[]) : [Array.isArray(value) ? "" : (value ?? "")];
    if (rules.length * choices.length > RULES_MAX) return [];
    const texts = choices.map((choice) =>
      isTree(choice) ? rangeText(choice) : String(choice).toLowerCase(),
    );
    rules = rules.flatMap((rule) => texts.map((text) => `${rule}\n${text}`));
  }
  return rules;
}

function checkMatches(chains: unknown, { issues }: Context): void {
  const seen = new Map<string, number>();
  eachTree(chains, (chain, i) => {
    const match = treeAt(chain, "filter_chain_match") ?? {};
    const clash = rulesOf(match).flatMap((rule) => {
      const other = seen.get(rule);
      seen.set(rule, other ?? i);
      return other === undefined || other === i ? [] : [other];
    })[0];
    if (clash === undefined) return;
    const steps = has(chain, "filter_chain_match") ? ["filter_chain_match"] : [];
    issues.error(`matches the same connections as filter_chains[${clash}]`, "filter_chains", i, ...steps);
  });
}

function checkMatch(match: Tree, { issues }: Context): void {
  const names = match["server_names"];
  if (!Array.isArray(names)) return;
  names.forEach((name, i) => {
    if (typeof name !== "string" || !name.replace(/^\*\./, "").includes("*")) return;
    issues.error(`${show(name)} is refused: a * may only be the whole first label`, "server_names", i);
  });
}

function checkListener(listener: Tree, context: Context): void {
  const { issues } = context;
  if (has(listener, "api_listener") || has(listener, "internal_listener")) return;
  if (!has(listener, "address")) issues.error("has no address");
  checkListenerAddress(listener, context);
  context.issues.path.push("additional_addresses", 0);
  eachTree(listener["additional_addresses"], (additional, i) => {
    issues.path[issues.path.length - 1] = i;
    checkListenerAddress(additional, context);
  });
  context.issues.path.length -= 2;
  const chains = listener["filter_chains"];
  const empty = !Array.isArray(chains) || chains.length === 0;
  if (empty && !has(listener, "default_filter_chain") && !has(listener, "udp_listener_config")) {
    issues.error("has no filter chains");
  }
  checkMatches(chains, context);
}

function checkFilterChain(chain: Tree, context: Context): void {
  const filters = chain["filters"];
  checkChainOrder(filters, "network filter", context, ["filters"]);
  if (Array.isArray(filters) ? filters.length === 0 : !has(chain, "filters")) {
    context.issues.error("has no filters; Outrider does not implement such a chain yet");
  }
}

/** Two listeners cannot be bound to one address. */
export function checkListenerAddresses(listeners: unknown, { issues }: Context): void {
  const seen = new Map<string, number>();
  eachTree(listeners, (listener, i) => {
    if (listener["bind_to_port"] === false) return;
    const key = addressKey(listener["address"]);
    if (key === undefined) return;
    const other = seen.get(key);
    if (other === undefined) seen.set(key, i);
    else issues.error(`${key} is also the address of listeners[${other}]`, "listeners", i, "address");
  });
}

export const listenerChecks: Checks = {
  "envoy.config.listener.v3.FilterChain": checkFilterChain,
  "envoy.config.listener.v3.FilterChainMatch": checkMatch,
  "envoy.config.listener.v3.Listener": checkListener,
};
