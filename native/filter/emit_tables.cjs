// Writes native/filter/http/all.gen.h: the table of HTTP filters, from the folder's files. A file <name>.cc defines
// `extern const HttpFilterType <name>`.   node native/filter/emit_tables.cjs [--check]
"use strict";
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const folder = join(__dirname, "http");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".cc") && !/_(test|fuzz)\.cc$/.test(file))
  .map((file) => file.slice(0, -3))
  .sort();

const text = `// Written by native/filter/emit_tables.cjs from this folder's files; do not edit.
#pragma once
#include "filter/chain.h"

namespace outrider {

${names.map((name) => `extern const HttpFilterType ${name};`).join("\n")}

inline const HttpFilterType* const http_filter_types[] = {
${names.map((name) => `    &${name},`).join("\n")}
};

}  // namespace outrider
`;

const target = join(folder, "all.gen.h");
let before = "";
try {
  before = readFileSync(target, "utf8");
} catch (error) {
  if (error.code !== "ENOENT") throw error;
}
if (before !== text) {
  if (process.argv.includes("--check")) {
    console.error("native/filter/http/all.gen.h is stale: run node native/filter/emit_tables.cjs");
    process.exit(1);
  }
  writeFileSync(target, text);
}
