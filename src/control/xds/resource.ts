/** What a control plane or a file sends: the kinds of resources, and one resource before it is looked into. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Schema } from "../api/schema.ts";
import type { Tree } from "../check/typing.ts";
import { decodeMessage } from "../read/binary.ts";

export type ResourceKind = {
  readonly type: string;
  readonly url: string;
  /** gRPC: state of the world, incremental; and the path of REST. */
  readonly stream: string;
  readonly delta: string;
  readonly rest: string;
  /** What is absent from an answer with everything is gone. */
  readonly absentIsGone: boolean;
};

function kind(type: string, service: string, method: string, absentIsGone = false): ResourceKind {
  const rest = method.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? "" : "_"}${letter.toLowerCase()}`);
  return {
    type,
    url: `type.googleapis.com/${type}`,
    stream: `/envoy.service.${service}/Stream${method}`,
    delta: `/envoy.service.${service}/Delta${method}`,
    rest: `/v3/discovery:${rest}`,
    absentIsGone,
  };
}

export const kinds = {
  cds: kind("envoy.config.cluster.v3.Cluster", "cluster.v3.ClusterDiscoveryService", "Clusters", true),
  eds: kind(
    "envoy.config.endpoint.v3.ClusterLoadAssignment",
    "endpoint.v3.EndpointDiscoveryService",
    "Endpoints",
  ),
  lds: kind("envoy.config.listener.v3.Listener", "listener.v3.ListenerDiscoveryService", "Listeners", true),
  rds: kind("envoy.config.route.v3.RouteConfiguration", "route.v3.RouteDiscoveryService", "Routes"),
  rtds: kind("envoy.service.runtime.v3.Runtime", "runtime.v3.RuntimeDiscoveryService", "Runtime"),
  sds: kind(
    "envoy.extensions.transport_sockets.tls.v3.Secret",
    "secret.v3.SecretDiscoveryService",
    "Secrets",
  ),
} as const;

/** ADS carries all kinds on one stream. */
export const adsMethods = {
  stream: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
  delta: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
} as const;

/** One resource as it came: serialized, or as a tree from a file. */
export type Payload =
  | { readonly form: "bytes"; readonly bytes: Uint8Array }
  | { readonly form: "tree"; readonly text: string };

export type Arrival = {
  readonly name: string;
  readonly version: string;
  readonly payload: Payload;
  /** It is gone unless it comes again within this time. */
  readonly ttlMs?: number;
};

export function samePayload(a: Payload | undefined, b: Payload): boolean {
  if (a === undefined) return false;
  if (a.form === "bytes") return b.form === "bytes" && Buffer.compare(a.bytes, b.bytes) === 0;
  return b.form === "tree" && a.text === b.text;
}

/** The message as proto JSON, a new tree each time. @throws Error when the bytes are none */
export function decodePayload(schema: Schema, kind: ResourceKind, payload: Payload): unknown {
  if (payload.form === "tree") return JSON.parse(payload.text);
  return decodeMessage(schema, schema.message(kind.type), payload.bytes);
}

/**
 * The resource's name, which is field 1 of every kind, without decoding the rest; empty where there is none, or where
 * the bytes are no message.
 */
export function nameOfBytes(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [number, wire] = reader.tag();
      if (number === 1 && wire === WireType.LengthDelimited) return reader.string();
      reader.skip(wire, number);
    }
  } catch {
    // Whoever decodes the whole says what is wrong.
  }
  return "";
}

/** The same of a tree. */
export function nameOfTree(tree: Tree): string {
  return String(tree["name"] ?? tree["cluster_name"] ?? "");
}
