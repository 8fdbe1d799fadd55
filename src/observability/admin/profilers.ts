// Envoy's profilers of its own allocator and processor time. This program is built without them, and says so as
// an Envoy that is.
import { type Endpoint, ok, text } from "./endpoint.ts";

const enable = (help: string) => [{ name: "enable", help, choices: ["y", "n"] }] as const;
const usage = text("?enable=<y|n>\n", 400);
const chosen = (params: ReadonlyMap<string, string>) => ["y", "n"].includes(params.get("enable") ?? "");

export const allocProfiler: Endpoint = {
  path: "/allocprofiler",
  help: "enable/disable the allocation profiler (if supported)",
  post: true,
  params: enable("enable/disable the allocation profiler"),
  answer: ({ params }) =>
    chosen(params) ? text("The current build does not support allocation profiler\n", 501) : usage,
};

export const cpuProfiler: Endpoint = {
  path: "/cpuprofiler",
  help: "enable/disable the CPU profiler",
  post: true,
  params: enable("enables the CPU profiler"),
  answer: ({ params }) => {
    if (!chosen(params)) return usage;
    return params.get("enable") === "y" ? text("failure to start the profiler\n", 500) : ok;
  },
};

export const heapProfiler: Endpoint = {
  path: "/heapprofiler",
  help: "enable/disable the heap profiler",
  post: true,
  params: enable("enable/disable the heap profiler"),
  answer: ({ params }) =>
    chosen(params) ? text("The current build does not support heap profiler\n", 501) : usage,
};

export const heapDump: Endpoint = {
  path: "/heap_dump",
  help: "dump current Envoy heap (if supported)",
  answer: () => text("Heap dump is not supported in the current build\n", 501),
};

export const peakHeapDump: Endpoint = {
  path: "/peak_heap_dump",
  help: "dump peak Envoy heap (if supported)",
  answer: () => text("Peak heap dump is not supported in the current build\n", 501),
};
