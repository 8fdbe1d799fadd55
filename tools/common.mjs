// What the scripts in this folder share. They start on any Node from 18 on and need no package.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { cpus } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cores = cpus().length;

/** The folder of the Node that the program is pinned to: binary and headers. */
export const nodeDir = join(root, "node_modules", `node-linux-${process.arch}`);
export const node = join(nodeDir, "bin", "node");

export const at = (...parts) => join(root, ...parts);
export const say = (text) => process.stderr.write(`outrider: ${text}\n`);

export function die(text, code = 1) {
  say(text);
  process.exit(code);
}

/** Runs a program with the pinned Node first on PATH; ends this one with its code when it fails. */
export function run(command, args, options = {}) {
  const result = tryRun(command, args, options);
  if (result.status !== 0) die(`${command} ${args.slice(0, 4).join(" ")} failed`, result.status ?? 1);
  return result;
}

export function tryRun(command, args, options = {}) {
  const env = { ...process.env, ...options.env };
  env.PATH = `${dirname(node)}${delimiter}${env.PATH}`;
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    maxBuffer: 1 << 28,
    ...options,
    env,
  });
  if (result.error) say(`${command}: ${result.error.message}`);
  return result;
}

/** Like tryRun, but beside others: resolves to {status, output}. */
export function runAside(command, args, options = {}) {
  return new Promise((resolve) => {
    const env = { ...process.env, ...options.env };
    env.PATH = `${dirname(node)}${delimiter}${env.PATH}`;
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options, env });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", (error) => resolve({ status: 127, output: `${command}: ${error.message}` }));
    child.on("close", (status) => resolve({ status: status ?? 1, output }));
  });
}

export function onPath(program) {
  return process.env.PATH.split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false;
      }
    });
}

/** Every file below the folders, as paths from the root, sorted. */
export function files(folders, wanted = () => true) {
  const found = [];
  const walk = (path) => {
    if (!existsSync(at(path))) return;
    for (const entry of readdirSync(at(path), { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) walk(inner);
      else if (wanted(inner)) found.push(inner);
    }
  };
  for (const folder of folders) walk(folder);
  return found.sort();
}

export const sha256 = (data) => createHash("sha256").update(data).digest("hex");

/** Changes when a file was added, removed or written: cheap, by time and size. */
export function fingerprint(paths, extra = "") {
  const lines = paths.map((path) => {
    const stat = statSync(at(path), { throwIfNoEntry: false });
    return stat ? `${path} ${stat.mtimeMs} ${stat.size}` : `${path} -`;
  });
  return sha256(`${lines.join("\n")}\n${extra}`);
}

/** Does the work only when the key differs from that of the last time it succeeded. */
export async function whenStale(stampPath, key, work) {
  const stamp = at(stampPath);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return false;
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, key);
  return true;
}
