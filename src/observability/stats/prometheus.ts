// The Prometheus text exposition of all stats: counters, gauges, text readouts, histograms; a family's samples
// together, families by their names with dots, samples by the stats' names.
import type { BucketsOf } from "./buckets.ts";
import { count, countsBelow, empty, quantiles, quantileValues, sum } from "./histogram.ts";
import { general } from "./numbers.ts";
import type { Selection, Stat, StatsStore } from "./store.ts";
import type { Tag, TagExtractor } from "./tags.ts";
import { scalar } from "./text.ts";

export interface PrometheusOptions {
  readonly extractor: TagExtractor;
  readonly buckets: BucketsOf;
  readonly mode?: "cumulative" | "summary";
  readonly textReadouts?: boolean;
}

const sanitized = (name: string) => name.replace(/[^a-zA-Z0-9_]/g, "_");
const escaped = (value: string) =>
  value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
const label = ({ name, value }: Tag) => `${sanitized(name)}="${escaped(value)}"`;

/** Digits as printf's %.32g. */
const exact = (value: number) => general(value, 32);

export function* prometheusText(
  store: StatsStore,
  selection: Selection,
  options: PrometheusOptions,
): Generator<string> {
  const { extractor, textReadouts = false } = options;
  const families = {
    counter: new Map<string, string[]>(),
    gauge: new Map<string, string[]>(),
    text: new Map<string, string[]>(),
    histogram: new Map<string, string[]>(),
  };
  for (const group of store.groups(selection)) {
    for (const stat of group) {
      if (stat.type === "text" && !textReadouts) continue;
      const { name, tags } = extractor.extract(stat.name);
      const lines = families[stat.type].get(name);
      const sample = samples(stat, `envoy_${sanitized(name)}`, tags.map(label).join(","), options);
      if (lines === undefined) families[stat.type].set(name, [sample]);
      else lines.push(sample);
    }
  }
  for (const [type, byName] of Object.entries(families)) {
    const kind = type === "text" ? "gauge" : type === "histogram" ? histogramType(options) : type;
    for (const name of [...byName.keys()].sort()) {
      yield `# TYPE envoy_${sanitized(name)} ${kind}\n${byName.get(name)!.join("")}`;
    }
  }
}

const histogramType = ({ mode }: PrometheusOptions) => (mode === "summary" ? "summary" : "histogram");

function samples(stat: Stat, name: string, labels: string, options: PrometheusOptions): string {
  if (stat.type === "text") {
    return `${name}{${joined(labels, `text_value="${escaped(String(stat.value))}"`)}} 0\n`;
  }
  if (stat.histogram === null) return `${name}{${labels}} ${scalar(stat.value)}\n`;
  return options.mode === "summary"
    ? summarySamples(stat, name, labels)
    : bucketSamples(stat, name, labels, options.buckets(stat.name));
}

const joined = (labels: string, more: string) => (labels === "" ? more : `${labels},${more}`);

function bucketSamples(stat: Stat, name: string, labels: string, bounds: readonly number[]): string {
  const histogram = stat.histogram ?? empty;
  const total = count(histogram);
  const bucket = (bound: string, below: number) =>
    `${name}_bucket{${joined(labels, `le="${bound}"`)}} ${below}\n`;
  const lines = countsBelow(histogram, bounds).map((below, i) => bucket(exact(bounds[i]!), below));
  lines.push(bucket("+Inf", total));
  return `${lines.join("")}${name}_sum{${labels}} ${exact(sum(histogram))}\n${name}_count{${labels}} ${total}\n`;
}

/** A summary is of the last flush interval. */
function summarySamples(stat: Stat, name: string, labels: string): string {
  const interval = stat.interval ?? empty;
  const lines = quantileValues(interval).map(
    (value, i) => `${name}{${joined(labels, `quantile="${general(quantiles[i]!)}"`)}} ${exact(value)}\n`,
  );
  const total = count(interval);
  return `${lines.join("")}${name}_sum{${labels}} ${exact(sum(interval))}\n${name}_count{${labels}} ${total}\n`;
}
