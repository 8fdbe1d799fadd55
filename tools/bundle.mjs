// Bundles src/ into dist/main.js, with a chunk for each thing that is loaded late by `await import()`.
// Fewer files and no type stripping at start-up: see bin/outrider for what that is worth.
import { rmSync } from "node:fs";
import { build } from "esbuild";
import { at } from "./common.mjs";

rmSync(at("dist"), { recursive: true, force: true });
await build({
  entryPoints: [at("src/main.ts")],
  outdir: at("dist"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node26",
  chunkNames: "chunks/[name]-[hash]",
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: "linked",
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  // CommonJS packages inside the bundle ask for Node's own modules with require().
  banner: {
    js: 'import{createRequire as outriderRequire}from"node:module";const require=outriderRequire(import.meta.url);',
  },
});
