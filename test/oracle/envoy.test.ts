// Statistics and access logs beside the real Envoy (ENVOY_BIN=path/to/envoy): the same names, the same values.
import { equal } from "node:assert/strict";
import { test } from "node:test";
import type { Running, Setup } from "../e2e/proxy.ts";
import { envoy, tellBoth } from "./side_by_side.ts";

const skip = envoy === undefined ? "ENVOY_BIN names no Envoy to compare with" : false;

const operators = [
  ..."REQ(:METHOD) PATH RESPONSE_CODE RESPONSE_CODE_DETAILS RESPONSE_FLAGS RESPONSE_FLAGS_LONG PROTOCOL".split(
    " ",
  ),
  ..."UPSTREAM_PROTOCOL BYTES_RECEIVED BYTES_SENT ROUTE_NAME VIRTUAL_CLUSTER_NAME UPSTREAM_CLUSTER".split(
    " ",
  ),
  ..."UPSTREAM_CLUSTER_RAW UPSTREAM_TRANSPORT_FAILURE_REASON CONNECTION_TERMINATION_DETAILS".split(" "),
  ..."UPSTREAM_LOCAL_CLOSE_REASON DOWNSTREAM_LOCAL_CLOSE_REASON UPSTREAM_DETECTED_CLOSE_TYPE".split(" "),
  ..."DOWNSTREAM_DETECTED_CLOSE_TYPE LISTENER_NAME FILTER_CHAIN_NAME ACCESS_LOG_TYPE".split(" "),
  ..."REQUEST_HEADERS_BYTES RESPONSE_HEADERS_BYTES RESPONSE_TRAILERS_BYTES".split(" "),
  ..."DOWNSTREAM_WIRE_BYTES_RECEIVED DOWNSTREAM_WIRE_BYTES_SENT DOWNSTREAM_HEADER_BYTES_RECEIVED".split(" "),
  ..."DOWNSTREAM_HEADER_BYTES_SENT UPSTREAM_WIRE_BYTES_RECEIVED UPSTREAM_WIRE_BYTES_SENT".split(" "),
  ..."UPSTREAM_HEADER_BYTES_RECEIVED UPSTREAM_HEADER_BYTES_SENT DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT".split(
    " ",
  ),
  ..."DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT UPSTREAM_HOST".split(
    " ",
  ),
  ..."UPSTREAM_HOST_NAME UPSTREAM_HOSTS_ATTEMPTED UPSTREAM_HOST_NAMES_ATTEMPTED UPSTREAM_REQUEST_ATTEMPT_COUNT".split(
    " ",
  ),
  ..."ROUTE_RESOLUTION_COUNT GRPC_STATUS LOCAL_REPLY_BODY".split(" "),
];
/** Points in time differ; whether they are known does not. */
const durations = [
  ..."DURATION REQUEST_DURATION REQUEST_TX_DURATION RESPONSE_DURATION RESPONSE_TX_DURATION".split(" "),
  ..."DOWNSTREAM_HANDSHAKE_DURATION UPSTREAM_CONNECTION_POOL_READY_DURATION ROUTE_RESOLUTION_TIME_US".split(
    " ",
  ),
  ..."COMMON_DURATION(DS_CX_BEG:DS_RX_BEG) COMMON_DURATION(DS_CX_BEG:DS_CX_END)".split(" "),
  ..."COMMON_DURATION(US_CX_BEG:US_CX_END) COMMON_DURATION(DS_RX_BEG:US_RX_BODY_BEG)".split(" "),
  ..."COMMON_DURATION(US_TX_BEG:US_TX_END) COMMON_DURATION(DS_TX_BEG:DS_TX_END)".split(" "),
  ..."UPSTREAM_LOCAL_PORT UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_IDS_ATTEMPTED STREAM_ID".split(" "),
];

