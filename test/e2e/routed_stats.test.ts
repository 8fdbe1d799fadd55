// What a virtual host counts of its virtual clusters, and a route under its stat_prefix; wire bytes in the log's way.
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { startProxy } from "./proxy.ts";
import { echo, upstream } from "./wire.ts";

test("virtual clusters, what none of them takes, and a route's stat_prefix are counted", async (t) => {
  const up = await upstream(t, echo);
  const virtual_hosts = [
    {
      name: "vh",
      domains: ["*"],
      virtual_clusters: [{ name: "posts", headers: [{ name: ":method", string_match: { exact: "POST" } }] }],
      routes: [
        { match: { prefix: "/mine" }, stat_prefix: "rs", route: { cluster: "up" } },
        { match: { prefix: "/" }, route: { cluster: "up" } },
      ],
      response_headers_to_add: [
        { header: { key: "x-virtual-cluster", value: "%VIRTUAL_CLUSTER_NAME%" } },
        { header: { key: "x-sent", value: "%UPSTREAM_WIRE_BYTES_RECEIVED%" } },
      ],
    },
  ];
  const proxy = await startProxy(t, {
    clusters: { up },
    hcm: { route_config: { name: "r", virtual_hosts } },
  });
  const post = await proxy.ask("POST /mine HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
  equal(post.fields.get("x-virtual-cluster"), "posts");
  // The upstream's head, as it was when the headers were made.
  equal(post.fields.get("x-sent"), String("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n".length));
  for (const path of ["/", "/mine"]) await proxy.ask(`GET ${path} HTTP/1.1\r\nHost: t\r\n\r\n`);
  equal(await proxy.stat("vhost.vh.vcluster.posts.upstream_rq_total"), 1);
  equal(await proxy.stat("vhost.vh.vcluster.posts.upstream_rq_200"), 1);
  equal(await proxy.stat("vhost.vh.vcluster.other.upstream_rq_2xx"), 2);
  equal(await proxy.stat("vhost.vh.route.rs.upstream_rq_completed"), 2);
  equal(await proxy.stat("http.in.rq_total"), 3);
  await proxy.settled();
});
