// Endpoints about the process: what it is, how it is, and how it ends.
import { getHeapStatistics } from "node:v8";
import type { AdminContext } from "./context.ts";
import { type Endpoint, json, ok, text } from "./endpoint.ts";

export const ready: Endpoint = {
  path: "/ready",
  help: "print server state, return 200 if LIVE, otherwise return 503",
  answer: (_, context) => text(`${context.state()}\n`, context.state() === "LIVE" ? 200 : 503),
};

export const serverInfo: Endpoint = {
  path: "/server_info",
  help: "print server version/status information",
  answer: (_, context) => json(context.serverInfo()),
};

export const hotRestartVersion: Endpoint = {
  path: "/hot_restart_version",
  help: "print the hot restart compatibility version",
  answer: (_, context) => text(context.hotRestartVersion),
};

/** Bytes; `allocated` and `heap_size` are V8's and what it knows of outside, the rest the kernel's. */
export function memoryUse() {
  const { heapTotal, heapUsed, external, rss } = process.memoryUsage();
  const { total_physical_size, total_available_size } = getHeapStatistics();
  return {
    allocated: String(heapUsed + external),
    heap_size: String(heapTotal + external),
    pageheap_unmapped: String(Math.max(0, total_available_size - total_physical_size)),
    pageheap_free: String(Math.max(0, heapTotal - heapUsed)),
    total_thread_cache: "0",
    total_physical_bytes: String(rss),
  };
}

export const memory: Endpoint = {
  path: "/memory",
  help: "print current allocation/heap usage",
  answer: () => json(memoryUse()),
};

export const memoryDetail: Endpoint = {
  path: "/memory/tcmalloc",
  help: "print TCMalloc stats",
  answer: () => ({
    status: 200,
    type: "text/plain",
    body: Object.entries({ ...process.memoryUsage(), ...getHeapStatistics() })
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(""),
  }),
};

export const certs: Endpoint = {
  path: "/certs",
  help: "print certs on machine",
  answer: (_, context) => json(context.certificates()),
};

export const contention: Endpoint = {
  path: "/contention",
  help: "dump current Envoy mutex contention stats (if enabled)",
  answer: (_, context) =>
    context.mutexTracing
      ? json({ num_contentions: "0", current_wait_cycles: "0", lifetime_wait_cycles: "0" })
      : text(
          "Mutex contention tracing is not enabled. To enable, run Envoy with flag --enable-mutex-tracing.",
        ),
};

export const initDump: Endpoint = {
  path: "/init_dump",
  help: "dump current Envoy init manager information (experimental)",
  params: [
    {
      name: "mask",
      help: "The desired component to dump unready targets. The mask is parsed as a Protobuf::FieldMask. For example, get the unready targets of all listeners with /init_dump?mask=listener`",
    },
  ],
  answer: (_, context) => {
    const unready = context.unreadyTargets();
    return json(unready.length === 0 ? {} : { unready_targets_dumps: unready.map((dump) => ({ ...dump })) });
  },
};

const action = (path: string, help: string, act: (context: AdminContext) => void): Endpoint => ({
  path,
  help,
  post: true,
  answer: (_, context) => {
    act(context);
    return ok;
  },
});

export const healthcheckFail = action(
  "/healthcheck/fail",
  "cause the server to fail health checks",
  (context) => context.failHealthcheck(true),
);
export const healthcheckOk = action("/healthcheck/ok", "cause the server to pass health checks", (context) =>
  context.failHealthcheck(false),
);
export const reopenLogs = action("/reopen_logs", "reopen access logs", (context) => context.reopenLogs());
export const resetCounters = action("/reset_counters", "reset all counters to zero", (context) =>
  context.stats.resetCounters(),
);
export const quit = action("/quitquitquit", "exit the server", (context) => context.quit());

export const drainListeners: Endpoint = {
  path: "/drain_listeners",
  help: "drain listeners",
  post: true,
  params: [
    {
      name: "graceful",
      flag: true,
      help: "When draining listeners, enter a graceful drain period prior to closing listeners. This behaviour and duration is configurable via server options or CLI",
    },
    {
      name: "skip_exit",
      flag: true,
      help: "When draining listeners, drain the connections but never stop the listeners. The graceful parameter has no effect when this is set, since the drain period only delays stopping the listeners",
    },
    {
      name: "inboundonly",
      flag: true,
      help: "Drains all inbound listeners. traffic_direction field in envoy_v3_api_msg_config.listener.v3.Listener is used to determine whether a listener is inbound or outbound.",
    },
  ],
  answer: ({ params }, context) => {
    context.drainListeners({
      graceful: params.has("graceful"),
      skipExit: params.has("skip_exit"),
      inboundOnly: params.has("inboundonly"),
    });
    return ok;
  },
};
