// Writes all.gen.h of each folder of filters: the table of its filters, from the folder's files. A file <name>.cc
// defines `extern const <Type> <name>`.   node native/filter/emit_tables.cjs [--check]
"use strict";
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const tables = [
  {
    folder: "listener",
    type: "ListenerFilterType",
    header: "filter/listener.h",
    table: "listener_filter_types",
  },
  { folder: "http", type: "HttpFilterType", header: "filter/chain.h", table: "http_filter_types" },
  { folder: "network", type: "NetworkFilterType", header: "filter/network.h", table: "network_filter_types" },
];

function listed(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".cc") && !/_(test|fuzz)\.cc$/.test(file))
    .map((file) => file.slice(0, -3))
    .sort();
}

const tableText = (
  names,
  { type, header, table },
) => `// Written by native/filter/emit_tables.cjs from this folder's files; do not edit.
#pragma once
#include "${header}"

namespace outrider {

${names.map((name) => `extern const ${type} ${name};`).join("\n")}

inline const ${type}* const ${table}[] = {
${names.map((name) => `    &${name},`).join("\n")}
};

}  // namespace outrider
`;

function written(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return "";
  }
}

for (const table of tables) {
  const folder = join(__dirname, table.folder);
  const target = join(folder, "all.gen.h");
  const text = tableText(listed(folder), table);
  if (written(target) === text) continue;
  if (process.argv.includes("--check")) {
    console.error(`native/filter/${table.folder}/all.gen.h is stale: run node native/filter/emit_tables.cjs`);
    process.exit(1);
  }
  writeFileSync(target, text);
}
