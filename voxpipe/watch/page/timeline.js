// Who spoke when, in lanes: what was heard is filled, what was cut off is dashed.

import { clock, html, seconds, svg, canvas, dollars } from "./draw.js";
import { peaks, play, stop, wave } from "./sound.js";

const LEFT = 64, LANE = 46, GAP = 8, TOP = 22;
const MOST = 20000; // pixels; longer calls are drawn smaller
const LANES = ["caller", "agent", "tool"];
const NAMES = { caller: "Caller", agent: "Agent", tool: "Tools" };

let playing = null;

export function drawTimeline(place, session) {
  const length = Math.max(4, session.end, session.agent.end);
  const room = Math.max(320, place.clientWidth) - LEFT - 16;
  const scale = Math.min(Math.max(room / length, 36), Math.max(MOST / length, 0.5));
  const width = LEFT + length * scale + 16;
  const lanes = session.tools.length ? LANES : LANES.slice(0, 2);
  const height = TOP + lanes.length * (LANE + GAP) + 4;
  const atEnd = place.scrollLeft + place.clientWidth >= place.scrollWidth - 30;
  const picture = canvas(width, height, "Timeline of the session");
  ticks(picture, length, scale, height);
  lanes.forEach((lane, row) => {
    const y = TOP + row * (LANE + GAP);
    svg(picture, "rect", { x: LEFT, y, width: length * scale, height: LANE, rx: 6, class: "lane" });
    svg(picture, "text", { x: 10, y: y + LANE / 2 + 4, class: "small" }, NAMES[lane]);
  });
  const x = (at) => LEFT + at * scale;
  for (const turn of session.speech) {
    const end = turn.end ?? session.end;
    const bar = barOf(picture, "caller", x(turn.start), TOP, (end - turn.start) * scale, turn.words || `speaks ${seconds(end - turn.start)}`);
    sounds(bar, session, session.caller, turn.start, end, x(turn.start), TOP, (end - turn.start) * scale, turn);
  }
  const low = TOP + LANE + GAP;
  for (const reply of session.replies) {
    if (reply.start == null || !reply.length) continue;
    const heard = Math.min(reply.heard ?? reply.length, reply.length), left = x(reply.start);
    const bar = barOf(picture, "agent", left, low, heard * scale, reply.words || "the agent speaks");
    if (heard < reply.length) {
      svg(bar, "rect", { x: left + heard * scale, y: low + 3, width: (reply.length - heard) * scale, height: LANE - 6, rx: 5, class: "unheard" });
    }
    sounds(bar, session, session.agent, reply.start, reply.start + reply.length, left, low, reply.length * scale, reply);
    if (reply.waited != null) svg(picture, "text", { x: left + 4, y: low + 13, class: "small" }, seconds(reply.waited));
  }
  for (const tool of session.tools) {
    const end = tool.end ?? session.end, y = TOP + 2 * (LANE + GAP);
    const bar = barOf(picture, "tool", x(tool.start), y, Math.max(6, (end - tool.start) * scale), `${tool.name}: ${tool.end == null ? "at work" : seconds(end - tool.start)}`);
    svg(bar, "text", { x: x(tool.start) + 6, y: y + LANE / 2 + 4 }, tool.name);
  }
  place.replaceChildren(picture);
  if (atEnd) place.scrollLeft = place.scrollWidth;
}

function ticks(picture, length, scale, height) {
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300].find((each) => each * scale >= 64) ?? 600;
  for (let at = 0; at <= length; at += step) {
    const x = LEFT + at * scale;
    svg(picture, "line", { x1: x, x2: x, y1: 16, y2: height, class: "tick" });
    svg(picture, "text", { x: x + 3, y: 12, class: "small" }, at < 60 ? `${at} s` : clock(at).replace(/\.00$/, ""));
  }
}

function barOf(picture, kind, x, y, width, words) {
  const bar = svg(picture, "g", { class: `bar ${kind}` });
  svg(bar, "title", {}, words);
  svg(bar, "rect", { x, y: y + 3, width: Math.max(2, width), height: LANE - 6, rx: 5 });
  return bar;
}

function sounds(bar, session, track, from, to, x, y, width, about) {
  if (!track.pieces.length || to - from < 0.01) return;
  about.shape ??= { until: -1, found: [] };
  if (about.shape.until !== track.end || about.shape.to !== to) {
    const many = Math.min(50, 900 / (to - from));
    about.shape = { until: track.end, to, found: peaks(track.cut(from, to), many) };
  }
  svg(bar, "path", { d: wave(about.shape.found, x, y + LANE / 2, width, LANE - 12), class: "wave" });
  bar.setAttribute("tabindex", "0");
  bar.setAttribute("role", "button");
  bar.setAttribute("aria-label", `Play: ${bar.querySelector("title").textContent}`);
  if (playing === about) bar.classList.add("playing");
  const toggle = () => {
    document.querySelector(".bar.playing")?.classList.remove("playing");
    if (playing === about) {
      stop();
      playing = null;
      return;
    }
    playing = about;
    bar.classList.add("playing");
    play(track.cut(from, to), () => {
      if (playing === about) playing = null;
      bar.classList.remove("playing");
    });
  };
  bar.addEventListener("click", toggle);
  bar.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      toggle();
    }
  });
}

export function listTurns(place, session) {
  const rows = [
    ...session.speech.map((each) => [each.start, "Caller", each.words ?? "", each.end == null ? "speaks" : seconds(each.end - each.start)]),
    ...session.replies.filter((each) => each.created != null).map((each) => [each.created, "Agent", each.words, aboutReply(each)]),
  ].sort((a, b) => a[0] - b[0]);
  place.replaceChildren(...rows.slice(-200).map(([at, who, words, told]) => {
    const row = html(null, "li");
    html(row, "span", "", `${clock(at)} ${who}${words ? `: ${words}` : ""}`);
    html(row, "span", "", told);
    return row;
  }));
}

function aboutReply(reply) {
  const parts = [];
  if (reply.waited != null) parts.push(`after ${seconds(reply.waited)}`);
  if (reply.heard != null && reply.heard < reply.length) parts.push(`cut at ${seconds(reply.heard)}`);
  else if (reply.status !== "completed") parts.push(reply.status);
  if (reply.usd != null) parts.push(dollars(reply.usd));
  return parts.join(", ");
}

export function listTools(place, session) {
  place.replaceChildren(...session.tools.slice(-200).map((tool) => {
    const row = html(null, "li");
    html(row, "span", "", `${clock(tool.start)} ${tool.name}`);
    html(row, "span", "", tool.end == null ? "at work" : seconds(tool.end - tool.start));
    return row;
  }));
}
