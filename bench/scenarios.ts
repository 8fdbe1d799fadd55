// What is measured, one entry a question.
import type { Setup } from "./peers.ts";
import { fileLimit } from "./processes.ts";

export type Scenario = Setup & {
  readonly name: string;
  readonly asks: string;
  readonly kind: "load" | "idle" | "start";
  /** Arguments of bench/tools/load.cc. */
  readonly load: Readonly<Record<string, number | string>>;
};

const small = { routes: 1, bodyBytes: 1_024 };

export const scenarios: readonly Scenario[] = [
  {
    ...small,
    name: "64 connections",
    asks: "small answers over few connections",
    kind: "load",
    load: { connections: 64 },
  },
  { ...small, name: "512 connections", asks: "the same over many", kind: "load", load: { connections: 512 } },
  {
    routes: 1,
    bodyBytes: 10_240,
    name: "10 KiB answers",
    asks: "moving bytes",
    kind: "load",
    load: { connections: 64 },
  },
  {
    routes: 10_000,
    bodyBytes: 1_024,
    name: "10,000 routes",
    asks: "the route table",
    kind: "load",
    load: { connections: 64, paths: 10_000 },
  },
  {
    ...small,
    name: "latency at 5,000/s",
    asks: "the tail, at a rate that nobody fails",
    kind: "load",
    load: { connections: 64, rate: 5_000 },
  },
  {
    ...small,
    name: "idle connections",
    asks: "memory of a connection",
    kind: "idle",
    load: { connections: Math.min(10_000, Math.floor((fileLimit() - 2_000) / 2)) },
  },
  { ...small, name: "start", asks: "from start to the first answer", kind: "start", load: {} },
];
