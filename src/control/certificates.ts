/** What /certs says: the certificates that TLS contexts of the configuration use. */
import type { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isTree, type Tree } from "./check/typing.ts";

const day_ms = 86_400_000;

type Details = Readonly<Record<string, unknown>>;

function bytesOf(source: unknown): { readonly path: string; readonly bytes: Buffer } | undefined {
  if (!isTree(source)) return undefined;
  const { filename, inline_string: inline, inline_bytes: bytes, environment_variable: variable } = source;
  try {
    if (typeof filename === "string") return { path: filename, bytes: readFileSync(filename) };
  } catch {
    return undefined;
  }
  if (typeof inline === "string") return { path: "<inline>", bytes: Buffer.from(inline) };
  if (typeof bytes === "string") return { path: "<inline>", bytes: Buffer.from(bytes, "base64") };
  if (typeof variable === "string")
    return { path: "<inline>", bytes: Buffer.from(process.env[variable] ?? "") };
  return undefined;
}

const kinds: Readonly<Record<string, string>> = { DNS: "dns", URI: "uri", "IP Address": "ip_address" };

/** Node writes "DNS:a, IP Address:127.0.0.1". */
function alternativeNames(certificate: X509Certificate): Details[] {
  return (certificate.subjectAltName ?? "").split(", ").flatMap((entry) => {
    const colon = entry.indexOf(":");
    const kind = kinds[entry.slice(0, colon)];
    return kind === undefined ? [] : [{ [kind]: entry.slice(colon + 1) }];
  });
}

const timestamp = (date: string) => new Date(date).toISOString().replace(".000Z", "Z");

function details(certificate: X509Certificate, path: string, now: number): Details {
  const left = Date.parse(certificate.validTo) - now;
  return {
    path,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: alternativeNames(certificate),
    days_until_expiration: String(Math.max(0, Math.floor(left / day_ms))),
    valid_from: timestamp(certificate.validFrom),
    expiration_time: timestamp(certificate.validTo),
  };
}

const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function read(source: unknown, now: number, most = Number.POSITIVE_INFINITY): Details[] {
  const found = bytesOf(source);
  if (found === undefined) return [];
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  const texts = found.bytes.toString("latin1").match(pem) ?? [];
  return texts.slice(0, most).map((text) => details(new X509Certificate(text), found.path, now));
}

function below(value: unknown, found: Tree[] = []): Tree[] {
  if (Array.isArray(value)) for (const item of value) below(item, found);
  if (!isTree(value)) return found;
  if (isTree(value["common_tls_context"])) found.push(value["common_tls_context"]);
  else for (const item of Object.values(value)) if (typeof item === "object") below(item, found);
  return found;
}

const part = (tree: Tree, name: string): Tree => (isTree(tree[name]) ? (tree[name] as Tree) : {});
const list = (value: unknown): readonly Tree[] => (Array.isArray(value) ? value.filter(isTree) : []);

/** `secretOf` gives the secrets that came by name. */
export function certificates(
  resources: readonly unknown[],
  secretOf: (name: string) => Tree | undefined,
  now = Date.now(),
): readonly Details[] {
  return below(resources).map((context) => {
    const combined = part(context, "combined_validation_context");
    const named = (holder: Tree) => {
      const sds = part(holder, "validation_context_sds_secret_config");
      return part(secretOf(String(sds["name"] ?? "")) ?? {}, "validation_context");
    };
    const validations = [
      part(context, "validation_context"),
      part(combined, "default_validation_context"),
      named(context),
      named(combined),
    ];
    const chains = [
      ...list(context["tls_certificates"]),
      ...list(context["tls_certificate_sds_secret_configs"]).map((sds) =>
        part(secretOf(String(sds["name"])) ?? {}, "tls_certificate"),
      ),
    ];
    return {
      ca_cert: validations.flatMap((validation) => read(validation["trusted_ca"], now, 1)),
      cert_chain: chains.flatMap((chain) => read(chain["certificate_chain"], now, 1)),
    };
  });
}
