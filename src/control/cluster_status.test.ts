import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { clusterStatuses, type HostDescription } from "./cluster_status.ts";

const host: HostDescription = {
  ip: "127.0.0.1",
  port: 80,
  pipe: false,
  hostname: "a.test",
  weight: 2,
  priority: 1,
  canary: false,
  health_flags: 0,
  region: "",
  zone: "z",
  sub_zone: "",
  cx_active: 1,
  cx_connect_fail: 0,
  cx_total: 3,
  rq_active: 0,
  rq_error: 0,
  rq_success: 4,
  rq_timeout: 0,
  rq_total: 4,
};

test("a cluster shows its limits, the runtime's before the configured ones before Envoy's", () => {
  const config = {
    circuit_breakers: { thresholds: [{ max_requests: 7 }, { priority: "HIGH", max_retries: 9 }] },
  };
  const runtime = (key: string, fallback: number) =>
    key === "circuit_breakers.one.default.max_connections" ? 5 : fallback;
  const [status] = clusterStatuses([{ name: "one", addedViaApi: false, config }], {}, runtime);
  deepEqual(status?.default_priority, {
    max_connections: 5,
    max_pending_requests: 1_024,
    max_requests: 7,
    max_retries: 3,
  });
  equal(status?.high_priority.max_retries, 9);
  deepEqual(status?.hosts, []);
});

test("a host shows its address, and health flags under Envoy's names", () => {
  const clusters = [{ name: "one", addedViaApi: true, config: { alt_stat_name: "other" } }];
  const ill = { ...host, pipe: true, ip: "/run/x", health_flags: 0b10_0000_0001 };
  const [status] = clusterStatuses(clusters, { one: [host, ill] });
  equal(status?.observability_name, "other");
  const [well, sick] = status?.hosts ?? [];
  deepEqual(well?.address, { socket_address: { address: "127.0.0.1", port_value: 80 } });
  deepEqual([well?.health_flags, well?.eds_health_status], [[], "HEALTHY"]);
  deepEqual(sick?.address, { pipe: { path: "/run/x" } });
  deepEqual(sick?.health_flags, ["/failed_active_hc", "/eds_status_draining"]);
  equal(sick?.eds_health_status, "DRAINING");
});
