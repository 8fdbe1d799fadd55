/** Protobuf's binary form, straight to proto JSON by the schema: no generated code, no message objects in between. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Field, MessageType, ScalarType, Schema } from "../api/schema.ts";
import { scalarDefault } from "../check/scalar.ts";
import type { Tree } from "../check/typing.ts";
import type { Source } from "./place.ts";
import { SyntaxFaults, setKey } from "./syntax.ts";
import { jsonOf } from "./well_known.ts";

const DEPTH_MAX = 100;

/** 64-bit numbers are numbers as long as JavaScript holds them exactly, text otherwise. */
const whole = (value: number | bigint | string): number | string => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
};

function floatOf(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function readScalar(reader: BinaryReader, type: ScalarType): unknown {
  switch (type) {
    case "bool":
      return reader.bool();
    case "string":
      return reader.string();
    case "bytes":
      return Buffer.from(reader.bytes()).toString("base64");
    case "double":
    case "float":
      return floatOf(reader[type]());
    default:
      return whole(reader[type]());
  }
}

const lengthPrefixed = (type: Field["type"]) => type === "string" || type === "bytes" || type === "message";

class Decoder {
  readonly #schema: Schema;
  /** What an Any holds stays as it is. */
  readonly #sealed: boolean;
  #depth = 0;

  constructor(schema: Schema, sealed = false) {
    this.#schema = schema;
    this.#sealed = sealed;
  }

  message(type: MessageType, bytes: Uint8Array): unknown {
    if (++this.#depth > DEPTH_MAX) throw new Error(`nested more than ${DEPTH_MAX} deep`);
    const tree: Tree = {};
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) this.#next(type, tree, reader);
    this.#depth--;
    return jsonOf(type.name, tree, this.#schema);
  }

  #next(type: MessageType, tree: Tree, reader: BinaryReader): void {
    const [number, wire] = reader.tag();
    const field = type.byNumber.get(number);
    if (field === undefined) {
      // An unknown field keeps its number, so that the check names it as it names any other.
      reader.skip(wire, number);
      tree[`field ${number}`] = null;
    } else if (field.key !== undefined) this.#entry(field, tree, reader.bytes());
    else if (field.repeated === 1) this.#append(field, tree, reader, wire);
    else this.#set(type, field, tree, this.#single(field, reader));
  }

  /** The last of a oneof wins. */
  #set(type: MessageType, field: Field, tree: Tree, value: unknown): void {
    if (field.oneof !== undefined) {
      for (const other of type.fields) if (other.oneof === field.oneof) delete tree[other.name];
    }
    tree[field.name] = value;
  }

  #single(field: Field, reader: BinaryReader): unknown {
    if (this.#sealed && field.form === "any") return sealedAny(reader.bytes());
    if (field.type === "message") return this.message(this.#schema.message(field.ref ?? ""), reader.bytes());
    if (field.type !== "enum") return readScalar(reader, field.type);
    const number = reader.int32();
    return this.#schema.enumeration(field.ref ?? "").byNumber.get(number) ?? number;
  }

  #append(field: Field, tree: Tree, reader: BinaryReader, wire: WireType): void {
    const list = (tree[field.name] ??= []) as unknown[];
    if (wire !== WireType.LengthDelimited || lengthPrefixed(field.type)) {
      list.push(this.#single(field, reader));
      return;
    }
    const packed = new BinaryReader(reader.bytes());
    while (packed.pos < packed.len) list.push(this.#single(field, packed));
  }

  #entry(field: Field, tree: Tree, bytes: Uint8Array): void {
    const map = (tree[field.name] ??= {}) as Tree;
    const reader = new BinaryReader(bytes);
    let key: unknown = field.key === "string" ? "" : 0;
    let value: unknown;
    while (reader.pos < reader.len) {
      const [number, wire] = reader.tag();
      if (number === 1) key = readScalar(reader, field.key ?? "string");
      else if (number === 2) value = this.#single(field, reader);
      else reader.skip(wire, number);
    }
    setKey(map, String(key), value === undefined ? this.#absent(field) : value);
  }

  #absent(field: Field): unknown {
    if (field.type === "message")
      return this.message(this.#schema.message(field.ref ?? ""), new Uint8Array());
    return field.type === "enum" ? 0 : scalarDefault(field.type);
  }
}

/** google.protobuf.Any with its bytes, which are a view of `bytes`. */
function sealedAny(bytes: Uint8Array): Tree {
  const any: Tree = {};
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) any["type_url"] = reader.string();
    else if (number === 2) any["value"] = reader.bytes();
    else reader.skip(wire, number);
  }
  return any;
}

/**
 * A message that carries others in Any: those stay as `{type_url, value}` with their bytes, so that nothing is decoded
 * that nobody asks for. @throws Error when the bytes are none
 */
export function decodeEnvelope(schema: Schema, type: MessageType, bytes: Uint8Array): Tree {
  return new Decoder(schema, true).message(type, bytes) as Tree;
}

/** The proto JSON of a serialized message. @throws Error when the bytes are none. */
export function decodeMessage(schema: Schema, type: MessageType, bytes: Uint8Array): unknown {
  return new Decoder(schema).message(type, bytes);
}

/** @throws SyntaxFaults */
export function readBinary(name: string, schema: Schema, type: MessageType, bytes: Uint8Array): Source {
  try {
    const value = decodeMessage(schema, type, bytes);
    return { name, value, text: undefined, place: () => undefined };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SyntaxFaults([{ message: `is no serialized ${type.name}: ${message}`, offset: 0 }]);
  }
}
