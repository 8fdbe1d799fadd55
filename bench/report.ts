// Turns figures into a table for the terminal and the README, a JSON file, and a picture.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { barChart } from "./chart.ts";
import type { Scenario } from "./scenarios.ts";

export type Figures = {
  readonly cpuUs?: number;
  readonly perSecond?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
  readonly p999Us?: number;
  readonly residentMiB?: number;
  readonly kibPerConnection?: number;
  readonly startMs?: number;
  readonly errors?: number;
};

export type Row = { readonly scenario: Scenario; readonly peer: string; readonly figures: Figures };

type Column = { readonly key: keyof Figures; readonly title: string; readonly digits: number };

const columns: readonly Column[] = [
  { key: "cpuUs", title: "CPU us/request", digits: 1 },
  { key: "perSecond", title: "requests/s", digits: 0 },
  { key: "p50Us", title: "p50 us", digits: 0 },
  { key: "p99Us", title: "p99 us", digits: 0 },
  { key: "p999Us", title: "p99.9 us", digits: 0 },
  { key: "kibPerConnection", title: "KiB/connection", digits: 1 },
  { key: "startMs", title: "first answer ms", digits: 0 },
  { key: "residentMiB", title: "resident MiB", digits: 0 },
  { key: "errors", title: "errors", digits: 0 },
];

/** The median of each figure over the rounds; errors are added up. */
export function median(rounds: readonly Figures[]): Figures {
  const result: Record<string, number> = {};
  for (const { key } of columns) {
    const values = rounds.flatMap((figures) => figures[key] ?? []).sort((a, b) => a - b);
    const middle = values[Math.floor(values.length / 2)];
    if (middle === undefined) continue;
    result[key] = key === "errors" ? values.reduce((sum, value) => sum + value, 0) : middle;
  }
  return result;
}

const shown = (value: number, digits: number) =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** One Markdown table a scenario, with the columns that it has. */
export function tables(rows: readonly Row[]): string {
  const names = [...new Set(rows.map((row) => row.scenario.name))];
  return names
    .map((name) => {
      const mine = rows.filter((row) => row.scenario.name === name);
      const used = columns.filter(({ key }) => mine.some((row) => row.figures[key] !== undefined));
      const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
      const body = mine.map(({ peer, figures }) =>
        line([
          peer,
          ...used.map(({ key, digits }) => (figures[key] === undefined ? "" : shown(figures[key], digits))),
        ]),
      );
      const head = [
        line([name, ...used.map((column) => column.title)]),
        line(["---", ...used.map(() => "---:")]),
      ];
      return [...head, ...body].join("\n");
    })
    .join("\n\n");
}

function version(root: string): string {
  try {
    return execFileSync("git", ["-C", root, "rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "an unknown commit"; // not a git checkout
  }
}

/** Replaces what stands between the two marks. */
export function betweenMarks(page: string, mark: string, text: string): string {
  const pattern = new RegExp(`(<!-- ${mark}:begin[^>]*-->\n)[^]*?(<!-- ${mark}:end -->)`);
  if (!pattern.test(page)) throw new Error(`no marks named ${mark}`);
  return page.replace(pattern, (_, begin: string, end: string) => `${begin}${text}\n${end}`);
}

export function writeReport(
  root: string,
  rows: readonly Row[],
  how: { readonly rounds: number; readonly seconds: number; readonly intoReadme: boolean },
): void {
  const machine = `${cpus()[0]?.model ?? "an unknown CPU"}, Linux ${release()}`;
  const words =
    `Measured with \`npm run bench\` at ${version(root)}: one worker on one core (${machine}), median of ` +
    `${how.rounds} rounds of ${how.seconds} s, the programs in turns. \`relay\` copies bytes and looks at none: the kernel's own cost.`;
  const text = `${words}\n\n${tables(rows)}`;
  console.log(text);
  mkdirSync(join(root, ".cache/bench"), { recursive: true });
  writeFileSync(join(root, ".cache/bench/result.json"), JSON.stringify({ machine, rows }, null, 1));
  if (!how.intoReadme) return;
  const picture = barChart("CPU microseconds a request, less is better", rows, "cpuUs");
  writeFileSync(join(root, "bench/figures.svg"), picture);
  const page = join(root, "README.md");
  const figures = `![CPU a request of Outrider, Envoy, nginx, HAProxy and a blind relay](bench/figures.svg)\n\n${text}`;
  writeFileSync(page, betweenMarks(readFileSync(page, "utf8"), "figures", figures));
}
