/**
 * What of a checked bootstrap depends on the machine: bodies in files and variables, the node's name from the command
 * line. The tree as it was written stays as it is, for the admin interface; what is resolved is a copy of the parts
 * that change.
 */

import { closeSync, constants, openSync } from "node:fs";
import { namedKinds } from "./check/cluster.ts";
import { type Context, textAt, treeAt } from "./check/context.ts";
import { readDataSource } from "./check/tls.ts";
import { anyTypeName, isTree, type Tree } from "./check/typing.ts";

export type NodeFlags = {
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
};

/** Flags win over the file, as in Envoy. */
export function resolveNode(bootstrap: Tree, flags: NodeFlags): void {
  const { serviceNode: id, serviceCluster: cluster, serviceZone: zone } = flags;
  if (id === "" && cluster === "" && zone === "") return;
  const node = treeAt(bootstrap, "node") ?? {};
  const locality = treeAt(node, "locality") ?? {};
  bootstrap["node"] = {
    ...node,
    ...(id !== "" && { id }),
    ...(cluster !== "" && { cluster }),
    ...(zone !== "" && { locality: { ...locality, zone } }),
  };
}

type Change = (value: Tree) => Tree;

/** `tree` with the message at `name` changed; the same tree when nothing changed. */
function change(context: Context, tree: Tree, name: string, to: Change): Tree {
  const before = tree[name];
  if (!isTree(before)) return tree;
  context.issues.path.push(name);
  const after = to(before);
  context.issues.path.pop();
  return after === before ? tree : { ...tree, [name]: after };
}

/** The same for every message of a list. */
function changeEach(context: Context, tree: Tree, name: string, to: Change): Tree {
  const before = tree[name];
  if (!Array.isArray(before)) return tree;
  context.issues.path.push(name, 0);
  let after: unknown[] | undefined;
  for (let i = 0; i < before.length; i++) {
    context.issues.path[context.issues.path.length - 1] = i;
    const changed = isTree(before[i]) ? to(before[i]) : before[i];
    if (changed === before[i]) continue;
    after ??= [...before];
    after[i] = changed;
  }
  context.issues.path.length -= 2;
  return after === undefined ? tree : { ...tree, [name]: after };
}

/** A DataSource of a file or a variable, with the bytes in its place. */
function inline(context: Context, holder: Tree, name: string, bytesMax?: number): Tree {
  const source = treeAt(holder, name);
  if (source === undefined || !("filename" in source || "environment_variable" in source)) return holder;
  const bytes = readDataSource(holder, name, context);
  if (bytes === undefined) return holder;
  if (bytesMax !== undefined && bytes.length > bytesMax) {
    const text = `is ${bytes.length} bytes long, max_direct_response_body_size_bytes allows ${bytesMax}`;
    context.issues.error(text, name);
  }
  const text = bytes.toString("utf8");
  const exact = Buffer.from(text).equals(bytes);
  return { ...holder, [name]: exact ? { inline_string: text } : { inline_bytes: bytes.toString("base64") } };
}

function resolveFormat(context: Context, holder: Tree, name: string): Tree {
  return change(context, holder, name, (format) => inline(context, format, "text_format_source"));
}

/** Unless the route configuration says otherwise. */
const BODY_BYTES_MAX = 4_096;

export function resolveRoutes(context: Context, config: Tree): Tree {
  const limit = Number(config["max_direct_response_body_size_bytes"] ?? BODY_BYTES_MAX);
  return changeEach(context, config, "virtual_hosts", (host) =>
    changeEach(context, host, "routes", (route) =>
      change(context, route, "direct_response", (response) => inline(context, response, "body", limit)),
    ),
  );
}

function resolveMapper(context: Context, mapper: Tree): Tree {
  return resolveFormat(context, inline(context, mapper, "body"), "body_format_override");
}

/** Opening a log makes the file, as in Envoy. */
export function openLog(path: string): string | null {
  if (path === "/dev/stdout" || path === "/dev/stderr") return null;
  // To read as well, so that a named pipe opens before its reader comes.
  const how = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  try {
    closeSync(openSync(path, how, 0o644));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkLogFile(config: Tree, { issues, openLog }: Context): void {
  const path = textAt(config, "path");
  const wrong = path === undefined || path === "" ? null : openLog(path);
  if (wrong !== null) issues.error(`cannot be opened: ${wrong}`, "typed_config", "path");
}

function resolveAccessLog(context: Context, log: Tree): Tree {
  const config = treeAt(log, "typed_config");
  if (config !== undefined) checkLogFile(config, context);
  return change(context, log, "typed_config", (config) => resolveFormat(context, config, "log_format"));
}

const managerName = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

function resolveManager(context: Context, manager: Tree): Tree {
  if (anyTypeName(String(manager["@type"] ?? "")) !== managerName) return manager;
  const routed = change(context, manager, "route_config", (config) => resolveRoutes(context, config));
  const logged = changeEach(context, routed, "access_log", (log) => resolveAccessLog(context, log));
  return change(context, logged, "local_reply_config", (config) =>
    resolveFormat(
      context,
      changeEach(context, config, "mappers", (mapper) => resolveMapper(context, mapper)),
      "body_format",
    ),
  );
}

function resolveChain(context: Context, chain: Tree): Tree {
  return changeEach(context, chain, "filters", (filter) =>
    change(context, filter, "typed_config", (config) => resolveManager(context, config)),
  );
}

export function resolveListener(context: Context, listener: Tree): Tree {
  const logged = changeEach(context, listener, "access_log", (log) => resolveAccessLog(context, log));
  const chained = changeEach(context, logged, "filter_chains", (chain) => resolveChain(context, chain));
  return change(context, chained, "default_filter_chain", (chain) => resolveChain(context, chain));
}

/** Of listeners with one name the last counts, as in Envoy, where each is an update of the one before. */
function lastOfEachName(context: Context, resources: Tree): Tree {
  const listeners = resources["listeners"];
  if (!Array.isArray(listeners)) return resources;
  const last = new Map<unknown, number>();
  listeners.forEach((listener, i) => {
    const name = isTree(listener) ? listener["name"] : undefined;
    if (name !== undefined && name !== "") last.set(name, i);
  });
  const kept = listeners.filter((listener, i) => {
    const at = isTree(listener) ? last.get(listener["name"]) : undefined;
    if (at === undefined || at === i) return true;
    context.issues.warning(`is replaced by listeners[${at}], which has the same name`, "listeners", i);
    return false;
  });
  return kept.length === listeners.length ? resources : { ...resources, listeners: kept };
}

/** `cluster_type` that only names a kind says what `type` says. */
export function resolveCluster(cluster: Tree): Tree {
  const custom = treeAt(cluster, "cluster_type");
  const type =
    custom === undefined || "typed_config" in custom ? undefined : namedKinds[textAt(custom, "name") ?? ""];
  if (type === undefined) return cluster;
  const { cluster_type: _, ...rest } = cluster;
  return { ...rest, type };
}

function resolveResources(context: Context, resources: Tree): Tree {
  const clustered = changeEach(context, resources, "clusters", resolveCluster);
  const listening = changeEach(context, clustered, "listeners", (listener) =>
    resolveListener(context, listener),
  );
  return lastOfEachName(context, listening);
}

/** The bootstrap for the native side. Files that cannot be read are issues. */
export function resolveBootstrap(context: Context, bootstrap: Tree): Tree {
  const managed = change(context, bootstrap, "static_resources", (resources) =>
    resolveResources(context, resources),
  );
  return change(context, managed, "admin", (admin) =>
    changeEach(context, admin, "access_log", (log) => resolveAccessLog(context, log)),
  );
}
