import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSchema } from "./api/schema.ts";
import { type BootstrapFlags, type Loaded, loadBootstrap } from "./bootstrap.ts";
import { formatIssues } from "./issue.ts";

const schema = openSchema();
const none: BootstrapFlags = {
  configPath: "",
  configYaml: "",
  allowUnknownStaticFields: false,
  skipDeprecatedLogs: false,
  serviceCluster: "",
  serviceNode: "",
  serviceZone: "",
};

type Flags = Partial<BootstrapFlags>;

function load(text: string, flags: Flags = {}, name = "envoy.yaml"): Promise<Loaded> {
  const openFile = () => ({ name, bytes: Buffer.from(text) });
  return loadBootstrap(
    { ...none, configPath: name, ...flags },
    { schema, hooks: { openLog: () => null }, openFile },
  );
}

async function issuesOf(text: string, flags: Flags = {}, name = "envoy.yaml"): Promise<string[]> {
  const loaded = await load(text, flags, name);
  return loaded.ok ? [] : formatIssues(loaded.issues).trimEnd().split("\n");
}

async function bootstrapOf(text: string, flags: Flags = {}, name = "envoy.yaml") {
  const loaded = await load(text, flags, name);
  if (!loaded.ok) throw new Error(formatIssues(loaded.issues));
  return loaded.bootstrap;
}

const hcmType =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = {
  name: "r",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
};
const at = (address: string, port: number) => ({ socket_address: { address, port_value: port } });
const endpoint = { lb_endpoints: [{ endpoint: { address: at("127.0.0.1", 9000) } }] };
const cluster = (name: string) => ({
  name,
  connect_timeout: "1s",
  load_assignment: { cluster_name: name, endpoints: [endpoint] },
});

const plainChain = {
  filters: [
    {
      name: "hcm",
      typed_config: {
        "@type": hcmType,
        stat_prefix: "in",
        route_config: { virtual_hosts: [] },
        http_filters: [router],
      },
    },
  ],
};

type Parts = {
  routes?: unknown[];
  hosts?: unknown[];
  hcm?: object;
  listener?: object;
  cluster?: object;
  chain?: object;
  clusters?: unknown[];
};

/** A whole bootstrap with one thing changed. */
function bootstrap(parts: Parts): string {
  const routes = parts.routes ?? [{ match: { prefix: "/" }, route: { cluster: "a" } }];
  const hosts = parts.hosts ?? [{ name: "v", domains: ["*"], routes }];
  const manager = {
    "@type": hcmType,
    stat_prefix: "in",
    route_config: { virtual_hosts: hosts },
    http_filters: [router],
    ...parts.hcm,
  };
  const chain = { filters: [{ name: "hcm", typed_config: manager }], ...parts.chain };
  const listener = { name: "l", address: at("127.0.0.1", 0), filter_chains: [chain], ...parts.listener };
  const clusters = parts.clusters ?? [{ ...cluster("a"), ...parts.cluster }];
  return JSON.stringify({ static_resources: { listeners: [listener], clusters } });
}

const route = (action: object, prefix = "/") => ({ match: { prefix }, ...action });

test("a CONNECT-UDP request may be passed on, but it cannot end here", async () => {
  const upgrade = (more: object) =>
    bootstrap({
      routes: [
        route({ route: { cluster: "a", upgrade_configs: [{ upgrade_type: "CONNECT-UDP", ...more }] } }),
      ],
    });
  deepEqual(await issuesOf(upgrade({})), []);
  const [issue = ""] = (await issuesOf(upgrade({ connect_config: {} }))).map((found) =>
    JSON.stringify(found),
  );
  match(issue, /connect_config.*CONNECT-UDP that ends here is not implemented/);
});

test("a whole bootstrap is accepted", async () => {
  deepEqual(await issuesOf(bootstrap({})), []);
});

test("every spelling comes out as canonical proto JSON", async () => {
  const clusters = [
    {
      ...cluster("a"),
      connectTimeout: "0.25s",
      lbPolicy: 3,
      type: "static",
      max_requests_per_connection: "7",
      per_connection_buffer_limit_bytes: { value: 1024 },
      dns_lookup_family: null,
    },
  ];
  const { static_resources: resources } = await bootstrapOf(
    JSON.stringify({ staticResources: { clusters } }),
  );
  deepEqual((resources as { clusters: unknown }).clusters, [
    {
      ...cluster("a"),
      connect_timeout: "0.250s",
      lb_policy: "RANDOM",
      type: "STATIC",
      max_requests_per_connection: 7,
      per_connection_buffer_limit_bytes: 1024,
    },
  ]);
});

