/**
 * From the command line's files and texts to a bootstrap that was checked from end to end: syntax, types, the rules of
 * the API, references between its parts, and what Outrider implements. All faults are found in one go.
 */
import type { MessageType, Schema } from "./api/schema.ts";
import { checkClusterNames } from "./check/cluster.ts";
import { type Context, eachTree, type Hooks, textAt, treeAt } from "./check/context.ts";
import { checkListenerAddresses } from "./check/listener.ts";
import { formatFault } from "./check/operators.ts";
import { regexFault } from "./check/regex.ts";
import { isTree, type Tree, Typing } from "./check/typing.ts";
import { Validator } from "./check/validate.ts";
import { readSupportList, type SupportList } from "./check/verdict.ts";
import { bindChecks } from "./check/visits.ts";
import { type ConfigIssue, formatPath, IssueList } from "./issue.ts";
import { mergeMessage } from "./merge.ts";
import { locate, positionAt, type Source } from "./read/place.ts";
import { type FileText, openFile, readSource, readYaml } from "./read/source.ts";
import { SyntaxFaults } from "./read/syntax.ts";
import { type NodeFlags, openLog, resolveBootstrap, resolveNode } from "./resolve.ts";

export type BootstrapFlags = NodeFlags & {
  /** `-c`; empty for none. */
  readonly configPath: string;
  /** `--config-yaml`, merged over the file; empty for none. */
  readonly configYaml: string;
  readonly allowUnknownStaticFields: boolean;
  readonly skipDeprecatedLogs: boolean;
  /** Whether `--log-format` stands on the command line; the bootstrap may not set another then. */
  readonly logFormatGiven?: boolean;
};

export type Loader = {
  readonly schema: Schema;
  readonly hooks?: Partial<Hooks>;
  readonly support?: SupportList;
  /** In place of the file system, for tests. @throws SyntaxFaults */
  readonly openFile?: (path: string) => FileText;
};

export type Loaded =
  | {
      readonly ok: true;
      /** As it was written, in canonical form; for the admin interface. */
      readonly bootstrap: Tree;
      /** The same with everything in it that depends on the machine; for the native side. */
      readonly resolved: Tree;
      readonly warnings: readonly ConfigIssue[];
    }
  | { readonly ok: false; readonly issues: readonly ConfigIssue[] };

const rootType = "envoy.config.bootstrap.v3.Bootstrap";

type Text = { readonly name: string; readonly text: string };

/** Reads one source, or says what is wrong with its syntax. */
async function attempt(read: () => Promise<Source>, text: () => Text): Promise<Source | ConfigIssue[]> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SyntaxFaults)) throw error;
    const { name, text: whole } = text();
    return error.faults.map(({ message, offset }) => ({
      path: "",
      position: positionAt(name, whole, offset),
      message,
      severity: "error",
    }));
  }
}

function readFile(path: string, loader: Loader, type: MessageType): Promise<Source | ConfigIssue[]> {
  let whole = "";
  const read = async () => {
    const file = (loader.openFile ?? openFile)(path);
    whole = path.endsWith(".pb") ? "" : file.bytes.toString("utf8");
    return readSource(file, loader.schema, type);
  };
  return attempt(read, () => ({ name: path, text: whole }));
}

function readAll(
  flags: BootstrapFlags,
  loader: Loader,
  type: MessageType,
): Promise<(Source | ConfigIssue[])[]> {
  const { configPath, configYaml } = flags;
  const yaml = { name: "--config-yaml", text: configYaml };
  return Promise.all([
    ...(configPath === "" ? [] : [readFile(configPath, loader, type)]),
    ...(configYaml === ""
      ? []
      : [
          attempt(
            () => readYaml(yaml.name, configYaml),
            () => yaml,
          ),
        ]),
  ]);
}

const nothing: ConfigIssue = {
  path: "",
  message: "there is no configuration: name a file with -c, or give the text with --config-yaml",
  severity: "error",
};

