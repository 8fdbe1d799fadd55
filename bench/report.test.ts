import { deepEqual, equal, match, throws } from "node:assert/strict";
import { test } from "node:test";
import { barChart } from "./chart.ts";
import { betweenMarks, median, type Row, tables } from "./report.ts";
import { scenarios } from "./scenarios.ts";

const [scenario] = scenarios;
if (scenario === undefined) throw new Error("no scenario");
const rows: Row[] = [
  { scenario, peer: "Outrider", figures: { cpuUs: 10.04, perSecond: 91_234, errors: 0 } },
  { scenario, peer: "Envoy", figures: { cpuUs: 28.5, errors: 0 } },
];

test("the median is taken for each figure by itself, and errors are added up", () => {
  const rounds = [
    { cpuUs: 3, p99Us: 1, errors: 1 },
    { cpuUs: 1, p99Us: 3, errors: 0 },
    { cpuUs: 2, p99Us: 2, errors: 2 },
  ];
  deepEqual(median(rounds), { cpuUs: 2, p99Us: 2, errors: 3 });
});

test("a table has the columns that a scenario has, and a blank for what one peer lacks", () => {
  const lines = tables(rows).split("\n");
  equal(lines[0], "| 64 connections | CPU us/request | requests/s | errors |");
  equal(lines[2], "| Outrider | 10.0 | 91,234 | 0 |");
  equal(lines[3], "| Envoy | 28.5 |  | 0 |");
});

test("figures replace what stands between their marks and nothing else", () => {
  const page = "a\n<!-- figures:begin, by x -->\nold\n<!-- figures:end -->\nb\n";
  equal(betweenMarks(page, "figures", "$1 new"), page.replace("old", "$$1 new"));
  throws(() => betweenMarks("a", "figures", "new"), /no marks/);
});

test("the chart draws a bar as long as its share of the longest", () => {
  const svg = barChart("less is <better>", rows, "cpuUs");
  match(svg, /less is &lt;better&gt;/);
  const widths = [...svg.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map((found) => Number(found[1]));
  deepEqual(widths, [186.7, 530]);
});
