/** Where a gRPC service is: envoy.config.core.v3.GrpcService to addresses and TLS settings. */
import { readFileSync } from "node:fs";
import type { ConnectionOptions, PeerCertificate } from "node:tls";
import { textAt, treeAt, treesIn } from "../check/context.ts";
import { isTree, type Tree } from "../check/typing.ts";
import { durationMs } from "../duration_ms.ts";
import type { GrpcTarget } from "./grpc_client.ts";

const connect_timeout_ms = 5_000;

function dataSource(source: Tree | undefined): Buffer | undefined {
  if (source === undefined) return undefined;
  if (typeof source["filename"] === "string") return readFileSync(source["filename"]);
  if (typeof source["inline_string"] === "string") return Buffer.from(source["inline_string"]);
  if (typeof source["inline_bytes"] === "string") return Buffer.from(source["inline_bytes"], "base64");
  const variable = source["environment_variable"];
  return typeof variable === "string" ? Buffer.from(process.env[variable] ?? "") : undefined;
}

function matches(matcher: Tree, value: string): boolean {
  const ignore = matcher["ignore_case"] === true;
  const fold = (text: string) => (ignore ? text.toLowerCase() : text);
  const has = (name: string, test: (text: string) => boolean) =>
    typeof matcher[name] === "string" && test(fold(matcher[name]));
  const given = fold(value);
  if (has("exact", (text) => given === text || (text.startsWith("*.") && given.endsWith(text.slice(1)))))
    return true;
  if (has("prefix", (text) => given.startsWith(text)) || has("suffix", (text) => given.endsWith(text)))
    return true;
  if (has("contains", (text) => given.includes(text))) return true;
  const regex = treeAt(matcher, "safe_regex")?.["regex"];
  return typeof regex === "string" && new RegExp(`^(?:${regex})$`).test(value);
}

const sanPrefixes: Readonly<Record<string, string>> = {
  DNS: "DNS:",
  URI: "URI:",
  EMAIL: "email:",
  IP_ADDRESS: "IP Address:",
};

/** Does one of the certificate's names fit? Without matchers the chain alone decides, as in Envoy. */
function checkNames(validation: Tree, certificate: PeerCertificate): Error | undefined {
  const matchers = treesIn(validation["match_typed_subject_alt_names"]);
  if (matchers.length === 0) return undefined;
  const names = (certificate.subjectaltname ?? "").split(", ");
  const fits = matchers.some(({ san_type, matcher }) => {
    const prefix = sanPrefixes[String(san_type)] ?? "";
    const values = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    return isTree(matcher) && values.some((value) => matches(matcher, value));
  });
  return fits
    ? undefined
    : new Error(`verify SAN list: ${certificate.subjectaltname ?? "none"} does not match`);
}

/** envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext. @throws Error when a file cannot be read */
function tlsOptions(context: Tree): ConnectionOptions {
  const common = treeAt(context, "common_tls_context");
  const [pair] = treesIn(common?.["tls_certificates"]);
  const validation =
    treeAt(common, "validation_context") ??
    treeAt(common, "combined_validation_context", "default_validation_context");
  const ca = dataSource(treeAt(validation, "trusted_ca"));
  const cert = dataSource(treeAt(pair, "certificate_chain"));
  const key = dataSource(treeAt(pair, "private_key"));
  const sni = textAt(context, "sni") ?? "";
  return {
    ...(sni !== "" && { servername: sni }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    rejectUnauthorized: ca !== undefined,
    checkServerIdentity: (_, certificate) => checkNames(validation ?? {}, certificate),
  };
}

function addressOf(endpoint: Tree): GrpcTarget["address"] | undefined {
  const address = treeAt(endpoint, "endpoint", "address");
  const pipe = textAt(treeAt(address, "pipe"), "path");
  if (pipe !== undefined) return { path: pipe.startsWith("@") ? `\0${pipe.slice(1)}` : pipe };
  const socket = treeAt(address, "socket_address");
  if (socket === undefined) return undefined;
  return { host: String(socket["address"]), port: Number(socket["port_value"] ?? 0) };
}

function metadataOf(service: Tree): [string, string][] {
  return treesIn(service["initial_metadata"]).map(({ key, value }) => [
    String(key).toLowerCase(),
    String(value ?? ""),
  ]);
}

function ofCluster(service: Tree, envoyGrpc: Tree, cluster: Tree, turn: number): GrpcTarget | undefined {
  const localities = treesIn(treeAt(cluster, "load_assignment")?.["endpoints"]);
  const addresses = localities
    .flatMap((locality) => treesIn(locality["lb_endpoints"]))
    .map(addressOf)
    .filter((address) => address !== undefined);
  const address = addresses[turn % addresses.length];
  if (address === undefined) return undefined;
  const socket = treeAt(cluster, "transport_socket", "typed_config");
  const encrypted = /\.UpstreamTlsContext$/.test(textAt(socket, "@type") ?? "");
  return {
    address,
    authority: textAt(envoyGrpc, "authority") || (textAt(envoyGrpc, "cluster_name") ?? ""),
    ...(encrypted && socket !== undefined && { tls: tlsOptions(socket) }),
    connectTimeoutMs: durationMs(cluster["connect_timeout"], connect_timeout_ms),
    metadata: metadataOf(service),
  };
}

function ofUri(service: Tree, google: Tree): GrpcTarget | undefined {
  const uri = textAt(google, "target_uri") ?? "";
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(uri)?.[1];
  const place = /^(?:dns:(?:\/\/[^/]*\/)?|ipv4:|ipv6:)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(uri);
  const host = place?.[1]?.replace(/^\[|\]$/g, "");
  if (unix === undefined && host === undefined) return undefined;
  const ssl = treeAt(google, "channel_credentials", "ssl_credentials");
  const [ca, cert, key] = ["root_certs", "cert_chain", "private_key"].map((name) =>
    dataSource(treeAt(ssl, name)),
  );
  return {
    address: unix !== undefined ? { path: unix } : { host: host ?? "", port: Number(place?.[2] ?? 443) },
    authority: unix === undefined ? uri.replace(/^dns:\/*/, "") : "localhost",
    ...(ssl !== undefined && {
      tls: {
        ...(host !== undefined && { servername: host }),
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      },
    }),
    connectTimeoutMs: connect_timeout_ms,
    metadata: metadataOf(service),
  };
}

/**
 * Undefined where there is no endpoint.
 * @param turn counts the attempts: endpoints are tried in turn
 * @throws Error when a file that TLS needs cannot be read
 */
export function grpcTarget(
  service: Tree,
  clusterConfig: (name: string) => Tree | undefined,
  turn: number,
): GrpcTarget | undefined {
  const google = treeAt(service, "google_grpc");
  if (google !== undefined) return ofUri(service, google);
  const envoyGrpc = treeAt(service, "envoy_grpc");
  const cluster = clusterConfig(textAt(envoyGrpc, "cluster_name") ?? "");
  return envoyGrpc === undefined || cluster === undefined
    ? undefined
    : ofCluster(service, envoyGrpc, cluster, turn);
}
