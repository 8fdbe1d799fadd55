/** google.protobuf.Duration and Timestamp in proto JSON. */
import { show } from "../issue.ts";
import type { Reading } from "./scalar.ts";

/** google/protobuf/duration.proto: about 10,000 years. */
const SECONDS_MAX = 315_576_000_000;

const duration = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

/** Whole seconds, as most durations are written: canonical already. */
export function isPlainDuration(value: unknown): boolean {
  if (typeof value !== "string" || value.length > 9 || !value.endsWith("s")) return false;
  if (value.length > 2 && value.startsWith("0")) return false;
  for (let i = 0; i < value.length - 1; i++) {
    const digit = value.charCodeAt(i);
    if (digit < 48 || digit > 57) return false;
  }
  return value.length > 1;
}

/** As protobuf prints it: whole seconds, or 3, 6 or 9 digits after the point. */
export function formatDuration(negative: boolean, seconds: number, nanos: number): string {
  const digits = String(nanos)
    .padStart(9, "0")
    .replace(/(?:000){1,3}$/, "");
  return `${negative ? "-" : ""}${seconds}${digits === "" ? "" : `.${digits}`}s`;
}

function readObject(value: object): Reading<string> {
  const { seconds = 0, nanos = 0, ...rest } = value as { seconds?: unknown; nanos?: unknown };
  const whole = Number(seconds);
  const part = Number(nanos);
  if (Object.keys(rest).length > 0 || !Number.isInteger(whole) || !Number.isInteger(part)) {
    return { wrong: `${show(value)} is not a duration; write seconds, e.g. "1.5s"` };
  }
  const mixed = (whole < 0 && part > 0) || (whole > 0 && part < 0);
  if (mixed || Math.abs(whole) > SECONDS_MAX || Math.abs(part) > 999_999_999) {
    return { wrong: `${show(value)} is out of range for a duration` };
  }
  return { value: formatDuration(whole < 0 || part < 0, Math.abs(whole), Math.abs(part)) };
}

export function readDuration(value: unknown): Reading<string> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return readObject(value);
  const match = typeof value === "string" ? duration.exec(value) : null;
  if (match === null)
    return { wrong: `${show(value)} is not a duration; write seconds with an s, e.g. "1.5s"` };
  const seconds = Number(match[2]);
  if (seconds > SECONDS_MAX) return { wrong: `${show(value)} is longer than ${SECONDS_MAX} seconds` };
  return { value: formatDuration(match[1] === "-", seconds, Number((match[3] ?? "").padEnd(9, "0"))) };
}

/** A canonical duration in nanoseconds, exact; undefined for anything else. */
export function durationNanos(value: unknown): bigint | undefined {
  const match = typeof value === "string" ? duration.exec(value) : null;
  if (match === null) return undefined;
  const nanos = BigInt(match[2] ?? 0) * 1_000_000_000n + BigInt((match[3] ?? "").padEnd(9, "0"));
  return match[1] === "-" ? -nanos : nanos;
}

/** A canonical duration in seconds, near enough to compare it with a limit; NaN for anything else. */
export function durationSeconds(value: unknown): number {
  return typeof value === "string" && value.endsWith("s") ? Number(value.slice(0, -1)) : Number.NaN;
}

const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

export function readTimestamp(value: unknown): Reading<string> {
  if (typeof value === "string" && timestamp.test(value) && !Number.isNaN(Date.parse(value)))
    return { value };
  return { wrong: `${show(value)} is not a time; write it as "2026-01-31T12:00:00Z"` };
}