class Load {
  readonly #flags: BootstrapFlags;
  readonly #loader: Loader;
  readonly #sources: readonly Source[];
  readonly #issues = new IssueList();
  readonly #type: MessageType;

  constructor(flags: BootstrapFlags, loader: Loader, sources: readonly Source[], type: MessageType) {
    this.#flags = flags;
    this.#loader = loader;
    this.#sources = sources;
    this.#type = type;
  }

  run(): Loaded {
    const bootstrap = this.#typed();
    if (bootstrap === undefined) return this.#refused();
    resolveNode(bootstrap, this.#flags);
    const context = this.#check(bootstrap);
    this.#checkLogFormat(bootstrap);
    const resolved = resolveBootstrap(context, bootstrap);
    if (this.#issues.errors > 0) return this.#refused();
    return { ok: true, bootstrap, resolved, warnings: this.#located() };
  }

  #checkLogFormat(bootstrap: Tree): void {
    if (this.#flags.logFormatGiven !== true || !treeAt(bootstrap, "application_log_config", "log_format"))
      return;
    this.#issues.error(
      "only one of this and --log-format may be given",
      "application_log_config",
      "log_format",
    );
  }

  #refused(): Loaded {
    return { ok: false, issues: this.#located() };
  }

  /** Every source in canonical form, merged. */
  #typed(): Tree | undefined {
    const unknown = this.#flags.allowUnknownStaticFields ? "warn" : "refuse";
    const typing = new Typing(this.#loader.schema, this.#issues, unknown);
    const trees = this.#sources.map((source) => typing.message(this.#type, source.value));
    const [first, ...others] = trees.filter((tree) => tree !== undefined);
    if (first === undefined) return undefined;
    for (const other of others) mergeMessage(this.#loader.schema, this.#type, first, other);
    return first;
  }

  #check(bootstrap: Tree): Context {
    const { schema, hooks, support = readSupportList() } = this.#loader;
    const resources = treeAt(bootstrap, "static_resources");
    const context: Context = {
      issues: this.#issues,
      clusters: clusterNames(resources),
      compileRegex: hooks?.compileRegex ?? regexFault,
      parseFormat: hooks?.parseFormat ?? formatFault,
      openLog: hooks?.openLog ?? openLog,
    };
    new Validator(schema, this.#issues, support, bindChecks(context)).message(rootType, bootstrap);
    this.#issues.path.push("static_resources");
    checkClusterNames(resources?.["clusters"], context);
    checkListenerAddresses(resources?.["listeners"], context);
    this.#issues.path.pop();
    return context;
  }

  #located(): ConfigIssue[] {
    const kept = this.#issues.found.filter(({ severity, message }) => {
      if (this.#issues.errors > 0 && severity === "warning") return false;
      return !(this.#flags.skipDeprecatedLogs && / is deprecated/.test(message));
    });
    const issues = kept.map(({ path, message, severity }): ConfigIssue => {
      const position = locate(this.#sources, path);
      return { path: formatPath(path), ...(position !== undefined && { position }), message, severity };
    });
    if (this.#issues.dropped === 0) return issues;
    return [...issues, { path: "", message: `and ${this.#issues.dropped} more`, severity: "error" }];
  }
}

function clusterNames(resources: unknown): Set<string> {
  const names = new Set<string>();
  eachTree(isTree(resources) ? resources["clusters"] : undefined, (cluster) => {
    const name = textAt(cluster, "name");
    if (name !== undefined) names.add(name);
  });
  return names;
}

/** Never throws for what the operator wrote: either the bootstrap, or everything that is wrong with it. */
export async function loadBootstrap(flags: BootstrapFlags, loader: Loader): Promise<Loaded> {
  const type = loader.schema.message(rootType);
  const read = await readAll(flags, loader, type);
  if (read.length === 0) return { ok: false, issues: [nothing] };
  const faults = read.filter(Array.isArray).flat();
  if (faults.length > 0) return { ok: false, issues: faults };
  const sources = read.filter((source): source is Source => !Array.isArray(source));
  return new Load(flags, loader, sources, type).run();
}
