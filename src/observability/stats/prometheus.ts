// The Prometheus text exposition of all stats: counters, gauges, text readouts, histograms; a family's samples
// together, families by their names with dots, samples by the stats' names.
import type { BucketsOf } from "./buckets.ts";
import { count, countsBelow, empty, quantiles, quantileValues, sum } from "./histogram.ts";
import { general } from "./numbers.ts";
import type { Snapshot, StatReference } from "./snapshot.ts";
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

/** The same few bounds stand in every histogram. */
const boundTexts = new Map<number, string>();
function boundText(bound: number): string {
  let text = boundTexts.get(bound);
  if (text === undefined) boundTexts.set(bound, (text = exact(bound)));
  return text;
}

/** Where the samples of a family are. Those that stand in two scopes are kept as they are. */
interface Family {
  readonly references: StatReference[];
  readonly merged: Stat[];
}

/** Two passes: the samples of a family stand together, and all of them at once would be too much to hold. */
export function* prometheusText(
  store: StatsStore,
  selection: Selection,
  options: PrometheusOptions,
): Generator<string> {
  const { extractor, textReadouts = false } = options;
  const snapshot = store.snapshot();
  for (const type of ["counter", "gauge", "text", "histogram"] as const) {
    if ((type === "text" && !textReadouts) || selection.types?.has(type) === false) continue;
    const families = new Map<string, Family>();
    snapshot.each({ ...selection, types: new Set([type]) }, (stat, reference) => {
      const { name } = extractor.extractParts(stat.prefix, stat.local);
      let family = families.get(name);
      if (family === undefined) families.set(name, (family = { references: [], merged: [] }));
      if (reference < 0) family.merged.push(stat);
      family.references.push(reference);
    });
    const kind = type === "text" ? "gauge" : type === "histogram" ? histogramType(options) : type;
    for (const name of [...families.keys()].sort()) {
      yield `# TYPE envoy_${sanitized(name)} ${kind}\n`;
      yield* familySamples(snapshot, families.get(name)!, `envoy_${sanitized(name)}`, options);
    }
  }
}

function* familySamples(
  snapshot: Snapshot,
  family: Family,
  name: string,
  options: PrometheusOptions,
): Generator<string> {
  let merged = 0;
  for (const reference of family.references) {
    const stat = reference < 0 ? family.merged[merged++]! : snapshot.at(reference);
    const { tags } = options.extractor.extractParts(stat.prefix, stat.local);
    yield samples(stat, name, tags.map(label).join(","), options);
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
  const lines = countsBelow(histogram, bounds).map((below, i) => bucket(boundText(bounds[i]!), below));
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
