// The pipeline as it runs: what flows, what waits, what is lost, who is busy.

import { canvas, svg } from "./draw.js";

const WIDE = 176, HIGH = 74, ACROSS = 92, DOWN = 22;

export function drawGraph(place, graph, news) {
  const { ways, layer } = layered(graph.links), columns = [];
  for (const [name, at] of layer) (columns[at] ||= []).push(name);
  const spot = new Map();
  columns.forEach((names, column) => (names || []).forEach((name, row) => {
    spot.set(name, { x: 12 + column * (WIDE + ACROSS), y: 18 + row * (HIGH + DOWN) });
  }));
  const rows = Math.max(1, ...columns.map((each) => (each || []).length));
  const picture = canvas(columns.length * (WIDE + ACROSS) - ACROSS + 24, rows * (HIGH + DOWN) + 36, "The pipeline");
  const tip = svg(svg(picture, "defs"), "marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" });
  svg(tip, "path", { d: "M0 0L8 4L0 8z", fill: "var(--soft)" });
  for (const way of ways) drawWay(picture, way, spot, news);
  for (const [name, { x, y }] of spot) drawBox(picture, name, x, y, graph, news);
  place.replaceChildren(picture);
}

// Boxes from left to right; who speaks and listens stands at both ends.
function layered(links) {
  const sources = new Set(links.map(([from]) => from));
  const ways = links.map(([from, out, to, into]) => [from, out, sources.has(to) && into === "speaks" ? `${to} ` : to, into]);
  const next = new Map(), layer = new Map();
  for (const [from, , to] of ways) next.set(from, [...(next.get(from) || []), to]);
  const deepen = (name, depth, path) => {
    if (path.includes(name) || (layer.get(name) ?? -1) >= depth) return;
    layer.set(name, depth);
    for (const to of next.get(name) || []) deepen(to, depth + 1, [...path, name]);
  };
  const targets = new Set(ways.map(([, , to]) => to));
  const starts = [...next.keys()].filter((name) => !targets.has(name));
  for (const name of starts.length ? starts : [...next.keys()].slice(0, 1)) deepen(name, 0, []);
  for (const name of [...next.keys(), ...targets]) if (!layer.has(name)) layer.set(name, 0);
  return { ways, layer };
}

function drawWay(picture, [from, out, to, into], spot, news) {
  const a = spot.get(from), b = spot.get(to), isBack = b.x <= a.x;
  const y1 = a.y + HIGH / 2, y2 = b.y + HIGH / 2, mid = (a.x + WIDE + b.x) / 2;
  const low = Math.max(a.y, b.y) + HIGH + 12;
  const d = isBack
    ? `M${a.x + WIDE / 2} ${a.y + HIGH}V${low}H${b.x + WIDE / 2}V${b.y + HIGH + 2}`
    : `M${a.x + WIDE} ${y1}C${mid} ${y1} ${mid} ${y2} ${b.x - 1} ${y2}`;
  const rate = news?.outputs[`${from.trimEnd()}.${out}`]?.rate;
  const line = svg(picture, "path", { d, class: `way${rate ? " flows" : ""}`, "marker-end": "url(#tip)" });
  svg(line, "title", {}, [out, into].filter(Boolean).join(" → "));
  if (!out || isBack) return;
  const lift = y2 > y1 ? 16 : -6;
  svg(picture, "text", { x: a.x + WIDE + 6, y: y1 + lift, class: "small" }, rate ? `${out} ${perSecond(rate)}` : out);
}

function drawBox(picture, name, x, y, graph, news) {
  const bare = name.trimEnd(), fused = news?.boxes[bare];
  const fed = new Set(graph.links.filter(([, , to]) => to === bare).map(([, , to, into]) => `${to}.${into}`));
  const inputs = Object.entries(news?.inputs ?? {}).filter(([port]) => fed.has(port));
  const isFull = inputs.some(([, each]) => each.full);
  svg(picture, "rect", { x, y, width: WIDE, height: HIGH, rx: fused ? 3 : 12, class: `box${isFull ? " full" : ""}` });
  svg(picture, "text", { x: x + 11, y: y + 19, "font-weight": 650 }, bare.length > 23 ? `${bare.slice(0, 22)}…` : bare);
  about(inputs, fused, news?.faults[bare]).forEach(([words, bad], row) => {
    svg(picture, "text", { x: x + 11, y: y + 35 + row * 14, class: `small${bad ? " full-words" : ""}` }, words);
  });
  if (fused) svg(picture, "rect", { x: x + 2, y: y + HIGH - 5, width: (WIDE - 4) * Math.min(1, fused.busy), height: 3, class: "busy" });
}

function about(inputs, fused, faults) {
  const lines = [];
  if (fused) lines.push([`${perSecond(fused.rate)} in, ${(100 * fused.busy).toFixed(2)} % busy`, false]);
  for (const [port, each] of inputs) {
    const name = port.slice(port.lastIndexOf(".") + 1);
    const waits = each.depth_ms ? `${Math.round(each.depth_ms)} ms` : `${each.depth}`;
    lines.push([each.full ? `${name} FULL: ${waits} wait` : `${name} ${perSecond(each.rate)}, ${waits} wait`, each.full]);
    if (each.dropped) lines.push([`${each.dropped} dropped`, true]);
  }
  if (faults) lines.push([`${faults} faults`, true]);
  return lines.slice(0, 3);
}

function perSecond(rate) {
  return rate >= 10 || rate === 0 ? `${rate.toFixed(0)}/s` : `${rate.toFixed(1)}/s`;
}
