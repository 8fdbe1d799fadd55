import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { openSchema } from "../../control/api/schema.ts";
import type { AdminContext } from "./context.ts";
import { fakeContext } from "./fake_context.ts";
import { handler, paramsOf } from "./handler.ts";

type Asked = { status: number; type: string; body: string };

const schema = openSchema();
const withApi = () => fakeContext([], { fieldOf: (type, name) => schema.field(type, name) });

function asker(context: AdminContext = withApi(), config = {}) {
  const handle = handler(context, config);
  return (target: string, method = "GET", body = ""): Asked => {
    const answer = handle(method, target, body);
    return { ...answer, body: typeof answer.body === "string" ? answer.body : [...answer.body].join("") };
  };
}

const plain = "text/plain; charset=UTF-8";

test("an unknown path is answered with the whole help", () => {
  const answer = asker()("/nothing");
  equal(answer.status, 404);
  match(answer.body, /^invalid path\. admin commands are:\n {2}\/: Admin home page\n/);
  match(answer.body, /\n {2}\/stats\/recentlookups\/enable \(POST\): enable recording of reset stat-name/);
});

test("/help lists commands with their parameters as Envoy does", () => {
  const { body } = asker()("/help");
  ok(
    body.includes(
      "\n  /cpuprofiler (POST): enable/disable the CPU profiler\n      enable: enables the CPU profiler; One of (y, n)\n",
    ),
  );
  ok(
    body.includes(
      "\n      level: desired logging level, this will change all loggers's level; One of (, trace, debug, info, warning, error, critical, off)\n",
    ),
  );
  ok(
    body.includes(
      "\n      type: Stat types to include.; One of (All, Counters, Histograms, Gauges, TextReadouts)\n",
    ),
  );
});

for (const path of [
  "/healthcheck/fail",
  "/quitquitquit",
  "/reset_counters",
  "/drain_listeners",
  "/runtime_modify?a=b",
  "/logging",
  "/reopen_logs",
  "/cpuprofiler?enable=y",
]) {
  test(`${path} takes POST only`, () => {
    const context = fakeContext();
    deepEqual(asker(context)(path), {
      status: 405,
      type: plain,
      body: "Method GET not allowed, POST required.",
    });
    deepEqual(context.calls, []);
  });
}

test("what only reads takes any method", () => {
  equal(asker()("/ready", "POST").body, "LIVE\n");
  equal(asker()("/stats", "PUT").status, 200);
});

test("a server that is not live is not ready", () => {
  const ask = asker(fakeContext([], { state: () => "DRAINING" }));
  deepEqual(ask("/ready"), { status: 503, type: plain, body: "DRAINING\n" });
});

for (const [target, call] of [
  ["/healthcheck/fail", "failHealthcheck true"],
  ["/healthcheck/ok", "failHealthcheck false"],
  ["/reopen_logs", "reopenLogs"],
  ["/quitquitquit", "quit"],
  ["/drain_listeners", 'drain {"graceful":false,"skipExit":false,"inboundOnly":false}'],
  [
    "/drain_listeners?graceful&skip_exit&inboundonly",
    'drain {"graceful":true,"skipExit":true,"inboundOnly":true}',
  ],
] as const) {
  test(`POST ${target} is passed on`, () => {
    const context = fakeContext();
    equal(asker(context)(target, "POST").body, "OK\n");
    deepEqual(context.calls, [call]);
  });
}

test("/server_info and /certs are JSON as protobuf prints it", () => {
  const { type, body } = asker()("/certs");
  equal(type, "application/json");
  equal(body, '{\n "certificates": [\n  {\n   "ca_cert": [],\n   "cert_chain": []\n  }\n ]\n}\n');
  equal(JSON.parse(asker()("/server_info").body).state, "LIVE");
});

test("/listeners shows every address", () => {
  equal(asker()("/listeners").body, "front::127.0.0.1:18080\nfront::/x.sock\nsix::[::1]:1\n");
  const { listener_statuses } = JSON.parse(asker()("/listeners?format=json").body);
  deepEqual(listener_statuses[1], {
    name: "six",
    local_address: { socket_address: { address: "::1", port_value: 1 } },
  });
});

