import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type MessageType, openSchema } from "./api/schema.ts";
import { words } from "./check/verdict.ts";
import { extensionPoints, messages, refusedValues } from "./support.ts";

const schema = openSchema();
const types = Object.values(extensionPoints).flatMap((point) => Object.keys(point.types));

/** Every message that an implemented field leads to. */
function reachable(): Set<string> {
  const seen = new Set<string>();
  const open = [
    "envoy.config.bootstrap.v3.Bootstrap",
    "envoy.service.discovery.v3.DiscoveryResponse",
    ...types,
  ];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const yes = new Set(words(messages[name]?.yes));
    for (const field of schema.message(name).fields) {
      if (yes.has(field.name) && field.form === "message" && field.ref !== undefined) open.push(field.ref);
    }
  }
  return seen;
}

const allowed = (type: MessageType) =>
  type.fields.filter((field) => field.disallowed !== 1).map((field) => field.name);

test("every message that a configuration can reach is in the list", () => {
  deepEqual(
    [...reachable()].filter((name) => !(name in messages)),
    [],
  );
});

test("the list holds no message that nothing leads to", () => {
  const names = reachable();
  deepEqual(
    Object.keys(messages).filter((name) => !names.has(name)),
    [],
  );
});

for (const [name, { yes, refuse, warn }] of Object.entries(messages)) {
  test(`every field of ${name} is classified once`, () => {
    const listed = [yes, refuse, warn].flatMap(words);
    const known = allowed(schema.message(name));
    deepEqual(
      {
        missing: known.filter((field) => !listed.includes(field)),
        unknown: listed.filter((field) => !schema.message(name).byName.has(field)),
        twice: listed.filter((field, i) => listed.indexOf(field) !== i),
      },
      { missing: [], unknown: [], twice: [] },
    );
  });
}

test("every implemented type and every refused value is in the API", () => {
  for (const name of types) equal(schema.find(name)?.kind, "message", name);
  for (const [name, values] of Object.entries(refusedValues)) {
    for (const value of words(values))
      equal(schema.enumeration(name).byName.has(value), true, `${name}.${value}`);
  }
});

test("every Any that an implemented field leads to is an extension point", () => {
  const points = new Set(Object.values(extensionPoints).flatMap((point) => point.fields));
  const holder = "envoy.config.core.v3.TypedExtensionConfig";
  const holds = (ref: string | undefined, form: string) => form === "any" || ref === holder;
  const open = Object.entries(messages).flatMap(([name, { yes }]) =>
    schema
      .message(name)
      .fields.filter((field) => words(yes).includes(field.name) && holds(field.ref, field.form))
      .map((field) => `${name}.${field.name}`)
      .filter((field) => !points.has(field) && field !== `${holder}.typed_config`),
  );
  deepEqual(open, []);
});
