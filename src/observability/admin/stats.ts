// GET /stats in all its formats, and /stats/prometheus.
import { jsonText } from "../stats/json.ts";
import { prometheusText } from "../stats/prometheus.ts";
import { re2, regexFault } from "../stats/regex.ts";
import type { Selection } from "../stats/store.ts";
import { type HistogramMode, statTypes, textLines } from "../stats/text.ts";
import type { AdminContext } from "./context.ts";
import { type AdminRequest, type Answer, type Endpoint, ok, type Param, text } from "./endpoint.ts";
import { statsPage } from "./stats_page.ts";

const usedonly: Param = {
  name: "usedonly",
  flag: true,
  help: "Only include stats that have been written by system since restart",
};
const filter: Param = { name: "filter", help: "Regular expression (Google re2) for filtering stats" };
const invert: Param = { name: "invert_filter", flag: true, help: "Invert the filter regex" };

const modes: readonly string[] = ["cumulative", "disjoint", "detailed", "summary"];
const formats: readonly string[] = ["html", "active-html", "text", "json", "prometheus"];

export const stats: Endpoint = {
  path: "/stats",
  help: "print server stats",
  params: [
    usedonly,
    filter,
    invert,
    { name: "format", help: "Format to use", choices: ["html", "active-html", "text", "json"] },
    { name: "type", help: "Stat types to include.", choices: Object.keys(typeChoices()) },
    { name: "histogram_buckets", help: "Histogram bucket display mode", choices: modes },
  ],
  answer: (request, context) => {
    const { params } = request;
    const format = params.get("format") ?? "text";
    if (format === "prometheus") return prometheus.answer(request, context);
    const fault = faultOf(request, format);
    if (fault !== "") return text(fault, 400);
    if (context.statsFlushOnAdmin === true) context.stats.flush();
    const selection = selectionOf(request);
    const mode = (params.get("histogram_buckets") ?? "summary") as HistogramMode;
    switch (format) {
      case "json":
        return {
          status: 200,
          type: "application/json",
          body: jsonText(context.stats, selection, mode, context.bucketsOf),
        };
      case "html":
      case "active-html":
        return {
          status: 200,
          type: "text/html; charset=UTF-8",
          body: statsPage(params, textLines(context.stats, selection, mode, context.bucketsOf)),
        };
      default:
        return text(textLines(context.stats, selection, mode, context.bucketsOf));
    }
  },
};

/** In the order of Envoy's help. */
function typeChoices() {
  const { All, Counters, Histograms, Gauges, TextReadouts } = statTypes;
  return { All, Counters, Histograms, Gauges, TextReadouts };
}

function faultOf({ params }: AdminRequest, format: string): string {
  const regex = regexFault(params.get("filter") ?? "");
  if (regex !== "") return `Invalid re2 regex: ${regex}\n`;
  const hidden = params.get("hidden") ?? "exclude";
  if (!["include", "only", "exclude"].includes(hidden)) {
    return "usage: /stats?hidden=(include|only|exclude)\n\n";
  }
  if (!((params.get("type") ?? "All") in statTypes)) return "invalid &type= param";
  const mode = params.get("histogram_buckets") ?? "summary";
  if (mode === "prometheusnative") return "Invalid histogram_buckets type for non prometheus stats type\n";
  if (!modes.includes(mode)) {
    return "usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n";
  }
  return formats.includes(format) ? "" : "usage: /stats?format=(html|active-html|json|prometheus|text)\n\n";
}

function selectionOf({ params }: AdminRequest): Selection {
  const pattern = params.get("filter") ?? "";
  const wanted = pattern === "" ? null : re2(pattern);
  const invertFilter = params.has("invert_filter");
  const types = statTypes[params.get("type") ?? "All"];
  return {
    ...(wanted === null ? {} : { name: (name: string) => wanted.test(name) !== invertFilter }),
    ...(types === undefined ? {} : { types }),
    usedOnly: params.has("usedonly"),
    // No stat of ours is hidden, so "only" shows none.
    ...(params.get("hidden") === "only" ? { name: () => false } : {}),
  };
}

export const prometheus: Endpoint = {
  path: "/stats/prometheus",
  help: "print server stats in prometheus format",
  params: [
    usedonly,
    {
      name: "text_readouts",
      flag: true,
      help: "Render text_readouts as new gaugues with value 0 (increases Prometheus data size)",
    },
    filter,
    invert,
    { name: "histogram_buckets", help: "Histogram bucket display mode", choices: ["cumulative", "summary"] },
  ],
  answer: (request, context) => {
    const fault = prometheusFault(request);
    return fault === "" ? exposition(request, context) : text(fault, 400);
  },
};

function prometheusFault({ params }: AdminRequest): string {
  const regex = regexFault(params.get("filter") ?? "");
  if (regex !== "") return `Invalid re2 regex: ${regex}\n`;
  switch (params.get("histogram_buckets") ?? "cumulative") {
    case "cumulative":
    case "summary":
      return "";
    case "prometheusnative":
      return "unsupported prometheusnative histogram type when not using protobuf exposition format\n";
    case "disjoint":
    case "detailed":
      return "unsupported prometheus histogram bucket mode";
    default:
      return "usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n";
  }
}

function exposition(request: AdminRequest, context: AdminContext): Answer {
  const { params } = request;
  if (context.statsFlushOnAdmin === true) context.stats.flush();
  return text(
    prometheusText(context.stats, selectionOf(request), {
      extractor: context.tagExtractor,
      buckets: context.bucketsOf,
      mode: params.get("histogram_buckets") === "summary" ? "summary" : "cumulative",
      textReadouts: params.has("text_readouts"),
    }),
  );
}

/** Envoy looks stats up by name while it runs; here names are made when asked for, so there is never one. */
export const recentLookups: Endpoint = {
  path: "/stats/recentlookups",
  help: "Show recent stat-name lookups",
  answer: () => text("   Count Lookup\n\ntotal: 0\n"),
};

const lookups = (action: string, help: string): Endpoint => ({
  path: `/stats/recentlookups/${action}`,
  help,
  post: true,
  answer: () => ok,
});

export const clearLookups = lookups("clear", "clear list of stat-name lookups and counter");
export const disableLookups = lookups("disable", "disable recording of reset stat-name lookup names");
export const enableLookups = lookups("enable", "enable recording of reset stat-name lookup names");
