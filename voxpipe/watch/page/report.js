// What `voxpipe bench` has measured, as a table.

import { html } from "./draw.js";

const NAMES = {
  total: "A turn", ours: "Ours", model: "The model's", inbound: "To the model", turn_detection: "End of speech decided",
  commit: "Committed", first_delta: "First delta", tools: "Tools", release: "Out of the model's box", graph: "Written", line: "Heard",
};
const FIGURES = ["p50", "p90", "p95", "p99"];

export function drawReport(place, report) {
  place.replaceChildren();
  const table = html(place, "table"), head = html(html(table, "thead"), "tr");
  for (const each of ["Milliseconds", ...FIGURES]) html(head, "th", "", each);
  const body = html(table, "tbody");
  const rows = [...Object.entries(report.latency_ms ?? {}), ["Barge-in", report.barge_in_ms ?? {}]];
  for (const [name, figures] of rows) {
    const row = html(body, "tr");
    html(row, "td", "", NAMES[name] ?? name);
    for (const each of FIGURES) html(row, "td", "", typeof figures[each] === "number" ? figures[each].toFixed(1) : "–");
  }
  for (const [name, unit] of [["calls", ""], ["turns", ""], ["stale_frames", ""], ["underruns", ""], ["cpu_percent_per_call", " %"], ["memory_kb_per_call", " kB"]]) {
    if (typeof report[name] !== "number") continue;
    const row = html(body, "tr");
    html(row, "td", "", name.replaceAll("_", " "));
    html(row, "td", "", `${Number(report[name].toFixed(2))}${unit}`);
    FIGURES.slice(1).forEach(() => html(row, "td"));
  }
}
