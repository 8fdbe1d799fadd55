/** The program: command line, signals, exit codes. Everything else is wired in server.ts. */
import { join } from "node:path";
import { openSchema } from "./control/api/schema.ts";
import { loadBootstrap } from "./control/bootstrap.ts";
import { formatIssues } from "./control/issue.ts";
import { type Addon, loadAddon } from "./native/load.ts";
import { Log } from "./observability/log.ts";
import { type Options, parseCommandLine } from "./options.ts";
import { Server, StartError } from "./server.ts";

const root = join(import.meta.dirname, "..");
const hotRestartVersion = "11.104";

const openApi = () => openSchema(join(root, "src/control/api/envoy-1.40.schema"));

function loaderFor(addon: Addon) {
  const faultOrNull = (fault: string) => (fault === "" ? null : fault);
  return {
    schema: openApi(),
    hooks: {
      compileRegex: (pattern: string) => faultOrNull(addon.regexFault(pattern)),
      parseFormat: (format: string) => faultOrNull(addon.formatFault(format)),
    },
  };
}

function createLog(options: Options): Log {
  const log = new Log({
    level: options.logLevel,
    format: options.logFormat,
    escaped: options.logFormatEscaped,
    ...(options.logPath !== "" && { path: options.logPath }),
  });
  for (const [component, level] of options.componentLogLevels) log.setLevel(component, level);
  return log;
}

function fail(text: string): void {
  process.stderr.write(text);
  process.exitCode = 1;
}

async function run(options: Options, warnings: readonly string[], addon: Addon): Promise<void> {
  const loader = loaderFor(addon);
  const loaded = await loadBootstrap(options, loader);
  if (!loaded.ok) return fail(formatIssues(loaded.issues));
  if (options.mode === "validate") {
    process.stdout.write(`configuration '${options.configPath}' OK\n`);
    return;
  }
  const log = createLog(options);
  const main = log.logger("main", "src/main.ts");
  for (const warning of warnings) main.warning(warning);
  const configLog = log.logger("config", "src/main.ts");
  for (const warning of loaded.warnings) configLog.warning(formatIssues([warning]).trimEnd());
  const server = new Server({
    options,
    addon,
    log,
    bootstrap: loaded.bootstrap,
    resolved: loaded.resolved,
    openSchema: openApi,
    hooks: loader.hooks,
    version: addon.version,
    revision: "0".repeat(40),
    hotRestartVersion,
    onExit: (code) => process.exit(code),
  });
  process.on("SIGTERM", () => server.shutDown());
  process.on("SIGINT", () => server.shutDown());
  process.on("SIGUSR1", () => server.reopenLogs());
  process.on("SIGHUP", () =>
    main.warning("caught and eating SIGHUP. See documentation for how to hot restart."),
  );
  try {
    await server.start();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    main.critical(error.message);
    addon.stop();
    process.exit(1);
  }
}

function main(): void {
  const addon = loadAddon(root);
  const line = parseCommandLine(process.argv.slice(2), {
    name: "outrider",
    version: addon.version,
    hotRestartVersion,
  });
  if (line.kind === "print") process.stdout.write(line.text);
  else if (line.kind === "refused") fail(line.text);
  else void run(line.options, line.warnings, addon);
}

main();