test("all errors are found at once, each at its place", async () => {
  const text = [
    "static_resources:",
    "  clusters:",
    "  - name: a",
    "    connect_timeout: 5",
    "    lb_polcy: RANDOM",
    "    lb_policy: BEST",
    "  - connect_timeout: -1s",
    "admin:",
    "  address: {socket_address: {address: 127.0.0.1, port_value: 70000}}",
  ].join("\n");
  deepEqual(await issuesOf(text), [
    'envoy.yaml:4:5: static_resources.clusters[0].connect_timeout: 5 is not a duration; write seconds with an s, e.g. "1.5s"',
    "envoy.yaml:5:5: static_resources.clusters[0].lb_polcy: envoy.config.cluster.v3.Cluster has no such field; did you mean lb_policy?",
    'envoy.yaml:6:5: static_resources.clusters[0].lb_policy: "BEST" is not one of ROUND_ROBIN, LEAST_REQUEST, RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG',
    'envoy.yaml:7:5: static_resources.clusters[1].connect_timeout: "-1s" is out of range: must be more than 0s',
    "envoy.yaml:7:5: static_resources.clusters[1].name: must be set",
    "envoy.yaml:9:50: admin.address.socket_address.port_value: 70000 is out of range: must be at most 65535",
  ]);
});

test("JSON has positions, too, although it is read without them", async () => {
  deepEqual(await issuesOf('{"node":\n  {"id": 5}}', {}, "x.json"), [
    'x.json:2:4: node.id: 5 is not text; write "5" in quotes',
  ]);
});

