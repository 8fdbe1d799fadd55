/**
 * The command line, as Envoy's: every flag of its release 1.40, with its default and its messages. Beside `--flag value`
 * also `--flag=value` is taken. Everything after `--` is left alone.
 */

type Kind = "text" | "number" | "switch" | "list";

type FlagSpec = {
  readonly kind: Kind;
  readonly initial?: string | number;
  readonly help: string;
  readonly short?: string;
  /** What does not work yet; said as a warning when the flag is given. */
  readonly later?: string;
};

const hotRestart = "hot restart is not implemented yet";

/** The one description of the flags: types, parsing and help come from it. */
const flags = {
  "base-id": { kind: "number", initial: 0, help: "Base id, so that several proxies can run on one host." },
  "use-dynamic-base-id": { kind: "switch", help: "Pick a base id that is free.", later: hotRestart },
  "base-id-path": { kind: "text", help: "File to write the base id to." },
  "skip-hot-restart-on-no-parent": {
    kind: "switch",
    help: "Start normally when the parent of a hot restart is not there.",
    later: hotRestart,
  },
  "skip-hot-restart-parent-stats": {
    kind: "switch",
    help: "Do not take over the statistics of the parent.",
    later: hotRestart,
  },
  concurrency: { kind: "number", help: "Number of worker threads; by default as many as the hardware has." },
  "config-path": {
    kind: "text",
    short: "c",
    help: "File with the configuration: .yaml, .json, .pb or .pb_text.",
  },
  "config-yaml": { kind: "text", help: "YAML text with configuration, merged over that of the file." },
  "allow-unknown-fields": { kind: "switch", help: "The old name of --allow-unknown-static-fields." },
  "allow-unknown-static-fields": {
    kind: "switch",
    help: "Let unknown fields of the static configuration pass.",
  },
  "reject-unknown-dynamic-fields": {
    kind: "switch",
    help: "Refuse unknown fields in dynamic configuration.",
  },
  "ignore-unknown-dynamic-fields": {
    kind: "switch",
    help: "Do not even count unknown fields in dynamic configuration.",
  },
  "skip-deprecated-logs": { kind: "switch", help: "Do not warn about deprecated fields." },
  "log-stacktrace-single-entry": { kind: "switch", help: "Write a stack trace as one log entry." },
  "admin-address-path": { kind: "text", help: "File to write the address of the admin interface to." },
  "local-address-ip-version": {
    kind: "text",
    initial: "v4",
    help: "Version of the local IP address, v4 or v6.",
  },
  "log-level": {
    kind: "text",
    short: "l",
    initial: "info",
    help: "Log level: trace, debug, info, warning (or warn), error, critical or off.",
  },
  "component-log-level": {
    kind: "text",
    help: "Log levels by component, such as upstream:debug,config:trace.",
  },
  "log-format": {
    kind: "text",
    initial: "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v",
    help: "Layout of log messages in the syntax of spdlog.",
  },
  "log-format-escaped": { kind: "switch", help: "Escape control characters in log messages." },
  "enable-fine-grain-logging": {
    kind: "switch",
    help: "A log level for each source file.",
    later: "log levels by source file are not implemented yet",
  },
  "log-path": { kind: "text", help: "File for log messages; by default they go to standard error." },
  "restart-epoch": { kind: "number", initial: 0, help: "How many hot restarts came before this start." },
  "hot-restart-version": { kind: "switch", help: "Print the version of the hot restart protocol." },
  "service-cluster": { kind: "text", help: "Name of the cluster that this proxy belongs to." },
  "service-node": { kind: "text", help: "Name of this node." },
  "service-zone": { kind: "text", help: "Name of the zone that this node is in." },
  "file-flush-interval-msec": {
    kind: "number",
    initial: 10_000,
    help: "Milliseconds between two flushes of a log.",
  },
  "file-flush-min-size-kb": { kind: "number", initial: 64, help: "KiB of a log that are flushed at once." },
  "drain-time-s": { kind: "number", initial: 600, help: "Seconds that draining takes." },
  "drain-strategy": {
    kind: "text",
    initial: "gradual",
    help: "How connections are drained: gradual or immediate.",
  },
  "parent-shutdown-time-s": {
    kind: "number",
    initial: 900,
    help: "Seconds until the parent of a hot restart ends.",
    later: hotRestart,
  },
  mode: {
    kind: "text",
    initial: "serve",
    help: "serve, or validate: check the configuration and exit.",
  },
  "disable-hot-restart": { kind: "switch", help: "Do without hot restart." },
  "enable-mutex-tracing": { kind: "switch", help: "Count waits for locks, for /contention." },
  "cpuset-threads": { kind: "switch", help: "Count the CPUs of the cpuset for the number of workers." },
  "disable-extensions": {
    kind: "text",
    help: "Extensions to turn off.",
    later: "turning off extensions is not implemented yet",
  },
  "socket-path": {
    kind: "text",
    initial: "@envoy_domain_socket",
    help: "Socket for hot restart.",
    later: hotRestart,
  },
  "socket-mode": { kind: "text", initial: "600", help: "Permissions of that socket.", later: hotRestart },
  "enable-core-dump": {
    kind: "switch",
    help: "Allow core dumps.",
    later: "it has no effect: core dumps are as the system allows them",
  },
  "stats-tag": { kind: "list", help: "A tag for every statistic, as tag:value; may be repeated." },
  version: { kind: "switch", help: "Print the version." },
  help: { kind: "switch", short: "h", help: "Print this help." },
} as const satisfies Record<string, FlagSpec>;

