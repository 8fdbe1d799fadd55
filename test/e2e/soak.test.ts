// 15 seconds of soak (OUTRIDER_SOAK_S: another time); at the end everything is as it was before.
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { eventually, startProxy } from "./proxy.ts";
import { faultyUpstream, randomFrom, soak } from "./soak.ts";
import { upstream } from "./wire.ts";

const seconds = Number(process.env["OUTRIDER_SOAK_S"] ?? 15);
const seed = Number(process.env["OUTRIDER_SOAK_SEED"] ?? Date.now() % 1_000_000);

test(`clients and upstreams that vanish leave nothing behind (seed ${seed})`, async (t) => {
  t.diagnostic(`OUTRIDER_SOAK_SEED=${seed}`);
  const random = randomFrom(seed);
  const up = await upstream(t, faultyUpstream(random));
  const proxy = await startProxy(t, {
    clusters: { up },
    cluster: {
      circuit_breakers: {
        thresholds: [
          { max_connections: 64, max_pending_requests: 64, max_requests: 64, track_remaining: true },
        ],
      },
    },
    listener: { per_connection_buffer_limit_bytes: 32_768 },
    workers: 2,
  });
  await soak(proxy, seed + 1, 1, 16); // what is kept for reuse is there now
  for (const wire of up.wires.splice(0)) wire.close();
  await proxy.settled();
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_cx_active"), 0));
  const base = proxy.descriptors();
  const tally = await soak(proxy, seed, seconds, 24);
  deepEqual(tally.wrong, []);
  ok(tally.exchanges > seconds * 50, JSON.stringify(tally));
  t.diagnostic(JSON.stringify(tally));
  for (const wire of up.wires) wire.close();
  await proxy.settled();
  await eventually(async () => equal(await proxy.stat("cluster.up.upstream_cx_active"), 0));
  for (const what of ["cx", "pending", "rq"])
    equal(await proxy.stat(`cluster.up.circuit_breakers.default.remaining_${what}`), 64);
  await eventually(() =>
    ok(proxy.descriptors() <= base + 4, `${base} descriptors became ${proxy.descriptors()}`),
  );
});
