// GET /config_dump: what is configured, whole or cut by `resource`, `mask` and `name_regex`.
import { re2, regexFault } from "../stats/regex.ts";
import type { AdminContext, ApiField, Json, JsonObject } from "./context.ts";
import { type Answer, type Endpoint, json } from "./endpoint.ts";

const prefix = "type.googleapis.com/";
const admin = `${prefix}envoy.admin.v3.`;

/** The repeated fields of the dump's messages, and what stands in them. */
const resources: Readonly<Record<string, string>> = {
  static_clusters: "ClustersConfigDump.StaticCluster",
  dynamic_active_clusters: "ClustersConfigDump.DynamicCluster",
  dynamic_warming_clusters: "ClustersConfigDump.DynamicCluster",
  static_listeners: "ListenersConfigDump.StaticListener",
  dynamic_listeners: "ListenersConfigDump.DynamicListener",
  static_route_configs: "RoutesConfigDump.StaticRouteConfig",
  dynamic_route_configs: "RoutesConfigDump.DynamicRouteConfig",
  inline_scoped_route_configs: "ScopedRoutesConfigDump.InlineScopedRouteConfigs",
  dynamic_scoped_route_configs: "ScopedRoutesConfigDump.DynamicScopedRouteConfigs",
  static_secrets: "SecretsConfigDump.StaticSecret",
  dynamic_active_secrets: "SecretsConfigDump.DynamicSecret",
  dynamic_warming_secrets: "SecretsConfigDump.DynamicSecret",
  static_endpoint_configs: "EndpointsConfigDump.StaticEndpointConfig",
  dynamic_endpoint_configs: "EndpointsConfigDump.DynamicEndpointConfig",
  ecds_filters: "EcdsConfigDump.EcdsFilterConfig",
};
const singular = ["bootstrap", "version_info"];

/** Where the resource of a dump's entry is, for its name. */
const holders = [
  "cluster",
  "listener",
  "route_config",
  "secret",
  "endpoint_config",
  "ecds_filter",
  "scoped_route_config",
];

export const configDump: Endpoint = {
  path: "/config_dump",
  help: "dump current Envoy configs",
  params: [
    { name: "resource", help: "The resource to dump" },
    {
      name: "mask",
      help: "The mask to apply. When both resource and mask are specified, the mask is applied to every element in the desired repeated field so that only a subset of fields are returned. The mask is parsed as a Protobuf::FieldMask",
    },
    {
      name: "name_regex",
      help: "Dump only the currently loaded configurations whose names match the specified regex. Can be used with both resource and mask query parameters.",
    },
    {
      name: "include_eds",
      flag: true,
      help: "Dump currently loaded configuration including EDS. See the response definition for more information",
    },
  ],
  answer: ({ params }, context) => {
    const pattern = params.get("name_regex") ?? "";
    const fault = regexFault(pattern);
    if (fault !== "") {
      return failure(400, `INVALID_ARGUMENT: Error while parsing name_regex from ${pattern}: ${fault}`);
    }
    const dump = named(context.configDump(params.has("include_eds")), pattern);
    const mask = maskOf(params.get("mask") ?? "");
    const resource = params.get("resource");
    if (resource !== undefined) return oneResource(dump, resource, mask, context);
    if (mask === null) return json({ configs: dump });
    const configs = dump.flatMap((config) => trimmed(config, mask, context) ?? []);
    if (configs.length > 0) return json({ configs });
    return failure(400, `FieldMask ${params.get("mask")} could not be successfully applied to any configs.`);
  },
};

const failure = (status: number, body: string): Answer => ({ status, type: "text/plain", body });

/** The entries whose resources have such names; what has no name stays. */
function named(dump: readonly JsonObject[], pattern: string): readonly JsonObject[] {
  if (pattern === "") return dump;
  const wanted = re2(`^(?:${pattern})$`);
  const keep = (entry: Json) => {
    const name = nameOf(entry as JsonObject);
    return name === undefined || wanted.test(name);
  };
  return dump.map((config) => {
    const fields = Object.entries(config).map(([key, value]) => {
      return [key, Array.isArray(value) && key in resources ? value.filter(keep) : value] as const;
    });
    return Object.fromEntries(fields.filter(([, value]) => !Array.isArray(value) || value.length > 0));
  });
}

