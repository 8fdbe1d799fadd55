/**
 * Writes docs/supported.md from the lists that the program itself goes by.
 *
 *     node tools/supported.ts            writes the page
 *     node tools/supported.ts --check    fails when it is stale
 */
import { readFileSync, writeFileSync } from "node:fs";
import { words } from "../src/control/check/verdict.ts";
import { extensionPoints, messages, refusedValues } from "../src/control/support.ts";
import { flagRows } from "../src/options.ts";

const page = new URL("../docs/supported.md", import.meta.url);

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(" ");
const shorter = (name: string) => name.replace(/^envoy\.(config|extensions)\./, "");

const intro = `# What is supported

This page is written by \`node tools/supported.ts\` from the lists that the loader goes by, so it says what the program
does. A field or a type that stands under "refused" ends the start with its name and place; one under "no effect" is
accepted with a warning. The names are those of Envoy 1.40's API without their \`envoy.config.\` or
\`envoy.extensions.\`.
`;

function extensionTable(): string {
  const rows = Object.entries(extensionPoints).flatMap(([kind, { types }]) =>
    Object.entries(types).map(([name, text]) => `| ${kind} | \`${shorter(name)}\` | ${text} |`),
  );
  return ["| kind | type | |", "| --- | --- | --- |", ...rows].join("\n");
}

function messageTable(): string {
  const rows = Object.entries(messages)
    .filter(([, { yes, refuse, warn }]) => words(yes).length + words(refuse).length + words(warn).length > 0)
    .map(([name, { yes, refuse, warn }]) => {
      const columns = [yes, refuse, warn].map((list) => code(words(list)));
      return `| \`${shorter(name)}\` | ${columns.join(" | ")} |`;
    });
  return ["| message | works | refused | no effect |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function valueTable(): string {
  const rows = Object.entries(refusedValues).map(
    ([name, list]) => `| \`${shorter(name)}\` | ${code(words(list))} |`,
  );
  return ["| enum | refused |", "| --- | --- |", ...rows].join("\n");
}

function flagTable(): string {
  const rows = flagRows().map(({ title, help, later }) => `| \`${title}\` | ${help} | ${later} |`);
  return ["| flag | | not yet |", "| --- | --- | --- |", ...rows].join("\n");
}

export function renderSupported(): string {
  const parts = [
    intro,
    `## Extensions\n\n${extensionTable()}\n`,
    `## Fields\n\n${messageTable()}\n`,
    `## Values\n\n${valueTable()}\n`,
    `## Flags\n\nEvery flag of Envoy 1.40 is accepted.\n\n${flagTable()}\n`,
  ];
  return parts.join("\n");
}

function main(check: boolean): void {
  const text = renderSupported();
  if (!check) writeFileSync(page, text);
  else if (readFileSync(page, "utf8") !== text) {
    console.error("docs/supported.md is stale: run node tools/supported.ts");
    process.exitCode = 1;
  }
}

if (import.meta.main) main(process.argv.includes("--check"));
