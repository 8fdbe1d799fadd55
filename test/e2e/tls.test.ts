// TLS with the clients and servers that people have: openssl, curl and Node; and with peers that do not mean well.
import { equal, match, ok, rejects } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer, request as httpsRequest } from "node:https";
import { type AddressInfo, connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { eventually, type Running, startProxy } from "./proxy.ts";

type Json = Readonly<Record<string, unknown>>;
const tlsType = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";

const pki = mkdtempSync(join(tmpdir(), "outrider-pki-"));
after(() => rmSync(pki, { recursive: true, force: true }));
const at = (name: string) => join(pki, name);
const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { cwd: pki, stdio: "pipe" });

function authority(name: string): void {
  openssl(
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"],
    ...["-subj", `/O=Test/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.crt`],
  );
}

function certificate(name: string, ca: string, san: string): void {
  writeFileSync(at(`${name}.ext`), `subjectAltName=${san}\n`);
  openssl(
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-subj", `/O=Test/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`],
  );
  openssl(
    ...["x509", "-req", "-in", `${name}.csr`, "-CA", `${ca}.crt`, "-CAkey", `${ca}.key`, "-CAcreateserial"],
    ...["-days", "10", "-extfile", `${name}.ext`, "-out", `${name}.crt`],
  );
}

authority("ca");
authority("other");
certificate("server", "ca", "DNS:server.test,DNS:localhost");
certificate("second", "ca", "DNS:second.test,DNS:*.wild.test");
certificate("client", "ca", "URI:spiffe://test/client");
certificate("stranger", "other", "URI:spiffe://test/stranger");

const pair = (name: string) => ({
  certificate_chain: { filename: at(`${name}.crt`) },
  private_key: { filename: at(`${name}.key`) },
});

/** A listener with TLS. */
function secured(context: Json, routes?: readonly Json[], more: Json = {}): Json {
  const filters = "type.googleapis.com/envoy.extensions.filters";
  const hcm = {
    "@type": `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "in",
    forward_client_cert_details: "SANITIZE_SET",
    set_current_client_cert_details: { uri: true },
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: routes ?? [{ match: { prefix: "/" }, route: { cluster: "up", timeout: "0s" } }],
        },
      ],
    },
    ...more,
    http_filters: [{ name: "router", typed_config: { "@type": `${filters}.http.router.v3.Router` } }],
  };
  return {
    stat_prefix: "tls",
    filter_chains: [
      {
        transport_socket_connect_timeout: "2s",
        filters: [{ name: "hcm", typed_config: hcm }],
        transport_socket: {
          name: "tls",
          typed_config: { "@type": `${tlsType}.DownstreamTlsContext`, ...context },
        },
      },
    ],
  };
}

const one = { common_tls_context: { tls_certificates: [pair("server")] } };
const direct = [
  { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "fine" } } },
];

function dialTls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port, host: "127.0.0.1", servername: "server.test", ca: readFileSync(at("ca.crt")), ...options },
      () => resolve(socket),
    );
    socket.on("error", reject);
  });
}

/** The answer to one request, with its connection ended. */
async function ask(port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = await dialTls(port, options);
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
    socket.on("close", () => (text === "" ? reject(new Error("closed")) : resolve(text)));
    socket.write("GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n");
  });
}

const ssl = (proxy: Running, name: string) => proxy.stat(`listener.tls.ssl.${name}`);

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version} with Node, curl and openssl s_client`, async (t) => {
    const proxy = await startProxy(t, { listener: secured(one, direct) });
    match(await ask(proxy.port, { minVersion: version, maxVersion: version }), /fine$/);
    const option = version === "TLSv1.2" ? ["--tls-max", "1.2"] : ["--tlsv1.3"];
    const where = ["--resolve", `server.test:${proxy.port}:127.0.0.1`, `https://server.test:${proxy.port}/`];
    const curl = spawnSync("curl", ["-sS", "--http1.1", "--cacert", at("ca.crt"), ...option, ...where]);
    equal(String(curl.stdout), "fine", String(curl.stderr));
    const flag = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
    const client = spawnSync(
      "openssl",
      ["s_client", flag, "-quiet", "-servername", "server.test", "-connect", `127.0.0.1:${proxy.port}`],
      { input: "GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n" },
    );
    match(String(client.stdout), /fine$/);
    equal(await ssl(proxy, "handshake"), 3);
    equal(await ssl(proxy, `versions.${version}`), 3);
    await proxy.settled();
  });

  test(`${version} sessions are resumed`, async (t) => {
    const proxy = await startProxy(t, { listener: secured(one, direct) });
    const options = { minVersion: version, maxVersion: version };
    const first = await dialTls(proxy.port, options);
    const told = new Promise<Buffer>((resolve) => first.once("session", resolve));
    first.write("GET / HTTP/1.1\r\nhost: t\r\n\r\n");
    const session = version === "TLSv1.2" ? first.getSession() : await told;
    first.destroy();
    match(await ask(proxy.port, { ...options, session: session! }), /fine$/);
    equal(await ssl(proxy, "session_reused"), 1);
    await proxy.settled();
  });
}

