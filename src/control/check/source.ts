/** Where dynamic resources come from. */

import { show } from "../issue.ts";
import { type Checks, type Context, has, treeAt } from "./context.ts";
import { isTree, type Tree } from "./typing.ts";

function checkApi(api: Tree, { issues, clusters }: Context): void {
  const services = Array.isArray(api["grpc_services"]) ? api["grpc_services"] : [];
  const names = Array.isArray(api["cluster_names"]) ? api["cluster_names"] : [];
  const rest = api["api_type"] === "REST";
  if (rest && services.length > 0) issues.error("REST takes cluster_names", "grpc_services");
  if (!rest && names.length > 0) issues.error("gRPC takes grpc_services", "cluster_names");
  if ((rest ? names : services).length !== 1)
    issues.error(
      `wants one entry, has ${(rest ? names : services).length}`,
      rest ? "cluster_names" : "grpc_services",
    );
  const named = rest ? names[0] : treeAt(services[0], "envoy_grpc")?.["cluster_name"];
  if (typeof named === "string" && !clusters.has(named))
    issues.error(`there is no cluster ${show(named)}`, rest ? "cluster_names" : "grpc_services", 0);
  if (rest && !has(api, "refresh_delay")) issues.error("REST wants a refresh_delay");
}

function checkDynamic(resources: Tree, { issues }: Context): void {
  const ads = isTree(resources["ads_config"]);
  for (const name of ["lds_config", "cds_config"])
    if (treeAt(resources, name, "ads") !== undefined && !ads)
      issues.error("there is no ads_config that this could come from", name, "ads");
}

export const sourceChecks: Checks = {
  "envoy.config.bootstrap.v3.Bootstrap.DynamicResources": checkDynamic,
  "envoy.config.core.v3.ApiConfigSource": checkApi,
};
