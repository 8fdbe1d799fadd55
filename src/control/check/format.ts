/** Texts with `%COMMAND%` operators, headers to add and remove, regular expressions. */
import { show } from "../issue.ts";
import { type Checks, type Context, has, textAt, treeAt } from "./context.ts";
import { isTree, type Tree } from "./typing.ts";

function checkFormat(holder: Tree, steps: readonly string[], { issues, parseFormat }: Context): void {
  const name = steps[steps.length - 1] ?? "";
  const text = textAt(treeAt(holder, ...steps.slice(0, -1)), name);
  const wrong = text === undefined ? null : parseFormat(text);
  if (wrong !== null) issues.error(`${show(text)}: ${wrong}`, ...steps);
}

/** Every text in a JSON format is a format of its own. */
function checkJsonFormat(value: unknown, context: Context): void {
  if (typeof value === "string") {
    const wrong = context.parseFormat(value);
    if (wrong !== null) context.issues.error(`${show(value)}: ${wrong}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, entry] of Object.entries(value)) {
      context.issues.path.push(Array.isArray(value) ? Number(key) : key);
      checkJsonFormat(entry, context);
      context.issues.path.pop();
    }
  }
}

function checkJsonField(holder: Tree, name: string, context: Context): void {
  if (!isTree(holder[name])) return;
  context.issues.path.push(name);
  checkJsonFormat(holder[name], context);
  context.issues.path.pop();
}

function checkSubstitution(format: Tree, context: Context): void {
  checkFormat(format, ["text_format"], context);
  checkFormat(format, ["text_format_source", "inline_string"], context);
  checkJsonField(format, "json_format", context);
}

function checkFileLog(log: Tree, context: Context): void {
  checkFormat(log, ["format"], context);
  checkJsonField(log, "json_format", context);
  checkJsonField(log, "typed_json_format", context);
}

/** Envoy refuses these in every list of headers to add or to remove. */
const isFixed = (name: string) => name.startsWith(":") || name.toLowerCase() === "host";

function checkHeader(option: Tree, context: Context): void {
  const name = textAt(treeAt(option, "header"), "key") ?? "";
  if (isFixed(name)) {
    context.issues.error(
      `${show(name)} is refused: headers with a colon and host may not be changed`,
      "header",
      "key",
    );
  }
  if (
    has(option, "append") &&
    has(option, "append_action") &&
    option["append_action"] !== "APPEND_IF_EXISTS_OR_ADD"
  ) {
    context.issues.error("only one of append and append_action may be set", "append");
  }
  checkFormat(option, ["header", "value"], context);
}

function checkRemovals(holder: Tree, { issues }: Context): void {
  for (const list of ["request_headers_to_remove", "response_headers_to_remove"]) {
    const names = holder[list];
    if (!Array.isArray(names)) continue;
    names.forEach((name, i) => {
      if (typeof name !== "string" || !isFixed(name)) return;
      issues.error(`${show(name)} is refused: headers with a colon and host may not be removed`, list, i);
    });
  }
}

function checkRegex(matcher: Tree, { issues, compileRegex }: Context): void {
  const regex = textAt(matcher, "regex");
  const wrong = regex === undefined ? null : compileRegex(regex);
  if (wrong !== null) issues.error(`${show(regex)} is no regular expression: ${wrong}`, "regex");
}

export const formatChecks: Checks = {
  "envoy.config.core.v3.HeaderValueOption": checkHeader,
  "envoy.config.core.v3.SubstitutionFormatString": checkSubstitution,
  "envoy.config.metrics.v3.TagSpecifier": checkRegex,
  "envoy.config.route.v3.Route": checkRemovals,
  "envoy.config.route.v3.WeightedCluster.ClusterWeight": checkRemovals,
  "envoy.extensions.access_loggers.file.v3.FileAccessLog": checkFileLog,
  "envoy.type.matcher.v3.RegexMatcher": checkRegex,
};

export { checkRemovals };
