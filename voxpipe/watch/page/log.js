// The events, both ways: a list with a filter, and one of them whole.

import { clock, html, size, svg, canvas } from "./draw.js";
import { peaks, play, wave } from "./sound.js";

const ROWS = 1000; // that are shown; a filter finds the others
const LONG = 400; // characters of a text that is shown whole

const $ = (id) => document.getElementById(id);

export class Log {
  #session = null;
  #shown = 0; // events of the session that were looked at
  #found = 0;
  #chosen = null;

  constructor() {
    for (const id of ["search", "side", "sound", "deltas", "only-wrong"]) $(id).addEventListener("input", () => this.again());
    $("filter").addEventListener("submit", (event) => event.preventDefault());
    $("log").addEventListener("keydown", (event) => this.#move(event));
  }

  show(session) {
    this.#session = session;
    this.again();
  }

  again() {
    $("log").replaceChildren();
    this.#shown = this.#found = 0;
    this.more();
  }

  // Rows for what has come since.
  more() {
    if (!this.#session) return;
    const events = this.#session.events;
    const newest = events.at(-1)?.n ?? 0, rows = [];
    for (const record of events) {
      if (record.n <= this.#shown || !this.#fits(record)) continue;
      this.#found += 1;
      rows.push(record);
    }
    this.#shown = newest;
    $("log").append(...rows.slice(-ROWS).map((record) => this.#row(record)));
    while ($("log").childElementCount > ROWS) $("log").firstElementChild.remove();
    const hidden = this.#found - $("log").childElementCount;
    $("count").textContent = `${this.#found} of ${events.length}${hidden > 0 ? `, the last ${ROWS} are listed` : ""}`;
    if ($("follow").checked && rows.length) $("log").scrollTop = $("log").scrollHeight;
  }

  choose(record) {
    this.#chosen = record;
    for (const row of $("log").querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    $("log").querySelector(`[data-n="${record.n}"]`)?.setAttribute("aria-current", "true");
    this.#detail(record);
  }

  #fits(record) {
    const type = typeOf(record), side = $("side").value, words = $("search").value.toLowerCase();
    if (side && record.from !== side) return false;
    if ($("only-wrong").checked && !record.wrong.length) return false;
    if (!record.wrong.length) {
      if (!$("sound").checked && isSound(record)) return false;
      if (!$("deltas").checked && !isSound(record) && type.endsWith(".delta")) return false;
    }
    return !words || type.includes(words) || this.#text(record).includes(words);
  }

  #text(record) {
    record.text_ ??= JSON.stringify(record.event ?? record.text ?? "", shortened).toLowerCase();
    return record.text_;
  }

  #row(record) {
    const item = html(null, "li"), row = html(item, "button", `${record.from}${record.wrong.length ? " bad" : ""}`);
    row.type = "button";
    row.dataset.n = record.n;
    html(row, "span", "at", clock(record.at));
    html(row, "span", `who ${record.from}`, record.from === "client" ? "client →" : "← service");
    const type = html(row, "span", "type", typeOf(record));
    const about = gist(record);
    if (about) html(type, "i", "", `  ${about}`);
    html(row, "span", "size", record.event ? size(lengthOf(record.event)) : "");
    if (this.#chosen === record) row.setAttribute("aria-current", "true");
    row.addEventListener("click", () => this.choose(record));
    return item;
  }

  #move(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = step && document.activeElement.closest("li")?.[step]?.firstElementChild;
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  }

  #detail(record) {
    const place = $("detail");
    place.replaceChildren();
    html(place, "h3", "", `${typeOf(record)}`);
    html(place, "p", "soft", `${record.from === "client" ? "client to service" : "service to client"}, ${clock(record.at)}${record.usd != null ? `, $${record.usd.toFixed(6)}` : ""}`);
    for (const words of record.wrong) html(place, "p", "wrong", words);
    const sound = this.#session.soundOf(record.event);
    if (sound) {
      const picture = canvas(600, 64, "Its sound");
      picture.setAttribute("preserveAspectRatio", "none");
      svg(picture, "path", { d: wave(peaks(sound, (300 * sound.rate) / sound.samples.length), 0, 32, 600, 60), class: `wave ${sound.side === "input" ? "caller" : "agent"}` });
      place.append(picture);
      const button = html(place, "button", "", `Play ${Math.round((1000 * sound.samples.length) / sound.rate)} ms`);
      button.type = "button";
      button.addEventListener("click", () => play(sound, () => {}));
    }
    const whole = record.event ?? record.text ?? record.close ?? { audio_bytes: record.audio_bytes, binary: record.binary };
    html(place, "pre", "", typeof whole === "string" ? whole : JSON.stringify(whole, shortened, 2));
  }
}

function typeOf(record) {
  if (record.close) return `closed with ${record.close.code}`;
  if (record.audio_bytes) return "input_audio_buffer.append";
  if (record.binary != null) return `binary, ${size(record.binary)}`;
  const type = record.event?.type;
  return typeof type === "string" ? type : "no event";
}

function isSound(record) {
  return /audio_buffer\.append$|output_audio\.delta$/.test(typeOf(record));
}

// A few words of what is in it.
function gist(record) {
  const event = record.event ?? {};
  if (record.close) return record.close.reason;
  if (record.audio_bytes) return `${size(record.audio_bytes)} of sound, not kept`;
  if (event.error?.message) return event.error.message;
  const words = event.transcript ?? event.text ?? (isSound(record) ? null : event.delta);
  if (typeof words === "string") return words.slice(0, 120);
  const item = event.item;
  if (item) return [item.type, item.role, item.name].filter(Boolean).join(" ");
  return event.response?.status ?? "";
}

function lengthOf(value) {
  if (typeof value === "string") return value.length;
  if (value === null || typeof value !== "object") return 5;
  return Object.entries(value).reduce((sum, [name, each]) => sum + name.length + 5 + lengthOf(each), 2);
}

// Sound and pictures are long, and nobody reads them.
function shortened(name, value) {
  const isLong = typeof value === "string" && value.length > LONG;
  return isLong && ["audio", "delta", "image_url"].includes(name) ? `${value.slice(0, 24)}… (${size(value.length)})` : value;
}
