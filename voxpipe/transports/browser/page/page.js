// The page that talks: what voxpipe.js tells, shown; what is pressed, told.
//
// For programs around it, a recorder, a test: each call is announced by an event
// `voxpipe:call` at the document, whose detail is the Call.

import { Call } from "./voxpipe.js";
import { Captions } from "./captions.js";
import { Numbers } from "./numbers.js";

const $ = (id) => document.getElementById(id);
const STATES = {
  connecting: "Connecting…",
  listening: "Listening",
  hearing: "Hearing you",
  thinking: "Thinking",
  speaking: "Speaking",
  reconnecting: "Reconnecting…",
};
const ENDS = {
  caller: "you hung up",
  agent: "the agent hung up",
  lost: "the connection was lost",
  failed: "something went wrong",
  idle: "nobody spoke for a long time",
  drained: "the server is closing",
  timeout: "the time is over",
};
const WAYS = { websocket: "browser", webrtc: "webrtc", openai: "direct" }; // and where they are
const AGAIN_WITHOUT = ["denied", "missing", "busy"]; // a call is possible by typing
const NARROW = matchMedia("(max-width: 820px)");

const captions = new Captions($("log"));
const numbers = new Numbers({
  latest: $("latest"), newest: $("newest"), turns: $("turns"), tools: $("tools"), cost: $("cost"), usd: $("usd"),
});
const token = takeToken();
let call = null;
let began = false; // this call

// `?over=webrtc`, or `?over=openai`: then one may choose, too.
const over = new URLSearchParams(location.search).get("over");
if (over in WAYS) {
  $("over").value = over;
  $("ways").hidden = false;
}

// In the fragment, which no request and no log carries; nor does the address, from now on.
function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) history.replaceState(null, "", location.pathname + location.search);
  return found ?? undefined;
}

async function talk(microphone) {
  captions.clear();
  numbers.clear();
  notice("");
  began = false;
  const over = $("over").value;
  const current = (call = new Call(WAYS[over], { token, microphone, over }));
  const on = (type, act) => current.addEventListener(type, ({ detail }) => current === call && act(detail));
  on("state", showState);
  on("muted", showMuted);
  on("caption", (caption) => captions.show(caption));
  on("agent", showAgent);
  on("turn", (turn) => numbers.showTurn(turn));
  on("tool", (tool) => numbers.showTool(tool));
  on("cost", (cost) => numbers.showCost(cost));
  on("notice", ({ what }) => notice(what));
  document.dispatchEvent(new CustomEvent("voxpipe:call", { detail: current }));
  showMuted({ muted: false });
  $("mute").disabled = !microphone;
  $("talk").disabled = true;
  $("type-only").hidden = true;
  requestAnimationFrame(meter);
  try {
    await current.connect();
  } catch (error) {
    const wait = error.retryAfter ? ` Try again in ${Math.ceil(error.retryAfter)} s.` : "";
    notice(error.message + wait);
    $("type-only").hidden = !AGAIN_WITHOUT.includes(error.reason);
  }
}

function showState({ state, by, why }) {
  document.body.dataset.state = state;
  document.body.dataset.by = by ?? "";
  const ended = state === "ended";
  const running = !ended && state !== "connecting";
  // What was said stays to be read; if nothing was, it is as at the beginning.
  document.body.classList.toggle("talks", running);
  document.body.classList.toggle("over", ended && $("log").childElementCount > 0);
  began ||= running;
  if (!ended) $("status").textContent = told(state);
  else $("status").textContent = began ? `Ended: ${ENDS[by] ?? by}` : "Ended before it began";
  if (ended && why) notice(why);
  if (running && state !== "reconnecting" && $("notice").dataset.state === "reconnecting") notice("");
  const shown = document.activeElement;
  $("controls").hidden = !running;
  $("welcome").hidden = running;
  $("talk").disabled = !ended;
  if (running && shown === $("talk")) $("mute").focus({ focusVisible: false });
  if (ended && shown?.closest("#controls")) $("talk").focus({ focusVisible: false });
}

