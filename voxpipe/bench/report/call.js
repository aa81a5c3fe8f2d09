// One call: both voices on paper, in rows as music is, with each turn's stages between.
const ROW = 15; // seconds, on a wide page
const WAVE = 0.05; // seconds for each point, as page.py has it
let shown = null; // the call that is drawn, and where its heads are
function levels(text) { return Uint8Array.from(atob(text), (each) => each.charCodeAt(0)); }
function drawCall(call) {
  const place = document.getElementById("timeline"), sound = document.getElementById("sound");
  const about = document.getElementById("about"), faults = Object.entries(call.faults);
  const told = [`${call.turns.length} turns`, `${call.seconds.toFixed(1)} s`];
  if (call.cleared.length) told.push(`cleared after ${call.cleared.map((each) => `${ms(each)} ms`).join(", ")}`);
  if (call.underruns) told.push(`${call.underruns} underruns`);
  for (const [name, count] of faults) told.push(`${count} ${name}`);
  if (call.failure) told.push(call.failure);
  about.textContent = told.join(" · ") + (call.audio ? "" : " · its audio was not kept");
  sound.hidden = !call.audio;
  if (call.audio && sound.dataset.call !== String(call.number)) {
    sound.src = `data:audio/wav;base64,${call.audio}`;
    sound.dataset.call = call.number;
  }
  const width = room(place), seconds = width < 560 ? 6 : ROW, high = 132;
  const rows = Math.max(1, Math.ceil(call.seconds / seconds));
  const svg = canvas(place, width, rows * high, `Call ${call.number}, who spoke when`);
  const waves = (call.waves || []).map(levels), from = call.audio_from || 0;
  shown = { call, heads: [], seconds, width, high };
  for (let row = 0; row < rows; row++) drawRow(svg, call, waves, from, row);
}
function drawRow(svg, call, waves, from, row) {
  const { seconds, width, high } = shown, begin = row * seconds, top = row * high, per = width / seconds;
  const across = (at) => (at - begin) * per, end = Math.min(begin + seconds, Math.max(call.seconds, begin + 1));
  const lanes = [[top + 18, "--caller", "caller"], [top + 78, "--agent", "agent, as heard"]];
  const area = el(svg, "g", {});
  lanes.forEach(([y, tone, name], side) => {
    el(area, "rect", { x: 0, y, width: across(end), height: 36, class: "lane" });
    const points = waves[side] || [];
    let steps = "";
    for (let at = Math.max(0, Math.floor((begin - from) / WAVE)); at < points.length; at++) {
      const x = across(from + (at + 0.5) * WAVE), size = points[at] / 255 * 17;
      if (x > width) break;
      if (x >= 0 && size > 0.5) steps += `M${x.toFixed(1)} ${(y + 18 - size).toFixed(1)}v${(2 * size).toFixed(1)}`;
    }
    el(area, "path", { d: steps, stroke: `var(${tone})`, "stroke-width": Math.max(1, WAVE * per * 0.6), fill: "none" });
    if (row === 0) el(area, "text", { x: 6, y: y + 12, class: "small" }, name);
  });
  for (let at = Math.ceil(begin); at <= end; at++) {
    if (width < 560 ? at % 2 : false) continue;
    const edge = at === begin ? "start" : at === begin + seconds ? "end" : "middle";
    el(area, "text", { x: across(at), y: top + 12, class: "small", "text-anchor": edge }, `${at} s`);
  }
  for (const turn of call.turns) drawTurn(area, turn, across, top + 57, width);
  for (const cut of call.cuts || []) {
    if (cut < begin || cut >= begin + seconds) continue;
    const mark = el(area, "path", { d: `M${across(cut)} ${top + 74}v44`, stroke: "var(--cut)", "stroke-width": 2 });
    hint(mark, `interrupted at ${clock(cut)}`);
  }
  const head = el(area, "path", { d: `M0 ${top + 14}v104`, stroke: "var(--ink)", "stroke-width": 1.5, visibility: "hidden" });
  shown.heads.push({ head, begin });
  area.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    seek(begin + (event.clientX - box.left) / box.width * seconds);
  });
}
function drawTurn(area, turn, across, y, width) {
  let at = turn.said;
  for (const [stage, value] of Object.entries(turn.stages)) {
    const x = Math.max(0, across(at)), until = Math.min(width, across(at + value / 1000));
    at += value / 1000;
    if (until <= 0 || x >= width || until - x < 0.2) continue;
    const part = el(area, "rect", { x, y, width: Math.max(until - x - 0.5, 1), height: 10, fill: colour(stage) });
    hint(part, `${NAMES[stage]}: ${ms(value)} ms`);
  }
  const x = across(turn.heard);
  if (x > 0 && x <= width) {
    const isRight = x > width - 60;
    el(area, "text", { x: x + (isRight ? -4 : 4), y: y + 10, class: "small", "text-anchor": isRight ? "end" : "start", dy: isRight ? 12 : 0 }, `${ms((turn.heard - turn.said) * 1000)} ms`);
  }
}
function seek(at) {
  const sound = document.getElementById("sound");
  if (!shown.call.audio) return;
  sound.currentTime = Math.max(0, at - (shown.call.audio_from || 0));
  moveHead();
}
function moveHead() {
  if (!shown || !shown.call.audio) return;
  const at = document.getElementById("sound").currentTime + (shown.call.audio_from || 0);
  for (const { head, begin } of shown.heads) {
    const isHere = at >= begin && at < begin + shown.seconds;
    head.setAttribute("visibility", isHere ? "visible" : "hidden");
    head.setAttribute("transform", `translate(${(at - begin) / shown.seconds * shown.width} 0)`);
  }
}
