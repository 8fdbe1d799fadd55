// Tags are cut out of stat names: cluster.one.upstream_rq_200 is cluster.upstream_rq with
// envoy.cluster_name="one" and envoy.response_code="200". The rules and their order are Envoy's.
import { re2 } from "./regex.ts";

export interface Tag {
  readonly name: string;
  readonly value: string;
}

export interface Tagged {
  /** The name without what became tags. */
  readonly name: string;
  readonly tags: readonly Tag[];
}

/** What is cut is the second group, the value is the third; the first is what stands before on the match. */
type Rule = readonly [tag: string, pattern: RegExp];

const address = String.raw`(?:\d+\.\d+\.\d+\.\d+_\d+|\[[^\]]*\]_\d+|[^.]+)`;

/** Rules that look anywhere in a name. */
const anywhere: readonly Rule[] = [
  ["envoy.response_code", /(_rq)(_(\d{3}))$/],
  ["envoy.response_code_class", /(_rq_)((\d))xx$/],
  ["envoy.tls_certificate", /(\.ssl\.certificate)(\.(.+))\.expiration_unix_time_seconds$/],
  ["envoy.ssl_curve", /(\.ssl\.curves)(\.(.+))$/],
  ["envoy.ssl_sigalg", /(\.ssl\.sigalgs)(\.(.+))$/],
  ["envoy.ssl_version", /(\.ssl\.versions)(\.(.+))$/],
  [
    "envoy.worker_id",
    new RegExp(
      `^((?:listener\\.${address}|listener_manager|server|thread_local_cluster_manager)\\.worker)(_(\\d+))\\.`,
    ),
  ],
  ["envoy.local_http_ratelimit_prefix", /^()(([^.]+)\.)http_local_rate_limit\./],
  ["envoy.rbac_prefix", /^()(([^.]+)\.)rbac\./],
];

/** Rules for names that begin with a word. */
const beginning: Readonly<Record<string, readonly Rule[]>> = {
  auth: [["envoy.clientssl_prefix", /^(auth\.clientssl\.)(([^.]+)\.)/]],
  cluster: [
    ["envoy.grpc_bridge_method", /^(cluster\.[^.]+\.grpc\.[^.]+\.)(([^.]+)\.)/],
    ["cipher_suite", /^(cluster\.[^.]+\.ssl\.ciphers)(\.([0-9A-Za-z_-]+))$/],
    ["envoy.grpc_bridge_service", /^(cluster\.[^.]+\.grpc\.)((.+?)\.)(?=[^.]+\.[^.]+$|[^.]+$)/],
    ["envoy.cluster_name", /^(cluster\.)(([^.]+)\.)/],
  ],
  connection_limit: [["envoy.connection_limit_prefix", /^(connection_limit\.)(([^.]+)\.)/]],
  dns_filter: [["envoy.dns_filter_prefix", /^(dns_filter\.)(([^.]+)\.)/]],
  grpc: [["envoy.google_grpc_client_prefix", /^(grpc\.)(([^.]+)\.)/]],
  http: [
    ["envoy.http_user_agent", /^(http\.[^.]+\.user_agent\.)(([^.]+)\.)/],
    ["envoy.fault_downstream_cluster", /^(http\.[^.]+\.fault\.)(([^.]+)\.)/],
    ["envoy.ext_authz_prefix", /^(http\.[^.]+\.ext_authz\.)(([^.]+)\.)/],
    ["envoy.rds_route_config", /^(http\.[^.]+\.rds\.)((.+)\.)\w+$/],
    ["envoy.scoped_rds_config", /^(http\.[^.]+\.scoped_rds\.)((.+)\.)\w+$/],
    ["envoy.rbac_policy_name", /^(http\.[^.]+\.rbac\.(?:[^.]+\.)?policy\.)((.+)\.)\w+$/],
    ["envoy.rbac_http_prefix", /^(http\.[^.]+\.rbac\.)(([^.]+)\.)/],
    ["envoy.http_conn_manager_prefix", /^(http\.)(([^.]+)\.)/],
  ],
  listener: [
    ["envoy.ssl_cipher", /^(listener\..*?\.ssl\.ciphers?)(\.([0-9A-Za-z_-]+))$/],
    ["envoy.http_conn_manager_prefix", /^(listener\..*?\.http\.)(([^.]+)\.)/],
    ["envoy.listener_address", new RegExp(`^(listener\\.)((?!admin\\.)(${address})\\.)`)],
  ],
  local_rate_limit: [["envoy.local_network_ratelimit_prefix", /^(local_rate_limit\.)(([^.]+)\.)/]],
  listener_local_ratelimit: [
    ["envoy.local_listener_ratelimit_prefix", /^(listener_local_ratelimit\.)(([^.]+)\.)/],
  ],
  mongo: [
    ["envoy.mongo_callsite", /^(mongo\.[^.]+\.collection\.[^.]+\.callsite\.)(([^.]+)\.)query\./],
    ["envoy.mongo_collection", /^(mongo\.[^.]+\.collection\.)(([^.]+)\.)(?:.+\.)?query\./],
    ["envoy.mongo_cmd", /^(mongo\.[^.]+\.cmd\.)(([^.]+)\.)/],
    ["envoy.mongo_prefix", /^(mongo\.)(([^.]+)\.)/],
  ],
  proxy_proto: [["envoy.proxy_protocol_version", /^(proxy_proto\.(?:.*\.)?)(versions\.v(\d)\.)/]],
  ratelimit: [["envoy.ratelimit_prefix", /^(ratelimit\.)(([^.]+)\.)/]],
  redis: [["envoy.redis_prefix", /^(redis\.)(([^.]+)\.)/]],
  tcp: [["envoy.tcp_prefix", /^(tcp\.)(([^.]+)\.)/]],
  thrift: [["envoy.thrift_prefix", /^(thrift\.)(([^.]+)\.)/]],
  udp: [["envoy.udp_prefix", /^(udp\.)(([^.]+)\.)/]],
  vhost: [
    ["envoy.virtual_cluster", /^(vhost\.[^.]+\.vcluster\.)(([^.]+)\.)/],
    ["envoy.virtual_host", /^(vhost\.)(([^.]+)\.)/],
    ["envoy.route", /^(vhost\.[^.]+\.route\.)(([^.]+)\.)/],
  ],
};

