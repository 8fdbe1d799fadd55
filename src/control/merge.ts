/** Protobuf's MergeFrom on canonical trees: what comes later replaces scalars, is appended to lists, goes into messages. */
import type { Field, MessageType, Schema } from "./api/schema.ts";
import { isTree, type Tree } from "./check/typing.ts";

function mergeField(schema: Schema, field: Field, into: Tree, value: unknown): void {
  const before = into[field.name];
  if (field.key !== undefined && isTree(before) && isTree(value)) into[field.name] = { ...before, ...value };
  else if (Array.isArray(before) && Array.isArray(value)) into[field.name] = [...before, ...value];
  else if (field.form === "message" && isTree(before) && isTree(value)) {
    mergeMessage(schema, schema.message(field.ref ?? ""), before, value);
  } else into[field.name] = value;
}

/** Merges `from` into `into`. Of a oneof the later field stays. */
export function mergeMessage(schema: Schema, type: MessageType, into: Tree, from: Tree): void {
  for (const [name, value] of Object.entries(from)) {
    const field = type.byName.get(name);
    if (field === undefined) continue;
    if (field.oneof !== undefined && !(name in into)) {
      for (const other of type.fields) if (other.oneof === field.oneof) delete into[other.name];
    }
    mergeField(schema, field, into, value);
  }
}
