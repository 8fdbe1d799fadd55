// Writes native/base/boundary.gen.h from boundary.ts. With --check it writes nothing and fails when the
// header is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { boundary, type StatTemplate } from "./boundary.ts";

const headerUrl = new URL("../../native/base/boundary.gen.h", import.meta.url);

const pascal = (name: string) =>
  name.replace(/(?:^|_)([a-z0-9])/g, (_, first: string) => first.toUpperCase());

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `external.upstream_rq_` is the enumerator external_upstream_rq_codes. */
export function enumerator(name: string): string {
  const plain = name.replaceAll(/[.-]/g, "_");
  return plain.endsWith("_") ? `${plain}codes` : plain;
}

function enumClass(name: string, values: readonly string[]): string {
  const size = values.length > 256 ? "uint16_t" : "uint8_t";
  return `enum class ${name} : ${size} {\n${values.map((value) => `  ${value},\n`).join("")}};\n`;
}

function statEnum(scope: string, template: StatTemplate): string {
  const name = `${pascal(scope)}Stat`;
  const rows = Object.entries(template).map(
    ([stat, kind]) => `    {${JSON.stringify(stat)}, StatKind::${pascal(kind)}},\n`,
  );
  return `${enumClass(name, Object.keys(template).map(enumerator))}
template <>
struct StatTemplate<${name}> {
  static constexpr ScopeKind kind = ScopeKind::${pascal(scope)};
  static constexpr StatInfo stats[] = {
${rows.join("")}  };
};
`;
}

const statKinds = [
  "counter",
  "gauge",
  "late_counter",
  "histogram",
  "late_histogram",
  "percents",
  "codes",
  "mark",
] as const;

export function header(): string {
  const scopes = Object.entries(boundary.stats) as [string, StatTemplate][];
  const enums = Object.entries(boundary.enums) as [string, readonly string[]][];
  const calls = Object.keys(boundary.calls).map((name) => `  X(${snake(name)}, "${name}")`);
  return `// Written by src/native/emit_header.ts from src/native/boundary.ts: change that, not this.
#pragma once
#include <cstdint>
#include <string_view>

namespace outrider {

${enums.map(([name, values]) => `${enumClass(name, values)}\n`).join("")}${enumClass("StatKind", statKinds.map(pascal))}
${enumClass(
  "ScopeKind",
  scopes.map(([scope]) => pascal(scope)),
)}
// A statistic's name below its scope's prefix; the slot is the place in the template.
struct StatInfo {
  std::string_view name;
  StatKind kind;
};

template <typename E>
struct StatTemplate;

${scopes.map(([scope, template]) => statEnum(scope, template)).join("\n")}
template <typename Use>
constexpr auto with_stats_of(ScopeKind kind, Use use) {
  switch (kind) {
${scopes.map(([scope]) => `    case ScopeKind::${pascal(scope)}:\n      return use(StatTemplate<${pascal(scope)}Stat>::stats);\n`).join("")}  }
  __builtin_unreachable();
}

}  // namespace outrider

// The addon's functions: X(name in C++, name in TypeScript).
#define OUTRIDER_CALLS(X) \\
${calls.join(" \\\n")}
`;
}

function main(): void {
  const wanted = header();
  let found = "";
  try {
    found = readFileSync(headerUrl, "utf8");
  } catch {
    // A header that is not there is stale.
  }
  if (found === wanted) return;
  if (process.argv.includes("--check")) {
    process.stderr.write("native/base/boundary.gen.h is stale: run node src/native/emit_header.ts\n");
    process.exitCode = 1;
    return;
  }
  writeFileSync(headerUrl, wanted);
}

if (import.meta.main) main();
