/** h2spec, the conformance tests of HTTP/2: built once from its Go module. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const version = "v2.2.1+incompatible";

/** The program's path; builds it when it is not there. */
export function h2spec(): string {
  const folder = join(import.meta.dirname, "../.cache/h2spec", version);
  const program = join(folder, "h2spec");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" };
  const stdio = ["ignore", "ignore", "inherit"] as const;
  execFileSync("go", ["install", `github.com/summerwind/h2spec/cmd/h2spec@${version}`], {
    env,
    stdio: [...stdio],
  });
  return program;
}
