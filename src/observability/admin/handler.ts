// From a method, a target and a body to an answer, without any socket.
import { stringMatcher } from "../stats/buckets.ts";
import type { AdminConfig, AdminContext } from "./context.ts";
import { type Answer, text } from "./endpoint.ts";
import { endpointOf, helpText } from "./endpoints.ts";

export type Handle = (method: string, target: string, body: string) => Answer;

export function handler(context: AdminContext, { allow_paths = [] }: AdminConfig): Handle {
  const allowed = allow_paths.map(stringMatcher);
  return (method, target, body) => {
    if (allowed.length > 0 && !allowed.some((matches) => matches(target))) {
      return text(`request to path ${target} not allowed`, 403);
    }
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    const endpoint = endpointOf(path);
    if (endpoint === undefined) return text(`invalid path. ${helpText()}`, 404);
    if (endpoint.post && method !== "POST") return text(`Method ${method} not allowed, POST required.`, 405);
    const params = paramsOf(mark < 0 ? body : target.slice(mark + 1));
    return endpoint.answer({ method, params }, context);
  };
}

/** Like URLSearchParams, but a bad escape stands for itself and the first of a name counts. */
export function paramsOf(query: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decoded(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? "" : decoded(part.slice(equals + 1));
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
