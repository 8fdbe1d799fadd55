/**
 * The `validate.rules` of a field as one function from a canonical value to what is wrong with it.
 * Source: validate/validate.proto of protoc-gen-validate.
 */
import type { Field, Rules } from "../api/schema.ts";
import { show } from "../issue.ts";
import { durationSeconds } from "./duration.ts";
import { scalarDefault } from "./scalar.ts";
import { isTree } from "./typing.ts";

/** What is wrong with a value, or undefined. */
export type Rule = (value: unknown) => string | undefined;

type Maker = (argument: never, rules: Rules) => Rule;

const refuse =
  (bad: (value: never) => boolean, message: (value: unknown) => string): Rule =>
  (value) =>
    bad(value as never) ? message(value) : undefined;

const listed = (values: unknown) => (values as unknown[]).map(show).join(", ");

/** The part of a range rule that says what would be right: `greater than 0 and at most 10`. */
function rangeText(rules: Rules): string {
  const words: Readonly<Record<string, string>> = {
    gt: "more than",
    gte: "at least",
    lt: "less than",
    lte: "at most",
  };
  const parts = Object.entries(rules).flatMap(([key, limit]) =>
    key in words ? [`${words[key]} ${limit}`] : [],
  );
  return parts.join(" and ");
}

type Order = (value: unknown, limit: unknown) => number;

