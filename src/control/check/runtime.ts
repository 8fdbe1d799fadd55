/** What the bootstrap says once for the whole process. */
import { statsConfigIssues } from "../../observability/stats/config.ts";
import { show } from "../issue.ts";
import { type Struct, unusableKeys } from "../runtime_value.ts";
import { type Checks, type Context, eachTree, has, textAt, treeAt } from "./context.ts";
import type { Tree } from "./typing.ts";

function checkLayers(runtime: Tree, { issues }: Context): void {
  const names = new Set<string>();
  let admin: number | undefined;
  eachTree(runtime["layers"], (layer, i) => {
    const name = textAt(layer, "name") ?? "";
    if (names.has(name)) issues.error(`${show(name)} is already the name of a layer`, "layers", i, "name");
    names.add(name);
    for (const key of unusableKeys((layer["static_layer"] ?? {}) as Struct)) {
      issues.error(`Invalid runtime entry value for ${key}`, "layers", i, "static_layer");
    }
    const disk = treeAt(layer, "disk_layer");
    if (disk !== undefined && (textAt(disk, "symlink_root") ?? "") === "") {
      issues.error("has no symlink_root", "layers", i, "disk_layer");
    }
    if (!has(layer, "admin_layer")) return;
    if (admin !== undefined)
      issues.error(`layers[${admin}] is an admin layer already`, "layers", i, "admin_layer");
    admin ??= i;
  });
}

function checkMonitors(manager: Tree, { issues }: Context): void {
  const names = new Set<string>();
  eachTree(manager["resource_monitors"], (monitor, i) => {
    const name = textAt(monitor, "name") ?? "";
    if (names.has(name)) issues.error(`${show(name)} is configured twice`, "resource_monitors", i, "name");
    names.add(name);
  });
}

function checkStats(config: Tree, { issues }: Context): void {
  for (const { path, message } of statsConfigIssues(config)) issues.error(message, ...path);
}

export const runtimeChecks: Checks = {
  "envoy.config.metrics.v3.StatsConfig": checkStats,
  "envoy.config.bootstrap.v3.LayeredRuntime": checkLayers,
  "envoy.config.overload.v3.OverloadManager": checkMonitors,
};
