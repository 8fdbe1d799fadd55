import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { openSchema, Schema } from "./schema.ts";

const schema = openSchema();

test("every type of the file is found by its name", () => {
  const names = schema.names();
  equal(names.length > 1_800, true);
  deepEqual(
    names.filter((name) => schema.find(name)?.name !== name),
    [],
  );
});

for (const name of ["", "a", "envoy.config.cluster.v3.Cluste", "envoy.config.cluster.v3.Cluster\t", "zzz"]) {
  test(`there is no type ${JSON.stringify(name)}`, () => {
    equal(schema.find(name), undefined);
  });
}

test("a field is found by its proto name and by its JSON name", () => {
  const address = schema.message("envoy.config.core.v3.Address");
  equal(address.byName.get("socketAddress"), address.byName.get("socket_address"));
});

test("rules, oneofs and wrappers are read from the descriptors", () => {
  const socket = schema.message("envoy.config.core.v3.SocketAddress");
  deepEqual(socket.requiredOneofs, ["port_specifier"]);
  deepEqual(socket.byName.get("port_value")?.rules, { uint32: { lte: 65535 } });
  const cluster = schema.message("envoy.config.cluster.v3.Cluster");
  deepEqual(
    [
      cluster.byName.get("per_connection_buffer_limit_bytes")?.form,
      cluster.byName.get("connect_timeout")?.form,
    ],
    ["wrapper", "duration"],
  );
  deepEqual(cluster.byName.get("max_requests_per_connection")?.deprecated !== undefined, true);
});

test("an enum of aliases prints its first name", () => {
  const text = 'x.E\t{"values":{"A":0,"B":1,"C":1}}\n';
  deepEqual(new Schema(text).enumeration("x.E").byNumber.get(1), "B");
});
