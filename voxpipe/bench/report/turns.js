// The waterfall of every turn: its stages on one scale, the slowest first.
const FIRST = 40; // rows, until more are asked for
function legend(report) {
  const place = document.getElementById("legend");
  for (const name of Object.keys(report.stages)) {
    const made = html(place, "span");
    html(made, "span", "", "dot").style.background = colour(name);
    made.append(NAMES[name]);
  }
}
function turnRows(calls) {
  const all = [];
  for (const call of calls) {
    call.turns.forEach((turn, at) => all.push({ call, turn, at, total: (turn.heard - turn.said) * 1000 }));
  }
  return all.sort((one, other) => other.total - one.total);
}
function waterfall(calls, open, isWhole) {
  const place = document.getElementById("turns"), all = turnRows(calls);
  const rows = isWhole ? all : all.slice(0, FIRST);
  const more = document.getElementById("more");
  more.hidden = isWhole || all.length <= FIRST;
  more.textContent = `Show all ${all.length} turns`;
  if (!rows.length) { place.textContent = "No turn was answered."; return; }
  const width = room(place), left = width < 560 ? 74 : 110, right = 62, high = 20;
  const svg = canvas(place, width, rows.length * high + 24, "Every turn, by stage");
  const most = rows[0].total, scale = (value) => value / most * (width - left - right);
  for (const at of ticks(most, width < 560 ? 3 : 8)) {
    const x = left + scale(at);
    el(svg, "path", { d: `M${x} 16V${rows.length * high + 18}`, class: "axis" });
    el(svg, "text", { x, y: 11, class: "small", "text-anchor": at ? "middle" : "start" }, at ? `${at} ms` : "0");
  }
  rows.forEach((row, number) => {
    const y = 18 + number * high, group = el(svg, "g", { class: "turn", tabindex: 0, role: "button" });
    el(group, "rect", { x: 0, y, width, height: high, class: "lane", "fill-opacity": number % 2 ? 0 : 0.6 });
    el(group, "text", { x: 4, y: y + 14 }, `${width < 560 ? "" : "call "}${row.call.number} · ${clock(row.turn.said)}`);
    let x = left;
    for (const [stage, value] of Object.entries(row.turn.stages)) {
      const size = scale(value);
      if (size > 0.15) el(group, "rect", { x, y: y + 4, width: Math.max(size - 0.6, 0.8), height: high - 8, fill: colour(stage) });
      x += size;
    }
    el(group, "text", { x: x + 6, y: y + 14, class: "small" }, ms(row.total));
    const told = Object.entries(row.turn.stages).map(([stage, value]) => `${NAMES[stage]}: ${ms(value)} ms`);
    hint(group, [`call ${row.call.number}, at ${clock(row.turn.said)}: ${ms(row.total)} ms`, ...told].join("\n"));
    const choose = () => open(row.call, row.turn);
    group.addEventListener("click", choose);
    group.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } });
  });
}
function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - minutes * 60).toFixed(1).padStart(4, "0")}`;
}