test("/clusters as text", () => {
  equal(
    asker()("/clusters?filter=one").body,
    `one::observability_name::one
one::default_priority::max_connections::1024
one::default_priority::max_pending_requests::1024
one::default_priority::max_requests::1024
one::default_priority::max_retries::3
one::high_priority::max_connections::1024
one::high_priority::max_pending_requests::1024
one::high_priority::max_requests::1024
one::high_priority::max_retries::3
one::added_via_api::false
one::127.0.0.1:18090::cx_active::2
one::127.0.0.1:18090::cx_connect_fail::0
one::127.0.0.1:18090::cx_total::2
one::127.0.0.1:18090::rq_active::0
one::127.0.0.1:18090::rq_error::0
one::127.0.0.1:18090::rq_pending_active::0
one::127.0.0.1:18090::rq_success::5
one::127.0.0.1:18090::rq_timeout::0
one::127.0.0.1:18090::rq_total::5
one::127.0.0.1:18090::hostname::
one::127.0.0.1:18090::health_flags::healthy
one::127.0.0.1:18090::weight::1
one::127.0.0.1:18090::region::
one::127.0.0.1:18090::zone::
one::127.0.0.1:18090::sub_zone::
one::127.0.0.1:18090::canary::false
one::127.0.0.1:18090::priority::0
one::127.0.0.1:18090::success_rate::-1
one::127.0.0.1:18090::local_origin_success_rate::-1
`,
  );
  match(asker()("/clusters").body, /\ntwo::eds_service_name::svc\n$/);
  deepEqual(asker()("/clusters?filter=%5B"), { status: 400, type: plain, body: "Invalid re2 regex" });
});

test("/clusters as JSON leaves default values out", () => {
  const { cluster_statuses } = JSON.parse(asker()("/clusters?format=json").body);
  const [one, two] = cluster_statuses;
  deepEqual(one.host_statuses[0].stats.slice(0, 2), [
    { name: "cx_connect_fail" },
    { value: "2", name: "cx_total" },
  ]);
  deepEqual(one.host_statuses[0].stats[6], { type: "GAUGE", value: "2", name: "cx_active" });
  deepEqual(one.host_statuses[0].health_status, { eds_health_status: "HEALTHY" });
  equal(one.circuit_breakers.thresholds[1].priority, "HIGH");
  equal("added_via_api" in one, false);
  equal(two.eds_service_name, "svc");
  equal(asker()("/clusters?format=json&filter=zzz").body, "{}\n");
});

test("/config_dump is whole, or one kind of resource", () => {
  const ask = asker();
  equal(JSON.parse(ask("/config_dump").body).configs.length, 3);
  equal(JSON.parse(ask("/config_dump?include_eds").body).configs.length, 4);
  const { configs } = JSON.parse(ask("/config_dump?resource=static_clusters").body);
  deepEqual(
    configs.map((config: { cluster: { name: string } }) => config.cluster.name),
    ["one", "two"],
  );
  equal(configs[0]["@type"], "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster");
  equal(ask("/config_dump?resource=dynamic_listeners").body, "{}\n");
  deepEqual(ask("/config_dump?resource=nope"), {
    status: 404,
    type: "text/plain",
    body: "nope not found in config dump",
  });
  equal(
    ask("/config_dump?resource=bootstrap").body,
    "bootstrap is not a repeated field. Use ?mask=bootstrap to get only this field",
  );
});

test("a mask cuts fields away", () => {
  const ask = asker();
  deepEqual(JSON.parse(ask("/config_dump?mask=bootstrap.node.cluster").body), {
    configs: [
      {
        "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
        bootstrap: { node: { cluster: "c1" } },
      },
    ],
  });
  const { configs } = JSON.parse(
    ask("/config_dump?resource=static_clusters&mask=cluster.name,cluster.type").body,
  );
  deepEqual(configs[0].cluster, {
    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    name: "one",
    type: "STATIC",
  });
  equal(ask("/config_dump?mask=nope").status, 400);
  equal(
    ask("/config_dump?mask=nope").body,
    "FieldMask nope could not be successfully applied to any configs.",
  );
  equal(ask("/config_dump?resource=static_clusters&mask=nope").status, 400);
});

