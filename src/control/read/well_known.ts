/** Messages of google.protobuf that JSON writes in a way of their own, from their fields as binary and text give them. */
import { messageForm, type Schema, wrappedScalar } from "../api/schema.ts";
import { formatDuration } from "../check/duration.ts";
import { scalarDefault } from "../check/scalar.ts";
import { isTree, type Tree } from "../check/typing.ts";
import { decodeMessage } from "./binary.ts";

function timestamp(fields: Tree): string {
  const seconds = Number(fields["seconds"] ?? 0);
  const nanos = Number(fields["nanos"] ?? 0);
  const whole =
    Number.isFinite(seconds) && Math.abs(seconds) < 8e12 ? new Date(seconds * 1_000).toISOString() : "";
  return whole.replace(/\.000Z$/, `${nanos === 0 ? "" : `.${String(nanos).padStart(9, "0")}`}Z`);
}

function duration(fields: Tree): string {
  const seconds = Number(fields["seconds"] ?? 0);
  const nanos = Number(fields["nanos"] ?? 0);
  return formatDuration(seconds < 0 || nanos < 0, Math.abs(seconds), Math.abs(nanos));
}

/** google.protobuf.Value: the one field that is set, `struct_value` and `list_value` being JSON already. */
function value(fields: Tree): unknown {
  if ("null_value" in fields) return null;
  return Object.values(fields)[0] ?? null;
}

function any(fields: Tree, schema: Schema): unknown {
  if ("@type" in fields || fields["type_url"] === undefined) return fields;
  const url = String(fields["type_url"]);
  const type = schema.find(url.slice(url.lastIndexOf("/") + 1));
  if (type?.kind !== "message") return { "@type": url };
  const bytes = Buffer.from(String(fields["value"] ?? ""), "base64");
  const decoded = decodeMessage(schema, type, bytes);
  const form = messageForm(type.name);
  const inlined = isTree(decoded) && (form === "message" || form === "empty");
  return inlined ? { "@type": url, ...decoded } : { "@type": url, value: decoded };
}

/** The JSON of the message `name`, given its fields by name; an ordinary message is its fields. */
export function jsonOf(name: string, fields: Tree, schema: Schema): unknown {
  const scalar = wrappedScalar(name);
  if (scalar !== undefined) return fields["value"] ?? scalarDefault(scalar);
  switch (name) {
    case "google.protobuf.Duration":
      return duration(fields);
    case "google.protobuf.Timestamp":
      return timestamp(fields);
    case "google.protobuf.Struct":
      return fields["fields"] ?? {};
    case "google.protobuf.ListValue":
      return fields["values"] ?? [];
    case "google.protobuf.Value":
      return value(fields);
    case "google.protobuf.FieldMask":
      return Array.isArray(fields["paths"]) ? fields["paths"].join(",") : "";
    case "google.protobuf.Any":
      return any(fields, schema);
    default:
      return fields;
  }
}
