// All statistics together: what the workers counted and what main keeps, by Envoy's names.
import { empty, type Histogram, since } from "./histogram.ts";
import { MainScope, histogramOf as mainHistogram } from "./main_scope.ts";
import {
  histogramOf,
  keyOf,
  NativeReader,
  type NativeReading,
  type ReadNativeStats,
  type Row,
} from "./native_stats.ts";
import type { MainTemplate } from "./templates.ts";

export type StatType = "counter" | "gauge" | "text" | "histogram";

export interface Stat {
  readonly name: string;
  readonly type: StatType;
  /** 0 for histograms. */
  readonly value: number | bigint | string;
  readonly used: boolean;
  /** Since the start, and of the last flush interval; of histograms only. */
  readonly histogram: Histogram | null;
  readonly interval: Histogram | null;
}

export interface Selection {
  /** Is a stat of this name wanted? */
  readonly name?: (name: string) => boolean;
  readonly usedOnly?: boolean;
  readonly types?: ReadonlySet<StatType>;
}

export interface StoreOptions {
  /** Absent in tests, and where no worker runs (--mode validate). */
  readonly native?: ReadNativeStats;
  /** Says of a name that it must not exist (stats_config.stats_matcher). */
  readonly rejects?: (name: string) => boolean;
}

type Pairs = ReadonlyMap<number, Float64Array>;
type MainBins = ReadonlyMap<string, Histogram>;

interface Flushed {
  readonly native: Pairs;
  readonly main: MainBins;
}

const nothing: Flushed = { native: new Map(), main: new Map() };

export class StatsStore {
  readonly #native: NativeReader | null;
  readonly #rejects: ((name: string) => boolean) | null;
  readonly #scopes = new Map<string, MainScope[]>();
  readonly #beforeRead: (() => void)[] = [];
  /** Native counters when they were last reset, by keyOf(); codes by keyOf() and status. */
  #resetValues = new Map<number, number>();
  #resetCodes = new Map<string, number>();
  #flushed: Flushed = nothing;
  #flushedBefore: Flushed = nothing;

  constructor({ native, rejects }: StoreOptions = {}) {
    this.#native = native === undefined ? null : new NativeReader(native);
    this.#rejects = rejects ?? null;
  }

  /** A set of main's own statistics. Templates that are different may have the same prefix. */
  scope<T extends MainTemplate>(template: T, prefix: string): MainScope<T> {
    const scopes = this.#scopes.get(prefix) ?? [];
    const known = scopes.find((scope) => scope.template === template);
    if (known !== undefined) return known as MainScope<T>;
    const scope = new MainScope(template, prefix);
    this.#scopes.set(prefix, [...scopes, scope as unknown as MainScope]);
    return scope;
  }

