// GET /: the console. One page without anything from elsewhere; it fetches what it shows from the endpoints.
import type { Endpoint } from "./endpoint.ts";
import { style } from "./style.ts";

/** JSON that may stand inside a script element. */
const embedded = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");

export function page(endpoints: readonly Endpoint[]): string {
  const list = endpoints.map(({ path, help, params = [], post = false }) => ({ path, help, params, post }));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Outrider</title>
<link rel="icon" href="data:,">
<style>${style}${layout}</style>
</head>
<body>
<header>
<h1>Outrider</h1><b id="state"></b><span id="facts" class="dim"></span>
<span class="links"><a href="stats?format=html">stats</a> <a href="stats/prometheus">prometheus</a> <a href="help">help</a></span>
</header>
<main>
<nav class="panel" aria-label="Endpoints">
<input id="find" type="search" placeholder="Find an endpoint" aria-label="Find an endpoint">
<ul id="endpoints"></ul>
</nav>
<section>
<div class="cards">
<div class="panel"><h2>Listeners</h2><div id="listeners" class="dim">…</div></div>
<div class="panel"><h2>Clusters</h2><div id="clusters" class="dim">…</div></div>
<div class="panel"><h2>Requests</h2><div id="requests" class="dim">…</div></div>
</div>
<form id="form" class="panel" hidden></form>
<div id="result" class="panel" hidden><div class="dim" id="status"></div><pre id="output" tabindex="0"></pre></div>
</section>
</main>
<script>
const endpoints = ${embedded(list)};
${script}
</script>
</body>
</html>
`;
}

const layout = `
.links { margin-left: auto; display: flex; gap: .8rem }
main { display: grid; grid-template-columns: minmax(13rem, 17rem) 1fr; gap: 1rem; padding: 1rem 1.2rem }
nav { align-self: start } nav input { width: 100% }
nav ul { list-style: none; padding: 0; margin: .5rem 0 0; max-height: 75vh; overflow: auto }
nav button { width: 100%; text-align: left; background: none; color: inherit; padding: .2rem .3rem; font: 13px ui-monospace, monospace }
nav button:hover, nav button[aria-current] { background: var(--back); color: var(--accent) }
nav small { color: var(--warn) }
section { display: grid; gap: 1rem; align-content: start; min-width: 0 }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem }
.cards table { width: 100%; border-collapse: collapse } .cards td { padding: .1rem .3rem .1rem 0; vertical-align: top; overflow-wrap: anywhere }
.cards td:last-child { text-align: right; font-variant-numeric: tabular-nums }
#output { max-height: 60vh; overflow: auto; margin-top: .5rem }
@media (max-width: 45rem) { main { grid-template-columns: 1fr } nav ul { max-height: 12rem } }
`;

const script = `
// Names the field that is a query of its own.
const whole = "?";
const $ = (id) => document.getElementById(id);
const element = (tag, fields = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), fields);
  made.append(...children);
  return made;
};

function show(endpoint, button) {
  for (const other of document.querySelectorAll("nav [aria-current]")) other.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  const fields = endpoint.params.map((param) => {
    const name = param.name;
    if (param.flag) {
      return element("label", { className: "flag", title: param.help }, element("input", { type: "checkbox", name }), name);
    }
    const input = param.choices
      ? element("select", { name }, ...["", ...param.choices.filter((value) => value)].map((value) => element("option", {}, value)))
      : element("input", { name });
    return element("label", { title: param.help }, name, input);
  });
  if (endpoint.path === "/runtime_modify") {
    fields.push(element("label", {}, "key=value&key=value", element("input", { name: whole })));
  }
  if (endpoint.path === "/logging") {
    fields.push(element("label", {}, "<logger>=<level>", element("input", { name: whole })));
  }
  const run = element("button", { className: endpoint.post ? "post" : "" }, endpoint.post ? "POST" : "GET");
  $("form").replaceChildren(
    element("h2", {}, endpoint.path),
    element("p", { className: "dim" }, endpoint.help),
    ...fields,
    run,
  );
  $("form").hidden = false;
  $("form").onsubmit = (event) => { event.preventDefault(); call(endpoint) };
  if (!endpoint.post) call(endpoint);
}

