// The window: takes what the feed tells, and draws the session that is chosen.

import { dollars, html } from "./draw.js";
import { drawGraph } from "./graph.js";
import { Log } from "./log.js";
import { drawReport } from "./report.js";
import { Session } from "./session.js";
import { drawTimeline, listTools, listTurns } from "./timeline.js";

const OFTEN = 200; // milliseconds between two pictures
const $ = (id) => document.getElementById(id);

const sessions = new Map();
const log = new Log();
let graph = null, news = null; // the newest pipeline
let chosen = null, chose = false, changed = true;

function status(words, state) {
  $("status").textContent = words;
  $("status").dataset.state = state;
}

function sessionOf(number, title) {
  let session = sessions.get(number);
  if (!session) {
    session = new Session(number, title);
    sessions.set(number, session);
    html($("session"), "option", "", title).value = number;
    $("which").hidden = sessions.size < 2;
    if (!chose) choose(session); // the newest, until somebody has chosen
  }
  return session;
}

function choose(session) {
  chosen = session;
  $("session").value = session.number;
  log.show(session);
  changed = true;
}

const KINDS = {
  hello({ title }) {
    $("title").textContent = `voxpipe watch: ${title}`;
    document.title = `${title} · voxpipe watch`;
  },
  event(told) {
    sessionOf(told.session, told.title).take(told);
  },
  lost({ count }) {
    status(`Live, ${count} events left out`, "live");
  },
  over() {
    status("Whole", "live");
  },
  graph(told) {
    graph = told;
    news = null;
  },
  stats(told) {
    if (told.pipeline === graph?.pipeline) news = told;
    $("lag").textContent = told.lag_ms == null ? "" : `the loop answers after ${told.lag_ms.toFixed(1)} ms`;
  },
  report({ name, report }) {
    $("report-title").textContent = `Measured: ${name}`;
    $("reports").hidden = false;
    drawReport($("report"), report);
  },
  recording(told) {
    sessionOf(told.name, told.name).record(told);
  },
};

function draw() {
  if (!changed || document.hidden) return;
  changed = false;
  $("graphs").hidden = !graph?.links.length;
  if (!$("graphs").hidden) drawGraph($("graph"), graph, news);
  $("empty").hidden = Boolean(chosen || graph || !$("reports").hidden);
  $("times").hidden = $("events").hidden = !chosen;
  if (!chosen) return;
  $("events").hidden = !chosen.events.length;
  drawTimeline($("timeline"), chosen);
  listTurns($("turns"), chosen);
  listTools($("tools"), chosen);
  $("tool-list").hidden = !chosen.tools.length;
  $("wrong-list").hidden = !chosen.wrongs.length;
  $("wrongs").replaceChildren(...chosen.wrongs.slice(-100).map((record) => {
    const row = html(null, "li"), button = html(row, "button", "", record.wrong.join(" "));
    button.type = "button";
    button.addEventListener("click", () => log.choose(record));
    return row;
  }));
  log.more();
  const all = [...sessions.values()].reduce((sum, each) => sum + each.usd, 0);
  $("money").hidden = ![...sessions.values()].some((each) => each.bills);
  $("money").textContent = sessions.size > 1 ? `${dollars(chosen.usd)} of ${dollars(all)}` : dollars(chosen.usd);
}

$("session").addEventListener("change", (event) => {
  chose = true;
  const value = event.target.value;
  choose(sessions.get(Number(value)) ?? sessions.get(value));
});
addEventListener("resize", () => { changed = true; });
document.addEventListener("visibilitychange", () => { changed = true; });
setInterval(draw, OFTEN);

const scheme = location.protocol === "https:" ? "wss" : "ws";
const feed = new WebSocket(`${scheme}://${location.host}/watch?word=${encodeURIComponent(location.hash.slice(1))}`);
feed.addEventListener("open", () => status("Live", "live"));
feed.addEventListener("close", () => {
  status(location.hash.length > 1 ? "The window is closed" : "Open the link that was printed", "lost");
});
feed.addEventListener("message", ({ data }) => {
  for (const told of JSON.parse(data)) KINDS[told.kind]?.(told);
  changed = true;
});
