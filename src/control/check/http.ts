/** The HTTP connection manager and access logs. */
import { show } from "../issue.ts";
import { didYouMean } from "../near.ts";
import { type Checks, type Context, has } from "./context.ts";
import { checkChainOrder } from "./listener.ts";
import { checkUpgrades } from "./route.ts";
import type { Tree } from "./typing.ts";

function checkManager(manager: Tree, context: Context): void {
  const { issues } = context;
  checkChainOrder(manager["http_filters"], "HTTP filter", context, ["http_filters"]);
  const filters = manager["http_filters"];
  if (!Array.isArray(filters) || filters.length === 0) {
    issues.warning("has no http_filters: nothing will answer the requests");
  }
  if (manager["strip_matching_host_port"] === true && manager["strip_any_host_port"] === true) {
    issues.error(
      "only one of strip_matching_host_port and strip_any_host_port may be set",
      "strip_any_host_port",
    );
  }
  checkUpgrades(manager["upgrade_configs"], context);
}

function checkAccessLog(log: Tree, { issues }: Context): void {
  if (!has(log, "typed_config")) issues.error("has no typed_config, so it is not known which logger it is");
}

function checkTransportSocket(socket: Tree, { issues }: Context): void {
  if (!has(socket, "typed_config"))
    issues.error("has no typed_config, so it is not known which socket it is");
}

/** As access logs print them, `%RESPONSE_FLAGS%`. */
const responseFlags =
  "LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO".split(
    " ",
  );

function checkFlags(filter: Tree, { issues }: Context): void {
  const flags = filter["flags"];
  if (!Array.isArray(flags)) return;
  flags.forEach((flag, i) => {
    if (typeof flag !== "string" || responseFlags.includes(flag)) return;
    issues.error(`${show(flag)} is no response flag${didYouMean(flag, responseFlags)}`, "flags", i);
  });
}

export const httpChecks: Checks = {
  "envoy.config.accesslog.v3.AccessLog": checkAccessLog,
  "envoy.config.accesslog.v3.ResponseFlagFilter": checkFlags,
  "envoy.config.core.v3.TransportSocket": checkTransportSocket,
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": checkManager,
};