type Flags = typeof flags;
type FlagName = keyof Flags;

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

type ValueOf<Spec extends FlagSpec> = Spec["kind"] extends "switch"
  ? boolean
  : Spec["kind"] extends "list"
    ? readonly string[]
    : Spec["kind"] extends "number"
      ? Spec extends { initial: number }
        ? number
        : number | undefined
      : string;

/** The flags' values: `--restart-epoch` is `restartEpoch`; absent texts are empty. */
type RawOptions = { readonly [Name in FlagName as Camel<Name>]: ValueOf<Flags[Name]> };

export type Mode = "serve" | "validate" | "init_only";

export const logLevels = ["trace", "debug", "info", "warning", "error", "critical", "off"] as const;
export type LogLevel = (typeof logLevels)[number];

export type Options = Omit<RawOptions, "mode" | "logLevel"> & {
  readonly mode: Mode;
  readonly logLevel: LogLevel;
  /** `--component-log-level`, taken apart. */
  readonly componentLogLevels: readonly (readonly [component: string, level: LogLevel])[];
  /** `--stats-tag`, taken apart. */
  readonly statsTags: readonly (readonly [name: string, value: string])[];
  readonly logFormatGiven: boolean;
};

export type CommandLine =
  | { readonly kind: "run"; readonly options: Options; readonly warnings: readonly string[] }
  /** `--help` and the like: to standard output, exit 0. */
  | { readonly kind: "print"; readonly text: string }
  /** To standard error, exit 1. */
  | { readonly kind: "refused"; readonly text: string };

export type Program = {
  readonly name: string;
  readonly version: string;
  readonly hotRestartVersion: string;
};

class Refusal extends Error {}

const specs: Readonly<Record<string, FlagSpec>> = flags;

const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** `-c (--config-path)`, as messages name a flag. */
function titleOf(name: string): string {
  const short = specs[name]?.short;
  return short === undefined ? `(--${name})` : `-${short} (--${name})`;
}

function parseFault(argument: string, message: string): Refusal {
  return new Refusal(`PARSE ERROR: Argument: ${argument}\n             ${message}\n`);
}

function findFlag(word: string): string | undefined {
  if (word.startsWith("--")) return word.slice(2) in specs ? word.slice(2) : undefined;
  return Object.keys(specs).find((name) => word === `-${specs[name]?.short}`);
}

function readNumber(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_ffff) {
    throw parseFault(titleOf(name), `Couldn't read argument value from string '${text}'`);
  }
  return Number(text);
}

type Values = Record<string, string | number | boolean | string[] | undefined>;

function initialValues(): Values {
  const initial = ({ kind, initial }: FlagSpec) => {
    if (kind === "switch") return false;
    if (kind === "list") return [];
    return initial ?? (kind === "text" ? "" : undefined);
  };
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, initial(spec)]));
}

/** Flag and value of one argument; the value may be the next argument. */
function takeValue(
  args: readonly string[],
  at: number,
  name: string,
  inline: string | undefined,
): [string, number] {
  if (inline !== undefined) return [inline, at];
  const next = args[at + 1];
  if (next === undefined) throw parseFault(titleOf(name), "Missing a value for this argument!");
  return [next, at + 1];
}

function readValues(args: readonly string[]): { values: Values; given: Set<string> } {
  const values = initialValues();
  const given = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--" || word === "--ignore_rest") break;
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const name = findFlag(equals === -1 ? word : word.slice(0, equals));
    const spec = name === undefined ? undefined : specs[name];
    if (name === undefined || spec === undefined || (spec.kind === "switch" && equals !== -1)) {
      throw parseFault(word, "Couldn't find match for argument");
    }
    if (given.has(name) && spec.kind !== "list") throw parseFault(titleOf(name), "Argument already set!");
    given.add(name);
    if (spec.kind === "switch") {
      values[name] = true;
      continue;
    }
    const [text, last] = takeValue(args, at, name, equals === -1 ? undefined : word.slice(equals + 1));
    at = last;
    if (spec.kind === "list") (values[name] as string[]).push(text);
    else values[name] = spec.kind === "number" ? readNumber(name, text) : text;
  }
  return { values, given };
}

function readLogLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === (text === "warn" ? "warning" : text));
  if (level === undefined) throw new Refusal(`error: invalid log level specified '${text}'\n`);
  return level;
}