/** A TLS server that gives back what comes. */
async function secureEcho(t: TestContext): Promise<number> {
  const server = createHttpsServer(
    { key: readFileSync(at("server.key")), cert: readFileSync(at("server.crt")) },
    (incoming, answer) => incoming.pipe(answer),
  );
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function exchange(port: number, body: Buffer, pauseMs = 0): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      { port, host: "127.0.0.1", servername: "server.test", method: "POST", ca: readFileSync(at("ca.crt")) },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (data: Buffer) => parts.push(data));
        answer.on("end", () => resolve(Buffer.concat(parts)));
        answer.on("error", reject);
        if (pauseMs > 0) {
          answer.pause();
          setTimeout(() => answer.resume(), pauseMs);
        }
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function toTls(context: Json): Json {
  return {
    transport_socket: {
      name: "tls",
      typed_config: { "@type": `${tlsType}.UpstreamTlsContext`, sni: "server.test", ...context },
    },
  };
}
const trusting = (ca: string, more: Json = {}) => ({
  common_tls_context: { validation_context: { trusted_ca: { filename: at(`${ca}.crt`) }, ...more } },
});

test("bodies of many sizes pass through TLS on both sides, whole, also to a client that reads late", async (t) => {
  const up = await secureEcho(t);
  const proxy = await startProxy(t, {
    clusters: { up },
    cluster: toTls(trusting("ca")),
    listener: secured(one),
  });
  for (const size of [0, 1, 4_095, 4_097, 16_384, 16_385, 70_000, 262_144, 8_000_000]) {
    const body = Buffer.alloc(size);
    for (let i = 0; i < size; i += 1) body[i] = (i * 31) >> 3;
    const back = await exchange(proxy.port, body, size === 8_000_000 ? 200 : 0);
    ok(back.equals(body), `${size} bytes`);
  }
  await proxy.settled();
});

test("an upstream whose certificate is not the one we trust is refused, and the log says why", async (t) => {
  const up = await secureEcho(t);
  const log = {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
    path: "{{dir}}/log",
    log_format: { text_format_source: { inline_string: "%UPSTREAM_TRANSPORT_FAILURE_REASON%\n" } },
  };
  const proxy = await startProxy(t, {
    clusters: { up },
    cluster: toTls(trusting("other")),
    listener: secured(one, undefined, { access_log: [{ name: "file", typed_config: log }] }),
    args: ["--file-flush-interval-msec", "10"],
  });
  match(String(await exchange(proxy.port, Buffer.from("x"))), /remote connection failure/);
  equal(await proxy.stat("cluster.up.ssl.fail_verify_error"), 1);
  await eventually(() =>
    match(
      readFileSync(join(proxy.folder, "log"), "utf8"),
      /^TLS_error:\|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_.*:TLS_error_end\n$/,
    ),
  );
});

test("of several certificates the client's server name chooses", async (t) => {
  const context = { common_tls_context: { tls_certificates: [pair("server"), pair("second")] } };
  const proxy = await startProxy(t, { listener: secured(context, direct) });
  const names = {
    "server.test": "server",
    "second.test": "second",
    "a.wild.test": "second",
    "x.y": "server",
  };
  for (const [servername, owner] of Object.entries(names)) {
    const socket = await dialTls(proxy.port, { servername, checkServerIdentity: () => undefined });
    equal(socket.getPeerCertificate().subject.CN, owner, servername);
    socket.destroy();
  }
});