  removeScope(scope: MainScope): void {
    const rest = (this.#scopes.get(scope.prefix) ?? []).filter((other) => other !== scope);
    if (rest.length === 0) this.#scopes.delete(scope.prefix);
    else this.#scopes.set(scope.prefix, rest);
  }

  /** Called before each reading: for gauges that are worked out, such as the uptime. */
  onRead(refresh: () => void): void {
    this.#beforeRead.push(refresh);
  }

  /** Sorted by name, a handful at a time: the whole of it may be large. */
  *groups(selection: Selection = {}): Generator<Stat[]> {
    for (const refresh of this.#beforeRead) refresh();
    const reading = this.#native?.read() ?? null;
    const sources: Source[] = [];
    for (const row of this.#native?.rows ?? []) {
      if (row !== undefined) {
        sources.push({ prefix: row.prefix, emit: (into) => this.#nativeStats(row, reading!, into) });
      }
    }
    for (const [prefix, scopes] of this.#scopes) {
      for (const scope of scopes) {
        sources.push({ prefix, emit: (into) => this.#mainStats(scope, into) });
      }
    }
    yield* inOrder(sources, (stat) => this.#wanted(stat, selection));
  }

  all(selection: Selection = {}): Stat[] {
    return [...this.groups(selection)].flat();
  }

  /** The value of one counter or gauge, undefined when there is none of that name. */
  value(name: string): number | bigint | string | undefined {
    return this.all({ name: (other) => other === name })[0]?.value;
  }

  /** Ends a flush interval (stats_flush_interval): what histograms saw in it is shown until the next end. */
  flush(): void {
    const native = this.#native?.read(true).pairs ?? new Map();
    const main = new Map<string, Histogram>();
    for (const [prefix, scopes] of this.#scopes) {
      for (const scope of scopes) {
        for (const [name, stat] of scope.entries()) {
          if (stat.bins !== null) main.set(prefix + name, mainHistogram(stat));
        }
      }
    }
    this.#flushedBefore = this.#flushed;
    this.#flushed = { native, main };
  }

  /** All counters to 0. Native ones run on; what they showed at this moment is taken off from now on. */
  resetCounters(): void {
    for (const scopes of this.#scopes.values()) for (const scope of scopes) scope.resetCounters();
    if (this.#native === null) return;
    const reading = this.#native.read();
    const values = new Map<number, number>();
    const codes = new Map<string, number>();
    for (const row of this.#native.rows) {
      row?.kinds.forEach((kind, slot) => {
        const value = reading.values[row.offset + slot]!;
        const key = keyOf(row.id, slot);
        if ((kind === "counter" || kind === "late_counter") && value !== 0) values.set(key, value);
        else if (kind === "codes") {
          eachPair(reading.pairs.get(key), (status, count) => codes.set(`${key}/${status}`, count));
        }
      });
    }
    this.#resetValues = values;
    this.#resetCodes = codes;
  }

  #wanted(stat: Stat, { name, usedOnly, types }: Selection): boolean {
    if (usedOnly === true && !stat.used) return false;
    if (types !== undefined && !types.has(stat.type)) return false;
    if (name !== undefined && !name(stat.name)) return false;
    return this.#rejects === null || !this.#rejects(stat.name);
  }

  #nativeStats(row: Row, reading: NativeReading, into: Stat[]): void {
    const mark = row.kinds.indexOf("mark");
    if (mark >= 0 && reading.values[row.offset + mark] === 0) return;
    for (let slot = 0; slot < row.names.length; slot += 1) {
      const name = row.prefix + row.names[slot]!;
      const value = reading.values[row.offset + slot]!;
      const used = reading.used[row.offset + slot] === 1;
      const kind = row.kinds[slot]!;
      switch (kind) {
        case "counter":
        case "late_counter":
          if (used || kind === "counter") {
            into.push(counter(name, value - (this.#resetValues.get(keyOf(row.id, slot)) ?? 0), used));
          }
          break;
        case "gauge":
          into.push({ name, type: "gauge", value, used, histogram: null, interval: null });
          break;
        case "codes": {
          const key = keyOf(row.id, slot);
          eachPair(reading.pairs.get(key), (status, count) => {
            into.push(counter(name + status, count - (this.#resetCodes.get(`${key}/${status}`) ?? 0), true));
          });
          break;
        }
        case "histogram":
        case "late_histogram":
        case "percents": {
          const histogram = histogramOf(reading, row, slot);
          if (histogram === undefined && kind === "late_histogram") break;
          const interval = this.#nativeInterval(row, slot);
          const found = histogram !== undefined;
          into.push({
            name,
            type: "histogram",
            value: 0,
            used: found,
            histogram: histogram ?? empty,
            interval,
          });
          break;
        }
        case "mark":
          break;
        default:
          kind satisfies never;
      }
    }
  }

  #nativeInterval(row: Row, slot: number): Histogram {
    const now = histogramOf({ pairs: this.#flushed.native }, row, slot);
    const before = histogramOf({ pairs: this.#flushedBefore.native }, row, slot);
    return now === undefined ? empty : since(now, before);
  }

  #mainStats(scope: MainScope, into: Stat[]): void {
    for (const [short, stat] of scope.entries()) {
      const kind = scope.template[short]!;
      const name = scope.prefix + short;
      if (kind === "histogram" || kind === "late_histogram" || kind === "percents") {
        if (kind !== "histogram" && !stat.used) continue;
        const flushed = this.#flushed.main.get(name);
        const interval = flushed === undefined ? empty : since(flushed, this.#flushedBefore.main.get(name));
        const histogram = mainHistogram(stat);
        into.push({ name, type: "histogram", value: 0, used: stat.used, histogram, interval });
        continue;
      }
      if (kind === "codes" || kind === "mark" || (kind === "late_counter" && !stat.used)) continue;
      const type = kind === "late_counter" ? "counter" : kind;
      into.push({ name, type, value: stat.value, used: stat.used, histogram: null, interval: null });
    }
  }
}

const counter = (name: string, value: number, used: boolean): Stat => ({
  name,
  type: "counter",
  value,
  used,
  histogram: null,
  interval: null,
});

function eachPair(pairs: Float64Array | undefined, use: (item: number, count: number) => void): void {
  for (let i = 0; pairs !== undefined && i < pairs.length; i += 2) use(pairs[i]!, pairs[i + 1]!);
}

interface Source {
  readonly prefix: string;
  emit(into: Stat[]): void;
}

export const byName = (a: { readonly name: string }, b: { readonly name: string }) =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** Only scopes whose prefixes begin alike can interleave, so each such family is sorted on its own. */
function* inOrder(sources: Source[], wanted: (stat: Stat) => boolean): Generator<Stat[]> {
  sources.sort((a, b) => (a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0));
  for (let at = 0; at < sources.length; ) {
    const root = sources[at]!.prefix;
    const group: Stat[] = [];
    for (; at < sources.length && sources[at]!.prefix.startsWith(root); at += 1) sources[at]!.emit(group);
    const chosen = group.filter(wanted).sort(byName);
    if (chosen.length > 0) yield merged(chosen);
  }
}

/** Two scopes may hold a stat of one name (an EDS cluster's update_attempt): one is shown, with both counts. */
function merged(stats: Stat[]): Stat[] {
  for (let i = 1; i < stats.length; i += 1) {
    if (stats[i]!.name === stats[i - 1]!.name) return [...mergeSame(stats)];
  }
  return stats;
}

function* mergeSame(stats: Stat[]): Generator<Stat> {
  let last: Stat | undefined;
  for (const stat of stats) {
    if (last === undefined || last.name !== stat.name) {
      if (last !== undefined) yield last;
      last = stat;
    } else if (typeof last.value === "number" && typeof stat.value === "number") {
      last = { ...last, value: last.value + stat.value, used: last.used || stat.used };
    }
  }
  if (last !== undefined) yield last;
}
