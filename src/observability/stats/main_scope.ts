// One set of main's own statistics, e.g. "cluster_manager.". What workers count stands in native memory.
import { binOf, type Histogram } from "./histogram.ts";
import type { MainTemplate } from "./templates.ts";

export type MainValue = number | bigint | string;

export interface MainStat {
  value: MainValue;
  /** Was it ever written? `usedonly` shows a gauge that was set to 0. */
  used: boolean;
  bins: Map<number, number> | null;
}

export class MainScope<T extends MainTemplate = MainTemplate> {
  readonly prefix: string;
  readonly template: T;
  readonly #stats = new Map<string, MainStat>();

  constructor(template: T, prefix: string) {
    this.template = template;
    this.prefix = prefix;
    for (const [name, kind] of Object.entries(template)) {
      this.#stats.set(name, { value: kind === "text" ? "" : 0, used: false, bins: null });
    }
  }

  add(name: keyof T & string, n = 1): void {
    const stat = this.#stats.get(name)!;
    stat.value = (stat.value as number) + n;
    stat.used = true;
  }

  set(name: keyof T & string, value: MainValue): void {
    const stat = this.#stats.get(name)!;
    stat.value = value;
    stat.used = true;
  }

  /** One value of a histogram. */
  record(name: keyof T & string, value: number): void {
    const stat = this.#stats.get(name)!;
    stat.bins ??= new Map();
    const bin = binOf(value);
    stat.bins.set(bin, (stat.bins.get(bin) ?? 0) + 1);
    stat.used = true;
  }

  value(name: keyof T & string): MainValue {
    return this.#stats.get(name)!.value;
  }

  stat(name: string): MainStat {
    return this.#stats.get(name)!;
  }

  entries(): Iterable<[string, MainStat]> {
    return this.#stats;
  }

  resetCounters(): void {
    for (const [name, stat] of this.#stats) {
      const kind = this.template[name];
      if (kind === "counter" || kind === "late_counter") stat.value = 0;
    }
  }
}

export function histogramOf(stat: MainStat): Histogram {
  const pairs: number[] = [];
  for (const [bin, count] of [...(stat.bins ?? [])].sort((a, b) => a[0] - b[0])) pairs.push(bin, count);
  return { pairs, scale: 1 };
}