/** What is wrong, the field that is named, and a part of the message. */
const refused: readonly (readonly [what: string, parts: Parts, path: string, message: RegExp])[] = [
  [
    "an unknown cluster",
    { routes: [route({ route: { cluster: "aa" } })] },
    "routes[0].route.cluster",
    /did you mean a\?/,
  ],
  [
    "an unknown weighted cluster",
    { routes: [route({ route: { weighted_clusters: { clusters: [{ name: "b", weight: 1 }] } } })] },
    "clusters[0].name",
    /there is no cluster "b"/,
  ],
  [
    "weights of zero",
    { routes: [route({ route: { weighted_clusters: { clusters: [{ name: "a", weight: 0 }] } } })] },
    "weighted_clusters.clusters",
    /sum up to 0/,
  ],
  [
    "two clusters of one name",
    { clusters: [cluster("a"), cluster("a")] },
    "clusters[1].name",
    /also the name of clusters\[0\]/,
  ],
  [
    "a domain of two hosts",
    {
      hosts: [
        { name: "v", domains: ["A.test"], routes: [] },
        { name: "w", domains: ["b", "a.TEST"], routes: [] },
      ],
    },
    "virtual_hosts[1].domains[1]",
    /already taken by virtual_hosts\[0\].domains\[0\]/,
  ],
  [
    "a route without an action",
    { routes: [{ match: { prefix: "/" } }] },
    "routes[0]",
    /one of route, redirect/,
  ],
  [
    "two fields of a oneof",
    { routes: [{ match: { prefix: "/", path: "/x" }, route: { cluster: "a" } }] },
    "match.path",
    /only one of prefix and path/,
  ],
  [
    "a regex that does not compile",
    { routes: [{ match: { safe_regex: { regex: "(" } }, route: { cluster: "a" } }] },
    "safe_regex.regex",
    /not closed/,
  ],
  [
    "a body that is too long",
    { routes: [route({ direct_response: { status: 200, body: { inline_string: "x".repeat(4097) } } })] },
    "direct_response.body",
    /allows 4096/,
  ],
  [
    "a body whose file is missing",
    { routes: [route({ direct_response: { status: 200, body: { filename: "/no/such" } } })] },
    "body.filename",
    /cannot be read/,
  ],
  [
    "a filter of no type",
    { hcm: { http_filters: [{ name: "x" }] } },
    "http_filters[0]",
    /has no typed_config/,
  ],
  [
    "an unknown type",
    { hcm: { http_filters: [{ name: "x", typed_config: { "@type": "t/no.such.Filter" } }] } },
    "@type",
    /no type of the Envoy API/,
  ],
  [
    "a type that comes later",
    {
      hcm: {
        http_filters: [
          { name: "x", typed_config: { "@type": "t/envoy.extensions.filters.http.lua.v3.Lua" } },
          router,
        ],
      },
    },
    "@type",
    /envoy.extensions.filters.http.lua.v3.Lua is an Envoy extension that Outrider does not implement yet/,
  ],
  [
    "a type in the wrong place",
    { hcm: { http_filters: [{ name: "x", typed_config: { "@type": hcmType } }] } },
    "@type",
    /is no HTTP filter, but a network filter/,
  ],
  [
    "a router that is not last",
    { hcm: { http_filters: [router, router] } },
    "http_filters[0]",
    /must be the last HTTP filter/,
  ],
  [
    "a field that comes later",
    { cluster: { outlier_detection: {} } },
    "outlier_detection",
    /does not implement this field yet/,
  ],
  [
    "a value that comes later",
    { cluster: { type: "ORIGINAL_DST" } },
    "type",
    /does not implement ORIGINAL_DST yet/,
  ],
  [
    "a name for an address",
    { listener: { address: at("localhost", 1) } },
    "address.socket_address.address",
    /no IP address/,
  ],
  [
    "a threshold per host that is not of connections",
    { cluster: { circuit_breakers: { per_host_thresholds: [{ max_requests: 1 }] } } },
    "per_host_thresholds[0].max_requests",
    /only max_connections/,
  ],
  [
    "a policy of no type",
    { cluster: { load_balancing_policy: { policies: [{}] } } },
    "load_balancing_policy",
    /no policy with a typed_config/,
  ],
  [
    "a fault in a field that has no effect",
    { routes: [route({ route: { cluster: "a", retry_policy: { retriable_headers: [{}] } } })] },
    "retriable_headers[0].name",
    /must be set/,
  ],
  [
    "a name in a static cluster",
    {
      cluster: {
        load_assignment: {
          cluster_name: "a",
          endpoints: [{ lb_endpoints: [{ endpoint: { address: at("b", 1) } }] }],
        },
      },
    },
    "socket_address.address",
    /use STRICT_DNS or LOGICAL_DNS/,
  ],
  ["no filter chains", { listener: { filter_chains: [] } }, "listeners[0]", /has no filter chains/],
  [
    "a format with an unknown command",
    { hcm: { local_reply_config: { body_format: { text_format_source: { inline_string: "%NOPE%" } } } } },
    "inline_string",
    /NOPE is no command/,
  ],
  [
    "a format that is not closed",
    {
      routes: [
        route({
          route: { cluster: "a" },
          request_headers_to_add: [{ header: { key: "a", value: "%REQ(x" } }],
        }),
      ],
    },
    "header.value",
    /no command begins/,
  ],
  [
    "a pseudo header to add",
    {
      routes: [
        route({
          route: { cluster: "a" },
          request_headers_to_add: [{ header: { key: ":path", value: "x" } }],
        }),
      ],
    },
    "header.key",
    /may not be changed/,
  ],
  [
    "a host to remove",
    { routes: [route({ route: { cluster: "a" }, request_headers_to_remove: ["Host"] })] },
    "request_headers_to_remove[0]",
    /may not be removed/,
  ],
  [
    "two ways to rewrite",
    {
      routes: [
        route({ route: { cluster: "a", prefix_rewrite: "/", regex_rewrite: { pattern: { regex: "a" } } } }),
      ],
    },
    "regex_rewrite",
    /only one of/,
  ],
  ["a negative duration", { hcm: { request_timeout: "-1s" } }, "request_timeout", /must not be negative/],
  [
    "two DNS names in a LOGICAL_DNS cluster",
    {
      cluster: {
        type: "LOGICAL_DNS",
        load_assignment: { cluster_name: "a", endpoints: [endpoint, endpoint] },
      },
    },
    "load_assignment",
    /a single locality/,
  ],
  [
    "a rewrite by a template without one",
    {
      routes: [
        route({
          route: {
            cluster: "a",
            path_rewrite_policy: {
              name: "t",
              typed_config: {
                "@type": "t/envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig",
                path_template_rewrite: "/{x}",
              },
            },
          },
        }),
      ],
    },
    "path_template_rewrite",
    /wants a path_match_policy/,
  ],
];

