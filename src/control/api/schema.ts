/**
 * The Envoy v3 API as data. The file holds one line a type, sorted by name (tools/api/emit_schema.ts writes it), so a
 * type is found by binary search and decoded when a configuration first names it: opening costs one read of the file,
 * whereas all types together cost 40 ms and 20 MiB.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type ScalarType =
  | "bool"
  | "bytes"
  | "double"
  | "fixed32"
  | "fixed64"
  | "float"
  | "int32"
  | "int64"
  | "sfixed32"
  | "sfixed64"
  | "sint32"
  | "sint64"
  | "string"
  | "uint32"
  | "uint64";

/** A field as the file holds it. */
export type RawField = {
  readonly name: string;
  readonly number: number;
  /** Of the values: of a list's entries, of a map's values. */
  readonly type: ScalarType | "enum" | "message";
  readonly ref?: string;
  readonly repeated?: 1;
  /** The type of a map's keys. */
  readonly key?: ScalarType;
  readonly oneof?: string;
  /** The name in JSON where it is not simply the camelCase form. */
  readonly json?: string;
  /** The Envoy release that deprecated it; may be empty. */
  readonly deprecated?: string;
  readonly disallowed?: 1;
  /** validate.rules in proto JSON. */
  readonly rules?: Rules;
};

export type Rules = { readonly [kind: string]: unknown };

/** How a value is written in proto JSON: most messages are objects of their fields, some have a form of their own. */
export type Form =
  | "any"
  | "duration"
  | "empty"
  | "enum"
  | "field_mask"
  | "list_value"
  | "message"
  | "scalar"
  | "struct"
  | "timestamp"
  | "value"
  | "wrapper";

export type Field = { readonly [Key in keyof RawField]-?: RawField[Key] | undefined } & {
  readonly name: string;
  readonly number: number;
  readonly type: RawField["type"];
  readonly form: Form;
  /** The scalar itself, or what a wrapper such as google.protobuf.UInt32Value wraps. */
  readonly scalar: ScalarType | undefined;
};

const wrapped: Readonly<Record<string, ScalarType>> = {
  "google.protobuf.BoolValue": "bool",
  "google.protobuf.BytesValue": "bytes",
  "google.protobuf.DoubleValue": "double",
  "google.protobuf.FloatValue": "float",
  "google.protobuf.Int32Value": "int32",
  "google.protobuf.Int64Value": "int64",
  "google.protobuf.StringValue": "string",
  "google.protobuf.UInt32Value": "uint32",
  "google.protobuf.UInt64Value": "uint64",
};

const forms: Readonly<Record<string, Form>> = {
  "google.protobuf.Any": "any",
  "google.protobuf.Duration": "duration",
  "google.protobuf.Empty": "empty",
  "google.protobuf.FieldMask": "field_mask",
  "google.protobuf.ListValue": "list_value",
  "google.protobuf.Struct": "struct",
  "google.protobuf.Timestamp": "timestamp",
  "google.protobuf.Value": "value",
};

/** The form of a message type by its name. */
export function messageForm(name: string): Form {
  return forms[name] ?? (name in wrapped ? "wrapper" : "message");
}

export function wrappedScalar(name: string): ScalarType | undefined {
  return wrapped[name];
}

function formOf({ type, ref = "" }: RawField): Form {
  if (type === "enum") return "enum";
  return type === "message" ? messageForm(ref) : "scalar";
}

/** Every field has all properties in one order: the walk over a configuration then meets one shape of object. */
function readField(raw: RawField): Field {
  const scalar = raw.type === "enum" ? undefined : raw.type === "message" ? wrapped[raw.ref ?? ""] : raw.type;
  return {
    name: raw.name,
    form: formOf(raw),
    repeated: raw.repeated,
    key: raw.key,
    oneof: raw.oneof,
    ref: raw.ref,
    scalar,
    number: raw.number,
    type: raw.type,
    json: raw.json,
    deprecated: raw.deprecated,
    disallowed: raw.disallowed,
    rules: raw.rules,
  };
}

export type RawMessage = {
  readonly fields: readonly RawField[];
  readonly required?: readonly string[];
  readonly unchecked?: 1;
};

export type RawEnum = {
  readonly values: Readonly<Record<string, number>>;
  readonly deprecated?: Readonly<Record<string, string>>;
  readonly disallowed?: readonly string[];
};

