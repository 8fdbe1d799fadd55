import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { tagExtractor } from "./tags.ts";

const shown = ({ name, tags }: ReturnType<ReturnType<typeof tagExtractor>["extract"]>) =>
  `${name}{${tags.map((tag) => `${tag.name}=${tag.value}`).join(",")}}`;

// Recorded from Envoy 1.40's /stats and /stats/prometheus.
for (const [name, tagged] of [
  ["cluster.one.upstream_rq_200", "cluster.upstream_rq{envoy.response_code=200,envoy.cluster_name=one}"],
  [
    "cluster.one.external.upstream_rq_5xx",
    "cluster.external.upstream_rq_xx{envoy.response_code_class=5,envoy.cluster_name=one}",
  ],
  ["cluster.one.upstream_rq_total", "cluster.upstream_rq_total{envoy.cluster_name=one}"],
  ["cluster.c.dot.upstream_rq_total", "cluster.dot.upstream_rq_total{envoy.cluster_name=c}"],
  [
    "cluster.up.ssl.ciphers.ECDHE-RSA-AES128-GCM-SHA256",
    "cluster.ssl.ciphers{cipher_suite=ECDHE-RSA-AES128-GCM-SHA256,envoy.cluster_name=up}",
  ],
  [
    "cluster.up.ssl.versions.TLSv1.2",
    "cluster.ssl.versions{envoy.ssl_version=TLSv1.2,envoy.cluster_name=up}",
  ],
  ["cluster.up.ssl.curves.X25519", "cluster.ssl.curves{envoy.ssl_curve=X25519,envoy.cluster_name=up}"],
  ["http.web.downstream_rq_total", "http.downstream_rq_total{envoy.http_conn_manager_prefix=web}"],
  [
    "http.web.rds.my.route.update_success",
    "http.rds.update_success{envoy.rds_route_config=my.route,envoy.http_conn_manager_prefix=web}",
  ],
  [
    "http.web.ext_authz.eap.denied",
    "http.ext_authz.denied{envoy.ext_authz_prefix=eap,envoy.http_conn_manager_prefix=web}",
  ],
  [
    "http.web.rbac.rp.policy.pol1.allowed",
    "http.rbac.policy.allowed{envoy.rbac_policy_name=pol1,envoy.rbac_http_prefix=rp,envoy.http_conn_manager_prefix=web}",
  ],
  ["http.web.rbac.shadow_denied", "http.rbac.shadow_denied{envoy.http_conn_manager_prefix=web}"],
  ["http.web.fault.aborts_injected", "http.fault.aborts_injected{envoy.http_conn_manager_prefix=web}"],
  [
    "listener.127.0.0.1_18080.http.web.downstream_rq_2xx",
    "listener.http.downstream_rq_xx{envoy.response_code_class=2,envoy.http_conn_manager_prefix=web,envoy.listener_address=127.0.0.1_18080}",
  ],
  [
    "listener.[__1]_18083.worker_1.downstream_cx_total",
    "listener.worker.downstream_cx_total{envoy.worker_id=1,envoy.listener_address=[__1]_18083}",
  ],
  ["listener.admin.downstream_cx_total", "listener.admin.downstream_cx_total{}"],
  [
    "listener.admin.http.admin.downstream_rq_completed",
    "listener.admin.http.downstream_rq_completed{envoy.http_conn_manager_prefix=admin}",
  ],
  [
    "listener.my.listener.worker_0.downstream_cx_total",
    "listener.listener.worker_0.downstream_cx_total{envoy.listener_address=my}",
  ],
  [
    "listener.my.listener.ssl.ciphers.TLS_AES_256_GCM_SHA384",
    "listener.listener.ssl.ciphers{envoy.ssl_cipher=TLS_AES_256_GCM_SHA384,envoy.listener_address=my}",
  ],
  [
    "vhost.vh.vcluster.other.upstream_rq_time",
    "vhost.vcluster.upstream_rq_time{envoy.virtual_cluster=other,envoy.virtual_host=vh}",
  ],
  [
    "vhost.vh.route.rs.upstream_rq_timeout",
    "vhost.route.upstream_rq_timeout{envoy.virtual_host=vh,envoy.route=rs}",
  ],
  ["tcp.x.downstream_cx_total", "tcp.downstream_cx_total{envoy.tcp_prefix=x}"],
  ["proxy_proto.versions.v1.found", "proxy_proto.found{envoy.proxy_protocol_version=1}"],
  ["lrl.http_local_rate_limit.ok", "http_local_rate_limit.ok{envoy.local_http_ratelimit_prefix=lrl}"],
  ["netrbac.rbac.allowed", "rbac.allowed{envoy.rbac_prefix=netrbac}"],
  [
    "connection_limit.clim.limited_connections",
    "connection_limit.limited_connections{envoy.connection_limit_prefix=clim}",
  ],
  ["server.worker_0.watchdog_miss", "server.worker.watchdog_miss{envoy.worker_id=0}"],
  ["server.live", "server.live{}"],
] as const) {
  test(`${name} is ${tagged}`, () => equal(shown(tagExtractor().extract(name)), tagged));
}

const custom = [
  { tag_name: "fixed.tag", fixed_value: "fv" },
  { tag_name: "custom", regex: "^http\\.((we)b\\.)" },
  { tag_name: "nogroup", regex: "vcluster" },
];

test("tags of one's own come in Envoy's order", () => {
  const extractor = tagExtractor(custom, true, [{ name: "cli", value: "val" }]);
  equal(
    shown(extractor.extract("http.web.downstream_rq_2xx")),
    "http.downstream_rq_xx{envoy.response_code_class=2,cli=val,fixed.tag=fv,envoy.http_conn_manager_prefix=web,custom=we}",
  );
});

test("without the defaults only what is named is cut", () => {
  const extractor = tagExtractor([{ tag_name: "envoy.cluster_name" }], false);
  deepEqual(extractor.extract("cluster.one.upstream_rq_200"), {
    name: "cluster.upstream_rq_200",
    tags: [{ name: "envoy.cluster_name", value: "one" }],
  });
});