function nameOf(entry: JsonObject): string | undefined {
  if (typeof entry["name"] === "string") return entry["name"];
  for (const holder of holders) {
    const inner = entry[holder] as JsonObject | undefined;
    if (inner === undefined) continue;
    return String(inner["name"] ?? inner["cluster_name"] ?? "");
  }
  return undefined;
}

function oneResource(
  dump: readonly JsonObject[],
  resource: string,
  mask: Mask | null,
  context: AdminContext,
): Answer {
  if (singular.includes(resource)) {
    const advice = `Use ?mask=${resource} to get only this field`;
    return failure(400, `${resource} is not a repeated field. ${advice}`);
  }
  const type = resources[resource];
  if (type === undefined || !dump.some(({ "@type": name }) => name === admin + type.split(".")[0])) {
    return failure(404, `${resource} not found in config dump`);
  }
  const entries = dump.flatMap((config) => (config[resource] ?? []) as readonly JsonObject[]);
  const configs: JsonObject[] = [];
  for (const entry of entries) {
    const typed = { "@type": admin + type, ...entry };
    const cut = mask === null ? typed : trimmedEntry(typed, mask, context);
    if (cut === null) {
      const paths = mask?.paths.map((path) => `paths: ${JSON.stringify(path.join("."))}\n`).join("");
      return failure(400, `FieldMask ${paths} could not be successfully used.`);
    }
    configs.push(cut);
  }
  return json(configs.length === 0 ? {} : { configs });
}

interface Mask {
  readonly paths: readonly (readonly string[])[];
}

/** google.protobuf.FieldMask as text. */
function maskOf(text: string): Mask | null {
  const paths = text
    .split(",")
    .map((path) => path.trim())
    .filter((path) => path !== "")
    .map((path) => path.split("."));
  return paths.length === 0 ? null : { paths };
}

/** The message with only what the mask names; null when it has no such field. */
function trimmed(config: JsonObject, { paths }: Mask, context: AdminContext): JsonObject | null {
  const type = String(config["@type"]).slice(prefix.length);
  return paths.every((path) => isPath(context, type, path)) ? (cut(config, paths) as JsonObject) : null;
}

/** The same for an entry of a repeated field, where a path goes on into the Any that holds the resource. */
function trimmedEntry(entry: JsonObject, { paths }: Mask, context: AdminContext): JsonObject | null {
  const type = String(entry["@type"]).slice(prefix.length);
  const known = ([field = "", ...rest]: readonly string[]) => {
    if (context.fieldOf(type, field)?.form !== "any") return isPath(context, type, [field, ...rest]);
    const holder = entry[field] as JsonObject | undefined;
    return holder !== undefined && isPath(context, String(holder["@type"]).slice(prefix.length), rest);
  };
  return paths.every(known) ? (cut(entry, paths) as JsonObject) : null;
}

/** Whether a FieldMask may hold the path: every step but the last is one message. */
function isPath(context: AdminContext, type: string, path: readonly string[]): boolean {
  let at: string | undefined = type;
  for (const name of path) {
    const field: ApiField | undefined = at === undefined ? undefined : context.fieldOf(at, name);
    if (field === undefined) return false;
    at = field.repeated === 1 ? undefined : field.ref;
  }
  return path.length > 0;
}

function cut(value: Json, paths: readonly (readonly string[])[]): Json {
  if (Array.isArray(value)) return value.map((item) => cut(item, paths));
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value as JsonObject)) {
    const below = paths.filter((path) => path[0] === key).map((path) => path.slice(1));
    if (key === "@type" || below.some((path) => path.length === 0)) result[key] = inner;
    else if (below.length > 0) result[key] = cut(inner, below);
  }
  return result;
}
