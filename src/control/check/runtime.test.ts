import { match } from "node:assert/strict";
import { test } from "node:test";
import { openSchema } from "../api/schema.ts";
import { loadBootstrap } from "../bootstrap.ts";
import { formatIssues } from "../issue.ts";

const schema = openSchema();

async function issuesOf(text: string): Promise<string> {
  const loaded = await loadBootstrap(
    {
      configPath: "envoy.yaml",
      configYaml: "",
      allowUnknownStaticFields: false,
      skipDeprecatedLogs: false,
      serviceCluster: "",
      serviceNode: "",
      serviceZone: "",
    },
    {
      schema,
      hooks: { openLog: () => null },
      openFile: () => ({ name: "envoy.yaml", bytes: Buffer.from(text) }),
    },
  );
  return loaded.ok ? "" : formatIssues(loaded.issues);
}

test("a list is no runtime value", async () => {
  const layers = "layered_runtime: {layers: [{name: a, static_layer: {deep: {list: [1]}}}]}";
  match(await issuesOf(layers), /layers\[0\]\.static_layer.*Invalid runtime entry value for deep\.list/s);
});

test("a tag without a regular expression needs a name that has one", async () => {
  const stats = "stats_config: {stats_tags: [{tag_name: nope}]}";
  match(await issuesOf(stats), /stats_tags\[0\].*no default regex for name: 'nope'/s);
});
