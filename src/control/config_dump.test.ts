import { deepEqual, doesNotMatch, equal } from "node:assert/strict";
import { test } from "node:test";
import { configDump, withoutSecrets } from "./config_dump.ts";

const certificate = {
  certificate_chain: { inline_string: "chain" },
  private_key: { inline_string: "hidden" },
  password: { inline_bytes: "aGlkZGVu" },
};

test("private keys are not shown, wherever they stand", () => {
  const at = new Date(0);
  const secret = { name: "one", tls_certificate: certificate };
  const listener = {
    name: "in",
    filter_chains: [
      { transport_socket: { typed_config: { common_tls_context: { tls_certificates: [certificate] } } } },
    ],
  };
  const bootstrap = { static_resources: { secrets: [secret], listeners: [listener] } };
  const none = { clustersVersion: "", listenersVersion: "", routes: [], endpoints: [] };
  const dynamic = {
    ...none,
    clusters: [],
    warmingClusters: [],
    warmingListeners: [],
    failedListeners: [{ name: "f", tree: listener, reason: "", at }],
    listeners: [{ name: "in", version: "1", at, tree: listener }],
    secrets: [{ name: "two", version: "2", at, tree: { ...secret, name: "two" } }],
  };
  const dump = configDump({ bootstrap, loadedAt: at, dynamic }, true);
  const text = JSON.stringify(dump);
  doesNotMatch(text, /hidden|aGlkZGVu/);
  equal(text.match(/"inline_string":"chain"/g)?.length, 7);
  const secrets = dump.at(-1);
  deepEqual(Object.keys(secrets ?? {}), ["@type", "static_secrets", "dynamic_active_secrets"]);
});

test("what holds no secret stays the same object", () => {
  const tree = { name: "a", typed_config: { password: "a header's name" }, keys: ["x"] };
  equal(withoutSecrets(tree), tree);
});
