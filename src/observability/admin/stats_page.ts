// GET /stats?format=html: the text with a form above it; active-html is the same and renews itself.
import { escapeHtml } from "../stats/text.ts";
import { style } from "./style.ts";

const options = (chosen: string, values: readonly string[]) =>
  values.map((value) => `<option${value === chosen ? " selected" : ""}>${value}</option>`).join("");
const checked = (params: ReadonlyMap<string, string>, name: string) => (params.has(name) ? " checked" : "");

export function* statsPage(params: ReadonlyMap<string, string>, lines: Iterable<string>): Generator<string> {
  const active = params.get("format") === "active-html";
  yield `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">${active ? '\n<meta http-equiv="refresh" content="5">' : ""}
<title>Outrider: stats</title>
<link rel="icon" href="data:,">
<style>${style}
form { display: flex; gap: .8rem; flex-wrap: wrap; align-items: end; padding: 1rem 1.2rem } pre { padding: 0 1.2rem 2rem }
</style>
<header><h1><a href="./">Outrider</a> stats</h1></header>
<form action="stats" method="get">
<label>filter (regular expression)<input name="filter" size="40" value="${escapeHtml(params.get("filter") ?? "")}"></label>
<label class="flag"><input type="checkbox" name="invert_filter"${checked(params, "invert_filter")}>inverted</label>
<label class="flag"><input type="checkbox" name="usedonly"${checked(params, "usedonly")}>only what was used</label>
<label>type<select name="type">${options(params.get("type") ?? "All", ["All", "Counters", "Gauges", "Histograms", "TextReadouts"])}</select></label>
<label>histograms<select name="histogram_buckets">${options(params.get("histogram_buckets") ?? "summary", ["summary", "cumulative", "disjoint", "detailed"])}</select></label>
<label>format<select name="format">${options(active ? "active-html" : "html", ["html", "active-html", "text", "json", "prometheus"])}</select></label>
<button>Show</button>
</form>
<pre>
`;
  for (const part of lines) yield escapeHtml(part);
  yield "</pre>\n</html>\n";
}
