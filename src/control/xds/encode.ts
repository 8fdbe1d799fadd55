/** Proto JSON to protobuf's binary form, by the schema: what the requests to a control plane need. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Field, type MessageType, type ScalarType, type Schema, wrappedScalar } from "../api/schema.ts";
import { durationNanos } from "../check/duration.ts";
import { anyTypeName, isTree, type Tree } from "../check/typing.ts";

function writeScalar(writer: BinaryWriter, type: ScalarType, value: unknown): void {
  if (type === "string") writer.string(String(value));
  else if (type === "bool") writer.bool(value === true);
  else if (type === "bytes")
    writer.bytes(value instanceof Uint8Array ? value : Buffer.from(String(value), "base64"));
  else if (/64$/.test(type)) writer[type as "int64"](typeof value === "number" ? value : String(value));
  else writer[type as "int32"](Number(value));
}

function wireType(field: Field): WireType {
  if (field.type === "message" || field.type === "string" || field.type === "bytes")
    return WireType.LengthDelimited;
  if (field.type === "double" || /fixed64$/.test(field.type)) return WireType.Bit64;
  return field.type === "float" || /fixed32$/.test(field.type) ? WireType.Bit32 : WireType.Varint;
}

class Encoder {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  message(type: MessageType, value: unknown): Uint8Array {
    const writer = new BinaryWriter();
    const fields = this.#fieldsOf(type, value);
    for (const [name, entry] of Object.entries(fields)) {
      const field = type.byName.get(name);
      if (field !== undefined && entry !== undefined) this.#field(writer, field, entry);
    }
    return writer.finish();
  }

  /** Messages that JSON writes in a way of their own, as their fields. */
  #fieldsOf(type: MessageType, value: unknown): Tree {
    if (wrappedScalar(type.name) !== undefined) return { value };
    switch (type.name) {
      case "google.protobuf.Struct":
        return { fields: value };
      case "google.protobuf.ListValue":
        return { values: value };
      case "google.protobuf.Value":
        return valueFields(value);
      case "google.protobuf.Duration": {
        const nanos = durationNanos(value) ?? 0n;
        return { seconds: String(nanos / 1_000_000_000n), nanos: Number(nanos % 1_000_000_000n) };
      }
      case "google.protobuf.Timestamp": {
        const ms = Date.parse(String(value));
        return { seconds: Math.floor(ms / 1_000), nanos: (((ms % 1_000) + 1_000) % 1_000) * 1_000_000 };
      }
      case "google.protobuf.Any":
        return this.#anyFields(value);
      default:
        return isTree(value) ? value : {};
    }
  }

  #anyFields(value: unknown): Tree {
    if (!isTree(value) || typeof value["@type"] !== "string") return isTree(value) ? value : {};
    const { "@type": url, ...fields } = value;
    const type = this.#schema.find(anyTypeName(String(url)));
    if (type?.kind !== "message") return { type_url: url };
    return { type_url: url, value: this.message(type, fields) };
  }

  #field(writer: BinaryWriter, field: Field, value: unknown): void {
    if (field.key !== undefined) {
      for (const [key, entry] of Object.entries(value as Tree)) {
        writer.tag(field.number, WireType.LengthDelimited).fork();
        writer.tag(1, field.key === "string" ? WireType.LengthDelimited : WireType.Varint);
        writeScalar(writer, field.key, key);
        this.#single(writer, field, 2, entry);
        writer.join();
      }
    } else if (field.repeated === 1) {
      for (const entry of value as unknown[]) this.#single(writer, field, field.number, entry);
    } else this.#single(writer, field, field.number, value);
  }

  #single(writer: BinaryWriter, field: Field, number: number, value: unknown): void {
    writer.tag(number, wireType(field));
    if (field.type === "message") writer.bytes(this.message(this.#schema.message(field.ref ?? ""), value));
    else if (field.type !== "enum") writeScalar(writer, field.type, value);
    else
      writer.int32(
        typeof value === "number"
          ? value
          : (this.#schema.enumeration(field.ref ?? "").byName.get(String(value)) ?? 0),
      );
  }
}

function valueFields(value: unknown): Tree {
  if (typeof value === "number") return { number_value: value };
  if (typeof value === "string") return { string_value: value };
  if (typeof value === "boolean") return { bool_value: value };
  if (Array.isArray(value)) return { list_value: value };
  return isTree(value) ? { struct_value: value } : { null_value: 0 };
}

/** The serialized message of a canonical tree. Repeated numbers are not packed. */
export function encodeMessage(schema: Schema, type: MessageType, tree: Tree): Uint8Array {
  return new Encoder(schema).message(type, tree);
}
