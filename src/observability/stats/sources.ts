// The two kinds of scopes as sources of stats, at one moment.
import { empty, type Histogram, since } from "./histogram.ts";
import { type MainScope, histogramOf as mainHistogram } from "./main_scope.ts";
import { histogramOf, keyOf, type NativeReading, type Row } from "./native_stats.ts";
import { type Source, Stat, templateOf, typeOf } from "./stat.ts";

/** What histograms held at the last two ends of an interval. */
export interface Flushed {
  readonly native: Pick<NativeReading, "pairs">;
  readonly main: ReadonlyMap<string, Histogram>;
}

/** Native counters as they were when all were reset: they run on. Codes have their status in the key. */
export interface Baseline {
  readonly values: ReadonlyMap<number, number>;
  readonly codes: ReadonlyMap<string, number>;
}

export class NativeSource implements Source {
  readonly prefix: string;
  readonly template;
  readonly #row: Row;
  readonly #reading: NativeReading;
  readonly #baseline: Baseline;
  readonly #flushed: readonly [now: Flushed, before: Flushed];
  readonly #hidden: boolean;

  constructor(row: Row, reading: NativeReading, baseline: Baseline, flushed: readonly [Flushed, Flushed]) {
    this.prefix = row.prefix;
    this.template = row.template;
    this.#row = row;
    this.#reading = reading;
    this.#baseline = baseline;
    this.#flushed = flushed;
    const mark = row.template.kinds.indexOf("mark");
    this.#hidden = mark >= 0 && reading.values[row.offset + mark] === 0;
  }

  stat(slot: number): Stat | null {
    if (this.#hidden) return null;
    const kind = this.template.kinds[slot]!;
    const type = typeOf(kind);
    if (type === "histogram") return this.#histogram(slot, kind === "late_histogram");
    const at = this.#row.offset + slot;
    const used = this.#reading.used[at] === 1;
    if (kind === "late_counter" && !used) return null;
    let value = this.#reading.values[at]!;
    if (type === "counter") value -= this.#baseline.values.get(keyOf(this.#row.id, slot)) ?? 0;
    return new Stat(this.prefix, this.template.names[slot]!, type, value, used);
  }

  #histogram(slot: number, late: boolean): Stat | null {
    const histogram = histogramOf(this.#reading, this.#row, slot);
    if (histogram === undefined && late) return null;
    const [now, before] = this.#flushed.map((flushed) => histogramOf(flushed.native, this.#row, slot));
    const interval = now === undefined ? empty : since(now, before);
    const local = this.template.names[slot]!;
    return new Stat(
      this.prefix,
      local,
      "histogram",
      0,
      histogram !== undefined,
      histogram ?? empty,
      interval,
    );
  }

  statuses(slot: number): readonly number[] {
    const pairs = this.#pairs(slot);
    const statuses: number[] = [];
    for (let i = 0; pairs !== undefined && i < pairs.length; i += 2) statuses.push(pairs[i]!);
    return this.#hidden ? [] : statuses;
  }

  code(slot: number, status: number): Stat {
    const pairs = this.#pairs(slot)!;
    let at = 0;
    while (pairs[at] !== status) at += 2;
    const before = this.#baseline.codes.get(codeKey(keyOf(this.#row.id, slot), status)) ?? 0;
    return new Stat(
      this.prefix,
      this.template.names[slot]! + status,
      "counter",
      pairs[at + 1]! - before,
      true,
    );
  }

  #pairs(slot: number): Float64Array | undefined {
    return this.#reading.pairs.get(keyOf(this.#row.id, slot));
  }
}

const codeKey = (key: number, status: number) => `${key}/${status}`;

export const noBaseline: Baseline = { values: new Map(), codes: new Map() };

export function baselineOf(rows: readonly (Row | undefined)[], reading: NativeReading): Baseline {
  const values = new Map<number, number>();
  const codes = new Map<string, number>();
  for (const row of rows) {
    row?.template.kinds.forEach((kind, slot) => {
      const key = keyOf(row.id, slot);
      const value = reading.values[row.offset + slot]!;
      if ((kind === "counter" || kind === "late_counter") && value !== 0) values.set(key, value);
      const pairs = kind === "codes" ? reading.pairs.get(key) : undefined;
      for (let i = 0; pairs !== undefined && i < pairs.length; i += 2) {
        codes.set(codeKey(key, pairs[i]!), pairs[i + 1]!);
      }
    });
  }
  return { values, codes };
}

export class MainSource implements Source {
  readonly prefix: string;
  readonly template;
  readonly #scope: MainScope;
  readonly #flushed: readonly [now: Flushed, before: Flushed];

  constructor(scope: MainScope, flushed: readonly [Flushed, Flushed]) {
    this.prefix = scope.prefix;
    this.template = templateOf(scope.template);
    this.#scope = scope;
    this.#flushed = flushed;
  }

  stat(slot: number): Stat | null {
    const kind = this.template.kinds[slot]!;
    const local = this.template.names[slot]!;
    const stat = this.#scope.stat(local);
    if ((kind === "late_counter" || kind === "late_histogram") && !stat.used) return null;
    const type = typeOf(kind);
    if (type !== "histogram") return new Stat(this.prefix, local, type, stat.value, stat.used);
    const [now, before] = this.#flushed.map(({ main }) => main.get(this.prefix + local));
    const interval = now === undefined ? empty : since(now, before);
    return new Stat(this.prefix, local, type, 0, stat.used, mainHistogram(stat), interval);
  }

  statuses(): readonly number[] {
    return [];
  }

  code(): never {
    throw new Error("main counts no statuses one by one");
  }
}
