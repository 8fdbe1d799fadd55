/**
 * Scalars of proto JSON, read with the tolerance of protobuf's own C++ parser: numbers and bools may stand in quotes,
 * whole numbers may be written with an exponent or `.0`.
 */
import type { ScalarType } from "../api/schema.ts";
import { show } from "../issue.ts";

export type Scalar = string | number | boolean;

/** The canonical value, or what is wrong with the given one. */
export type Reading<T> = { readonly value: T } | { readonly wrong: string };

type Range = readonly [low: bigint, high: bigint];

const int32: Range = [-(2n ** 31n), 2n ** 31n - 1n];
const uint32: Range = [0n, 2n ** 32n - 1n];
const int64: Range = [-(2n ** 63n), 2n ** 63n - 1n];
const uint64: Range = [0n, 2n ** 64n - 1n];

const ranges: Partial<Record<ScalarType, Range>> = {
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint64,
  fixed64: uint64,
};

/** Whether a value is what `readScalar` would make of it: the common case, told without making anything. */
export function isPlain(type: ScalarType, value: unknown): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "double":
    case "float":
      return typeof value === "number";
    case "uint32":
    case "fixed32":
      return typeof value === "number" && value >>> 0 === value;
    case "int32":
    case "sint32":
    case "sfixed32":
      return typeof value === "number" && (value | 0) === value;
    default:
      return false;
  }
}

const wholeNumber = /^[+-]?\d{1,20}$/;
const hexadecimal = /^0[xX][0-9a-fA-F]{1,16}$/;
const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function readWhole(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== "string") return undefined;
  if (wholeNumber.test(value)) return BigInt(value.replace("+", ""));
  if (hexadecimal.test(value)) return BigInt(value);
  if (value.length > 40 || !number.test(value)) return undefined;
  const parsed = Number(value);
  return Number.isInteger(parsed) ? BigInt(parsed) : undefined;
}

function readInteger(value: unknown, [low, high]: Range): Reading<Scalar> {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= low && value <= high)
    return { value };
  const whole = readWhole(value);
  if (whole === undefined) return { wrong: `${show(value)} is not a whole number` };
  if (whole < low || whole > high)
    return { wrong: `${show(value)} is out of range, allowed is ${low} to ${high}` };
  const safe = whole >= Number.MIN_SAFE_INTEGER && whole <= Number.MAX_SAFE_INTEGER;
  return { value: safe ? Number(whole) : String(whole) };
}

const namedFloats = ["NaN", "Infinity", "-Infinity"];

function readFloat(value: unknown): Reading<Scalar> {
  if (typeof value === "number") return { value };
  if (typeof value !== "string") return { wrong: `${show(value)} is not a number` };
  if (namedFloats.includes(value)) return { value };
  if (!number.test(value) || !Number.isFinite(Number(value)))
    return { wrong: `${show(value)} is not a number` };
  return { value: Number(value) };
}

const bools: Readonly<Record<string, boolean>> = {
  ...{ true: true, t: true, yes: true, y: true, 1: true },
  ...{ false: false, f: false, no: false, n: false, 0: false },
};

function readBool(value: unknown): Reading<Scalar> {
  if (typeof value === "boolean") return { value };
  const named = typeof value === "string" ? bools[value.toLowerCase()] : undefined;
  return named === undefined ? { wrong: `${show(value)} is neither true nor false` } : { value: named };
}

function readString(value: unknown): Reading<Scalar> {
  if (typeof value === "string") return { value };
  const quoted = typeof value === "number" || typeof value === "boolean";
  return { wrong: `${show(value)} is not text${quoted ? `; write "${value}" in quotes` : ""}` };
}

const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function readBytes(value: unknown): Reading<Scalar> {
  if (typeof value !== "string" || !base64.test(value)) return { wrong: `${show(value)} is not base64` };
  return { value: Buffer.from(value, "base64").toString("base64") };
}

export function readScalar(type: ScalarType, value: unknown): Reading<Scalar> {
  switch (type) {
    case "string":
      return readString(value);
    case "bool":
      return readBool(value);
    case "bytes":
      return readBytes(value);
    case "double":
    case "float":
      return readFloat(value);
    default:
      return readInteger(value, ranges[type] ?? int64);
  }
}

/** The value of a field that is not there. */
export function scalarDefault(type: ScalarType): Scalar {
  if (type === "string" || type === "bytes") return "";
  return type === "bool" ? false : 0;
}