/** Words that a name must hold for a rule that looks anywhere to be tried. */
const hint = /_rq_\d|\.ssl\.|worker_|rate_limit|rbac/;

/** envoy.config.metrics.v3.TagSpecifier */
export interface TagSpecifier {
  readonly tag_name?: string;
  readonly regex?: string;
  readonly fixed_value?: string;
}

interface Cut {
  readonly from: number;
  readonly to: number;
}

export interface TagExtractor {
  extract(statName: string): Tagged;
  /** The same of `prefix + local`, which remembers what it can. */
  extractParts(prefix: string, local: string): Tagged;
}

interface Custom {
  readonly tag: string;
  readonly pattern: RegExp;
}

/** The literal word that a pattern begins with, up to its first dot: rules with one come after the fixed tags. */
const firstWord = (pattern: string) => /^\^(\w+)\\\./.exec(pattern)?.[1];

export function tagExtractor(
  specifiers: readonly TagSpecifier[] = [],
  useDefaults = true,
  commandLine: readonly Tag[] = [],
): TagExtractor {
  const fixed: Tag[] = [...commandLine];
  const early: Custom[] = [];
  const late: (Custom & { readonly word: string })[] = [];
  for (const { tag_name = "", regex, fixed_value } of specifiers) {
    if (fixed_value !== undefined) fixed.push({ name: tag_name, value: fixed_value });
    else if (regex !== undefined && regex !== "") {
      const word = firstWord(regex);
      const rule = { tag: tag_name, pattern: re2(regex, "d") };
      if (word === undefined) early.push(rule);
      else late.push({ ...rule, word });
    }
  }
  const wanted = useDefaults ? null : new Set(specifiers.filter(isByName).map((item) => item.tag_name));
  const allowed = (rules: readonly Rule[]) =>
    wanted === null ? rules : rules.filter(([tag]) => wanted.has(tag));
  const anywhereRules = allowed(anywhere);
  const beginningRules = new Map(
    Object.entries(beginning).map(([word, rules]) => [word, allowed(rules)] as const),
  );

  const extractor = {
    extract(statName: string): Tagged {
      const tags: Tag[] = [];
      const cuts: Cut[] = [];
      if (hint.test(statName)) applyRules(statName, anywhereRules, tags, cuts);
      for (const rule of early) applyCustom(statName, rule, tags, cuts);
      tags.push(...fixed);
      const dot = statName.indexOf(".");
      const word = dot < 0 ? statName : statName.slice(0, dot);
      const rules = beginningRules.get(word);
      if (rules !== undefined) applyRules(statName, rules, tags, cuts);
      for (const rule of late) if (rule.word === word) applyCustom(statName, rule, tags, cuts);
      return { name: without(statName, cuts), tags };
    },
  };
  // A regular expression of the user's may look at the very name of a cluster.
  const byParts = early.length + late.length > 0 ? null : remembering(extractor.extract);
  return {
    ...extractor,
    extractParts: byParts ?? ((prefix, local) => extractor.extract(prefix + local)),
  };
}

