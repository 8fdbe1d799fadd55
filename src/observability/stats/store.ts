// All statistics together: what the workers counted and what main keeps, by Envoy's names.
import type { ReadNativeStats } from "../../native/native_stats.ts";
import type { Histogram } from "./histogram.ts";
import { MainScope, histogramOf as mainHistogram } from "./main_scope.ts";
import { NativeReader, type NativeReading, type Row } from "./native_stats.ts";
import { type Selection, Snapshot } from "./snapshot.ts";
import { baselineOf, type Flushed, MainSource, NativeSource, noBaseline } from "./sources.ts";
import type { Source, Stat, StatValue } from "./stat.ts";
import type { MainTemplate } from "./templates.ts";

export type { Selection } from "./snapshot.ts";
export type { Stat, StatType } from "./stat.ts";

export interface StoreOptions {
  /** Absent in tests, and where no worker runs (--mode validate). */
  readonly native?: ReadNativeStats;
  /** Says of a name that it must not exist (stats_config.stats_matcher). */
  readonly rejects?: ((name: string) => boolean) | null;
}

const nothing: Flushed = { native: { pairs: new Map() }, main: new Map() };
const byPrefix = (a: { readonly prefix: string }, b: { readonly prefix: string }) =>
  a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0;

export class StatsStore {
  readonly #native: NativeReader | null;
  readonly #rejects: ((name: string) => boolean) | null;
  readonly #scopes = new Map<string, MainScope[]>();
  readonly #beforeRead: (() => void)[] = [];
  #baseline = noBaseline;
  #flushed: readonly [now: Flushed, before: Flushed] = [nothing, nothing];
  #sorted: { readonly of: readonly (Row | undefined)[]; readonly rows: readonly Row[] } = {
    of: [],
    rows: [],
  };

  constructor({ native, rejects = null }: StoreOptions = {}) {
    this.#native = native === undefined ? null : new NativeReader(native);
    this.#rejects = rejects;
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

  snapshot(): Snapshot {
    for (const refresh of this.#beforeRead) refresh();
    const reading = this.#native?.read() ?? null;
    const sources: Source[] = reading === null ? [] : this.#nativeSources(reading);
    const main = [...this.#scopes.values()].flat().sort(byPrefix);
    for (const scope of main) sources.push(new MainSource(scope, this.#flushed));
    // Two sorted runs, which is what the sort is quick with.
    return new Snapshot(sources.sort(byPrefix), this.#rejects);
  }

  #nativeSources(reading: NativeReading): Source[] {
    const all = this.#native!.rows;
    if (this.#sorted.of !== all) {
      this.#sorted = { of: all, rows: all.filter((row) => row !== undefined).sort(byPrefix) };
    }
    return this.#sorted.rows.map((row) => new NativeSource(row, reading, this.#baseline, this.#flushed));
  }

  all(selection: Selection = {}): Stat[] {
    return [...this.snapshot().groups(selection)].flat();
  }

  /** The value of one counter or gauge, undefined when there is none of that name. */
  value(name: string): StatValue | undefined {
    return this.all({ name: (other) => other === name })[0]?.value;
  }

  /** Ends a flush interval (stats_flush_interval): what histograms saw in it is shown until the next end. */
  flush(): void {
    const native = this.#native?.read(true) ?? { pairs: new Map() };
    const main = new Map<string, Histogram>();
    for (const scope of [...this.#scopes.values()].flat()) {
      for (const [name, stat] of scope.entries()) {
        if (stat.bins !== null) main.set(scope.prefix + name, mainHistogram(stat));
      }
    }
    this.#flushed = [{ native, main }, this.#flushed[0]];
  }

  /** All counters to 0. Native ones run on; what they showed at this moment is taken off from now on. */
  resetCounters(): void {
    for (const scope of [...this.#scopes.values()].flat()) scope.resetCounters();
    if (this.#native === null) return;
    const reading = this.#native.read();
    this.#baseline = baselineOf(this.#native.rows, reading);
  }
}
