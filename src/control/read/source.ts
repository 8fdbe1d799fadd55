/** The bootstrap's texts, each by the reader that its name calls for, as Envoy chooses it. */
import type { MessageType, Schema } from "../api/schema.ts";
import { readBounded } from "./file.ts";
import { readJson } from "./json.ts";
import type { Source } from "./place.ts";
import { SyntaxFaults } from "./syntax.ts";

/** Larger files are refused. */
const FILE_BYTES_MAX = 1 << 30;

export type Format = "yaml" | "json" | "binary" | "text";

/** What is not known by its ending is JSON to Envoy; YAML reads that and more, e.g. from a pipe. */
export function formatOf(path: string): Format {
  const lower = path.toLowerCase();
  if (lower.endsWith(".json")) return "json";
  if (lower.endsWith(".pb")) return "binary";
  if (lower.endsWith(".pb_text")) return "text";
  return "yaml";
}

/** Readers are loaded when there is something for them: YAML's is half of a start that reads JSON. @throws SyntaxFaults */
export async function readYaml(name: string, text: string): Promise<Source> {
  const yaml = await import("./yaml.ts");
  return yaml.readYaml(name, text);
}

/** YAML includes JSON; text that begins as JSON does is spared the slower reader. */
async function readYamlOrJson(name: string, text: string): Promise<Source> {
  if (!/^\s*\{/.test(text)) return readYaml(name, text);
  try {
    return readJson(name, text);
  } catch {
    return readYaml(name, text);
  }
}

export type FileText = { readonly name: string; readonly bytes: Buffer };

/** @throws SyntaxFaults */
export function openFile(path: string): FileText {
  try {
    return { name: path, bytes: readBounded(path, FILE_BYTES_MAX) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SyntaxFaults([{ message: `cannot be read: ${reason}`, offset: 0 }]);
  }
}

/** @throws SyntaxFaults */
export async function readSource(
  { name, bytes }: FileText,
  schema: Schema,
  type: MessageType,
): Promise<Source> {
  const format = formatOf(name);
  if (format === "binary") {
    const binary = await import("./binary.ts");
    return binary.readBinary(name, schema, type, bytes);
  }
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  if (format === "json") return readJson(name, text);
  if (format === "text") {
    const proto = await import("./text_proto.ts");
    return proto.readTextProto(name, schema, type, text);
  }
  return readYamlOrJson(name, text);
}
