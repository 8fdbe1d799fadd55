/** Addresses and ranges of addresses. */
import { isIP } from "node:net";
import { show } from "../issue.ts";
import { type Checks, type Context, textAt, treeAt } from "./context.ts";
import { isTree, type Tree } from "./typing.ts";

/** sun_path of sockaddr_un, its closing zero included. */
const SOCKET_PATH_BYTES_MAX = 108;

/** An address to bind to or to connect to without a look-up. `hint` says what else would do. */
export function checkIpAddress(holder: Tree, steps: readonly string[], { issues }: Context, hint = ""): void {
  const socket = treeAt(holder, ...steps, "socket_address");
  const address = textAt(socket, "address");
  if (address === undefined || address === "") return;
  if (isIP(address) !== 0) return;
  issues.error(`${show(address)} is no IP address${hint}`, ...steps, "socket_address", "address");
}

/** The same for a listener, whose IPv6 address may take IPv4 as well. */
export function checkListenerAddress(holder: Tree, context: Context): void {
  checkIpAddress(holder, ["address"], context);
  const socket = treeAt(holder, "address", "socket_address");
  const address = textAt(socket, "address") ?? "";
  if (socket?.["ipv4_compat"] !== true || isIP(address) === 0 || /^::(ffff:.*)?$/i.test(address)) return;
  const message = `only :: and IPv4 in IPv6 can take IPv4, too, not ${address}`;
  context.issues.error(message, "address", "socket_address", "ipv4_compat");
}

/** One text for one address: two of them cannot be bound. Undefined for port 0, which is never taken. */
export function addressKey(address: unknown): string | undefined {
  const path = textAt(treeAt(address, "pipe"), "path");
  if (path !== undefined) return path;
  const socket = treeAt(address, "socket_address");
  const port = Number(socket?.["port_value"] ?? 0);
  const host = textAt(socket, "address");
  if (host === undefined || port === 0) return undefined;
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function checkPipe(pipe: Tree, { issues }: Context): void {
  const path = textAt(pipe, "path") ?? "";
  const bytes = Buffer.byteLength(path);
  if (bytes < SOCKET_PATH_BYTES_MAX) return;
  issues.error(`is ${bytes} bytes long, a socket's path has at most ${SOCKET_PATH_BYTES_MAX - 1}`, "path");
}

function checkRange(range: Tree, { issues }: Context): void {
  const prefix = textAt(range, "address_prefix");
  if (prefix === undefined || prefix === "") return;
  const version = isIP(prefix);
  if (version === 0) issues.error(`${show(prefix)} is no IP address`, "address_prefix");
  const length = range["prefix_len"];
  if (version === 4 && typeof length === "number" && length > 32) {
    issues.error(`${length} is out of range: an IPv4 prefix has at most 32 bits`, "prefix_len");
  }
}

function checkBind(bind: Tree, { issues }: Context): void {
  const address = textAt(treeAt(bind, "source_address"), "address");
  if (address !== undefined && address !== "" && isIP(address) === 0) {
    issues.error(`${show(address)} is no IP address`, "source_address", "address");
  }
}

function checkAdmin(admin: Tree, context: Context): void {
  if (isTree(admin["address"])) checkIpAddress(admin, ["address"], context);
}

export const addressChecks: Checks = {
  "envoy.config.bootstrap.v3.Admin": checkAdmin,
  "envoy.config.core.v3.BindConfig": checkBind,
  "envoy.config.core.v3.CidrRange": checkRange,
  "envoy.config.core.v3.Pipe": checkPipe,
};
