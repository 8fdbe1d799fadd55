/** What the bootstrap says once for the whole process. */
import { show } from "../issue.ts";
import { type Checks, type Context, eachTree, has, textAt } from "./context.ts";
import type { Tree } from "./typing.ts";

function checkLayers(runtime: Tree, { issues }: Context): void {
  const names = new Set<string>();
  let admin: number | undefined;
  eachTree(runtime["layers"], (layer, i) => {
    const name = textAt(layer, "name") ?? "";
    if (names.has(name)) issues.error(`${show(name)} is already the name of a layer`, "layers", i, "name");
    names.add(name);
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

export const runtimeChecks: Checks = {
  "envoy.config.bootstrap.v3.LayeredRuntime": checkLayers,
  "envoy.config.overload.v3.OverloadManager": checkMonitors,
};