function readComponents(text: string): [string, LogLevel][] {
  if (text === "") return [];
  return text.split(",").map((entry) => {
    const [component = "", level = "", ...more] = entry.split(":");
    if (component === "" || level === "" || more.length > 0) {
      throw new Refusal(`error: component log level not correctly specified '${entry}'\n`);
    }
    return [component, readLogLevel(level)];
  });
}

function readTags(tags: readonly string[]): [string, string][] {
  return tags.map((tag) => {
    const colon = tag.indexOf(":");
    if (colon <= 0) throw new Refusal(`error: misformatted stats-tag '${tag}'\n`);
    const [name, value] = [tag.slice(0, colon), tag.slice(colon + 1)];
    const bad = /^[A-Za-z0-9_]+$/.test(name) ? (value.includes(".") ? value : undefined) : name;
    if (bad !== undefined)
      throw new Refusal(`error: misformatted stats-tag '${tag}' contains invalid char in '${bad}'\n`);
    return [name, value];
  });
}

function readMode(text: string): Mode {
  if (text === "serve" || text === "validate" || text === "init_only") return text;
  throw new Refusal(`error: unknown mode '${text}'\n`);
}

function readOptions(values: Values, given: ReadonlySet<string>): Options {
  const entries = Object.entries(values).map(([name, value]) => [camel(name), value]);
  const raw = Object.fromEntries(entries) as RawOptions;
  const { drainStrategy, localAddressIpVersion, restartEpoch } = raw;
  if (drainStrategy !== "gradual" && drainStrategy !== "immediate") {
    throw new Refusal(`error: unknown drain-strategy '${drainStrategy}'\n`);
  }
  if (localAddressIpVersion !== "v4" && localAddressIpVersion !== "v6") {
    throw new Refusal(`error: unknown IP address version '${localAddressIpVersion}'\n`);
  }
  if (restartEpoch > 0 && raw.useDynamicBaseId) {
    throw new Refusal(`error: cannot use --restart-epoch=${restartEpoch} with --use-dynamic-base-id\n`);
  }
  if (raw.enableFineGrainLogging && raw.componentLogLevel !== "") {
    throw new Refusal("error: --component-log-level will not work with --enable-fine-grain-logging\n");
  }
  return {
    ...raw,
    mode: readMode(raw.mode),
    logLevel: readLogLevel(raw.logLevel),
    componentLogLevels: readComponents(raw.componentLogLevel),
    statsTags: readTags(raw.statsTag),
    logFormatGiven: given.has("log-format"),
    allowUnknownStaticFields: raw.allowUnknownStaticFields || raw.allowUnknownFields,
  };
}

function laterWarnings(given: ReadonlySet<string>, options: Options): string[] {
  const warnings = [...given].flatMap((name) => {
    const later = specs[name]?.later;
    return later === undefined ? [] : [`--${name}: ${later}`];
  });
  return options.restartEpoch > 0 ? [...warnings, `--restart-epoch: ${hotRestart}`] : warnings;
}

function helpText(program: string): string {
  const values: Readonly<Record<Kind, string>> = {
    text: " <string>",
    list: " <string> ...",
    number: " <uint32_t>",
    switch: "",
  };
  const entries = Object.entries(specs).map(([name, { kind, short, help, initial }]) => {
    const title = short === undefined ? `--${name}` : `-${short},  --${name}`;
    const defaults = initial === undefined ? "" : ` (default: ${initial})`;
    return `   ${title}${values[kind]}\n     ${help}${defaults}\n`;
  });
  const rest = "   --,  --ignore_rest\n     Ignores the rest of the arguments.\n";
  return `\nUSAGE:\n\n   ${program}  [flags]\n\n\nWhere:\n\n${[...entries, rest].join("\n")}\n`;
}

/** The flags for the docs table. */
export function flagRows(): { readonly title: string; readonly help: string; readonly later: string }[] {
  return Object.entries(specs).map(([name, { short, help, later }]) => ({
    title: short === undefined ? `--${name}` : `-${short} --${name}`,
    help,
    later: later ?? "",
  }));
}

/** Reads the arguments after the program's name. Never throws. */
export function parseCommandLine(args: readonly string[], program: Program): CommandLine {
  try {
    const { values, given } = readValues(args);
    if (given.has("help")) return { kind: "print", text: helpText(program.name) };
    if (given.has("version"))
      return { kind: "print", text: `\n${program.name}  version: ${program.version}\n\n` };
    if (given.has("hot-restart-version")) return { kind: "print", text: `${program.hotRestartVersion}\n` };
    const options = readOptions(values, given);
    return { kind: "run", options, warnings: laterWarnings(given, options) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const usage = error.message.startsWith("PARSE")
      ? `\nFor complete USAGE and HELP type: \n   ${program.name} --help\n\n`
      : "";
    return { kind: "refused", text: error.message + usage };
  }
}
