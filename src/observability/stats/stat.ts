// One statistic as it is shown, and the order in which those of a scope come.
import type { Histogram } from "./histogram.ts";
import type { MainKind } from "./templates.ts";

export type StatType = "counter" | "gauge" | "text" | "histogram";
export type StatValue = number | bigint | string;

/** A name is put together only where it is needed: there may be a million. */
export class Stat {
  readonly prefix: string;
  readonly local: string;
  readonly type: StatType;
  /** 0 for histograms. */
  readonly value: StatValue;
  readonly used: boolean;
  /** Since the start, and of the last flush interval; of histograms only. */
  readonly histogram: Histogram | null;
  readonly interval: Histogram | null;

  constructor(
    prefix: string,
    local: string,
    type: StatType,
    value: StatValue,
    used: boolean,
    histogram: Histogram | null = null,
    interval: Histogram | null = null,
  ) {
    this.prefix = prefix;
    this.local = local;
    this.type = type;
    this.value = value;
    this.used = used;
    this.histogram = histogram;
    this.interval = interval;
  }

  get name(): string {
    return this.prefix + this.local;
  }
}

export interface Template {
  readonly names: readonly string[];
  readonly kinds: readonly MainKind[];
  /** Told apart by this, so that orders can be remembered. */
  readonly id: number;
}

let templates = 0;
const known = new WeakMap<object, Template>();

export function templateOf(description: Readonly<Record<string, MainKind>>): Template {
  let template = known.get(description);
  if (template === undefined) {
    templates += 1;
    template = { names: Object.keys(description), kinds: Object.values(description), id: templates };
    known.set(description, template);
  }
  return template;
}

/** Something with a template's stats: a scope of native memory or of main's. */
export interface Source {
  readonly prefix: string;
  readonly template: Template;
  /** The stat in a slot; null: not shown. Of `codes` slots use statuses(). */
  stat(slot: number): Stat | null;
  /** The statuses of a `codes` slot that were seen, rising. */
  statuses(slot: number): readonly number[];
  code(slot: number, status: number): Stat;
}

/** Where to find one stat, or the statuses of one class (`class` 1 to 5). */
export interface Place {
  readonly local: string;
  readonly source: number;
  readonly slot: number;
  readonly type: StatType;
  readonly class: number;
}

const orders = new Map<string, readonly Place[]>();

/** The places of sources with these templates and one prefix, sorted by name. */
export function placesOf(group: readonly Template[]): readonly Place[] {
  const key = group.map(({ id }) => id).join();
  let places = orders.get(key);
  if (places === undefined) {
    places = group
      .flatMap((template, source) =>
        template.kinds.flatMap((kind, slot) => expand(template, source, slot, kind)),
      )
      .sort((a, b) => (a.local < b.local ? -1 : a.local > b.local ? 1 : 0));
    orders.set(key, places);
  }
  return places;
}

function expand(template: Template, source: number, slot: number, kind: MainKind): Place[] {
  const local = template.names[slot]!;
  if (kind === "mark") return [];
  if (kind === "codes") {
    return [1, 2, 3, 4, 5].map((n) => ({ local: `${local}${n}`, source, slot, type: "counter", class: n }));
  }
  return [{ local, source, slot, type: typeOf(kind), class: 0 }];
}

export function typeOf(kind: MainKind): StatType {
  switch (kind) {
    case "counter":
    case "late_counter":
    case "codes":
    case "mark":
      return "counter";
    case "gauge":
      return "gauge";
    case "text":
      return "text";
    case "histogram":
    case "late_histogram":
    case "percents":
      return "histogram";
    default:
      return kind satisfies never;
  }
}
