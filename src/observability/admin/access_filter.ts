// The filter of an admin.access_log (envoy.config.accesslog.v3.AccessLogFilter), for what exists at the admin interface:
// no response flags, no health checks, no traces, no gRPC.
import { re2 } from "../stats/regex.ts";
import type { AdminAccess } from "./access_log.ts";
import type { Json, JsonObject } from "./context.ts";

export type Accepts = (access: AdminAccess) => boolean;
/** The value of a runtime key, as it stands now. */
export type RuntimeText = (key: string) => string | undefined;

const always: Accepts = () => true;
const never: Accepts = () => false;
const object = (value: Json | undefined) => (value ?? {}) as JsonObject;
const list = (value: Json | undefined) => (value ?? []) as readonly JsonObject[];

const readers: Readonly<Record<string, (config: JsonObject, runtime: RuntimeText) => Accepts>> = {
  status_code_filter: (config, runtime) => compared(config, runtime, ({ status }) => status),
  duration_filter: (config, runtime) => compared(config, runtime, ({ durationMs }) => Math.round(durationMs)),
  not_health_check_filter: () => always,
  traceable_filter: () => never,
  response_flag_filter: () => never,
  runtime_filter: sampled,
  and_filter: (config, runtime) => {
    const parts = list(config["filters"]).map((part) => accessFilter(part, runtime));
    return (access) => parts.every((part) => part(access));
  },
  or_filter: (config, runtime) => {
    const parts = list(config["filters"]).map((part) => accessFilter(part, runtime));
    return (access) => parts.some((part) => part(access));
  },
  header_filter: (config) => headerMatcher(object(config["header"])),
};

/** @throws Error for a filter that has no meaning here. */
export function accessFilter(filter: JsonObject, runtime: RuntimeText): Accepts {
  const [kind, config] = Object.entries(filter)[0] ?? [];
  const read = readers[kind ?? ""];
  if (read === undefined) throw new Error(`admin.access_log: filter: ${kind ?? "none"} is not supported`);
  return read(object(config), runtime);
}

function compared(config: JsonObject, runtime: RuntimeText, of: (access: AdminAccess) => number): Accepts {
  const { op = "EQ", value } = object(config["comparison"]);
  const { default_value = 0, runtime_key = "" } = object(value);
  const wanted = () => Number(runtime(String(runtime_key)) ?? default_value);
  switch (op) {
    case "GE":
      return (access) => of(access) >= wanted();
    case "LE":
      return (access) => of(access) <= wanted();
    case "NE":
      return (access) => of(access) !== wanted();
    default:
      return (access) => of(access) === wanted();
  }
}

const denominators: Readonly<Record<string, number>> = {
  HUNDRED: 100,
  TEN_THOUSAND: 10_000,
  MILLION: 1_000_000,
};

function sampled(config: JsonObject, runtime: RuntimeText): Accepts {
  const { numerator = 0, denominator = "HUNDRED" } = object(config["percent_sampled"]);
  const of = denominators[String(denominator)] ?? 100;
  const key = String(config["runtime_key"] ?? "");
  return () => Math.random() * of < Number(runtime(key) ?? numerator);
}

/** envoy.config.route.v3.HeaderMatcher */
function headerMatcher(config: JsonObject): Accepts {
  const name = String(config["name"]).toLowerCase();
  const matches = valueMatcher(config);
  const emptyIfMissing = config["treat_missing_header_as_empty"] === true;
  const inverted = config["invert_match"] === true;
  return (access) => {
    const value = requestField(name, access) ?? (emptyIfMissing ? "" : undefined);
    const present = value !== undefined;
    if ("present_match" in config) return (present === (config["present_match"] === true)) !== inverted;
    // As in Envoy: a header that is missing matches nothing, inverted or not.
    return present && matches(value) !== inverted;
  };
}

function requestField(name: string, access: AdminAccess): string | undefined {
  return name === ":method" ? access.method : name === ":path" ? access.target : access.header(name);
}

function valueMatcher(config: JsonObject): (value: string) => boolean {
  const range = config["range_match"] as JsonObject | undefined;
  if (range !== undefined) {
    const { start = 0, end = 0 } = range;
    return (value) =>
      /^[+-]?\d+$/.test(value) && Number(value) >= Number(start) && Number(value) < Number(end);
  }
  const forms = ["exact", "prefix", "suffix", "contains", "safe_regex"];
  const old = forms.find((form) => `${form}_match` in config);
  if (old !== undefined) return stringMatcher({ [old]: config[`${old}_match`]! });
  const text = config["string_match"] as JsonObject | undefined;
  return text === undefined ? () => true : stringMatcher(text);
}

/** envoy.type.matcher.v3.StringMatcher */
function stringMatcher(config: JsonObject): (value: string) => boolean {
  const fold = (text: string) => (config["ignore_case"] === true ? text.toLowerCase() : text);
  const wanted = (form: string) => fold(String(config[form]));
  if ("exact" in config) return (value) => fold(value) === wanted("exact");
  if ("prefix" in config) return (value) => fold(value).startsWith(wanted("prefix"));
  if ("suffix" in config) return (value) => fold(value).endsWith(wanted("suffix"));
  if ("contains" in config) return (value) => fold(value).includes(wanted("contains"));
  const pattern = re2(`^(?:${String(object(config["safe_regex"])["regex"])})$`);
  return (value) => pattern.test(value);
}