for (const [what, parts, path, message] of refused) {
  test(`${what} is refused at its field`, async () => {
    const issues = await issuesOf(bootstrap(parts), {}, "e.json");
    equal(issues.length, 1, issues.join("\n"));
    match(issues[0] ?? "", message);
    equal((issues[0] ?? "").split(": ")[1]?.slice(-path.length), path);
    match(issues[0] ?? "", /^e\.json:1:\d+: /);
  });
}

test("two chains that match the same are refused, whatever else is", async () => {
  const chain = (...server_names: string[]) => ({ filter_chain_match: { server_names } });
  const issues = await issuesOf(bootstrap({ listener: { filter_chains: [chain("a", "b"), chain("B")] } }));
  match(
    issues.join("\n"),
    /filter_chains\[1\]\.filter_chain_match: matches the same connections as filter_chains\[0\]/,
  );
});

test("two listeners on one address are refused, unless one does not bind", async () => {
  const listener = (name: string, more: object) => ({
    name,
    address: at("127.0.0.1", 15001),
    filter_chains: [plainChain],
    ...more,
  });
  const text = (more: object) =>
    JSON.stringify({ static_resources: { listeners: [listener("a", {}), listener("b", more)] } });
  match((await issuesOf(text({})))[0] ?? "", /127\.0\.0\.1:15001 is also the address of listeners\[0\]/);
  deepEqual(await issuesOf(text({ bind_to_port: false })), []);
});

test("validate_clusters: false lets a route name any cluster", async () => {
  const route_config = {
    validate_clusters: false,
    virtual_hosts: [{ name: "v", domains: ["*"], routes: [route({ route: { cluster: "zz" } })] }],
  };
  deepEqual(await issuesOf(bootstrap({ hcm: { route_config } })), []);
});

test("of several load balancing policies the first that is implemented counts", async () => {
  const policy = (name: string) => ({
    typed_extension_config: {
      name,
      typed_config: { "@type": `t/envoy.extensions.load_balancing_policies.${name}` },
    },
  });
  const policies = [
    policy("client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin"),
    policy("random.v3.Random"),
  ];
  deepEqual(await issuesOf(bootstrap({ cluster: { load_balancing_policy: { policies } } })), []);
  equal(
    (await issuesOf(bootstrap({ cluster: { load_balancing_policy: { policies: policies.slice(0, 1) } } })))
      .length,
    1,
  );
});

test("a TypedStruct is taken for what it describes", async () => {
  const value = { stat_prefix: "x", no_such: 1 };
  const typed_config = { "@type": "t/xds.type.v3.TypedStruct", type_url: hcmType, value };
  const issues = await issuesOf(bootstrap({ chain: { filters: [{ name: "hcm", typed_config }] } }));
  match(issues.join("\n"), /no_such: .* has no such field/);
});

test("--config-yaml is merged over the file: scalars replace, lists are appended, messages merge", async () => {
  const file = "node: {id: a, cluster: c, client_features: [p]}\nadmin: {profile_path: ''}";
  const { node } = await bootstrapOf(file, { configYaml: "node: {id: b, client_features: [q]}" });
  deepEqual(node, { id: "b", cluster: "c", client_features: ["p", "q"] });
});

test("an error in a merged list is found in the text that it came from", async () => {
  const configYaml = "static_resources:\n  clusters:\n  - {name: b, connect_timeout: 0s}";
  deepEqual(
    await issuesOf("static_resources: {clusters: [{name: a, connect_timeout: 1s}]}", { configYaml }),
    [
      '--config-yaml:3:15: static_resources.clusters[1].connect_timeout: "0s" is out of range: must be more than 0s',
    ],
  );
});

test("flags of the node win over the file", async () => {
  const flags = { serviceNode: "n", serviceCluster: "c", serviceZone: "z" };
  deepEqual((await bootstrapOf("node: {id: a, locality: {region: r}}", flags))["node"], {
    id: "n",
    cluster: "c",
    locality: { region: "r", zone: "z" },
  });
});

