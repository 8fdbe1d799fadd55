// Runs a script of the project with the pinned Node, after building what is missing.
import { at, node, tryRun } from "./common.mjs";
import { setup } from "./setup.mjs";

await setup();
const [script, ...args] = process.argv.slice(2);
process.exitCode = tryRun(node, [at(script), ...args]).status ?? 1;