export type MessageType = {
  readonly kind: "message";
  readonly name: string;
  readonly fields: readonly Field[];
  /** By proto name and by JSON name. */
  readonly byName: Pick<ReadonlyMap<string, Field>, "get" | "has">;
  readonly byNumber: ReadonlyMap<number, Field>;
  /** Oneofs of which one field must be set. */
  readonly requiredOneofs: readonly string[];
  /** True when validate.rules do not apply. */
  readonly unchecked: boolean;
};

export type EnumType = {
  readonly kind: "enum";
  readonly name: string;
  readonly byName: ReadonlyMap<string, number>;
  readonly byNumber: ReadonlyMap<number, string>;
  readonly deprecated: Readonly<Record<string, string>>;
  readonly disallowed: readonly string[];
};

/** `socket_address` as JSON spells it: `socketAddress`. */
export function jsonName(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Fields by proto name and by JSON name; few configurations use the latter, so they are made when one does. */
class FieldNames {
  readonly #fields: readonly Field[];
  readonly #names = new Map<string, Field>();
  #complete = false;

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
    for (const field of fields) this.#names.set(field.name, field);
  }

  get(name: string): Field | undefined {
    return this.#names.get(name) ?? (this.#complete ? undefined : this.#addJsonNames().get(name));
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  #addJsonNames(): ReadonlyMap<string, Field> {
    this.#complete = true;
    for (const field of this.#fields) {
      const json = field.json ?? jsonName(field.name);
      if (!this.#names.has(json)) this.#names.set(json, field);
    }
    return this.#names;
  }
}

function readMessage(name: string, raw: RawMessage): MessageType {
  const fields = raw.fields.map(readField);
  let numbers: ReadonlyMap<number, Field> | undefined;
  return {
    kind: "message",
    name,
    fields,
    byName: new FieldNames(fields),
    get byNumber() {
      numbers ??= new Map(fields.map((field) => [field.number, field]));
      return numbers;
    },
    requiredOneofs: raw.required ?? [],
    unchecked: raw.unchecked === 1,
  };
}

function readEnum(name: string, raw: RawEnum): EnumType {
  const entries = Object.entries(raw.values);
  return {
    kind: "enum",
    name,
    byName: new Map(entries),
    byNumber: new Map(entries.reverse().map(([value, number]) => [number, value])),
    deprecated: raw.deprecated ?? {},
    disallowed: raw.disallowed ?? [],
  };
}

/** All types of one release of the API. Types are decoded once, on first use. */
export class Schema {
  readonly #text: string;
  readonly #types = new Map<string, MessageType | EnumType | undefined>();

  constructor(text: string) {
    this.#text = text;
  }

  /** A message or an enum by its full name, such as `envoy.config.cluster.v3.Cluster`. */
  find(name: string): MessageType | EnumType | undefined {
    const known = this.#types.get(name);
    if (known !== undefined || this.#types.has(name)) return known;
    const json = this.#line(name);
    const type = json === undefined ? undefined : decode(name, JSON.parse(json));
    if (type !== undefined) this.#types.set(name, type);
    return type;
  }

  /** A field of a message, both by name. */
  field(message: string, name: string): Field | undefined {
    const type = this.find(message);
    const field = type?.kind === "message" ? type.byName.get(name) : undefined;
    return field?.name === name ? field : undefined;
  }

  message(name: string): MessageType {
    const type = this.find(name);
    if (type?.kind !== "message") throw new Error(`the API has no message ${name}`);
    return type;
  }

  enumeration(name: string): EnumType {
    const type = this.find(name);
    if (type?.kind !== "enum") throw new Error(`the API has no enum ${name}`);
    return type;
  }

  names(): string[] {
    return this.#text
      .split("\n")
      .map((line) => line.slice(0, line.indexOf("\t")))
      .filter((name) => name !== "");
  }

  #line(name: string): string | undefined {
    const text = this.#text;
    for (let low = 0, high = text.length; low < high; ) {
      const start = text.lastIndexOf("\n", ((low + high) >> 1) - 1) + 1;
      const end = text.indexOf("\n", start);
      const here = text.slice(start, text.indexOf("\t", start));
      if (here === name) return text.slice(start + name.length + 1, end);
      if (here < name) low = end + 1;
      else high = start;
    }
    return undefined;
  }
}

function decode(name: string, raw: RawMessage | RawEnum): MessageType | EnumType {
  return "fields" in raw ? readMessage(name, raw) : readEnum(name, raw);
}

/** Reads the schema of release 1.40. The text is ASCII, so one byte is one character. */
export function openSchema(path: string = join(import.meta.dirname, "envoy-1.40.schema")): Schema {
  return new Schema(readFileSync(path, "latin1"));
}
