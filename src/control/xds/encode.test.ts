import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { openSchema } from "../api/schema.ts";
import { decodeMessage } from "../read/binary.ts";
import { encodeMessage } from "./encode.ts";

const schema = openSchema();

const trees: Readonly<Record<string, { readonly [name: string]: unknown }>> = {
  "envoy.service.discovery.v3.DiscoveryRequest": {
    version_info: "1",
    node: {
      id: "n",
      metadata: { a: 1.5, b: [true, null, { c: "d" }] },
      user_agent_build_version: { version: { major_number: 1, minor_number: 40 } },
    },
    resource_names: ["a", "b"],
    type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    error_detail: { code: 13, message: "no" },
  },
  "envoy.service.discovery.v3.DeltaDiscoveryRequest": {
    resource_names_subscribe: ["a"],
    initial_resource_versions: { a: "1", b: "2" },
  },
  "envoy.config.cluster.v3.Cluster": {
    name: "a",
    type: "EDS",
    connect_timeout: "1.250s",
    max_requests_per_connection: 7,
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  },
};

for (const [name, tree] of Object.entries(trees)) {
  test(`a ${name} that was encoded is read as it was`, () => {
    const type = schema.message(name);
    deepEqual(decodeMessage(schema, type, encodeMessage(schema, type, structuredClone(tree))), tree);
  });
}
