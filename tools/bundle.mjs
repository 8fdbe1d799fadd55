// Bundles src/ into one file, dist/main.cjs: no type stripping, no module resolution, and one entry in V8's
// compile cache. CommonJS, since Node starts it 20 ms sooner than a module; so src/ has no top-level await.
// What is imported late (`await import()`) is evaluated late, though it stands in the same file.
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { at } from "./common.mjs";

const result = await build({
  entryPoints: [at("src/main.ts")],
  outfile: at("dist/main.cjs"),
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node26",
  // Names stay: stack traces of the shipped program are for reading.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  define: {
    "import.meta.dirname": "__dirname",
    "import.meta.filename": "__filename",
    "import.meta.url": "outriderUrl",
  },
  banner: { js: 'const outriderUrl=require("node:url").pathToFileURL(__filename).href;' },
});
// Read at start, line by line as needed; it lies beside whatever module opens it.
copyFileSync(at("src/control/api/envoy-1.40.schema"), at("dist/envoy-1.40.schema"));
rmSync(at("dist/compile-cache"), { recursive: true, force: true });
writeFileSync(at("dist/meta.json"), JSON.stringify(result.metafile));
