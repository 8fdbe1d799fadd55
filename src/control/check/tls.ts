/** Certificates and keys that TLS contexts name: they must be there, be readable and belong together. */
import { readBounded } from "../read/file.ts";
import { type Checks, type Context, has, textAt, treeAt } from "./context.ts";
import type { Tree } from "./typing.ts";

/** Larger files are no bodies, certificates or keys. */
const DATA_BYTES_MAX = 16 << 20;

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The bytes of a DataSource; undefined, and an issue, where they cannot be had. */
export function readDataSource(holder: Tree, name: string, { issues }: Context): Buffer | undefined {
  const source = treeAt(holder, name);
  const inline = textAt(source, "inline_string");
  if (inline !== undefined) return Buffer.from(inline);
  const bytes = textAt(source, "inline_bytes");
  if (bytes !== undefined) return Buffer.from(bytes, "base64");
  const variable = textAt(source, "environment_variable");
  if (variable !== undefined) {
    const value = process.env[variable];
    if (value === undefined)
      issues.error(`${variable} is not in the environment`, name, "environment_variable");
    return value === undefined ? undefined : Buffer.from(value);
  }
  const file = textAt(source, "filename");
  if (file === undefined) return undefined;
  try {
    return readBounded(file, DATA_BYTES_MAX);
  } catch (error) {
    issues.error(`cannot be read: ${reason(error)}`, name, "filename");
    return undefined;
  }
}

function attempt<T>(context: Context, name: string, what: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    context.issues.error(`is no ${what} in PEM form: ${reason(error)}`, name);
    return undefined;
  }
}

function checkCertificate(entry: Tree, context: Context): void {
  if (!has(entry, "certificate_chain") || !has(entry, "private_key")) return;
  const chain = readDataSource(entry, "certificate_chain", context);
  const key = readDataSource(entry, "private_key", context);
  const password = has(entry, "password") ? readDataSource(entry, "password", context) : undefined;
  if (chain === undefined || key === undefined) return;
  // Loaded where it is needed: most configurations have no certificates, and it costs milliseconds of every start.
  const { createPrivateKey, X509Certificate } = process.getBuiltinModule("node:crypto");
  const certificate = attempt(context, "certificate_chain", "certificate", () => new X509Certificate(chain));
  const passphrase = password === undefined ? {} : { passphrase: password };
  const secret = attempt(context, "private_key", "private key", () =>
    createPrivateKey({ key, ...passphrase }),
  );
  if (certificate === undefined || secret === undefined || certificate.checkPrivateKey(secret)) return;
  context.issues.error("is not the key of this certificate", "private_key");
}

export const tlsChecks: Checks = {
  "envoy.extensions.transport_sockets.tls.v3.TlsCertificate": checkCertificate,
};
