// bootstrap.stats_config: which stats there are, what their tags are, and how histograms are shown.
import {
  type BucketsOf,
  bucketsOf,
  type HistogramBucketSettings,
  rejection,
  type StatsMatcher,
} from "./buckets.ts";
import { regexFault } from "./regex.ts";
import { defaultTagNames, type Tag, type TagExtractor, type TagSpecifier, tagExtractor } from "./tags.ts";

/** envoy.config.metrics.v3.StatsConfig */
export interface StatsConfig {
  readonly stats_tags?: readonly TagSpecifier[];
  readonly use_all_default_tags?: boolean;
  readonly stats_matcher?: StatsMatcher;
  readonly histogram_bucket_settings?: readonly HistogramBucketSettings[];
}

export interface StatsRules {
  readonly rejects: ((name: string) => boolean) | null;
  readonly tagExtractor: TagExtractor;
  readonly bucketsOf: BucketsOf;
}

/** @param commandLine `--stats-tag`, taken apart */
export function statsRules(
  config: StatsConfig = {},
  commandLine: readonly (readonly [name: string, value: string])[] = [],
): StatsRules {
  const tags = commandLine.map(([name, value]): Tag => ({ name, value }));
  return {
    rejects: rejection(config.stats_matcher),
    tagExtractor: tagExtractor(config.stats_tags, config.use_all_default_tags, tags),
    bucketsOf: bucketsOf(config.histogram_bucket_settings),
  };
}

export interface StatsConfigIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What is wrong beyond the types and rules of the API; paths are below `stats_config`. */
export function statsConfigIssues(config: StatsConfig): StatsConfigIssue[] {
  const issues: StatsConfigIssue[] = [];
  (config.stats_tags ?? []).forEach(({ tag_name = "", regex = "", fixed_value }, i) => {
    const path = ["stats_tags", i];
    if (tag_name === "") issues.push({ path: [...path, "tag_name"], message: "tag_name cannot be empty" });
    else if (regex === "" && fixed_value === undefined && !defaultTagNames.has(tag_name)) {
      const message = `No regex specified for tag specifier and no default regex for name: '${tag_name}'`;
      issues.push({ path, message });
    }
    const fault = regexFault(regex);
    if (fault !== "")
      issues.push({ path: [...path, "regex"], message: `Invalid regex '${regex}': ${fault}` });
  });
  for (const list of ["exclusion_list", "inclusion_list"] as const) {
    (config.stats_matcher?.[list]?.patterns ?? []).forEach(({ safe_regex }, i) => {
      const fault = safe_regex === undefined ? "" : regexFault(safe_regex.regex);
      const path = ["stats_matcher", list, "patterns", i, "safe_regex", "regex"];
      if (fault !== "") issues.push({ path, message: fault });
    });
  }
  return issues;
}
