// admin.access_log: what was asked of the admin interface, to files. Only text formats, and the command operators
// that mean something here; others print "-", as operators without a value do.
import { closeSync, openSync, writeSync } from "node:fs";
import type { AdminConfig, JsonObject } from "./context.ts";

export interface AdminAccess {
  readonly start: Date;
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly status: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly durationMs: number;
  readonly remote: string;
  readonly local: string;
  readonly header: (name: string) => string | undefined;
}

const defaultFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% ' +
  "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% " +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

export interface AdminAccessLog {
  write(access: AdminAccess): void;
  reopen(): void;
  close(): void;
}

/** Throws what open(2) says of a path that cannot be written. */
export function adminAccessLog({ access_log = [] }: AdminConfig): AdminAccessLog | null {
  const logs = access_log.map(({ typed_config = {} }) => openLog(typed_config));
  if (logs.length === 0) return null;
  return {
    write: (access) => {
      for (const log of logs) writeSync(log.fd, accessLine(log.format, access));
    },
    reopen: () => {
      for (const log of logs) {
        if (log.path === null) continue;
        const old = log.fd;
        log.fd = openSync(log.path, "a", 0o644);
        closeSync(old);
      }
    },
    close: () => {
      for (const log of logs) if (log.path !== null) closeSync(log.fd);
    },
  };
}

function openLog(config: JsonObject): { path: string | null; fd: number; format: string } {
  const type = String(config["@type"] ?? "");
  const source = (config["log_format"] as JsonObject | undefined)?.["text_format_source"] as
    | JsonObject
    | undefined;
  const format = String(source?.["inline_string"] ?? config["format"] ?? defaultFormat);
  if (type.endsWith("StdoutAccessLog")) return { path: null, fd: 1, format };
  if (type.endsWith("StderrAccessLog")) return { path: null, fd: 2, format };
  const path = String(config["path"] ?? "");
  return { path, fd: openSync(path, "a", 0o644), format };
}

export function accessLine(format: string, access: AdminAccess): string {
  return format.replace(/%([A-Z_]+)(?:\(([^)]*)\))?(?::\d+)?%/g, (_, name: string, argument = "") =>
    operator(name, argument, access),
  );
}

function operator(name: string, argument: string, access: AdminAccess): string {
  switch (name) {
    case "START_TIME":
      return access.start.toISOString();
    case "REQ":
      return requestHeader(argument, access);
    case "PROTOCOL":
      return access.protocol;
    case "RESPONSE_CODE":
      return String(access.status);
    case "BYTES_RECEIVED":
      return String(access.bytesReceived);
    case "BYTES_SENT":
      return String(access.bytesSent);
    case "DURATION":
      return String(Math.round(access.durationMs));
    case "DOWNSTREAM_REMOTE_ADDRESS":
    case "DOWNSTREAM_DIRECT_REMOTE_ADDRESS":
      return access.remote;
    case "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT":
      return access.remote.replace(/:\d+$/, "");
    case "DOWNSTREAM_LOCAL_ADDRESS":
      return access.local;
    default:
      return "-";
  }
}

/** `A?B` is A, or B where A is not. */
function requestHeader(names: string, access: AdminAccess): string {
  for (const name of names.toLowerCase().split("?")) {
    const value = name === ":method" ? access.method : name === ":path" ? access.target : access.header(name);
    if (value !== undefined && value !== "") return value;
  }
  return "-";
}
