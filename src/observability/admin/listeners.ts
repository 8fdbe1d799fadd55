// GET /listeners: names and the addresses they are bound to.
import type { Address, JsonObject } from "./context.ts";
import { type Endpoint, json, text } from "./endpoint.ts";

/** As Envoy writes addresses in text: 127.0.0.1:80, [::1]:80, /path, @abstract. */
export function addressText(address: Address): string {
  const socket = address["socket_address"] as JsonObject | undefined;
  if (socket !== undefined) {
    const host = String(socket["address"] ?? "");
    return `${host.includes(":") ? `[${host}]` : host}:${socket["port_value"] ?? 0}`;
  }
  const pipe = address["pipe"] as JsonObject | undefined;
  if (pipe !== undefined) return String(pipe["path"] ?? "");
  const internal = address["envoy_internal_address"] as JsonObject | undefined;
  const endpoint = internal?.["endpoint_id"];
  const name = `envoy://${internal?.["server_listener_name"] ?? ""}`;
  return endpoint === undefined ? name : `${name}/${endpoint}`;
}

export const listeners: Endpoint = {
  path: "/listeners",
  help: "print listener info",
  params: [{ name: "format", help: "File format to use", choices: ["text", "json"] }],
  answer: ({ params }, context) => {
    const all = context.listeners();
    if (params.get("format") === "json") {
      return json(all.length === 0 ? {} : { listener_statuses: all.map((listener) => ({ ...listener })) });
    }
    const lines = all.flatMap(({ name, local_address, additional_local_addresses = [] }) =>
      [local_address, ...additional_local_addresses].map((address) => `${name}::${addressText(address)}\n`),
    );
    return text(lines.join(""));
  },
};
