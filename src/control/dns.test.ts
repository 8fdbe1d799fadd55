import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { createResolver, type DnsFamily, type DnsOptions } from "./dns.ts";
import { type FakeDns, startFakeDns } from "./fake_dns.ts";
import { parseHosts, parseSearchRules, searchNames } from "./hosts_file.ts";

let dns: FakeDns;
let folder: string;
const counts = new Map<string, number>();
const stats = { add: (name: string, n = 1) => void counts.set(name, (counts.get(name) ?? 0) + n) };

before(async () => {
  dns = await startFakeDns();
  folder = mkdtempSync(join(tmpdir(), "dns-"));
});
after(async () => {
  await dns.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  dns.names.clear();
  dns.queries.length = 0;
  counts.clear();
});

function resolver(options: Partial<DnsOptions> = {}, files: { hosts?: string; resolvConf?: string } = {}) {
  const paths = { hosts: join(folder, "hosts"), resolvConf: join(folder, "resolv.conf") };
  writeFileSync(paths.hosts, files.hosts ?? "");
  writeFileSync(paths.resolvConf, files.resolvConf ?? "");
  const servers = [`127.0.0.1:${dns.port}`];
  const all = { servers, timeoutMs: 100, tries: 1, overTcp: false, search: true, ...options };
  return createResolver(all, stats, paths);
}

async function addresses(name: string, family: DnsFamily, from = resolver()): Promise<unknown> {
  const answer = await from.resolve(name, family);
  return answer.ok ? answer.addresses.map(({ address }) => address) : answer.reason;
}

for (const overTcp of [false, true]) {
  const transport = overTcp ? "tcp" : "udp";

  test(`an answer over ${transport} has addresses of the families asked for, with their TTL`, async () => {
    dns.names.set("both.test", { addresses: ["127.0.0.2", "127.0.0.3", "::2"], ttl: 7 });
    const from = resolver({ overTcp });
    deepEqual(await from.resolve("both.test", "V4_ONLY"), {
      ok: true,
      addresses: [
        { address: "127.0.0.2", ttl: 7 },
        { address: "127.0.0.3", ttl: 7 },
      ],
    });
    deepEqual(await addresses("both.test", "AUTO", from), ["::2"]);
    deepEqual(await addresses("both.test", "V4_PREFERRED", from), ["127.0.0.2", "127.0.0.3"]);
    const all = (await addresses("both.test", "ALL", from)) as string[];
    deepEqual([...all].sort(), ["127.0.0.2", "127.0.0.3", "::2"]);
    ok(dns.queries.every((query) => query.endsWith(transport)));
  });

  test(`over ${transport} an unknown name has no addresses, and a broken server is a failure`, async () => {
    dns.names.set("broken.test", { code: 2 });
    dns.names.set("silent.test", { silent: true });
    const from = resolver({ overTcp });
    deepEqual(await addresses("unknown.test", "V4_ONLY", from), []);
    equal((await from.resolve("broken.test", "V4_ONLY")).ok, false);
    deepEqual(await from.resolve("silent.test", "V4_ONLY"), { ok: false, reason: "ETIMEOUT" });
  });
}

test("AUTO falls back to IPv4, V4_PREFERRED to IPv6", async () => {
  dns.names.set("four.test", { addresses: ["127.0.0.4"] });
  dns.names.set("six.test", { addresses: ["::6"] });
  deepEqual(await addresses("four.test", "AUTO"), ["127.0.0.4"]);
  deepEqual(await addresses("six.test", "V4_PREFERRED"), ["::6"]);
  deepEqual(dns.queries, ["four.test AAAA udp", "four.test A udp", "six.test A udp", "six.test AAAA udp"]);
});

test("addresses, localhost and the names of the hosts file ask no server", async () => {
  const from = resolver({}, { hosts: "127.0.0.9 Here also # comment\n::9 here\nnonsense there\n" });
  deepEqual(await addresses("127.0.0.1", "V6_ONLY", from), ["127.0.0.1"]);
  deepEqual(await addresses("localhost", "V4_ONLY", from), ["127.0.0.1"]);
  deepEqual(await addresses("a.localhost", "AUTO", from), ["::1"]);
  deepEqual(await addresses("here", "V4_ONLY", from), ["127.0.0.9"]);
  deepEqual(await addresses("here", "AUTO", from), ["::9"]);
  deepEqual(await addresses("ALSO", "V4_ONLY", from), ["127.0.0.9"]);
  deepEqual(dns.queries, []);
});

test("a changed hosts file is read again", async () => {
  const from = resolver({}, { hosts: "127.0.0.1 one" });
  deepEqual(await addresses("one", "V4_ONLY", from), ["127.0.0.1"]);
  writeFileSync(join(folder, "hosts"), "127.0.0.22 one");
  deepEqual(await addresses("one", "V4_ONLY", from), ["127.0.0.22"]);
});

test("a short name is looked up in the search domains first, unless that is switched off", async () => {
  dns.names.set("service.two.test", { addresses: ["127.0.0.5"] });
  const resolvConf = "search one.test two.test\n";
  deepEqual(await addresses("service", "V4_ONLY", resolver({}, { resolvConf })), ["127.0.0.5"]);
  deepEqual(dns.queries, ["service.one.test A udp", "service.two.test A udp"]);
  deepEqual(await addresses("service", "V4_ONLY", resolver({ search: false }, { resolvConf })), []);
});

test("each lookup is counted by how it ended", async () => {
  dns.names.set("good.test", { addresses: ["127.0.0.1"] });
  dns.names.set("silent.test", { silent: true });
  const from = resolver();
  for (const name of ["good.test", "silent.test", "unknown.test"]) await from.resolve(name, "V4_ONLY");
  deepEqual(Object.fromEntries(counts), {
    resolve_total: 3,
    pending_resolutions: 0,
    timeouts: 1,
    reinits: 1,
    get_addr_failure: 1,
    not_found: 1,
  });
});

test("the same name is asked for anew each time", async () => {
  dns.names.set("one.test", { addresses: ["127.0.0.1"], ttl: 600 });
  const from = resolver();
  await from.resolve("one.test", "V4_ONLY");
  dns.names.set("one.test", { addresses: ["127.0.0.2"], ttl: 600 });
  deepEqual(await addresses("one.test", "V4_ONLY", from), ["127.0.0.2"]);
});

test("resolv.conf says where and when to search", () => {
  deepEqual(parseSearchRules("domain a.test\nsearch b.test c.test # x\noptions timeout:1 ndots:3\n"), {
    domains: ["b.test", "c.test"],
    dots: 3,
  });
  const rules = { domains: ["x.test"], dots: 2 };
  deepEqual(searchNames("a", rules), ["a.x.test", "a"]);
  deepEqual(searchNames("a.b.c", rules), ["a.b.c", "a.b.c.x.test"]);
  deepEqual(searchNames("a.", rules), ["a"]);
});

test("a hosts file lists an address once for each of its names", () => {
  deepEqual(
    [...parseHosts("127.0.0.1 a b\n127.0.0.1 a\n127.0.0.2\ta")],
    [
      ["a", ["127.0.0.1", "127.0.0.2"]],
      ["b", ["127.0.0.1"]],
    ],
  );
});
