// Makes prebuilds/<platform>-<arch>/ in prebuildify's layout: the addon and the libraries beside Node's own that
// it needs, for machines without a compiler. N-API, so one build serves every Node from 22 on.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { at, run, say } from "./common.mjs";
import { setup } from "./setup.mjs";

await setup();
const folder = at("prebuilds", `${process.platform}-${process.arch}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const addon = `${folder}/outrider.node`;
copyFileSync(at("build/Release/outrider.node"), addon);
run("strip", ["--strip-unneeded", addon]);

const needed = run("ldd", [addon], { stdio: "pipe", encoding: "utf8" }).stdout;
const carried = [...needed.matchAll(/=> (\S*\/libre2\.so\S*)/g)].map((match) => match[1]);
for (const path of carried) copyFileSync(path, `${folder}/${basename(path)}`);
say(`prebuilds: ${[addon, ...carried].map((path) => basename(path)).join(", ")}`);
