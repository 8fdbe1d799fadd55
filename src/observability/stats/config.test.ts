import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { statsConfigIssues, statsRules } from "./config.ts";

test("an empty stats_config is Envoy's default", () => {
  const rules = statsRules();
  equal(rules.rejects, null);
  equal(rules.tagExtractor.extract("cluster.a.x").tags[0]?.value, "a");
  equal(rules.bucketsOf("x").length, 19);
});

test("a tag from the command line stands on every stat", () => {
  const { tags } = statsRules({}, [["site", "x"]]).tagExtractor.extract("server.live");
  deepEqual(tags, [{ name: "site", value: "x" }]);
});

test("what is wrong is named in Envoy's words, with its path", () => {
  const issues = statsConfigIssues({
    stats_tags: [
      { tag_name: "nope" },
      { tag_name: "", regex: "(a)" },
      { tag_name: "a", regex: "[" },
      { tag_name: "envoy.cluster_name" },
      { tag_name: "fine", fixed_value: "" },
    ],
    stats_matcher: { inclusion_list: { patterns: [{ safe_regex: { regex: "(" } }] } },
  });
  deepEqual(
    issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
    [
      "stats_tags.0: No regex specified for tag specifier and no default regex for name: 'nope'",
      "stats_tags.1.tag_name: tag_name cannot be empty",
      "stats_tags.2.regex: Invalid regex '[': missing ]: [",
      "stats_matcher.inclusion_list.patterns.0.safe_regex.regex: missing ): (",
    ],
  );
});
