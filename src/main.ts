import { availableParallelism } from "node:os";
import { join } from "node:path";
import { openSchema } from "./control/api/schema.ts";
import { loadBootstrap } from "./control/bootstrap.ts";
import { formatIssues } from "./control/issue.ts";
import { loadAddon } from "./native/load.ts";
import { parseCommandLine } from "./options.ts";

const root = join(import.meta.dirname, "..");

async function main() {
  const line = parseCommandLine(process.argv.slice(2), { name: "outrider", version: "0.1.0", hotRestartVersion: "11.104" });
  if (line.kind !== "run") {
    (line.kind === "print" ? process.stdout : process.stderr).write(line.text);
    process.exitCode = line.kind === "print" ? 0 : 1;
    return;
  }
  const { options } = line;
  const addon = loadAddon(root);
  const loaded = await loadBootstrap(options, { schema: openSchema(join(root, "src/control/api/envoy-1.40.schema")) });
  if (!loaded.ok) {
    process.stderr.write(formatIssues(loaded.issues));
    process.exitCode = 1;
    return;
  }
  if (options.mode === "validate") {
    process.stdout.write(`configuration '${options.configPath}' OK\n`);
    return;
  }
  const resources = (loaded.resolved as any).static_resources ?? {};
  addon.create(JSON.stringify({ concurrency: options.concurrency ?? availableParallelism() }));
  console.error("clusters", addon.setClusters(JSON.stringify(resources.clusters ?? [])));
  for (const listener of resources.listeners ?? []) console.error("listener", addon.addListener(JSON.stringify(listener)));
  addon.start();
  setInterval(() => {}, 1000);
  process.on("SIGTERM", () => {
    addon.stop();
    process.exit(0);
  });
}

main();
