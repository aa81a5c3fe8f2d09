// Puts it together, and draws again when the window changes.
const { report, calls } = JSON.parse(document.getElementById("data").textContent);
const which = document.getElementById("which");
let wholeList = false;
function open(call, turn) {
  which.value = call.number;
  drawCall(call);
  document.getElementById("call").scrollIntoView({ block: "start" });
  if (turn) seek(turn.said - 1);
}
function current() { return calls.find((each) => String(each.number) === which.value) || calls[0]; }
function draw() {
  meanBar(report);
  spread(report);
  waterfall(calls, open, wholeList);
  drawCall(current());
  moveHead();
}
function network(name, told) {
  const parts = [];
  if (told.latency) parts.push(`${told.latency} ms`);
  if (told.jitter) parts.push(`${told.jitter} ms of jitter`);
  if (told.loss) parts.push(`${+(told.loss * 100).toFixed(2)} % lost`);
  if (told.bandwidth) parts.push(`${told.bandwidth / 1000} kbit/s`);
  return parts.length ? `; ${name}: ${parts.join(", ")}` : "";
}
function begin() {
  const plan = report.plan;
  document.title = `${report.app}: voxpipe bench`;
  document.getElementById("app").textContent = report.app;
  const timing = plan.timing ? `simulated, first audio after ${plan.timing.first_audio_ms} ms` : plan.model;
  document.getElementById("plan").textContent =
    `${report.calls} calls ${plan.over === "memory" ? "in memory" : "over Twilio's protocol"}, ${report.turns} turns, ` +
    `${report.seconds} s in ${plan.clock} time; the model: ${timing}` +
    network("callers' network", plan.caller_network) + network("model's network", plan.model_network);
  document.getElementById("foot").textContent = `voxpipe ${report.voxpipe}, ${report.at}. All figures are in report.json beside this file.`;
  tiles(report);
  findings(report);
  stageTable(report);
  legend(report);
  drawGraph(report);
  for (const call of calls) {
    const worst = Math.max(0, ...call.turns.map((turn) => (turn.heard - turn.said) * 1000));
    const option = html(which, "option", `${call.number}: ${call.turns.length} turns, up to ${ms(worst)} ms${call.audio ? "" : ", no audio"}`);
    option.value = call.number;
  }
  const first = turnRows(calls).find((row) => row.call.audio) || { call: calls[0] };
  which.value = first.call.number;
  which.addEventListener("change", () => drawCall(current()));
  document.getElementById("more").addEventListener("click", () => { wholeList = true; draw(); });
  const sound = document.getElementById("sound");
  const follow = () => { moveHead(); if (!sound.paused) requestAnimationFrame(follow); };
  sound.addEventListener("play", follow);
  sound.addEventListener("timeupdate", moveHead);
  let width = document.body.clientWidth;
  window.addEventListener("resize", () => {
    if (document.body.clientWidth !== width) { width = document.body.clientWidth; draw(); }
  });
  draw();
}
begin();
