import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { bucketsOf, rejection } from "./buckets.ts";
import { fakeNative } from "./fake_native.ts";
import { jsonText } from "./json.ts";
import { prometheusText } from "./prometheus.ts";
import { StatsStore } from "./store.ts";
import { tagExtractor } from "./tags.ts";
import { subscription } from "./templates.ts";
import { type HistogramMode, textLines } from "./text.ts";

// What Envoy 1.40 printed for the same traffic: three answers in 0 ms, one in 41, one in 42.
function store(): StatsStore {
  const native = fakeNative([
    {
      kind: "cluster",
      prefix: "cluster.one.",
      values: { upstream_rq_total: 5, upstream_rq_timeout: 0 },
      sparse: {
        upstream_rq_: [
          [200, 4],
          [404, 1],
        ],
        upstream_rq_time: [
          [0, 3],
          [41, 1],
          [42, 1],
        ],
        upstream_cx_connect_ms: [[1, 7]],
      },
    },
    { kind: "cluster", prefix: "cluster.two.", sparse: { upstream_rq_: [[200, 9]] } },
  ]);
  const all = new StatsStore({ native });
  all.scope(subscription, "cluster_manager.cds.").set("version_text", 'a "b" <c>');
  return all;
}

const chosen = (pattern: RegExp) => ({ name: (name: string) => pattern.test(name) });
const text = (pattern: RegExp, mode: HistogramMode = "summary") =>
  [...textLines(store(), chosen(pattern), mode, bucketsOf())].join("");
const json = (pattern: RegExp, mode: HistogramMode = "summary") =>
  [...jsonText(store(), chosen(pattern), mode, bucketsOf())].join("");

test("text has text readouts first and histograms last", () => {
  equal(
    text(/version_text|one\.upstream_rq_(t|2|4)|one\.upstream_cx_length/),
    `cluster_manager.cds.version_text: "a &quot;b&quot; &lt;c&gt;"
cluster.one.upstream_rq_200: 4
cluster.one.upstream_rq_404: 1
cluster.one.upstream_rq_timeout: 0
cluster.one.upstream_rq_total: 5
cluster.one.upstream_rq_tx_reset: 0
cluster.one.upstream_cx_length_ms: No recorded values
cluster.one.upstream_rq_time: P0(nan,0) P25(nan,0) P50(nan,0) P75(nan,41.5) P90(nan,42.5) P95(nan,42.5) P99(nan,42.5) P99.5(nan,42.5) P99.9(nan,42.5) P100(nan,42.5)
`,
  );
});

test("buckets are shown cumulative, disjoint and in detail", () => {
  equal(
    text(/one\.upstream_rq_time$/, "cumulative"),
    "cluster.one.upstream_rq_time: B0.5(0,3) B1(0,3) B5(0,3) B10(0,3) B25(0,3) B50(0,5) B100(0,5) B250(0,5) B500(0,5) B1000(0,5) B2500(0,5) B5000(0,5) B10000(0,5) B30000(0,5) B60000(0,5) B300000(0,5) B600000(0,5) B1.8e+06(0,5) B3.6e+06(0,5)\n",
  );
  equal(
    text(/one\.upstream_rq_time$/, "disjoint").slice(0, 78),
    "cluster.one.upstream_rq_time: B0.5(0,3) B1(0,0) B5(0,0) B10(0,0) B25(0,0) B50(",
  );
  equal(
    text(/one\.upstream_cx_connect_ms/, "detailed").split("summary")[0],
    "cluster.one.upstream_cx_connect_ms:\n  totals=1,0.1:7\n  intervals=\n  ",
  );
});

test("JSON is one line with numbers as numbers", () => {
  equal(
    json(/one\.upstream_rq_(total|2)|version_text/),
    '{"stats":[{"name":"cluster_manager.cds.version_text","value":"a \\"b\\" <c>"},{"name":"cluster.one.upstream_rq_200","value":4},{"name":"cluster.one.upstream_rq_total","value":5}]}',
  );
  equal(json(/nothing/), '{"stats":[]}');
});

