// A bar chart as SVG, readable on a light and a dark page; no library.
import type { Figures, Row } from "./report.ts";

const width = 720;
const left = 130;
const right = 60;
const bar = 16;
const gap = 5;
const between = 26;

const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 15px; }
  .group { font-weight: 600; }
  .value { font-variant-numeric: tabular-nums; }
  .bar { fill: #8c959f; }
  .own { fill: #0969da; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .bar { fill: #6e7681; } .own { fill: #4493f8; } }
`;

const xml = (text: string) =>
  text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c] ?? c);

/** One group of bars a scenario, for the rows that have the figure. */
export function barChart(title: string, rows: readonly Row[], key: keyof Figures): string {
  const drawn = rows.flatMap((row) => {
    const value = row.figures[key];
    return value === undefined || row.scenario.load["rate"] !== undefined ? [] : [{ ...row, value }];
  });
  const longest = Math.max(...drawn.map((row) => row.value), 1);
  const scale = (width - left - right) / longest;
  const parts: string[] = [`<text class="title" x="8" y="22">${xml(title)}</text>`];
  let y = 34;
  let group = "";
  for (const { scenario, peer, value } of drawn) {
    if (scenario.name !== group) {
      group = scenario.name;
      y += between;
      parts.push(`<text class="group" x="8" y="${y - 8}">${xml(group)}</text>`);
    }
    const length = Math.max(1, value * scale).toFixed(1);
    const base = y + bar - 3;
    parts.push(
      `<text x="${left - 10}" y="${base}" text-anchor="end">${xml(peer)}</text>`,
      `<rect class="bar${peer === "Outrider" ? " own" : ""}" x="${left}" y="${y}" width="${length}" height="${bar}" rx="2"/>`,
      `<text class="value" x="${left + Number(length) + 6}" y="${base}">${value.toFixed(1)}</text>`,
    );
    y += bar + gap;
  }
  const height = y + 8;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`;
  return `${head}\n<style>${style}</style>\n${parts.join("\n")}\n</svg>\n`;
}
