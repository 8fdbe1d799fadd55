// What a runtime value may be, and how it is read from a bootstrap, a file or a query.
import { plain } from "../observability/stats/numbers.ts";

export type Struct = { readonly [key: string]: StructValue };
export type StructValue = number | string | boolean | null | Struct | readonly StructValue[];

export type Denominator = "HUNDRED" | "TEN_THOUSAND" | "MILLION";

export interface Fraction {
  readonly numerator: number;
  readonly denominator: Denominator;
}

/** What a value means to those who ask: the first of these that its text can be read as. */
export type RuntimeValue = number | boolean | Fraction | string;

export interface Entry {
  /** As it was written. */
  readonly text: string;
  readonly value: RuntimeValue;
}

const denominators: readonly string[] = ["HUNDRED", "TEN_THOUSAND", "MILLION"];
/** The keys of a static layer whose values are none: lists and nulls. */
export function unusableKeys(values: Struct, prefix = ""): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (value === null || Array.isArray(value)) return [prefix + key];
    if (!isStruct(value) || isLeaf(value)) return [];
    return unusableKeys(value, `${prefix + key}.`);
  });
}

const isStruct = (value: StructValue): value is Struct =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A message such as FractionalPercent is one value; other objects are a deeper level of keys. */
function isLeaf(value: Struct): boolean {
  const keys = Object.keys(value);
  return keys.length === 0 || keys.includes("numerator") || keys.includes("denominator");
}

/** Nested keys become names with dots. */
export function flatten(values: Struct, prefix = "", into = new Map<string, Entry>()): Map<string, Entry> {
  for (const [key, value] of Object.entries(values)) {
    const name = prefix + key;
    if (isStruct(value) && !isLeaf(value)) flatten(value, `${name}.`, into);
    else into.set(name, entryOfStruct(value));
  }
  return into;
}

function entryOfStruct(value: StructValue): Entry {
  if (typeof value === "number") return { text: plain(value), value };
  if (typeof value === "boolean") return { text: String(value), value };
  if (isStruct(value)) {
    const text = textProto(value);
    return { text, value: fractionOf(value) ?? text };
  }
  return entryOf(String(value));
}

/** Reads text as Envoy does: a number, then a boolean, then a FractionalPercent, else just text. */
export function entryOf(text: string): Entry {
  const trimmed = text.trim();
  const number = Number(trimmed);
  if (trimmed !== "" && !Number.isNaN(number) && /^[-+.\d]/.test(trimmed) && !/^[-+]?0x/i.test(trimmed)) {
    return { text, value: number };
  }
  if (/^(?:true|false)$/i.test(trimmed)) return { text, value: trimmed.toLowerCase() === "true" };
  return { text, value: fractionOf(fieldsOf(trimmed)) ?? text };
}

/** The fields of a flat YAML or JSON mapping, e.g. `{numerator: 5, denominator: HUNDRED}` or one on each line. */
function fieldsOf(text: string): Struct {
  const body = text.startsWith("{") && text.endsWith("}") ? text.slice(1, -1) : text;
  const fields: Record<string, string> = {};
  for (const part of body.split(/[,\n]/)) {
    const match = /^\s*["']?(\w+)["']?\s*:\s*["']?(\w+)["']?\s*$/.exec(part);
    if (match !== null) fields[match[1]!] = match[2]!;
    else if (part.trim() !== "") return {};
  }
  return fields;
}

function fractionOf(fields: Struct): Fraction | null {
  const { numerator = 0, denominator = "HUNDRED", ...others } = fields;
  if (Object.keys(others).length > 0 || !isLeaf(fields) || Object.keys(fields).length === 0) return null;
  const count = Number(numerator);
  if (!Number.isInteger(count) || count < 0 || count > 0xffffffff) return null;
  if (!denominators.includes(String(denominator))) return null;
  return { numerator: count, denominator: denominator as Denominator };
}

/** google.protobuf.Struct as text proto, which is how Envoy shows such values. */
function textProto(value: Struct, indent = ""): string {
  return Object.keys(value)
    .sort()
    .map((key) => {
      const inner = valueProto(value[key]!, `${indent}    `);
      return `${indent}fields {\n${indent}  key: ${JSON.stringify(key)}\n${indent}  value {\n${inner}${indent}  }\n${indent}}\n`;
    })
    .join("");
}

function valueProto(value: StructValue, indent: string): string {
  if (typeof value === "number") return `${indent}number_value: ${plain(value)}\n`;
  if (typeof value === "boolean") return `${indent}bool_value: ${value}\n`;
  if (typeof value === "string") return `${indent}string_value: ${JSON.stringify(value)}\n`;
  if (isStruct(value)) return `${indent}struct_value {\n${textProto(value, `${indent}  `)}${indent}}\n`;
  return `${indent}null_value: NULL_VALUE\n`;
}
