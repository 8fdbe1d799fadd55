// admin.access_log: what was asked of the admin interface, to files. The command operators that mean something
// here are filled in; others print "-", as operators without a value do.
import { closeSync, openSync, writeSync } from "node:fs";
import { type Accepts, accessFilter, type RuntimeText } from "./access_filter.ts";
import type { AdminConfig, Json, JsonObject } from "./context.ts";

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

type Line = (access: AdminAccess) => string;

interface OpenLog {
  /** Null: a stream that the process was started with. */
  readonly path: string | null;
  readonly line: Line;
  accepts: Accepts;
  fd: number;
}

/** Throws when a log is of a kind that is not known here, or what open(2) says of its path. */
export function adminAccessLog(
  { access_log = [], access_log_path }: AdminConfig,
  runtime: RuntimeText,
): AdminAccessLog | null {
  const logs = access_log.map((entry) => openLog(entry, runtime));
  if (access_log_path !== undefined && access_log_path !== "") {
    logs.push(openFile(access_log_path, (access) => accessLine(defaultFormat, access)));
  }
  if (logs.length === 0) return null;
  return {
    write: (access) => {
      for (const log of logs) if (log.accepts(access)) writeSync(log.fd, log.line(access));
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

const openFile = (path: string, line: Line): OpenLog => ({
  path,
  line,
  accepts: () => true,
  fd: openSync(path, "a", 0o644),
});

function openLog(
  entry: { readonly typed_config?: JsonObject; readonly filter?: JsonObject },
  runtime: RuntimeText,
): OpenLog {
  const accepts = entry.filter === undefined ? () => true : accessFilter(entry.filter, runtime);
  const config = entry.typed_config ?? {};
  const type = String(config["@type"] ?? "");
  if (type.endsWith(".StdoutAccessLog")) return { path: null, fd: 1, accepts, line: lineOf(config) };
  if (type.endsWith(".StderrAccessLog")) return { path: null, fd: 2, accepts, line: lineOf(config) };
  if (!type.endsWith(".FileAccessLog")) throw new Error(`admin.access_log: ${type} is not supported`);
  return { ...openFile(String(config["path"] ?? ""), lineOf(config)), accepts };
}

function lineOf(config: JsonObject): Line {
  const format = (config["log_format"] ?? {}) as JsonObject;
  const object = format["json_format"] ?? config["json_format"];
  if (object !== undefined) return (access) => `${JSON.stringify(filled(object, access))}\n`;
  const source = (format["text_format_source"] ?? {}) as JsonObject;
  const text = source["inline_string"] ?? format["text_format"] ?? config["format"] ?? defaultFormat;
  return (access) => accessLine(String(text), access);
}

/** An object of formats, with the texts filled in. */
function filled(value: Json, access: AdminAccess): Json {
  if (typeof value === "string") return accessLine(value, access);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => filled(item, access));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, access)]));
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
