// The bounds that histograms are shown by, and who may change them (stats_config.histogram_bucket_settings).
import { re2 } from "./regex.ts";

export const defaultBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

/** envoy.type.matcher.v3.StringMatcher */
export interface StringMatcher {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly safe_regex?: { readonly regex: string };
  readonly ignore_case?: boolean;
}

export function stringMatcher(matcher: StringMatcher): (text: string) => boolean {
  const { safe_regex, ignore_case = false } = matcher;
  if (safe_regex !== undefined) {
    const whole = re2(`^(?:${safe_regex.regex})$`);
    return (text) => whole.test(text);
  }
  const fold = (text: string) => (ignore_case ? text.toLowerCase() : text);
  const exact = matcher.exact === undefined ? null : fold(matcher.exact);
  const prefix = fold(matcher.prefix ?? "");
  const suffix = fold(matcher.suffix ?? "");
  const contains = fold(matcher.contains ?? "");
  return (text) => {
    const folded = fold(text);
    if (exact !== null) return folded === exact;
    return folded.startsWith(prefix) && folded.endsWith(suffix) && folded.includes(contains);
  };
}

/** envoy.config.metrics.v3.HistogramBucketSettings */
export interface HistogramBucketSettings {
  readonly match: StringMatcher;
  readonly buckets?: readonly number[];
}

export type BucketsOf = (statName: string) => readonly number[];

/** The first setting that matches decides. */
export function bucketsOf(settings: readonly HistogramBucketSettings[] = []): BucketsOf {
  if (settings.length === 0) return () => defaultBuckets;
  const rules = settings.map(({ match, buckets = defaultBuckets }) => ({
    matches: stringMatcher(match),
    buckets: [...buckets].sort((a, b) => a - b),
  }));
  return (statName) => rules.find(({ matches }) => matches(statName))?.buckets ?? defaultBuckets;
}

/** envoy.config.metrics.v3.StatsMatcher */
export interface StatsMatcher {
  readonly reject_all?: boolean;
  readonly exclusion_list?: { readonly patterns: readonly StringMatcher[] };
  readonly inclusion_list?: { readonly patterns: readonly StringMatcher[] };
}

/** Says which names must not exist; null when all may. */
export function rejection(matcher: StatsMatcher | undefined): ((name: string) => boolean) | null {
  if (matcher?.reject_all === true) return () => true;
  const list = matcher?.exclusion_list ?? matcher?.inclusion_list;
  if (list === undefined) return null;
  const matchers = list.patterns.map(stringMatcher);
  const excluding = matcher?.exclusion_list !== undefined;
  return (name) => matchers.some((matches) => matches(name)) === excluding;
}
