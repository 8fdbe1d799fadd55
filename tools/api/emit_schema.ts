/**
 * Turns the FileDescriptorSet into what the reader uses at start-up: one line a type, sorted by name,
 * so that a program finds a type by binary search and decodes only the types that a configuration names.
 *
 *     node tools/api/emit_schema.ts            writes src/control/api/envoy-1.40.schema
 *     node tools/api/emit_schema.ts --check    fails when that file is stale
 *
 * A line is `full.name TAB json`, json being a {@link RawMessage} or a {@link RawEnum}.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  createFileRegistry,
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescOneof,
  type FileRegistry,
  fromBinary,
  getOption,
  hasOption,
  type JsonObject,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type {
  RawEnum,
  RawField,
  RawMessage,
  ScalarType as SchemaScalar,
} from "../../src/control/api/schema.ts";

const source = new URL("../../src/control/api/envoy-1.40.binpb.gz", import.meta.url);
const target = new URL("../../src/control/api/envoy-1.40.schema", import.meta.url);

type Options = {
  readonly registry: FileRegistry;
  readonly rules: DescExtension;
  readonly disabled: DescExtension;
  readonly ignored: DescExtension;
  readonly oneofRequired: DescExtension;
  readonly deprecatedAt: DescExtension;
  readonly disallowed: DescExtension;
  readonly deprecatedValueAt: DescExtension;
  readonly disallowedValue: DescExtension;
};

function extension(registry: FileRegistry, name: string): DescExtension {
  const found = registry.getExtension(name);
  if (found === undefined) throw new Error(`${name} is not in the descriptors`);
  return found;
}

function readOptions(registry: FileRegistry): Options {
  return {
    registry,
    rules: extension(registry, "validate.rules"),
    disabled: extension(registry, "validate.disabled"),
    ignored: extension(registry, "validate.ignored"),
    oneofRequired: extension(registry, "validate.required"),
    deprecatedAt: extension(registry, "envoy.annotations.deprecated_at_minor_version"),
    disallowed: extension(registry, "envoy.annotations.disallowed_by_default"),
    deprecatedValueAt: extension(registry, "envoy.annotations.deprecated_at_minor_version_enum"),
    disallowedValue: extension(registry, "envoy.annotations.disallowed_by_default_enum"),
  };
}

const derivedJsonName = (name: string) => name.replace(/_+([a-z0-9A-Z])/g, (_, c: string) => c.toUpperCase());

const scalarName = (scalar: ScalarType) => ScalarType[scalar].toLowerCase() as SchemaScalar;

function rulesOf(field: DescField, options: Options): JsonObject | undefined {
  const schema = options.rules.message;
  if (schema === undefined || !hasOption(field, options.rules)) return undefined;
  const value = getOption(field, options.rules);
  return toJson(schema, value as never, {
    registry: options.registry,
    useProtoFieldName: true,
  }) as JsonObject;
}

/** The type of a field's values: of the entries of a list, of the values of a map. */
function valueType(field: DescField): Pick<RawField, "type" | "ref"> {
  const kind =
    field.fieldKind === "list" ? field.listKind : field.fieldKind === "map" ? field.mapKind : field.fieldKind;
  if (kind === "message") return { type: "message", ref: (field.message as DescMessage).typeName };
  if (kind === "enum") return { type: "enum", ref: (field.enum as DescEnum).typeName };
  return { type: scalarName(field.scalar as ScalarType) };
}

function emitField(field: DescField, options: Options): RawField {
  const rules = rulesOf(field, options);
  const version = getOption(field, options.deprecatedAt) as string;
  return {
    name: field.name,
    number: field.number,
    ...valueType(field),
    ...(field.fieldKind === "list" && { repeated: 1 as const }),
    ...(field.fieldKind === "map" && { key: scalarName(field.mapKey) }),
    ...(field.oneof !== undefined && { oneof: field.oneof.name }),
    ...(field.jsonName !== derivedJsonName(field.name) && { json: field.jsonName }),
    ...(field.deprecated && { deprecated: version }),
    ...(getOption(field, options.disallowed) === true && { disallowed: 1 as const }),
    ...(rules !== undefined && { rules }),
  };
}

function emitMessage(message: DescMessage, options: Options): RawMessage {
  const unchecked =
    getOption(message, options.disabled) === true || getOption(message, options.ignored) === true;
  const required = message.oneofs.filter((o: DescOneof) => getOption(o, options.oneofRequired) === true);
  return {
    fields: message.fields.map((field) => emitField(field, options)),
    ...(required.length > 0 && { required: required.map((oneof) => oneof.name) }),
    ...(unchecked && { unchecked: 1 as const }),
  };
}

function emitEnum(type: DescEnum, options: Options): RawEnum {
  const deprecated = type.values.filter((value) => value.deprecated);
  const disallowed = type.values.filter((value) => getOption(value, options.disallowedValue) === true);
  return {
    values: Object.fromEntries(type.values.map((value) => [value.name, value.number])),
    ...(deprecated.length > 0 && {
      deprecated: Object.fromEntries(
        deprecated.map((value) => [value.name, getOption(value, options.deprecatedValueAt) as string]),
      ),
    }),
    ...(disallowed.length > 0 && { disallowed: disallowed.map((value) => value.name) }),
  };
}

/** The schema as text, from the bytes of a FileDescriptorSet. */
export function emitSchema(set: Uint8Array): string {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, set));
  const options = readOptions(registry);
  const lines: string[] = [];
  for (const type of registry) {
    if (type.kind === "message")
      lines.push(`${type.typeName}\t${JSON.stringify(emitMessage(type, options))}`);
    if (type.kind === "enum") lines.push(`${type.typeName}\t${JSON.stringify(emitEnum(type, options))}`);
  }
  return `${lines.sort().join("\n")}\n`;
}

function main(check: boolean): void {
  const text = emitSchema(gunzipSync(readFileSync(source)));
  if (!check) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error("src/control/api/envoy-1.40.schema is stale: run node tools/api/emit_schema.ts");
    process.exitCode = 1;
  }
}

if (import.meta.main) main(process.argv.includes("--check"));