test("JSON histograms come after the scalars, in each mode", () => {
  const summary = JSON.parse(json(/one\.upstream_rq_tim/));
  deepEqual(summary.stats[0], { name: "cluster.one.upstream_rq_timeout", value: 0 });
  const { supported_quantiles, computed_quantiles } = summary.stats[1].histograms;
  deepEqual(supported_quantiles, [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100]);
  deepEqual(computed_quantiles[0].values[3], { cumulative: 41.5, interval: null });
  const detailed = JSON.parse(json(/one\.upstream_rq_time$/, "detailed")).stats[0].histograms.details[0];
  deepEqual(detailed.totals[1], { lower_bound: 41, width: 1, count: 1 });
  const buckets = json(/one\.upstream_rq_time$/, "cumulative");
  equal(buckets.includes('{"upper_bound":3e+05,"interval":0,"cumulative":5}'), true);
});

test("Prometheus families come in the order of their names with dots", () => {
  const options = { extractor: tagExtractor(), buckets: bucketsOf(), textReadouts: true };
  const pattern = /upstream_rq_(\d{3}|total)|version_text|rq_pending_active/;
  equal(
    [...prometheusText(store(), chosen(pattern), options)].join(""),
    `# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="one"} 4
envoy_cluster_upstream_rq{envoy_response_code="404",envoy_cluster_name="one"} 1
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="two"} 9
# TYPE envoy_cluster_upstream_rq_total counter
envoy_cluster_upstream_rq_total{envoy_cluster_name="one"} 5
envoy_cluster_upstream_rq_total{envoy_cluster_name="two"} 0
# TYPE envoy_cluster_upstream_rq_pending_active gauge
envoy_cluster_upstream_rq_pending_active{envoy_cluster_name="one"} 0
envoy_cluster_upstream_rq_pending_active{envoy_cluster_name="two"} 0
# TYPE envoy_cluster_manager_cds_version_text gauge
envoy_cluster_manager_cds_version_text{text_value="a \\"b\\" <c>"} 0
`,
  );
});

test("Prometheus histograms end with +Inf, sum and count", () => {
  const options = { extractor: tagExtractor(), buckets: bucketsOf() };
  const lines = [...prometheusText(store(), chosen(/one\.upstream_cx_connect_ms/), options)]
    .join("")
    .split("\n");
  equal(lines[0], "# TYPE envoy_cluster_upstream_cx_connect_ms histogram");
  equal(lines[2], 'envoy_cluster_upstream_cx_connect_ms_bucket{envoy_cluster_name="one",le="1"} 7');
  deepEqual(lines.slice(-4), [
    'envoy_cluster_upstream_cx_connect_ms_bucket{envoy_cluster_name="one",le="+Inf"} 7',
    'envoy_cluster_upstream_cx_connect_ms_sum{envoy_cluster_name="one"} 7.3333333333333339254522798000835',
    'envoy_cluster_upstream_cx_connect_ms_count{envoy_cluster_name="one"} 7',
    "",
  ]);
});

test("a Prometheus summary is of the last interval", () => {
  const all = store();
  const options = { extractor: tagExtractor(), buckets: bucketsOf(), mode: "summary" as const };
  const print = () => [...prometheusText(all, chosen(/one\.upstream_cx_connect_ms/), options)].join("");
  equal(print().includes('quantile="0.995"} nan\n'), true);
  all.flush();
  equal(print().includes('quantile="0.5"} 1.05'), true);
  equal(print().endsWith('_count{envoy_cluster_name="one"} 7\n'), true);
});

test("the first bucket setting that matches decides", () => {
  const buckets = bucketsOf([
    { match: { suffix: "_ms" }, buckets: [10, 1] },
    { match: { prefix: "cluster." }, buckets: [7] },
  ]);
  deepEqual([...buckets("cluster.a.x_ms")], [1, 10]);
  deepEqual([...buckets("cluster.a.x")], [7]);
  equal(buckets("http.x")[0], 0.5);
});

test("a stats matcher includes, excludes or rejects all", () => {
  const patterns = [{ prefix: "cluster." }, { safe_regex: { regex: "server\\..*" } }];
  const excluding = rejection({ exclusion_list: { patterns } });
  deepEqual(["cluster.a", "server.live", "http.a"].map(excluding!), [true, true, false]);
  const including = rejection({ inclusion_list: { patterns } });
  deepEqual(["cluster.a", "server.live", "http.a"].map(including!), [false, false, true]);
  equal(rejection({ reject_all: true })?.("x"), true);
  equal(rejection(undefined), null);
});
