// The application's own log, in spdlog's pattern language as Envoy has it, to stderr or to a file that is
// opened anew on request. Written at once and whole, so that nothing is lost in a crash; a library that does
// this in the background (pino) takes 18 ms to load, which is more than the rest of the start.
import { closeSync, openSync, writeSync } from "node:fs";
import { type LogRecord, type Pattern, pattern } from "./log_pattern.ts";

export const levels = ["trace", "debug", "info", "warning", "error", "critical", "off"] as const;
export type Level = (typeof levels)[number];

/** The level of a name as the command line and /logging take it. */
export function levelOf(name: string): Level | undefined {
  if (name === "warn") return "warning";
  return levels.find((level) => level === name);
}

/** As Envoy has them, in the order in which /logging shows them. */
export const loggerNames = [
  "a2a",
  "admin",
  "ai_protocol_manager",
  "alternate_protocols_cache",
  "aws",
  "assert",
  "backtrace",
  "basic_auth",
  "cache_filter",
  "client",
  "config",
  "connection",
  "conn_handler",
  "compression",
  "credential_injector",
  "decompression",
  "dns",
  "dubbo",
  "envoy_bug",
  "ext_authz",
  "ext_proc",
  "rocketmq",
  "file",
  "filter",
  "forward_proxy",
  "geolocation",
  "grpc",
  "happy_eyeballs",
  "hc",
  "health_checker",
  "http",
  "http2",
  "hystrix",
  "init",
  "io",
  "jwt",
  "json_rpc",
  "kafka",
  "key_value_store",
  "lua",
  "local_rate_limit",
  "main",
  "matcher",
  "mcp",
  "misc",
  "mongo",
  "multi_connection",
  "notification",
  "oauth2",
  "quic",
  "quic_stream",
  "pool",
  "rate_limit_quota",
  "rbac",
  "rds",
  "redis",
  "router",
  "runtime",
  "stats",
  "secret",
  "sse",
  "tap",
  "testing",
  "thrift",
  "tracing",
  "upstream",
  "udp",
  "wasm",
  "websocket",
  "golang",
  "stats_sinks",
  "dynamic_modules",
  "ip_tagging",
] as const;
export type LoggerName = (typeof loggerNames)[number];

export const defaultFormat = "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v";

export interface LogOptions {
  readonly level?: Level;
  readonly format?: string;
  /** Control characters in a message are escaped, so that an entry is a line. */
  readonly escaped?: boolean;
  /** Standard error when absent. */
  readonly path?: string;
  /** For tests. */
  readonly write?: (line: string) => void;
}

/** Says things under one logger's name, and `file` as the place in the sources. */
export type Logger = Readonly<Record<Exclude<Level, "off">, (text: string) => void>> & {
  /** So that a costly message is made only when it is wanted. */
  enabled(level: Level): boolean;
};

export class Log {
  #pattern: Pattern;
  #fd = 2;
  readonly #path: string | undefined;
  readonly #escaped: boolean;
  readonly #write: (line: string) => void;
  readonly #levels = new Map<string, number>();
  #onLevels: (() => void) | null = null;

  /** Throws what open(2) says of a path that cannot be written. */
  constructor({ level = "info", format = defaultFormat, escaped = false, path, write }: LogOptions = {}) {
    this.#pattern = pattern(format);
    this.#escaped = escaped;
    this.#path = path;
    this.#write = write ?? ((line) => writeAll(this.#fd, line));
    this.setAll(level);
    if (path !== undefined) this.#fd = openSync(path, "a", 0o644);
  }

  /** application_log_config of the bootstrap. */
  setFormat(format: string): void {
    this.#pattern = pattern(format);
  }

  /** After the file was moved away (SIGUSR1, /reopen_logs). */
  reopen(): void {
    if (this.#path === undefined) return;
    const old = this.#fd;
    this.#fd = openSync(this.#path, "a", 0o644);
    closeSync(old);
  }

  /** Called after levels changed, so that native code can be told. */
  onLevels(listener: () => void): void {
    this.#onLevels = listener;
  }

  setAll(level: Level): void {
    for (const name of loggerNames) this.#levels.set(name, levels.indexOf(level));
    this.#onLevels?.();
  }

  /** False: there is no logger of this name. */
  setLevel(name: string, level: Level): boolean {
    if (!this.#levels.has(name)) return false;
    this.#levels.set(name, levels.indexOf(level));
    this.#onLevels?.();
    return true;
  }

  level(name: LoggerName): Level {
    return levels[this.#levels.get(name)!]!;
  }

  logger(name: LoggerName, file: string): Logger {
    const enabled = (level: Level) => levels.indexOf(level) >= this.#levels.get(name)!;
    const at = (level: Level) => (text: string) => {
      if (enabled(level)) this.write({ level, logger: name, text, file, line: 0, thread: process.pid });
    };
    return {
      trace: at("trace"),
      debug: at("debug"),
      info: at("info"),
      warning: at("warning"),
      error: at("error"),
      critical: at("critical"),
      enabled,
    };
  }

  /** For entries that come from elsewhere, such as native code; levels were looked at there. */
  write(record: Omit<LogRecord, "time">): void {
    const text = this.#escaped ? escapeControls(record.text) : record.text;
    this.#write(`${this.#pattern({ ...record, text, time: new Date() })}\n`);
  }
}

const attempts_max = 1_000;

/** A pipe that nobody reads may be full for a while; after that the rest of the entry is given up. */
function writeAll(fd: number, line: string): void {
  let rest: Uint8Array = Buffer.from(line);
  for (let attempt = 0; rest.length > 0 && attempt < attempts_max; attempt += 1) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
    }
  }
}

const named: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "'": "\\'",
};

export function escapeControls(text: string): string {
  return text.replace(/[\x00-\x1f\x7f"'\\]/g, (char) =>
    char === "\\" ? "\\\\" : (named[char] ?? `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`),
  );
}

/**
 * `--component-log-level`, e.g. `http:debug,upstream:trace`.
 * @returns the pairs, or Envoy's words for what is wrong
 */
export function readComponentLevels(text: string): [LoggerName, Level][] | string {
  const pairs: [LoggerName, Level][] = [];
  for (const part of text.split(",").filter((item) => item !== "")) {
    const [name, level, ...more] = part.split(":");
    if (name === undefined || level === undefined || more.length > 0) {
      return `error: component log level not correctly specified '${part}'`;
    }
    const known = levelOf(level);
    if (known === undefined) return `error: invalid log level specified '${level}'`;
    const logger = loggerNames.find((item) => item === name);
    if (logger === undefined) return `error: invalid component specified '${name}'`;
    pairs.push([logger, known]);
  }
  return pairs;
}

/** application_log_config.log_format.json_format: an object whose texts are patterns; %j is the message. */
export function jsonFormat(format: unknown): string {
  return JSON.stringify(format);
}
