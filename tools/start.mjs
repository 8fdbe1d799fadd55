// npm start: builds what is missing and runs bin/outrider with the arguments given (`npm start -- -c my.yaml`),
// or, with none, the quick start, saying what to try once it is ready.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { at } from "./common.mjs";
import { setup } from "./setup.mjs";

const given = process.argv.slice(2);
const isDemo = given.length === 0;

const tryThis = `
  Outrider is ready. In another terminal:

    curl localhost:10000/              one of two demo upstreams, each worker in turn
    curl localhost:10000/blue          one of them
    curl -i localhost:10000/old        a redirect
    curl localhost:9901/               the admin interface (a browser works, too)
    curl 'localhost:9901/stats?usedonly&filter=front'

  The configuration is examples/quickstart.yaml; your own: npm start -- -c my.yaml
  Ctrl-C stops it.
`;

async function announceWhenReady(proxy) {
  while (proxy.exitCode === null && proxy.signalCode === null) {
    const answer = await fetch("http://127.0.0.1:9901/ready").catch(() => null);
    if (answer?.ok) return console.log(tryThis);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

await setup();
const args = isDemo ? ["-c", at("examples/quickstart.yaml")] : given;
// A path that the user gave is relative to where they called npm, not to the project.
const cwd = process.env.INIT_CWD ?? process.cwd();
const proxy = spawn(at("bin/outrider"), args, { stdio: "inherit", cwd });
// A terminal's Ctrl-C reaches the proxy by itself; the others are passed on. This process only waits.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR1"]) process.on(signal, () => proxy.kill(signal));
proxy.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
if (isDemo) await announceWhenReady(proxy);