test("the format of the log may be given in one place only", async () => {
  const text = "application_log_config: {log_format: {text_format: '%v'}}";
  deepEqual(await issuesOf(text), []);
  match((await issuesOf(text, { logFormatGiven: true })).join(), /only one of this and --log-format/);
});

test("unknown fields pass with a warning when that is wanted, and are left out", async () => {
  const loaded = await load("node: {id: a, no_such: 1}", { allowUnknownStaticFields: true });
  ok(loaded.ok);
  deepEqual(loaded.bootstrap, { node: { id: "a" } });
  match(formatIssues(loaded.warnings), /^envoy.yaml:1:15: warning: node.no_such: /);
});

test("a deprecated field is warned about once, and not at all when that is wanted", async () => {
  const clusters = [cluster("a"), cluster("b")].map((c) => ({ ...c, max_requests_per_connection: 1 }));
  const text = JSON.stringify({ static_resources: { clusters } });
  const loaded = await load(text);
  ok(loaded.ok);
  equal(loaded.warnings.length, 1);
  match(loaded.warnings[0]?.message ?? "", /is deprecated since Envoy/);
  const silent = await load(text, { skipDeprecatedLogs: true });
  deepEqual(silent.ok && silent.warnings, []);
});

test("a field that is harmless to leave out is warned about once, with its path", async () => {
  const loaded = await load(
    bootstrap({
      routes: [
        route({ route: { cluster: "a", flush_timeout: "1s" } }),
        route({ route: { cluster: "a", flush_timeout: "1s" } }, "/x"),
      ],
    }),
  );
  ok(loaded.ok);
  equal(loaded.warnings.length, 1);
  match(loaded.warnings[0]?.path ?? "", /routes\[0\]\.route\.flush_timeout$/);
});

test("files are put in the place of their names for the native side only", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "outrider-")), "body");
  writeFileSync(file, "hello");
  const loaded = await load(
    bootstrap({ routes: [route({ direct_response: { status: 200, body: { filename: file } } })] }),
  );
  ok(loaded.ok);
  match(JSON.stringify(loaded.bootstrap), /"body":\{"filename"/);
  match(JSON.stringify(loaded.resolved), /"body":\{"inline_string":"hello"\}/);
});

test("of two listeners with one name the last is run", async () => {
  const listeners = [1, 2].map((port) => ({
    name: "l",
    address: at("127.0.0.1", port),
    filter_chains: [plainChain],
  }));
  const loaded = await load(JSON.stringify({ static_resources: { listeners } }));
  ok(loaded.ok);
  deepEqual((loaded.resolved["static_resources"] as { listeners: unknown[] }).listeners, [listeners[1]]);
  match(loaded.warnings[0]?.message ?? "", /replaced by listeners\[1\]/);
});

for (const [what, text, message] of [
  ["no YAML", "{{{", /envoy.yaml:1:/],
  ["a list", "[1, 2]", /is not an object/],
  ["an empty file", "", /is not an object|is empty/],
  ["a comment alone", "# x\n", /is not an object|is empty/],
  ["a merge key", "node: {<<: {id: a}}", /envoy.yaml:1:8: the merge key << is not allowed/],
] as const) {
  test(`${what} is refused`, async () => {
    match((await issuesOf(text)).join("\n"), message);
  });
}

test("no configuration at all is refused", async () => {
  const loaded = await loadBootstrap(none, { schema });
  ok(!loaded.ok);
  match(loaded.issues[0]?.message ?? "", /-c/);
});

test("a file that is not there is refused", async () => {
  const loaded = await loadBootstrap({ ...none, configPath: "/no/such.yaml" }, { schema });
  match(loaded.ok ? "" : formatIssues(loaded.issues), /^\/no\/such.yaml:1:1: cannot be read: ENOENT/);
});

test("endless faults are counted, not kept", async () => {
  const clusters = Array.from({ length: 3_000 }, () => ({ name: 5 }));
  const issues = await issuesOf(JSON.stringify({ static_resources: { clusters } }), {}, "x.json");
  equal(issues.length, 1_001);
  equal(issues.at(-1), "and 2000 more");
});
