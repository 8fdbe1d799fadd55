/** Files that hold xDS resources, as path_config_source names them: one DiscoveryResponse, checked from end to end. */
import type { Schema } from "./api/schema.ts";
import type { Context } from "./check/context.ts";
import { formatFault } from "./check/operators.ts";
import { regexFault } from "./check/regex.ts";
import { isTree, type Tree, Typing } from "./check/typing.ts";
import { Validator } from "./check/validate.ts";
import { readSupportList } from "./check/verdict.ts";
import { bindChecks } from "./check/visits.ts";
import { formatPath, IssueList } from "./issue.ts";
import { openFile, readSource } from "./read/source.ts";
import { openLog } from "./resolve.ts";

const responseType = "envoy.service.discovery.v3.DiscoveryResponse";

export type Resources = { readonly version: string; readonly resources: readonly Tree[] };

/** @throws Error that says what is wrong with the file */
export async function readResourceFile(path: string, schema: Schema): Promise<Resources> {
  const type = schema.message(responseType);
  const issues = new IssueList();
  const source = await readSource(openFile(path), schema, type);
  const tree = new Typing(schema, issues, "refuse").message(type, source.value);
  if (tree !== undefined) {
    const context: Context = {
      issues,
      clusters: new Set(),
      compileRegex: regexFault,
      parseFormat: formatFault,
      openLog,
    };
    new Validator(schema, issues, readSupportList(), bindChecks(context)).message(responseType, tree);
  }
  const fault = issues.found.find(({ severity }) => severity === "error");
  if (tree === undefined || fault !== undefined) {
    throw new Error(fault === undefined ? "nothing in it" : `${formatPath(fault.path)}: ${fault.message}`);
  }
  const resources = tree["resources"];
  return {
    version: String(tree["version_info"] ?? ""),
    resources: Array.isArray(resources) ? resources.filter(isTree) : [],
  };
}
