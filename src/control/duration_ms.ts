import { durationNanos } from "./check/duration.ts";

/** A canonical duration in whole milliseconds, rounded up so that a timer never fires early. */
export function durationMs(value: unknown, fallback: number): number {
  const nanos = durationNanos(value);
  return nanos === undefined ? fallback : Math.ceil(Number(nanos) / 1e6);
}