function told(state) {
  const words = STATES[state] ?? state;
  return call.muted && ["listening", "hearing"].includes(state) ? `${words} (muted)` : words;
}

function showMuted({ muted }) {
  $("mute").setAttribute("aria-pressed", String(muted));
  $("mute").querySelector("use").setAttribute("href", muted ? "#muted" : "#microphone");
  $("mute").querySelector("span").textContent = muted ? "Muted" : "Mute";
  if (!$("controls").hidden) $("status").textContent = told(call.state);
}

function showAgent({ captions: whose, reads }) {
  for (const id of ["words", "add-picture", "open-camera"]) $(id).disabled = !reads;
  $("words").placeholder = reads ? "Or type a message" : "This agent only listens";
  if (!whose.includes("user")) captions.remark("Your own words are not written down by this agent.");
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").dataset.state = call?.state ?? "";
}

// The meters, at the screen's pace; for screen readers once a second.
let read = 0;
function meter(time) {
  const tell = time - read > 1000;
  if (tell) read = time;
  for (const each of document.querySelectorAll(".meter")) {
    const bar = each.querySelector("i");
    const level = loudness(call.levels[each.dataset.side]);
    bar.style.setProperty("--level", level.toFixed(3));
    if (tell) bar.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }
  if (call.state !== "ended") requestAnimationFrame(meter);
}

// 0 at -60 dB below full scale, 1 at -6 dB: as loud as one speaks.
function loudness(level) {
  return Math.max(0, Math.min(1, (20 * Math.log10(level + 1e-9) + 60) / 54));
}

async function show(source, text) {
  try {
    captions.showPicture(await call.sendImage(source, text));
  } catch (error) {
    notice(error.message);
  }
}

// What stands in the text box goes with the picture: "What is this?"
function takeWords() {
  const text = $("words").value.trim();
  $("words").value = "";
  return text || undefined;
}

async function openCamera() {
  try {
    const devices = navigator.mediaDevices;
    $("viewfinder").srcObject = await devices.getUserMedia({ video: { facingMode: "environment" } });
    $("camera-dialog").showModal();
  } catch (error) {
    const denied = error.name === "NotAllowedError";
    notice(denied ? "The camera is not allowed. Allow it beside the page's address." : "There is no camera.");
  }
}

async function snap() {
  const viewfinder = $("viewfinder");
  const canvas = document.createElement("canvas");
  canvas.width = viewfinder.videoWidth;
  canvas.height = viewfinder.videoHeight;
  canvas.getContext("2d").drawImage(viewfinder, 0, 0);
  $("camera-dialog").close();
  await show(canvas, takeWords());
}

$("talk").onclick = () => talk(true);
$("type-only").onclick = () => talk(false);
$("mute").onclick = () => (call.muted ? call.unmute() : call.mute());
$("interrupt").onclick = () => call.interrupt();
$("hang-up-button").onclick = () => call.hangUp();
$("add-picture").onclick = () => $("file").click();
$("open-camera").onclick = openCamera;
$("close-camera").onclick = () => $("camera-dialog").close();
$("snap").onclick = snap;
$("camera-dialog").onclose = () => {
  $("viewfinder").srcObject?.getTracks().forEach((track) => track.stop());
  $("viewfinder").srcObject = null;
};
$("file").onchange = async () => {
  const [file] = $("file").files;
  $("file").value = "";
  if (file) await show(file, takeWords());
};
$("composer").onsubmit = (event) => {
  event.preventDefault();
  const text = takeWords();
  if (text) call.sendText(text);
};
$("words").onpaste = (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  show(file, takeWords());
};
document.onkeydown = (event) => {
  if ($("controls").hidden || $("camera-dialog").open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") call.interrupt();
  if (event.key.toLowerCase() === "m" && event.target !== $("words") && !$("mute").disabled) $("mute").click();
};
NARROW.onchange = () => ($("numbers").open = !NARROW.matches);
NARROW.onchange();