const format = [
  ...operators.map((name) => `${name}=%${name}%`),
  ...durations.map((name) => `${name}?%${name}%`),
];

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: t\r\n${more}\r\n`;

const virtual_hosts = [
  {
    name: "all",
    domains: ["*"],
    virtual_clusters: [
      { name: "posts", headers: [{ name: ":method", string_match: { exact: "POST" } }] },
      { name: "missing", headers: [{ name: ":path", string_match: { prefix: "/status/404" } }] },
    ],
    routes: [
      {
        match: { prefix: "/direct" },
        name: "direct",
        direct_response: { status: 200, body: { inline_string: "hi" } },
      },
      { match: { prefix: "/redirect" }, redirect: { path_redirect: "/new" } },
      { match: { prefix: "/down" }, name: "down", route: { cluster: "down" } },
      { match: { prefix: "/gone" }, route: { cluster: "unknown" } },
      {
        match: { prefix: "/retry" },
        route: { cluster: "down", retry_policy: { retry_on: "connect-failure", num_retries: 1 } },
      },
      { match: { prefix: "/slow" }, route: { cluster: "up", timeout: "0.1s", prefix_rewrite: "/never" } },
      {
        match: { prefix: "/prefixed" },
        stat_prefix: "mine",
        route: { cluster: "up", prefix_rewrite: "/status/" },
      },
      { match: { prefix: "/status" }, name: "plain", route: { cluster: "up" } },
      { match: { prefix: "/cut" }, route: { cluster: "up" } },
      { match: { prefix: "/never" }, route: { cluster: "up", timeout: "0s" } },
    ],
  },
];

async function traffic(proxy: Running): Promise<void> {
  const wire = await proxy.dial();
  for (const path of [
    "/status/200",
    "/status/404",
    "/status/503",
    "/prefixed/200",
    "/prefixed/500",
    "/status/204",
  ]) {
    await wire.send(get(path)).response();
  }
  for (const path of ["/direct", "/redirect", "/nowhere", "/gone", "/down", "/retry"]) {
    await wire.send(get(path)).response();
  }
  const post = "POST /status/200 HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello";
  await wire.send(post).response();
  await wire
    .send(
      post.replace("Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\n") + "\r\n0\r\n\r\n",
    )
    .response();
  await wire.send("HEAD /status/200 HTTP/1.1\r\nHost: t\r\n\r\n").response(true);
  await wire.send(get("/slow")).response();
  await wire.send(get("/cut")).response();
  await wire.send(get("/nowhere", "content-type: application/grpc\r\n")).response();
  await wire.send(get("/down", "content-type: application/grpc\r\n")).response();
  await wire.send(get("/direct", "content-type: application/grpc\r\n")).response();
  wire.close();
  for (const bad of [
    "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n",
    "GET /\r\n\r\n",
    get("/status/200").replace("Host: t\r\n", ""),
  ]) {
    await proxy.ask(bad);
  }
  await proxy.ask(get("/status/200", "Connection: close\r\n"));
  const aborted = await proxy.dial();
  aborted.send(get("/never"));
  await untilActive(proxy);
  aborted.close();
}

async function untilActive(proxy: Running): Promise<void> {
  while ((await proxy.stat("cluster.up.upstream_rq_active")) !== 1);
}

const setup = (up: object, refusing: number, log: string): Setup => ({
  clusters: { up: up as never, down: refusing },
  bootstrap: { stats_flush_interval: "0.01s" },
  hcm: {
    stat_prefix: "in",
    route_config: { name: "local", validate_clusters: false, virtual_hosts },
    access_log: [
      {
        name: "file",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
          path: log,
          log_format: { text_format_source: { inline_string: `${format.join("|")}\n` } },
        },
      },
    ],
  },
});

/** Of requests that are refused before they are routed; Envoy looks for a route all the same. */
const ignoredInLog = /missing_host_header.* ROUTE_RESOLUTION|low_version.* DOWNSTREAM_HEADER_BYTES_RECEIVED/;

let told: ReturnType<typeof tellBoth> | undefined;

/** Envoy writes flags in the order in which they were set, we in that of their bits. */
function lineOf(text: string): string[] {
  return text.split("|").map((field) => {
    const [name, values] = field.split("=");
    if (name?.startsWith("RESPONSE_FLAGS")) return `${name}=${values?.split(",").sort().join(",")}`;
    return field.replace(/\?(.*)/, (_, value) => (value === "-" ? ": unknown" : ": known"));
  });
}

test("an access log says what Envoy's says", { skip }, async (t) => {
  told = tellBoth(t, setup, traffic);
  const { theirs, ours } = await told;
  const differences: string[] = [];
  for (let i = 0; i < Math.max(theirs.log.length, ours.log.length); i++) {
    const [a, b] = [lineOf(theirs.log[i] ?? ""), lineOf(ours.log[i] ?? "")];
    const name = `${a.slice(0, 4).join(" ")}`;
    for (let j = 0; j < Math.max(a.length, b.length); j++) {
      if (a[j] !== b[j] && !ignoredInLog.test(`${name} ${a[j]}`))
        differences.push(`${name}: Envoy ${a[j]}, Outrider ${b[j]}`);
    }
  }
  equal(differences.join("\n"), "");
});

test("the statistics have Envoy's names and values", { skip }, async () => {
  const { theirs, ours } = await told!;
  const names = [...new Set([...theirs.stats.keys(), ...ours.stats.keys()])].sort();
  const differences = names
    .filter((name) => !ignored.test(name) && theirs.stats.get(name) !== ours.stats.get(name))
    .map((name) => `${name}: Envoy ${theirs.stats.get(name)}, Outrider ${ours.stats.get(name)}`);
  equal(differences.join("\n"), "");
});

/**
 * What belongs to the process or to the moment. And where we differ on purpose: Envoy loads the runtime twice at
 * start, and says max_host_weight of dynamic clusters only.
 */
const ignored =
  /max_host_weight$|^(runtime\.(load_success|num_layers|override_dir_not_exists)$|listener\.admin|http\.admin|server\.|main_thread|workers\.|filesystem\.)/;