test("a mask may name what the API has, whether it is set or not, and nothing else", () => {
  const ask = asker();
  const masked = (query: string) => ask(`/config_dump?${query}`);
  deepEqual(JSON.parse(masked("mask=bootstrap.node.locality.zone").body).configs[0].bootstrap, { node: {} });
  const unset = JSON.parse(
    masked("resource=static_clusters&mask=cluster.eds_cluster_config.service_name").body,
  );
  deepEqual(unset.configs[0].cluster, { "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster" });
  const refused = [
    "mask=bootstrap.nope",
    "mask=bootstrap.node.id.x",
    "mask=bootstrap.static_resources.clusters.name",
    "mask=static_clusters.cluster",
    "mask=bootstrap.admin,version_info",
    "resource=static_clusters&mask=cluster",
    "resource=static_clusters&mask=cluster.nope",
    "resource=static_clusters&mask=cluster.load_assignment.endpoints.priority",
  ];
  for (const query of refused) equal(masked(query).status, 400, query);
});

test("a name picks resources, and messages without any stay", () => {
  const { configs } = JSON.parse(asker()("/config_dump?name_regex=o.e").body);
  equal(configs.length, 3);
  equal(configs[1].static_clusters.length, 1);
  equal(
    asker()("/config_dump?name_regex=%5B").body,
    "INVALID_ARGUMENT: Error while parsing name_regex from [: missing ]: [",
  );
});

const counted = [
  {
    kind: "cluster",
    prefix: "cluster.a.",
    values: { upstream_rq_total: 3 },
    sparse: { upstream_rq_: [[200, 3]] },
  },
] as const;

test("/stats is filtered by name, type and use", () => {
  const ask = asker(fakeContext(counted));
  equal(ask("/stats?filter=upstream_rq_[2-5]").body, "cluster.a.upstream_rq_200: 3\n");
  equal(
    ask("/stats?usedonly&filter=a.upstream").body,
    "cluster.a.upstream_rq_200: 3\ncluster.a.upstream_rq_total: 3\n",
  );
  equal(ask("/stats?type=Gauges&usedonly").body, "server.live: 1\n");
  equal(ask("/stats?filter=cluster&invert_filter&usedonly").body, "server.live: 1\n");
  equal(ask("/stats?filter=zzz").body, "");
  equal(ask("/stats?hidden=only").body, "");
  equal(ask("/stats?format=json&filter=live").body, '{"stats":[{"name":"server.live","value":1}]}');
  equal(ask("/stats?format=json").type, "application/json");
});

for (const [query, body] of [
  ["filter=%5B", "Invalid re2 regex: missing ]: [\n"],
  ["type=gauges", "invalid &type= param"],
  ["format=x", "usage: /stats?format=(html|active-html|json|prometheus|text)\n\n"],
  ["hidden=x", "usage: /stats?hidden=(include|only|exclude)\n\n"],
  [
    "histogram_buckets=x",
    "usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n",
  ],
  ["format=prometheus&histogram_buckets=disjoint", "unsupported prometheus histogram bucket mode"],
] as const) {
  test(`/stats?${query} is refused in Envoy's words`, () => {
    deepEqual(asker()(`/stats?${query}`), { status: 400, type: plain, body });
  });
}

test("/stats/prometheus and /stats?format=prometheus are the same", () => {
  const ask = asker(fakeContext(counted));
  const { body } = ask("/stats/prometheus?filter=upstream_rq_total");
  equal(
    body,
    '# TYPE envoy_cluster_upstream_rq_total counter\nenvoy_cluster_upstream_rq_total{envoy_cluster_name="a"} 3\n',
  );
  equal(ask("/stats?format=prometheus&filter=upstream_rq_total").body, body);
});

test("a look ends the interval where stats_flush_on_admin says so", () => {
  const scopes = [{ kind: "cluster", prefix: "cluster.a.", sparse: { upstream_rq_time: [[1, 2]] } }] as const;
  const look = (context: AdminContext) => asker(context)("/stats?filter=rq_time$").body.slice(0, 38);
  equal(look(fakeContext(scopes)), "cluster.a.upstream_rq_time: P0(nan,1.0");
  equal(look(fakeContext(scopes, { statsFlushOnAdmin: true })), "cluster.a.upstream_rq_time: P0(1.03333");
});

test("the pages quote what they are given", () => {
  const { type, body } = asker()("/stats?format=html&filter=%3Cscript%3E");
  equal(type, "text/html; charset=UTF-8");
  equal(body.includes("<script>"), false);
  ok(body.includes('value="&lt;script&gt;"'));
  match(asker()("/stats?format=active-html").body, /http-equiv="refresh"/);
});

