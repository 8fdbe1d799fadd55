// GET /stats?format=json: one line, written by hand because numbers are not written as JSON.stringify would.
import type { BucketsOf } from "./buckets.ts";
import { bins, empty, type Histogram, quantiles, quantileValues } from "./histogram.ts";
import { json } from "./numbers.ts";
import type { Selection, Stat, StatsStore } from "./store.ts";
import { bucketCounts, type HistogramMode, scalar, sections } from "./text.ts";

export function* jsonText(
  store: StatsStore,
  selection: Selection,
  mode: HistogramMode,
  buckets: BucketsOf,
): Generator<string> {
  const histograms: Stat[] = [];
  let separator = "";
  yield '{"stats":[';
  for (const part of sections(store, selection)) {
    if (part[0]!.type === "histogram") {
      histograms.push(...part);
      continue;
    }
    yield separator + part.map(entry).join(",");
    separator = ",";
  }
  if (histograms.length > 0) yield `${separator}{"histograms":${histogramsText(histograms, mode, buckets)}}`;
  yield "]}";
}

function entry({ name, type, value }: Stat): string {
  const text = type === "text" ? JSON.stringify(value) : scalar(value);
  return `{"name":${JSON.stringify(name)},"value":${text}}`;
}

function histogramsText(stats: readonly Stat[], mode: HistogramMode, buckets: BucketsOf): string {
  const percentiles = `[${quantiles.map((quantile) => json(quantile * 100)).join(",")}]`;
  switch (mode) {
    case "summary":
      return `{"supported_quantiles":${percentiles},"computed_quantiles":[${stats
        .map((stat) => `{"name":${JSON.stringify(stat.name)},"values":${quantilePairs(stat)}}`)
        .join(",")}]}`;
    case "detailed":
      return `{"supported_percentiles":${percentiles},"details":[${stats
        .map(
          (stat) =>
            `{"name":${JSON.stringify(stat.name)},"totals":${binList(stat.histogram)},` +
            `"intervals":${binList(stat.interval)},"percentiles":${quantilePairs(stat)}}`,
        )
        .join(",")}]}`;
    case "cumulative":
    case "disjoint":
      return `[${stats.map((stat) => bucketEntry(stat, buckets(stat.name), mode === "disjoint")).join(",")}]`;
    default:
      return mode satisfies never;
  }
}

function quantilePairs({ histogram, interval }: Pick<Stat, "histogram" | "interval">): string {
  const now = quantileValues(interval ?? empty);
  return `[${quantileValues(histogram ?? empty)
    .map((value, i) => `{"cumulative":${json(value)},"interval":${json(now[i]!)}}`)
    .join(",")}]`;
}

function binList(histogram: Histogram | null): string {
  return `[${bins(histogram ?? empty)
    .map(
      ({ lower, width, count }) =>
        `{"lower_bound":${json(lower)},"width":${json(width)},"count":${json(count)}}`,
    )
    .join(",")}]`;
}

function bucketEntry(stat: Stat, bounds: readonly number[], disjoint: boolean): string {
  const now = bucketCounts(stat.interval ?? empty, bounds, disjoint);
  const all = bucketCounts(stat.histogram ?? empty, bounds, disjoint);
  const list = bounds.map(
    (bound, i) => `{"upper_bound":${json(bound)},"interval":${json(now[i]!)},"cumulative":${json(all[i]!)}}`,
  );
  return `{"name":${JSON.stringify(stat.name)},"buckets":[${list.join(",")}]}`;
}
