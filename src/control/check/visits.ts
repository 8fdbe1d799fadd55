/** All checks of single messages, by the message's type. */
import { addressChecks } from "./address.ts";
import { balancingChecks } from "./balancing.ts";
import { clusterChecks } from "./cluster.ts";
import type { Checks, Context } from "./context.ts";
import { formatChecks } from "./format.ts";
import { httpChecks } from "./http.ts";
import { listenerChecks } from "./listener.ts";
import { routeChecks } from "./route.ts";
import { runtimeChecks } from "./runtime.ts";
import { sourceChecks } from "./source.ts";
import { tlsChecks } from "./tls.ts";
import type { Visit } from "./validate.ts";

const all: readonly Checks[] = [
  addressChecks,
  balancingChecks,
  clusterChecks,
  formatChecks,
  httpChecks,
  listenerChecks,
  routeChecks,
  runtimeChecks,
  sourceChecks,
  tlsChecks,
];

/** The checks, bound to what they share. Two files may not check one type: the second would hide the first. */
export function bindChecks(context: Context): ReadonlyMap<string, Visit> {
  const visits = new Map<string, Visit>();
  for (const [type, check] of all.flatMap((checks) => Object.entries(checks))) {
    if (visits.has(type)) throw new Error(`${type} is checked twice`);
    visits.set(type, (tree) => check(tree, context));
  }
  return visits;
}