test("/ is a page without anything from elsewhere", () => {
  const { type, body } = asker()("/");
  equal(type, "text/html; charset=UTF-8");
  equal(/(?:src|href)="https?:/.test(body), false);
  const script = /<script>([\s\S]*)<\/script>/.exec(body)?.[1] ?? "";
  // Compiles; what is embedded cannot end the element.
  new Function(script);
  equal(script.includes("</"), false);
});

test("/reset_counters takes counters to 0", () => {
  const ask = asker(fakeContext(counted));
  equal(ask("/reset_counters", "POST").body, "OK\n");
  equal(ask("/stats?filter=upstream_rq_total").body, "cluster.a.upstream_rq_total: 0\n");
});

test("/runtime_modify takes a query, or else a form", () => {
  const context = fakeContext();
  const ask = asker(context);
  equal(ask("/runtime_modify?a=1&b=", "POST").body, "OK\n");
  equal(ask("/runtime_modify", "POST", "c=x+y&d=%7Bz%7D").body, "OK\n");
  deepEqual(context.calls, ['modify [["a","1"],["b",""]]', 'modify [["c","x+y"],["d","{z}"]]']);
  const usage = ask("/runtime_modify", "POST");
  equal(usage.status, 400);
  match(usage.body, /^usage: \/runtime_modify\?key1=value1&key2=value2&keyN=valueN\n {7}or send/);
  deepEqual(ask("/runtime_modify?refused=1", "POST"), {
    status: 503,
    type: plain,
    body: "No admin layer specified",
  });
  deepEqual(JSON.parse(ask("/runtime").body).layers, ["base"]);
});

test("/logging shows and changes levels", () => {
  const context = fakeContext();
  const ask = asker(context);
  match(ask("/logging", "POST").body, /^active loggers:\n {2}a2a: info\n/);
  match(ask("/logging?level=warning", "POST").body, /\n {2}main: warning\n/);
  match(ask("/logging?http=debug", "POST").body, /\n {2}http: debug\n/);
  match(
    ask("/logging?paths=http:trace,main:off", "POST").body,
    /\n {2}http: trace\n[\s\S]*\n {2}main: off\n/,
  );
  equal(context.log.level("http"), "trace");
});

for (const [query, words] of [
  ["level=bogus", "unknown logger level"],
  ["http=bogus", "unknown logger level"],
  ["nope=debug", "unknown logger name"],
  ["http=debug&level=info", "invalid number of parameters"],
  ["paths=http", "empty logger name or empty logger level"],
  ["paths=nope:debug", "unknown logger name"],
  ["group=x:debug", "group parameter requires fine-grain logging to be enabled"],
] as const) {
  test(`/logging?${query} changes nothing and says why`, () => {
    const context = fakeContext();
    const { status, body } = asker(context)(`/logging?${query}`, "POST");
    equal(status, 400);
    ok(body.startsWith(`error: ${words}\n\nusage: /logging?<name>=<level> (change single level)\n`), body);
    equal(context.log.level("http"), "info");
  });
}

test("only allowed paths are answered", () => {
  const ask = asker(fakeContext(), { allow_paths: [{ prefix: "/stats" }, { exact: "/ready" }] });
  equal(ask("/stats?x=1").status, 200);
  equal(ask("/ready").status, 200);
  deepEqual(ask("/ready?x"), { status: 403, type: plain, body: "request to path /ready?x not allowed" });
});

test("what is not built in says so", () => {
  const ask = asker();
  deepEqual(ask("/cpuprofiler?enable=y", "POST").body, "failure to start the profiler\n");
  deepEqual(ask("/cpuprofiler", "POST").body, "?enable=<y|n>\n");
  equal(ask("/heapprofiler?enable=y", "POST").status, 501);
  match(ask("/contention").body, /^Mutex contention tracing is not enabled\./);
  equal(ask("/hot_restart_version").body, "11.104");
  equal(ask("/init_dump").body, "{}\n");
});

test("/memory has Envoy's fields, in bytes", () => {
  const memory = JSON.parse(asker()("/memory").body);
  ok(Number(memory.total_physical_bytes) > 1_000_000);
  ok(Number(memory.allocated) > 100_000);
});

test("a query's first value of a name counts, and a bad escape stands for itself", () => {
  deepEqual(
    [...paramsOf("a=1&a=2&b&%zz=%41&=c")],
    [
      ["a", "1"],
      ["b", ""],
      ["%zz", "A"],
      ["", "c"],
    ],
  );
});
