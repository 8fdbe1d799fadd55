/** A DiscoveryResponse in JSON or YAML, from a file or over HTTP. */
import { anyTypeName, isTree, type Tree } from "../check/typing.ts";
import { type Arrival, nameOfTree, type ResourceKind } from "./resource.ts";

const wrapperType = "envoy.service.discovery.v3.Resource";

export type TreeResponse = { readonly version: string; readonly arrivals: readonly Arrival[] };

/** What is in it, or why it is not what was asked for. */
export function arrivalsOf(response: unknown, kind: ResourceKind): TreeResponse | string {
  const tree = isTree(response) ? response : {};
  const version = String(tree["version_info"] ?? tree["versionInfo"] ?? "");
  const arrivals: Arrival[] = [];
  for (const resource of Array.isArray(tree["resources"]) ? tree["resources"] : []) {
    const arrival = arrivalOf(resource, kind, version);
    if (typeof arrival === "string") return arrival;
    arrivals.push(arrival);
  }
  return { version, arrivals };
}

function arrivalOf(resource: unknown, kind: ResourceKind, version: string): Arrival | string {
  const type = isTree(resource) ? anyTypeName(String(resource["@type"] ?? "")) : "";
  if (!isTree(resource) || type !== kind.type) {
    const inner = isTree(resource) && type === wrapperType ? resource["resource"] : undefined;
    if (inner !== undefined) return arrivalOf(inner, kind, version);
    return `a resource of type ${type === "" ? "(none)" : type}, not ${kind.type}`;
  }
  const { "@type": _, ...fields }: Tree = resource;
  return { name: nameOfTree(fields), version, payload: { form: "tree", text: JSON.stringify(fields) } };
}
