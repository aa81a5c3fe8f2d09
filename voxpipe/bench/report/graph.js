// The pipeline: boxes in layers from left to right, with what each takes.
function layered(links) {
  // A line is drawn twice: the caller speaks at the left, and listens at the right.
  const lines = new Set(links.filter(([, , , port]) => port === "speaks").map(([, , to]) => to));
  const ways = links.map(([from, out, to, into]) => [
    from, out, lines.has(to) ? `${to} ` : to, into,
  ]);
  const layer = new Map(), next = new Map();
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
function about(report, name) {
  const box = report.boxes[name], found = [];
  if (box) found.push(`${box.us_a_frame.toFixed(1)} µs a frame`, `${box.percent_of_a_core.toFixed(3)} % of a core`);
  for (const [queue, each] of Object.entries(report.queues)) {
    if (queue.slice(0, queue.lastIndexOf(".")) !== name || !each.delivered) continue;
    if (each.high_water_ms) found.push(`${ms(each.high_water_ms)} ms waited at most`);
    if (each.dropped) found.push(`${each.dropped} dropped`);
  }
  return [...new Set(found)].slice(0, 3);
}
function drawGraph(report) {
  const place = document.getElementById("graph");
  if (!report.links.length) { document.getElementById("graphs").hidden = true; return; }
  const { ways, layer } = layered(report.links), columns = [];
  for (const [name, at] of layer) (columns[at] ||= []).push(name);
  const wide = 168, high = 66, gapX = 62, gapY = 26, spot = new Map();
  const rows = Math.max(...columns.map((each) => (each || []).length));
  const width = columns.length * (wide + gapX) - gapX + 4, height = rows * (high + gapY) + 34;
  columns.forEach((names, column) => (names || []).forEach((name, row) => {
    spot.set(name, { x: 2 + column * (wide + gapX), y: 16 + row * (high + gapY) });
  }));
  const svg = canvas(place, width, height, "The pipeline");
  svg.style.maxWidth = "none";
  const tip = el(el(svg, "defs"), "marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
  el(tip, "path", { d: "M0 0L8 4L0 8z", fill: "var(--faint)" });
  for (const [from, out, to, into] of ways) {
    const a = spot.get(from), b = spot.get(to), isBack = b.x <= a.x;
    const y1 = a.y + high / 2, y2 = b.y + high / 2, mid = (a.x + wide + b.x) / 2;
    const low = Math.max(a.y, b.y) + high + 14;
    const d = isBack
      ? `M${a.x + wide / 2} ${a.y + high}V${low}H${b.x + wide / 2}V${b.y + high + 2}`
      : `M${a.x + wide} ${y1}C${mid} ${y1} ${mid} ${y2} ${b.x} ${y2}`;
    const line = el(svg, "path", { d, fill: "none", stroke: "var(--faint)", "stroke-width": 1.2, "marker-end": "url(#tip)" });
    hint(line, [out, into].filter(Boolean).join(" → "));
    const words = out && !isBack ? out : "";
    if (words) el(svg, "text", { x: a.x + wide + 6, y: y1 - 6 + (y2 > y1 ? 18 : 0), class: "small", style: "font-size:10px" }, words);
  }
  const listens = [...spot.keys()].filter((name) => name.endsWith(" ")).map((name) => name.trimEnd());
  const most = Math.max(1e-9, ...Object.values(report.boxes).map((each) => each.percent_of_a_core));
  for (const [name, { x, y }] of spot) {
    const bare = name.trimEnd(), box = report.boxes[bare];
    const guilty = report.bottlenecks.some((each) => each.kind !== "model" && each.name.split(", ").includes(bare));
    el(svg, "rect", { x, y, width: wide, height: high, rx: box ? 2 : 10, class: "lane", stroke: guilty ? "var(--bad)" : "var(--line)", "stroke-width": guilty ? 2 : 1 });
    el(svg, "text", { x: x + 10, y: y + 18, style: "font-weight:600" }, bare.length > 22 ? `${bare.slice(0, 21)}…` : bare);
    const isMouth = name === bare && listens.includes(bare);
    (isMouth ? ["what the caller says"] : about(report, bare))
      .forEach((words, row) => el(svg, "text", { x: x + 10, y: y + 33 + row * 13, class: "small" }, words));
    if (box) el(svg, "rect", { x: x + 1, y: y + high - 4, width: (wide - 2) * box.percent_of_a_core / most, height: 3, fill: guilty ? "var(--bad)" : "var(--ours)" });
  }
}
