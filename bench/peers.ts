// The same small front proxy in each program's own language. Every peer runs one worker.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileLimit } from "./processes.ts";

/** What a scenario asks of the proxies. */
export type Setup = { readonly routes: number; readonly bodyBytes: number };

/** Where things are in one round. */
export type Place = { readonly dir: string; readonly port: number; readonly origin: number };

export type Peer = {
  readonly name: string;
  readonly program: string;
  /** The files that the program reads, by name. */
  readonly config: (setup: Setup, place: Place) => Readonly<Record<string, string>>;
  readonly args: (place: Place) => readonly string[];
};

export function findProgram(name: string, variable: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const candidates = [process.env[variable] ?? "", ...folders.map((folder) => join(folder, name))];
  return candidates.find((path) => {
    if (path === "") return false;
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const type = (name: string) => `type.googleapis.com/envoy.extensions.filters.${name}`;
const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
const prefixes = (setup: Setup) =>
  setup.routes === 1 ? ["/"] : Array.from({ length: setup.routes }, (_, index) => `/svc${index}/`);

function envoyConfig(setup: Setup, place: Place) {
  const routes = prefixes(setup).map((prefix) => ({ match: { prefix }, route: { cluster: "origin" } }));
  const manager = {
    "@type": type("network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "bench",
    route_config: { name: "bench", virtual_hosts: [{ name: "bench", domains: ["*"], routes }] },
    http_filters: [
      { name: "envoy.filters.http.router", typed_config: { "@type": type("http.router.v3.Router") } },
    ],
  };
  const limits = { max_connections: 30_000, max_pending_requests: 30_000, max_requests: 30_000 };
  const bootstrap = {
    static_resources: {
      listeners: [
        {
          name: "bench",
          address: address(place.port),
          filter_chains: [
            { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] },
          ],
        },
      ],
      clusters: [
        {
          name: "origin",
          type: "STATIC",
          connect_timeout: "1s",
          circuit_breakers: { thresholds: [limits] },
          load_assignment: {
            cluster_name: "origin",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(place.origin) } }] }],
          },
        },
      ],
    },
  };
  return { "bootstrap.json": JSON.stringify(bootstrap) };
}

const envoyArgs = ({ dir }: Place) =>
  `-c ${dir}/bootstrap.json --concurrency 1 --log-level error --disable-hot-restart`.split(" ");

function nginxConfig(setup: Setup, { dir, port, origin }: Place) {
  const locations = prefixes(setup).map((prefix) => `location ${prefix} { proxy_pass http://origin; }`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${dir}/t;`,
  );
  const buffers =
    setup.bodyBytes > 8_192
      ? "proxy_buffers 8 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k;"
      : "";
  const text = `worker_processes 1; daemon off; pid ${dir}/nginx.pid; error_log ${dir}/nginx.err;
worker_rlimit_nofile ${fileLimit()};
events { worker_connections ${fileLimit() - 500}; }
http {
  ${temporary.join(" ")} ${buffers}
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; proxy_max_temp_file_size 0;
  proxy_http_version 1.1; proxy_set_header Connection "";
  upstream origin { server 127.0.0.1:${origin}; keepalive 1024; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port} backlog=4096;
    ${locations.join("\n    ")}
  }
}
`;
  return { "nginx.conf": text };
}

/** HAProxy's way for many prefixes is a map: a tree, not a list of rules. */
function haproxyConfig(setup: Setup, { dir, port, origin }: Place) {
  const routing =
    setup.routes === 1 ? "default_backend origin" : `use_backend %[path,map_beg(${dir}/routes.map)]`;
  const text = `global
  nbthread 1
  maxconn ${Math.floor((fileLimit() - 400) / 2)}
  tune.pool-low-fd-ratio 95
  tune.pool-high-fd-ratio 98
defaults
  mode http
  timeout client 1h
  timeout server 1h
  timeout connect 5s
  timeout http-keep-alive 1h
  http-reuse always
frontend bench
  bind 127.0.0.1:${port} backlog 4096
  ${routing}
backend origin
  server origin 127.0.0.1:${origin}
`;
  const map = prefixes(setup).map((prefix) => `${prefix} origin\n`);
  return { "haproxy.cfg": text, "routes.map": map.join("") };
}

/** Outrider first, then the peers that are on this machine; a word for each that is not. */
export function findPeers(root: string, relay: string): { peers: Peer[]; missing: string[] } {
  const missing: string[] = [];
  const found = (name: string, variable: string, rest: Omit<Peer, "name" | "program">): Peer[] => {
    const program = findProgram(name.toLowerCase(), variable);
    if (program === undefined)
      missing.push(`${name} is not on this machine (PATH, or $${variable}): left out`);
    return program === undefined ? [] : [{ name, program, ...rest }];
  };
  const peers = [
    { name: "Outrider", program: join(root, "bin/outrider"), config: envoyConfig, args: envoyArgs },
    ...found("Envoy", "ENVOY", { config: envoyConfig, args: envoyArgs }),
    ...found("nginx", "NGINX", {
      config: nginxConfig,
      args: ({ dir }) => ["-c", `${dir}/nginx.conf`, "-p", dir],
    }),
    ...found("HAProxy", "HAPROXY", {
      config: haproxyConfig,
      args: ({ dir }) => ["-f", `${dir}/haproxy.cfg`],
    }),
    {
      name: "relay",
      program: relay,
      config: () => ({}),
      args: ({ port, origin }: Place) => [String(port), String(origin)],
    },
  ];
  return { peers, missing };
}