/** Stands for a name of the user's. Not in any: names are printable. */
const someone = "\u0001";

/**
 * For `cluster.NAME.` and the like, where all is the same but the name: what was cut out of one is cut out of all.
 */
function remembering(extract: (statName: string) => Tagged): TagExtractor["extractParts"] {
  const shapes = new Map<string, Map<string, Tagged>>();
  let last = { prefix: "", name: "", shape: new Map<string, Tagged>() };
  const open = (prefix: string): typeof last | null => {
    if (prefix === last.prefix) return last;
    const match = /^(cluster|http|tcp)\.([^.]+)\.(.*)$/.exec(prefix);
    if (match === null) return null;
    const key = `${match[1]}.${someone}.${match[3]}`;
    let shape = shapes.get(key);
    if (shape === undefined) shapes.set(key, (shape = new Map()));
    last = { prefix, name: match[2]!, shape };
    return last;
  };
  return (prefix, local) => {
    const found = open(prefix);
    if (found === null) return extract(prefix + local);
    let tagged = found.shape.get(local);
    if (tagged === undefined) {
      const rest = prefix.slice(prefix.indexOf(".") + 1 + found.name.length);
      tagged = extract(`${prefix.slice(0, prefix.indexOf("."))}.${someone}${rest}${local}`);
      found.shape.set(local, tagged);
    }
    const tags = tagged.tags.map((tag) =>
      tag.value === someone ? { name: tag.name, value: found.name } : tag,
    );
    return { name: tagged.name.replace(someone, found.name), tags };
  };
}

const isByName = (item: TagSpecifier) => item.fixed_value === undefined && (item.regex ?? "") === "";

/** The names that a specifier without a regex and a value may have. */
export const defaultTagNames: ReadonlySet<string> = new Set(
  [anywhere, ...Object.values(beginning)].flat().map(([tag]) => tag),
);

function applyRules(name: string, rules: readonly Rule[], tags: Tag[], cuts: Cut[]): void {
  for (const [tag, pattern] of rules) {
    const match = pattern.exec(name);
    if (match === null || tags.some((known) => known.name === tag)) continue;
    const from = match.index + match[1]!.length;
    cuts.push({ from, to: from + match[2]!.length });
    tags.push({ name: tag, value: match[3]! });
  }
}

/** The value is the second group, or the first where there is only one; the first is what is cut. */
function applyCustom(name: string, { tag, pattern }: Custom, tags: Tag[], cuts: Cut[]): void {
  const match = pattern.exec(name);
  const range = match?.indices?.[1];
  if (match === null || range === undefined || tags.some((known) => known.name === tag)) return;
  cuts.push({ from: range[0], to: range[1] });
  tags.push({ name: tag, value: match[2] ?? match[1]! });
}

function without(name: string, cuts: Cut[]): string {
  if (cuts.length === 0) return name;
  cuts.sort((a, b) => a.from - b.from);
  let result = "";
  let at = 0;
  for (const { from, to } of cuts) {
    if (from > at) result += name.slice(at, from);
    at = Math.max(at, to);
  }
  return result + name.slice(at);
}
