// Every endpoint, sorted by path as /help lists them.
import { clusters } from "./clusters.ts";
import { configDump } from "./config_dump.ts";
import { type Endpoint, text } from "./endpoint.ts";
import { listeners } from "./listeners.ts";
import { logging } from "./logging.ts";
import { page } from "./page.ts";
import { allocProfiler, cpuProfiler, heapDump, heapProfiler, peakHeapDump } from "./profilers.ts";
import { runtime, runtimeModify } from "./runtime.ts";
import * as server from "./server_state.ts";
import { clearLookups, disableLookups, enableLookups, prometheus, recentLookups, stats } from "./stats.ts";

const home: Endpoint = {
  path: "/",
  help: "Admin home page",
  answer: () => ({ status: 200, type: "text/html; charset=UTF-8", body: page(endpoints.slice(1)) }),
};

const help: Endpoint = {
  path: "/help",
  help: "print out list of admin commands",
  answer: () => text(helpText()),
};

export const endpoints: readonly Endpoint[] = [
  home,
  allocProfiler,
  server.certs,
  clusters,
  configDump,
  server.contention,
  cpuProfiler,
  server.drainListeners,
  server.healthcheckFail,
  server.healthcheckOk,
  heapDump,
  heapProfiler,
  help,
  server.hotRestartVersion,
  server.initDump,
  listeners,
  logging,
  server.memory,
  server.memoryDetail,
  peakHeapDump,
  server.quit,
  server.ready,
  server.reopenLogs,
  server.resetCounters,
  runtime,
  runtimeModify,
  server.serverInfo,
  stats,
  prometheus,
  recentLookups,
  clearLookups,
  disableLookups,
  enableLookups,
];

const byPath = new Map(endpoints.map((endpoint) => [endpoint.path, endpoint]));
export const endpointOf = (path: string) => byPath.get(path);

export function helpText(): string {
  const lines = endpoints.flatMap(({ path, help: words, params = [], post = false }) => [
    `  ${path}${post ? " (POST)" : ""}: ${words}\n`,
    ...params.map(({ name, help: meaning, choices }) => {
      const list = choices === undefined ? "" : `; One of (${choices.join(", ")})`;
      return `      ${name}: ${meaning}${list}\n`;
    }),
  ]);
  return `admin commands are:\n${lines.join("")}`;
}