test("a client must show a certificate of our authority", async (t) => {
  const context = {
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: [pair("server")],
      validation_context: { trusted_ca: { filename: at("ca.crt") } },
    },
  };
  const proxy = await startProxy(t, { listener: secured(context, direct) });
  const as = (name: string) => ({
    key: readFileSync(at(`${name}.key`)),
    cert: readFileSync(at(`${name}.crt`)),
  });
  match(await ask(proxy.port, as("client")), /fine$/);
  await rejects(ask(proxy.port, as("stranger")));
  await rejects(ask(proxy.port));
  equal(await ssl(proxy, "fail_verify_error"), 1);
  equal(await ssl(proxy, "fail_verify_no_cert"), 1);
  equal(await ssl(proxy, "handshake"), 1);
});

test("a certificate whose file is replaced serves the next connection; the old one stays", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outrider-sds-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const secret = (name: string) => {
    const resource = { "@type": `${tlsType}.Secret`, name: "mine", tls_certificate: pair(name) };
    writeFileSync(join(folder, "new.json"), JSON.stringify({ resources: [resource] }));
    renameSync(join(folder, "new.json"), join(folder, "secret.json"));
  };
  secret("server");
  const source = { path_config_source: { path: join(folder, "secret.json") } };
  const context = {
    common_tls_context: { tls_certificate_sds_secret_configs: [{ name: "mine", sds_config: source }] },
  };
  const proxy = await startProxy(t, { listener: secured(context, direct) });
  const old = await dialTls(proxy.port);
  equal(old.getPeerCertificate().subject.CN, "server");
  secret("second");
  await eventually(async () => equal(await proxy.stat("sds.mine.update_success"), 2));
  await eventually(async () => {
    const fresh = await dialTls(proxy.port, { checkServerIdentity: () => undefined });
    const name = fresh.getPeerCertificate().subject.CN;
    fresh.destroy();
    equal(name, "second");
  });
  const answered = new Promise<string>((resolve) => old.once("data", (data) => resolve(String(data))));
  old.write("GET / HTTP/1.1\r\nhost: t\r\n\r\n");
  match(await answered, /200 OK/);
  old.destroy();
});

/** The first bytes of a real client: its hello. */
async function helloBytes(): Promise<Buffer> {
  const { createServer } = await import("node:net");
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const hello = new Promise<Buffer>((resolve) =>
    server.once("connection", (socket) => socket.once("data", (data: Buffer) => resolve(data))),
  );
  const client = connect({ port: (server.address() as AddressInfo).port, servername: "server.test" });
  client.on("error", () => undefined);
  const bytes = await hello;
  client.destroy();
  server.close();
  return bytes;
}

test("a hello that comes byte by byte is answered; one that stops is given up", async (t) => {
  const proxy = await startProxy(t, { listener: secured(one, direct) });
  const hello = await helloBytes();
  const slow = connectPlain(proxy.port, "127.0.0.1");
  slow.setNoDelay(true);
  const answer = new Promise<Buffer>((resolve) => slow.once("data", (data: Buffer) => resolve(data)));
  for (const byte of hello) {
    slow.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  equal((await answer)[0], 22); // a handshake record
  slow.destroy();
  const half = connectPlain(proxy.port, "127.0.0.1");
  half.write(hello.subarray(0, hello.length >> 1));
  await new Promise((resolve) => half.once("close", resolve));
  equal(await proxy.stat("listener.tls.downstream_cx_active"), 0);
});

test("what is no TLS ends the connection, and others go on", async (t) => {
  const proxy = await startProxy(t, { listener: secured(one, direct) });
  const noise = [
    "GET / HTTP/1.1\r\nhost: t\r\n\r\n",
    Buffer.from([22, 3, 1, 0xff, 0xff, 1, 2, 3]),
    Buffer.from([22, 3, 3, 0, 4, 1, 0xff, 0xff, 0xff]),
    Buffer.alloc(5_000, 0x80),
  ];
  for (const bytes of noise) {
    const socket = connectPlain(proxy.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.on("data", () => undefined);
    socket.end(bytes);
    await new Promise((resolve) => socket.once("close", resolve));
  }
  match(await ask(proxy.port), /fine$/);
  ok((await ssl(proxy, "connection_error")) >= 3);
  await proxy.settled();
});

test("two hundred clients at once are all served", async (t) => {
  const proxy = await startProxy(t, { listener: secured(one, direct) });
  const answers = await Promise.all(Array.from({ length: 200 }, () => ask(proxy.port)));
  ok(answers.every((answer) => answer.endsWith("fine")));
  equal(await ssl(proxy, "handshake"), 200);
  await proxy.settled();
});