async function call(endpoint) {
  const query = [];
  for (const [name, value] of new FormData($("form"))) {
    if (name === whole) { if (value) query.push(value) }
    else if (value === "on") query.push(name);
    else if (value) query.push(encodeURIComponent(name) + "=" + encodeURIComponent(value));
  }
  const path = endpoint.path.slice(1) + (query.length ? "?" + query.join("&") : "");
  if (endpoint.post && !confirm("POST /" + path + " ?")) return;
  const started = performance.now();
  try {
    const answer = await fetch(path, { method: endpoint.post ? "POST" : "GET" });
    const body = await answer.text();
    $("status").textContent = answer.status + " · " + Math.round(performance.now() - started) + " ms · /" + path;
    $("status").className = answer.ok ? "dim" : "bad";
    $("output").textContent = body.length > 2000000 ? body.slice(0, 2000000) + "\\n…" : body;
  } catch (error) {
    $("status").textContent = String(error);
    $("status").className = "bad";
    $("output").textContent = "";
  }
  $("result").hidden = false;
  refresh();
}

const table = (rows) => element("table", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell)))));
const addressText = (address) => address.socket_address
  ? (address.socket_address.address.includes(":") ? "[" + address.socket_address.address + "]" : address.socket_address.address) + ":" + (address.socket_address.port_value ?? 0)
  : address.pipe?.path ?? JSON.stringify(address);
const more = (rows, all) => all > rows.length ? [...rows, ["and " + (all - rows.length) + " more", ""]] : rows;

async function refresh() {
  try {
    const get = async (path) => (await fetch(path)).json();
    const [info, listeners, clusters, stats] = await Promise.all([
      get("server_info"),
      get("listeners?format=json"),
      get("clusters?format=json"),
      get("stats?format=json&type=Counters&filter=" + encodeURIComponent("^http\\\\.[^.]+\\\\.downstream_rq_([1-5]xx|total)$")),
    ]);
    $("state").textContent = info.state;
    $("state").className = info.state === "LIVE" ? "" : "bad";
    const node = [info.node?.id, info.node?.cluster].filter(Boolean).join(" · ");
    $("facts").textContent = [info.version, "up " + info.uptime_current_epoch, node].filter(Boolean).join(" · ");
    const listening = listeners.listener_statuses ?? [];
    $("listeners").replaceChildren(table(more(listening.slice(0, 12).map((one) => [one.name, addressText(one.local_address)]), listening.length)));
    const upstream = clusters.cluster_statuses ?? [];
    $("clusters").replaceChildren(table(more(upstream.slice(0, 12).map((one) => {
      const hosts = one.host_statuses ?? [];
      const well = hosts.filter((host) => Object.keys(host.health_status ?? {}).length <= 1 && host.health_status?.eds_health_status !== "UNHEALTHY").length;
      return [one.name, element("span", { className: well < hosts.length ? "bad" : "" }, well + " of " + hosts.length + " healthy")];
    }), upstream.length)));
    const rows = (stats.stats ?? []).filter((stat) => stat.value > 0 && !stat.name.startsWith("http.admin."));
    $("requests").replaceChildren(rows.length ? table(more(rows.slice(0, 12).map((stat) => [stat.name.replace(/^http\\./, ""), stat.value.toLocaleString()]), rows.length)) : "none yet");
  } catch (error) {
    $("state").textContent = "no answer";
    $("state").className = "bad";
  }
}

const buttons = endpoints.map((endpoint) => {
  const button = element("button", { type: "button", title: endpoint.help }, endpoint.path, " ");
  if (endpoint.post) button.append(element("small", {}, "POST"));
  button.onclick = () => show(endpoint, button);
  return element("li", {}, button);
});
$("endpoints").append(...buttons);
$("find").oninput = () => {
  buttons.forEach((item, i) => { item.hidden = !(endpoints[i].path + endpoints[i].help).toLowerCase().includes($("find").value.toLowerCase()) });
};
refresh();
setInterval(() => { if (!document.hidden) refresh() }, 5000);
`;
