// Tiles, findings, the bar of the median turn, the table of stages, the distributions.
function tiles(report) {
  const place = document.getElementById("tiles"), latency = report.latency_ms;
  const tile = (name, value, unit, under, top = "", bad = false) => {
    const made = html(place, "div", "", bad ? "tile bad" : "tile");
    if (top) made.style.borderTopColor = top;
    html(made, "span", name);
    const big = html(made, "b", value);
    html(big, "small", unit ? ` ${unit}` : "");
    html(made, "span", under);
  };
  for (const name of ["total", "ours", "model"]) {
    const each = latency[name];
    const sure = each.interval.p50;
    const range = sure ? `, p50 ${ms(sure[0])}–${ms(sure[1])}` : "";
    tile(NAMES[name], each.count ? ms(each.p50) : "–", "ms", each.count ? `p95 ${ms(each.p95)}${range}` : "nothing was answered", colour(name));
  }
  const barge = report.barge_in_ms;
  tile("Barge-in", barge.count ? ms(barge.p50) : "–", "ms", barge.count ? `loud to clear, p95 ${ms(barge.p95)}` : "nobody interrupted", colour("barge_in"));
  tile("Stale frames", report.stale_frames, "", `in ${report.interruptions} interruptions`, "", report.stale_frames > 0);
  tile("Underruns", report.underruns, "", "silence within a reply", "", report.underruns > 0);
  tile("CPU for a call", report.cpu_percent_per_call.toFixed(2), "% of a core", report.cpu_and_memory_of);
  tile("Memory for a call", report.memory_kb_per_call.toFixed(0), "kB", report.cpu_and_memory_of);
  const faults = Object.entries({ ...report.faults, ...report.failures });
  const sum = faults.reduce((all, [, count]) => all + count, 0);
  tile("Faults", sum, "", faults.map(([name, count]) => `${count} ${name}`).join(", ") || "none", "", sum > 0);
}
function findings(report) {
  const place = document.getElementById("findings");
  for (const each of report.bottlenecks) {
    const item = html(place, "li");
    html(item, "b", each.name);
    html(item, "span", each.kind, "kind");
    html(item, "span", ` ${each.why}.`);
    html(item, "span", each.cure, "cure");
  }
  if (!report.bottlenecks.length) html(place, "li", "Nothing stands out.");
}
function meanBar(report) {
  const place = document.getElementById("mean"), latency = report.latency_ms;
  const stages = Object.keys(report.stages).filter((name) => latency[name].p50 > 0);
  const sum = stages.reduce((all, name) => all + latency[name].p50, 0);
  if (!sum) return;
  const width = room(place), svg = canvas(place, width, 78, "The median turn, by stage");
  let x = 0, labelled = -1;
  for (const name of stages) {
    const size = latency[name].p50 / sum * width;
    const part = el(svg, "rect", { x, y: 26, width: Math.max(size - 1, 1), height: 30, rx: 2, fill: colour(name) });
    hint(part, `${NAMES[name]}: ${ms(latency[name].p50)} ms at p50`);
    const text = `${NAMES[name]} ${ms(latency[name].p50)}`;
    if (size > text.length * 6.4) {
      el(svg, "text", { x, y: 18 }, text);
      labelled = x + size;
    }
    x += size;
  }
  el(svg, "text", { x: 0, y: 74, class: "small" }, "last loud sample");
  el(svg, "text", { x: width, y: 74, class: "small", "text-anchor": "end" }, `heard, after ${ms(latency.total.p50)} ms`);
}
function stageTable(report) {
  const place = document.getElementById("stages"), head = html(place, "tr");
  for (const name of ["Milliseconds", "p50", "in 95 of 100 runs", "p90", "p95", "p99", "worst"]) html(head, "th", name);
  html(head, "th", "", "what");
  const row = (name, figure, what, isSum) => {
    const made = html(place, "tr", "", isSum ? "sum" : "");
    const first = html(made, "td");
    html(first, "span", "", "dot").style.background = colour(name);
    first.append(NAMES[name]);
    const range = figure.interval.p50;
    const cells = figure.count
      ? [ms(figure.p50), range ? `${ms(range[0])} – ${ms(range[1])}` : "", ms(figure.p90), ms(figure.p95), ms(figure.p99), ms(figure.max)]
      : ["–", "", "", "", "", ""];
    for (const each of cells) html(made, "td", each);
    html(made, "td", what, "what");
  };
  const whose = { model: "the model's", ours: "ours" };
  for (const name of Object.keys(report.stages)) {
    row(name, report.latency_ms[name], `${report.stages[name]} · ${whose[report.sides[name]] || ""}`, false);
  }
  row("total", report.latency_ms.total, "all of it", true);
  row("ours", report.latency_ms.ours, "what this program and its line take", true);
  row("model", report.latency_ms.model, "what the service takes, and the way to it", true);
  if (report.barge_in_ms.count) row("barge_in", report.barge_in_ms, "from an interruption's first loud frame until the carrier forgets", false);
}
function spread(report) {
  const place = document.getElementById("spread");
  const flat = (name) => (report.samples[name] || []).flat();
  const names = ["total", "ours", "model", ...Object.keys(report.stages), "barge_in"]
    .filter((name, at, all) => all.indexOf(name) === at && flat(name).some((each) => each > 1));
  const width = room(place), left = width < 560 ? 118 : 176, high = 34;
  const svg = canvas(place, width, names.length * (high + 14) + 6, "Each turn, by stage");
  names.forEach((name, row) => {
    const values = flat(name).sort((a, b) => a - b), top = row * (high + 14);
    const most = Math.max(values[values.length - 1] * 1.04, 1), scale = (value) => left + value / most * (width - left - 8);
    el(svg, "rect", { x: left, y: top, width: width - left - 4, height: high, class: "lane", rx: 3 });
    const words = width < 560 ? SHORT[name] || NAMES[name] : NAMES[name];
    el(svg, "text", { x: left - 10, y: top + high / 2 + 4, "text-anchor": "end" }, words);
    const step = Math.max(1, Math.floor(values.length / 600));
    for (let at = 0; at < values.length; at += step) {
      // Neighbours are spread by the golden ratio, so that they do not hide each other.
      const y = top + 4 + (at * 0.618034 % 1) * (high - 8);
      el(svg, "circle", { cx: scale(values[at]).toFixed(1), cy: y.toFixed(1), r: 2, fill: colour(name), "fill-opacity": 0.7 });
    }
    const quantile = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))];
    for (const share of [0.5, 0.95]) {
      const x = scale(quantile(share));
      el(svg, "path", { d: `M${x} ${top}v${high}`, stroke: "var(--ink)", "stroke-width": share === 0.5 ? 2 : 1 });
    }
    for (const at of ticks(most, width < 560 ? 3 : 6)) {
      el(svg, "text", { x: scale(at), y: top + high + 11, class: "small", "text-anchor": at ? "middle" : "start", style: "font-size:10px" }, at ? `${at} ms` : "0");
    }
  });
}
