/**
 * Brings a tree that was read from YAML or JSON into canonical proto JSON, in place: fields under their proto names,
 * enums by name, durations and numbers in one spelling, wrappers plain, an Any as its `@type` and fields.
 * A value that cannot be read is reported and becomes undefined, so that later checks neither use it nor miss it.
 */
import {
  type Field,
  type MessageType,
  messageForm,
  type ScalarType,
  type Schema,
  wrappedScalar,
} from "../api/schema.ts";
import { type IssueList, type Path, show } from "../issue.ts";
import { didYouMean } from "../near.ts";
import { isPlainDuration, readDuration, readTimestamp } from "./duration.ts";
import { isPlain, type Reading, readScalar, scalarDefault } from "./scalar.ts";

export type Tree = { [name: string]: unknown };

/** Deeper trees are refused, as protobuf's parser refuses them. */
const DEPTH_MAX = 100;

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `type.googleapis.com/a.b.C` names the type `a.b.C`. */
export function anyTypeName(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

/** Of two spellings of one field the later wins. */
function isBefore(tree: Tree, first: string, second: string): boolean {
  const keys = Object.keys(tree);
  return keys.indexOf(first) < keys.indexOf(second);
}

/** One value in place of a list, and lists in lists, are what protobuf's parser takes, too. */
function flatten(field: Field, value: unknown): unknown[] {
  if (!Array.isArray(value)) return [value];
  if (field.form === "value" || field.form === "list_value" || !value.some(Array.isArray)) return value;
  return value.flat(DEPTH_MAX);
}

const typedStructs = new Set(["xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"]);

export type UnknownFields = "refuse" | "warn";

export class Typing {
  readonly #schema: Schema;
  readonly #issues: IssueList;
  readonly #unknown: UnknownFields;
  #depth = 0;

  constructor(schema: Schema, issues: IssueList, unknown: UnknownFields) {
    this.#schema = schema;
    this.#issues = issues;
    this.#unknown = unknown;
  }

  /** Reads `value` as a message, in place; undefined when it is none. */
  message(type: MessageType, value: unknown): Tree | undefined {
    if (!isTree(value)) return this.#wrong(`${show(value)} is not an object with the fields of ${type.name}`);
    if (this.#depth >= DEPTH_MAX) return this.#wrong(`nested more than ${DEPTH_MAX} deep`);
    this.#depth++;
    this.#fields(type, value, "");
    this.#depth--;
    return value;
  }

  #wrong(message: string, ...steps: Path): undefined {
    this.#issues.error(message, ...steps);
    return undefined;
  }

  #take<T>(reading: Reading<T>): T | undefined {
    return "wrong" in reading ? this.#wrong(reading.wrong) : reading.value;
  }

  #fields(type: MessageType, tree: Tree, except: string): void {
    let oneofs: Map<string, string> | undefined;
    for (const key in tree) {
      if (key === except && except !== "") continue;
      const field = type.byName.get(key);
      if (field === undefined) {
        this.#unknownField(type, tree, key);
        continue;
      }
      const value = tree[key];
      if (value === null && field.form !== "value") {
        delete tree[key];
        continue;
      }
      if (field.oneof !== undefined) {
        oneofs ??= new Map();
        this.#oneof(oneofs, field.oneof, field.name);
      }
      if (key !== field.name) {
        const overridden = field.name in tree && isBefore(tree, key, field.name);
        delete tree[key];
        if (overridden) continue;
      }
      this.#issues.path.push(field.name);
      const read = this.#field(field, value);
      if (read !== value || key !== field.name) tree[field.name] = read;
      this.#issues.path.pop();
    }
  }

  #oneof(seen: Map<string, string>, oneof: string, field: string): void {
    const other = seen.get(oneof);
    if (other === undefined) seen.set(oneof, field);
    else if (other !== field) this.#issues.error(`only one of ${other} and ${field} may be set`, field);
  }

  #unknownField(type: MessageType, tree: Tree, key: string): void {
    const names = type.fields.map((field) => field.name);
    const message = `${type.name} has no such field${didYouMean(key, names)}`;
    if (this.#unknown === "refuse") this.#issues.error(message, key);
    else this.#issues.warning(message, key);
    delete tree[key];
  }

  #field(field: Field, value: unknown): unknown {
    if (field.key !== undefined) return this.#map(field, value);
    return field.repeated === 1 ? this.#list(field, value) : this.#single(field, value);
  }

  #list(field: Field, value: unknown): unknown {
    const list = flatten(field, value);
    for (let i = 0; i < list.length; i++) {
      this.#issues.path.push(i);
      const entry = list[i] === null ? this.#absent(field) : list[i];
      const read = this.#single(field, entry);
      if (read !== list[i]) list[i] = read;
      this.#issues.path.pop();
    }
    return list;
  }

  #absent(field: Field): unknown {
    if (field.scalar !== undefined) return scalarDefault(field.scalar);
    if (field.form === "value") return null;
    if (field.form === "enum") return 0;
    return field.form === "duration" ? "0s" : field.form === "list_value" ? [] : {};
  }

  #map(field: Field, value: unknown): unknown {
    if (!isTree(value)) return this.#wrong(`${show(value)} is not a map`);
    for (const key in value) {
      this.#issues.path.push(key);
      if (field.key !== undefined && field.key !== "string") this.#take(readScalar(field.key, key));
      const entry = value[key];
      const read = this.#single(field, entry === null ? this.#absent(field) : entry);
      if (read !== entry) value[key] = read;
      this.#issues.path.pop();
    }
    return value;
  }

  #single(field: Field, value: unknown): unknown {
    switch (field.form) {
      case "scalar":
        return this.#scalar(field.scalar ?? "string", value);
      case "message":
        return this.message(this.#schema.message(field.ref ?? ""), value);
      case "enum":
        return this.#enum(field.ref ?? "", value);
      default:
        return this.#formed(field.form, field.ref ?? "", value);
    }
  }

  #scalar(type: ScalarType, value: unknown): unknown {
    return isPlain(type, value) ? value : this.#take(readScalar(type, value));
  }

  #enum(name: string, value: unknown): unknown {
    const type = this.#schema.enumeration(name);
    if (typeof value === "string") {
      if (type.byName.has(value)) return value;
      const upper = value.toUpperCase();
      for (const known of type.byName.keys()) if (known.toUpperCase() === upper) return known;
    }
    const number = this.#enumNumber(value);
    if (number !== undefined) return type.byNumber.get(number) ?? number;
    const names = [...type.byName.keys()];
    const listed = names.length > 12 ? `${names.slice(0, 12).join(", ")}, ...` : names.join(", ");
    const near = typeof value === "string" ? didYouMean(value, names) : "";
    return this.#wrong(`${show(value)} is not one of ${listed}${near}`);
  }

  #enumNumber(value: unknown): number | undefined {
    const read = readScalar("int32", value);
    return "value" in read && typeof read.value === "number" ? read.value : undefined;
  }

  /** The messages that proto JSON writes in a way of their own. */
  #formed(form: Field["form"], name: string, value: unknown): unknown {
    switch (form) {
      case "wrapper":
        return this.#wrapper(name, value);
      case "duration":
        if (isPlainDuration(value)) return value;
        return this.#take(readDuration(value));
      case "timestamp":
        return this.#take(readTimestamp(value));
      case "any":
        return this.#any(value);
      case "struct":
        return isTree(value) ? value : this.#wrong(`${show(value)} is not an object`);
      case "list_value":
        return Array.isArray(value) ? value : this.#wrong(`${show(value)} is not a list`);
      case "field_mask":
        return typeof value === "string" ? value : this.#wrong(`${show(value)} is not a text of field names`);
      case "value":
        return value;
      default:
        return this.message(this.#schema.message(name), value);
    }
  }

  #wrapper(name: string, value: unknown): unknown {
    const scalar = wrappedScalar(name) ?? "string";
    if (isPlain(scalar, value)) return value;
    // {value: 5} in place of 5 is what protobuf's parser takes, too.
    const unwrapped = isTree(value) && Object.keys(value).every((key) => key === "value");
    return this.#take(readScalar(scalar, unwrapped ? (value["value"] ?? scalarDefault(scalar)) : value));
  }

  #any(value: unknown): unknown {
    if (!isTree(value)) return this.#wrong(`${show(value)} is not an object with an "@type"`);
    const url = value["@type"];
    if (url === undefined && Object.keys(value).length === 0) return value;
    if (typeof url !== "string") return this.#wrong('has no "@type" that says what it is');
    if (!/^[^/]+\/./.test(url)) {
      return this.#wrong(
        `${show(url)} is no type URL; write "type.googleapis.com/${url.replace(/^\//, "")}"`,
        "@type",
      );
    }
    return this.anyOf(anyTypeName(url), value);
  }

  /** Checks the fields beside `@type`; of a type that is not in the API nothing is known. */
  anyOf(name: string, value: Tree): unknown {
    const type = this.#schema.find(name);
    if (type?.kind !== "message") {
      this.#issues.error(`${name} is no type of the Envoy API${this.#nearType(name)}`, "@type");
      return undefined;
    }
    if (typedStructs.has(name)) return this.#typedStruct(type, value);
    const form = messageForm(name);
    if (form !== "message" && form !== "empty") return this.#formedAny(name, form, value);
    if (this.#depth >= DEPTH_MAX) return this.#wrong(`nested more than ${DEPTH_MAX} deep`);
    this.#depth++;
    this.#fields(type, value, "@type");
    this.#depth--;
    return value;
  }

  #formedAny(name: string, form: Field["form"], value: Tree): unknown {
    this.#issues.path.push("value");
    value["value"] = this.#formed(form, name, value["value"] ?? null);
    this.#issues.path.pop();
    return value;
  }

  /** A TypedStruct says the same as an Any of its type_url with the fields of its value. */
  #typedStruct(type: MessageType, value: Tree): unknown {
    this.#fields(type, value, "@type");
    const { type_url: url, value: fields } = value;
    if (typeof url !== "string" || url === "") return this.#wrong("has no type_url");
    return this.anyOf(anyTypeName(url), { "@type": url, ...(isTree(fields) ? fields : {}) });
  }

  #nearType(name: string): string {
    const last = name.slice(name.lastIndexOf(".") + 1);
    const same = this.#schema.names().filter((known) => known.endsWith(`.${last}`));
    return didYouMean(name, same);
  }
}
