/**
 * Names to addresses as Envoy's c-ares resolver does it: literal addresses, /etc/hosts, localhost, then the servers,
 * with the search domains of /etc/resolv.conf.
 */
import { Resolver } from "node:dns";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { queryOverTcp } from "./dns_tcp.ts";
import { parseHosts, parseSearchRules, searchNames, watchedFile } from "./hosts_file.ts";

/** envoy.config.cluster.v3.Cluster.DnsLookupFamily */
export type DnsFamily = "AUTO" | "V4_ONLY" | "V6_ONLY" | "V4_PREFERRED" | "ALL";

export interface DnsAddress {
  readonly address: string;
  /** Seconds; 0 where nobody gave one. */
  readonly ttl: number;
}

/** No address at all is an answer as well: the name is not known. */
export type DnsAnswer =
  | { readonly ok: true; readonly addresses: readonly DnsAddress[] }
  | { readonly ok: false; readonly reason: string };

export interface DnsOptions {
  /** "127.0.0.1:53" or "[::1]:53"; none: those of /etc/resolv.conf. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
  readonly tries: number;
  readonly overTcp: boolean;
  readonly search: boolean;
}

/** "dns.cares." */
export interface DnsStats {
  add(
    name: "resolve_total" | "not_found" | "get_addr_failure" | "timeouts" | "reinits" | "pending_resolutions",
    n?: number,
  ): void;
}

export interface DnsResolver {
  /** Never rejects. */
  resolve(name: string, family: DnsFamily): Promise<DnsAnswer>;
}

/** Where the machine keeps its own answers; tests have their own. */
export interface DnsFiles {
  readonly hosts: string;
  readonly resolvConf: string;
}

export const systemFiles: DnsFiles = { hosts: "/etc/hosts", resolvConf: "/etc/resolv.conf" };

type Version = 4 | 6;

const unknownName: DnsAnswer = { ok: true, addresses: [] };

/** One question to the servers. */
export type DnsQuery = (name: string, version: Version) => Promise<DnsAnswer>;

/** c-ares codes of a name, or a record of this family, that is not there. */
const notFound: readonly string[] = ["ENOTFOUND", "ENODATA"];
/** The servers may have changed; the next question reads them anew. */
const unreachable: readonly string[] = ["ETIMEOUT", "ECONNREFUSED"];

function queryOverUdp(options: DnsOptions, stats: DnsStats): DnsQuery {
  const create = () => {
    const made = new Resolver({ timeout: options.timeoutMs, tries: options.tries });
    if (options.servers.length > 0) made.setServers(options.servers);
    return made;
  };
  let resolver: Resolver | undefined;
  return (name, version) => {
    resolver ??= create();
    const asked = resolver;
    return new Promise((resolve) => {
      const done = (error: NodeJS.ErrnoException | null, addresses: readonly DnsAddress[]) => {
        if (error === null) return resolve({ ok: true, addresses });
        const code = error.code ?? error.message;
        if (notFound.includes(code)) return resolve(unknownName);
        if (code === "ETIMEOUT") stats.add("timeouts");
        if (unreachable.includes(code) && resolver === asked) {
          resolver = undefined;
          stats.add("reinits");
        }
        return resolve({ ok: false, reason: code });
      };
      if (version === 4) asked.resolve4(name, { ttl: true }, done);
      else asked.resolve6(name, { ttl: true }, done);
    });
  };
}

/** Addresses of one family with the machine's files first. */
function lookup(query: DnsQuery, options: DnsOptions, stats: DnsStats, files: DnsFiles): DnsQuery {
  const hosts = watchedFile(files.hosts, parseHosts);
  const rules = watchedFile(files.resolvConf, parseSearchRules);

  const local = (name: string, version: Version): readonly string[] => {
    const plain = name.toLowerCase().replace(/\.$/, "");
    const known = (hosts().get(plain) ?? []).filter((address) => isIP(address) === version);
    if (known.length > 0) return known;
    // RFC 6761 §6.3: these names never leave the machine.
    const isLocalhost = plain === "localhost" || plain.endsWith(".localhost");
    return isLocalhost ? [version === 4 ? "127.0.0.1" : "::1"] : [];
  };

  const ask = async (name: string, version: Version): Promise<DnsAnswer> => {
    const names = options.search ? searchNames(name, rules()) : [name.replace(/\.$/, "")];
    for (const one of names) {
      const answer = await query(one, version);
      if (!answer.ok || answer.addresses.length > 0) return answer;
    }
    return unknownName;
  };

  return async (name, version) => {
    stats.add("resolve_total");
    const known = local(name, version);
    if (known.length > 0) return { ok: true, addresses: known.map((address) => ({ address, ttl: 0 })) };
    stats.add("pending_resolutions", 1);
    const answer = await ask(name, version);
    stats.add("pending_resolutions", -1);
    if (!answer.ok) stats.add("get_addr_failure");
    else if (answer.addresses.length === 0) stats.add("not_found");
    return answer;
  };
}

/** Does a packet to an IPv6 address in the world have a way out? */
function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((list) =>
    list?.some(
      ({ family, internal, address }) => family === "IPv6" && !internal && !address.startsWith("fe80"),
    ),
  );
}

function merge(first: DnsAnswer, second: DnsAnswer): DnsAnswer {
  const addresses = [first, second].flatMap((answer) => (answer.ok ? answer.addresses : []));
  if (addresses.length > 0) return { ok: true, addresses };
  return first.ok ? second : first;
}

async function resolveFamily(ask: DnsQuery, name: string, family: DnsFamily): Promise<DnsAnswer> {
  const either = async (first: Version, second: Version) => {
    const answer = await ask(name, first);
    return answer.ok && answer.addresses.length > 0 ? answer : await ask(name, second);
  };
  switch (family) {
    case "V4_ONLY":
      return ask(name, 4);
    case "V6_ONLY":
      return ask(name, 6);
    case "V4_PREFERRED":
      return either(4, 6);
    case "AUTO":
      return either(6, 4);
    case "ALL": {
      const [v4, v6] = await Promise.all([ask(name, 4), ask(name, 6)]);
      return hasIpv6() ? merge(v6, v4) : merge(v4, v6);
    }
    default:
      return family satisfies never;
  }
}

export function createResolver(
  options: DnsOptions,
  stats: DnsStats,
  files: DnsFiles = systemFiles,
): DnsResolver {
  const query = options.overTcp ? queryOverTcp(options, files.resolvConf) : queryOverUdp(options, stats);
  const ask = lookup(query, options, stats, files);
  return {
    resolve: async (name, family) => {
      if (isIP(name) !== 0) return { ok: true, addresses: [{ address: name, ttl: 0 }] };
      return resolveFamily(ask, name, family);
    },
  };
}
