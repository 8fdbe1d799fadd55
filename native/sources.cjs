// Which files make up the native build: told by their names, so that no list needs editing.
//   <name>.cc        the program; everything outside addon/ is also linked into the tests
//   <name>_test.cc   GoogleTest
//   <name>_fuzz.cc   libFuzzer, one executable a file (tools/fuzz.mjs)
// binding.gyp asks with: node -p "require('./native/sources.cjs').core"
"use strict";
const { readdirSync } = require("node:fs");
const { join, relative } = require("node:path");

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : [path];
    });
}

const all = walk(__dirname).map((path) => relative(join(__dirname, ".."), path));
const units = all.filter((path) => path.endsWith(".cc"));
const isTest = (path) => path.endsWith("_test.cc");
const isFuzz = (path) => path.endsWith("_fuzz.cc");
const isAddon = (path) => path.startsWith("native/addon/");

module.exports = {
  all: all.filter((path) => /\.(cc|h)$/.test(path)),
  addon: units.filter((path) => isAddon(path) && !isTest(path) && !isFuzz(path)).join(" "),
  core: units.filter((path) => !isAddon(path) && !isTest(path) && !isFuzz(path)).join(" "),
  tests: units.filter((path) => !isAddon(path) && isTest(path)).join(" "),
  fuzz: units.filter(isFuzz),
};
