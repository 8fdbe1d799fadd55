// GET /stats in text: text readouts first, then counters and gauges, histograms last, each sorted by name.
import type { BucketsOf } from "./buckets.ts";
import { bins, countsBelow, type Histogram, quantiles, quantileValues } from "./histogram.ts";
import { general, integer, plain } from "./numbers.ts";
import type { Selection, Stat, StatsStore, StatType } from "./store.ts";

export type HistogramMode = "summary" | "cumulative" | "disjoint" | "detailed";

export function* textLines(
  store: StatsStore,
  selection: Selection,
  mode: HistogramMode,
  buckets: BucketsOf,
): Generator<string> {
  for (const part of sections(store, selection)) {
    yield part.map((stat) => `${stat.name}:${textValue(stat, mode, buckets)}\n`).join("");
  }
}

/** The stats in the order of /stats, a handful at a time. */
export function* sections(store: StatsStore, selection: Selection): Generator<Stat[]> {
  const snapshot = store.snapshot();
  for (const part of [["text"], ["counter", "gauge"], ["histogram"]] as const) {
    const types = new Set<StatType>(part.filter((type) => selection.types?.has(type) ?? true));
    if (types.size > 0) yield* snapshot.groups({ ...selection, types });
  }
}

export const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, (char) => `&${entities[char as keyof typeof entities]};`);
const entities = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" } as const;

export function scalar(value: number | bigint | string): string {
  return typeof value === "number" ? integer(value) : String(value);
}

/** With the space that stands before it. */
function textValue(stat: Stat, mode: HistogramMode, buckets: BucketsOf): string {
  if (stat.type === "text") return ` "${escapeHtml(String(stat.value))}"`;
  if (stat.histogram === null) return ` ${scalar(stat.value)}`;
  const interval = stat.interval ?? { pairs: [], scale: stat.histogram.scale };
  if (mode === "cumulative" || mode === "disjoint") {
    return ` ${bucketText(stat.histogram, interval, buckets(stat.name), mode === "disjoint")}`;
  }
  const summary = summaryText(stat.histogram, interval);
  if (mode === "summary") return ` ${summary}`;
  const detail = `\n  totals=${binText(stat.histogram)}\n  intervals=${binText(interval)}`;
  return `${detail}\n  summary=${summary}`;
}

function summaryText(cumulative: Histogram, interval: Histogram): string {
  if (cumulative.pairs.length === 0) return "No recorded values";
  const now = quantileValues(interval);
  return quantileValues(cumulative)
    .map((value, i) => `P${general(quantiles[i]! * 100)}(${plain(now[i]!)},${plain(value)})`)
    .join(" ");
}

export function bucketCounts(histogram: Histogram, bounds: readonly number[], disjoint: boolean): number[] {
  const counts = countsBelow(histogram, bounds);
  return disjoint ? counts.map((count, i) => count - (i === 0 ? 0 : counts[i - 1]!)) : counts;
}

function bucketText(
  cumulative: Histogram,
  interval: Histogram,
  bounds: readonly number[],
  disjoint: boolean,
): string {
  const now = bucketCounts(interval, bounds, disjoint);
  const all = bucketCounts(cumulative, bounds, disjoint);
  return bounds.map((bound, i) => `B${general(bound)}(${now[i]},${all[i]})`).join(" ");
}

function binText(histogram: Histogram): string {
  return bins(histogram)
    .map(({ lower, width, count }) => `${general(lower)},${general(width)}:${count}`)
    .join(", ");
}

export const statTypes: Readonly<Record<string, ReadonlySet<StatType>>> = {
  All: new Set(["counter", "gauge", "text", "histogram"]),
  Counters: new Set(["counter"]),
  Gauges: new Set(["gauge"]),
  Histograms: new Set(["histogram"]),
  TextReadouts: new Set(["text"]),
};