const numeric: Order = (value, limit) => {
  if (typeof value === "number") return value - Number(limit);
  if (typeof value === "string" && /^-?\d+$/.test(value)) {
    const [a, b] = [BigInt(value), BigInt(Math.trunc(Number(limit)))];
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return Number(value) - Number(limit);
};

const byLength: Order = (value, limit) => durationSeconds(value) - durationSeconds(limit);

function ordered(order: Order): Record<string, Maker> {
  const outside = (bad: (difference: number) => boolean): Maker => {
    return (limit: unknown, rules) =>
      refuse(
        (value) => bad(order(value, limit)),
        (value) => `${show(value)} is out of range: must be ${rangeText(rules)}`,
      );
  };
  return {
    gt: outside((difference) => !(difference > 0)),
    gte: outside((difference) => !(difference >= 0)),
    lt: outside((difference) => !(difference < 0)),
    lte: outside((difference) => !(difference <= 0)),
    ...choices,
  };
}

const choices: Record<string, Maker> = {
  const: (wanted: unknown) =>
    refuse(
      (value) => value !== wanted,
      (value) => `${show(value)} is refused: must be ${show(wanted)}`,
    ),
  in: (allowed: readonly unknown[]) =>
    refuse(
      (value) => !allowed.includes(value),
      (value) => `${show(value)} is not one of ${listed(allowed)}`,
    ),
  not_in: (denied: readonly unknown[]) =>
    refuse(
      (value) => denied.includes(value),
      (value) => `${show(value)} is not allowed here`,
    ),
};

const bytesOf = (value: string) => Buffer.byteLength(value);

/** Letters as protobuf counts them: code points. */
const lettersOf = (value: string) => (/^[\x20-\x7e]*$/.test(value) ? value.length : [...value].length);

const atLeast = (limit: unknown, unit: string, size: (value: string) => number): Rule => {
  const least = Number(limit);
  const fault = (value: unknown) =>
    value === "" ? "must not be empty" : `${show(value)} is too short: at least ${least} ${unit}`;
  return refuse((value: string) => value.length < least && size(value) < least, fault);
};

const atMost = (limit: unknown, unit: string, size: (value: string) => number): Rule => {
  const most = Number(limit);
  return refuse(
    (value: string) => value.length * 3 > most && size(value) > most,
    (value) => `${show(value)} is too long: at most ${most} ${unit}`,
  );
};

function headerPattern(name: unknown, strict: unknown): RegExp {
  if (strict === false) return /^[^\0\n\r]*$/;
  return name === "HTTP_HEADER_NAME" ? /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/ : /^[^\0-\x08\n-\x1f\x7f]*$/;
}

const strings: Record<string, Maker> = {
  ...choices,
  min_len: (limit: unknown) => atLeast(limit, "characters", lettersOf),
  max_len: (limit: unknown) => atMost(limit, "characters", lettersOf),
  min_bytes: (limit: unknown) => atLeast(limit, "bytes", bytesOf),
  max_bytes: (limit: unknown) => atMost(limit, "bytes", bytesOf),
  prefix: (start: string) =>
    refuse(
      (value: string) => !value.startsWith(start),
      (value) => `${show(value)} must begin with ${show(start)}`,
    ),
  suffix: (end: string) =>
    refuse(
      (value: string) => !value.endsWith(end),
      (value) => `${show(value)} must end with ${show(end)}`,
    ),
  pattern: (pattern: string) => {
    const wanted = new RegExp(pattern, "u");
    return refuse(
      (value: string) => !wanted.test(value),
      (value) => `${show(value)} does not match ${pattern}`,
    );
  },
  well_known_regex: (name: unknown, rules) => {
    const wanted = headerPattern(name, rules["strict"]);
    const what = name === "HTTP_HEADER_NAME" ? "header name" : "header value";
    return refuse(
      (value: string) => !wanted.test(value),
      (value) => `${show(value)} has a character that no ${what} may hold`,
    );
  },
};

const bytesLength = (value: unknown) => Buffer.from(String(value), "base64").length;

const bytes: Record<string, Maker> = {
  min_len: (limit: unknown) =>
    refuse(
      (value) => bytesLength(value) < Number(limit),
      () => `is shorter than ${limit} bytes`,
    ),
  max_len: (limit: unknown) =>
    refuse(
      (value) => bytesLength(value) > Number(limit),
      () => `is longer than ${limit} bytes`,
    ),
};

const makers: Readonly<Record<string, Record<string, Maker>>> = {
  bool: choices,
  string: strings,
  bytes,
  duration: ordered(byLength),
  // Enum names are canonical by now, so a number is a value that the enum does not have.
  enum: {
    defined_only: () =>
      refuse(
        (value) => typeof value === "number",
        (value) => `${show(value)} is no value of the enum`,
      ),
  },
  any: choices,
};

/** How the rules of one kind combine; words that are about presence or lists are handled by the callers. */
const notRules = new Set(["required", "skip", "strict", "ignore_empty", "items", "keys", "values"]);

/** The rules of one kind (`string`, `uint32`, ...) as checks of one value. */
function compileValue(kind: string, rules: Rules): Rule[] {
  const known = makers[kind] ?? ordered(numeric);
  const checks = Object.entries(rules).flatMap(([name, argument]) => {
    if (notRules.has(name)) return [];
    const make = known[name];
    if (make === undefined) throw new Error(`validate.rules ${kind}.${name} is not known`);
    return [make(argument as never, rules)];
  });
  if (rules["ignore_empty"] !== true) return checks;
  return checks.map((check) => (value) => (value === "" || value === 0 ? undefined : check(value)));
}

const first =
  (checks: readonly Rule[]): Rule =>
  (value) => {
    for (const check of checks) {
      const wrong = check(value);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };

/** Enum rules speak of numbers, canonical values are names. */
function enumRules(rules: Rules, nameOf: (number: number) => unknown): Rules {
  const named = (key: string) => (Array.isArray(rules[key]) ? { [key]: rules[key].map(nameOf) } : {});
  const defined = rules["defined_only"] === true ? { defined_only: true } : {};
  return { ...defined, ...named("in"), ...named("not_in") };
}

makers["enum"] && Object.assign(makers["enum"], { in: choices["in"], not_in: choices["not_in"] });

function entriesRule(rules: Rules): Rule[] {
  const { min_items: min, max_items: max, unique } = rules;
  const size = (value: unknown) => (value as unknown[]).length;
  const checks: Rule[] = [];
  if (min !== undefined) {
    checks.push(
      refuse(
        (value) => size(value) < Number(min),
        () => `needs at least ${min} ${min === "1" ? "entry" : "entries"}`,
      ),
    );
  }
  if (max !== undefined) {
    checks.push(
      refuse(
        (value) => size(value) > Number(max),
        (value) => `has ${size(value)} entries, at most ${max} are allowed`,
      ),
    );
  }
  if (unique === true) {
    checks.push(
      refuse(
        (value) => new Set(value as unknown[]).size < size(value),
        () => "has the same entry twice",
      ),
    );
  }
  return checks;
}

function mapRule(rules: Rules): Rule[] {
  const { min_pairs: min, keys } = rules;
  const checks: Rule[] = [];
  if (min !== undefined) {
    checks.push(
      refuse(
        (value: object) => Object.keys(value).length < Number(min),
        () => `needs at least ${min} entry`,
      ),
    );
  }
  if (isTree(keys)) {
    const check = compileSingle(keys);
    checks.push((value) => first(Object.keys(value as object).map((key) => () => check(key)))(undefined));
  }
  return checks;
}

function compileSingle(rules: Rules, nameOf: (number: number) => unknown = String): Rule {
  const checks = Object.entries(rules).flatMap(([kind, argument]) => {
    if (kind === "message" || !isTree(argument)) return [];
    return compileValue(kind, kind === "enum" ? enumRules(argument, nameOf) : argument);
  });
  return first(checks);
}

export type FieldRules = {
  /** Of the field as a whole: a single value, a list or a map. */
  readonly whole: Rule | undefined;
  /** Of each entry of a list, or each value of a map. */
  readonly entry: Rule | undefined;
};

type NameOf = (number: number) => unknown;

/** The rules of an unset list, map or scalar; the API has no others that an absent field can break. */
const absentRules: readonly string[] = ["min_items", "min_pairs"];

function isRequired(rules: Rules): boolean {
  return ["message", "any", "duration", "timestamp"].some((kind) => {
    const of = rules[kind];
    return isTree(of) && of["required"] === true;
  });
}

/** A scalar without presence is its default when it is absent. */
function absentScalar(field: Field, rules: Rules, nameOf: NameOf): string | undefined {
  const value = field.scalar === undefined ? nameOf(0) : scalarDefault(field.scalar);
  const wrong = compileSingle(rules, nameOf)(value);
  return wrong === undefined
    ? undefined
    : wrong === "must not be empty"
      ? "must be set"
      : `is not set; ${wrong}`;
}

/** What is wrong when the field is not there. A message, a wrapper or a oneof's field may be absent. */
export function absentMessage(field: Field, nameOf: NameOf): string | undefined {
  const { rules, oneof, form } = field;
  if (rules === undefined || oneof !== undefined) return undefined;
  const many = rules["repeated"] ?? rules["map"];
  if (isTree(many)) {
    if (many["ignore_empty"] === true || !absentRules.some((rule) => rule in many)) return undefined;
    return first(field.key === undefined ? entriesRule(many) : mapRule(many))(
      field.key === undefined ? [] : {},
    );
  }
  if (isRequired(rules)) return "must be set";
  // Most enums have the rule that only known values are allowed, and 0 is known.
  return form === "scalar" || (form === "enum" && isTree(rules["enum"]) && "not_in" in rules["enum"])
    ? absentScalar(field, rules, nameOf)
    : undefined;
}

const notNegative: Rule = (value) =>
  typeof value === "string" && value.startsWith("-") ? `${show(value)} must not be negative` : undefined;

/** No duration of the API makes sense below zero, and Envoy refuses such where it uses them. */
export function compileRules(field: Field, nameOf: NameOf): FieldRules {
  const rules = compileOwnRules(field, nameOf);
  if (field.form !== "duration" || field.repeated === 1 || field.key !== undefined) return rules;
  const { whole } = rules;
  return { ...rules, whole: whole === undefined ? notNegative : first([whole, notNegative]) };
}

function compileOwnRules(field: Field, nameOf: NameOf): FieldRules {
  const rules = field.rules;
  if (rules === undefined) return { whole: undefined, entry: undefined };
  const { repeated, map } = rules;
  if (isTree(repeated))
    return { whole: first(entriesRule(repeated)), entry: entryRule(repeated["items"], nameOf) };
  if (isTree(map)) return { whole: first(mapRule(map)), entry: entryRule(map["values"], nameOf) };
  return { whole: compileSingle(rules, nameOf), entry: undefined };
}

function entryRule(rules: unknown, nameOf: NameOf): Rule | undefined {
  return isTree(rules) ? compileSingle(rules, nameOf) : undefined;
}
