// What a call has measured: latency by stage, tools as they run, money.

// The milestones of a turn in their order, and what the time before each was spent on.
const STAGES = {
  decided: "deciding that you had finished",
  committed: "closing your turn",
  requested: "asking for an answer",
  created: "taking it up",
  first_delta: "making the first sound",
  first_sent: "passing it on",
  first_written: "until it could be sent here",
  first_played: "until you hear it",
};
const MOST_TURNS = 20;
const MOST_TOOLS = 30;

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

const milliseconds = (ms) => `${Math.round(ms).toLocaleString("en")} ms`;

export class Numbers {
  #turns = 0;
  #newest = null; // {reply, total}
  #tools = new Map();

  constructor({ latest, newest, turns, tools, cost, usd }) {
    Object.assign(this, { latest, newest, turns, tools, cost, usd });
  }

  clear() {
    for (const each of [this.latest, this.newest, this.turns, this.tools]) each.replaceChildren();
    this.cost.hidden = true;
    this.#turns = 0;
    this.#newest = null;
    this.#tools.clear();
  }

  // One reply may be told more than once: its later stages come later.
  showTurn({ reply, stages }) {
    const reached = Object.entries(STAGES).filter(([name]) => stages[name] != null);
    if (!reached.length) return;
    reached.sort(([a], [b]) => stages[a] - stages[b]);
    if (this.#newest?.reply !== reply) this.#file();
    const total = stages[reached.at(-1)[0]];
    this.#newest = { reply, total };
    const figure = element("p", "", "total");
    figure.append(String(Math.round(total).toLocaleString("en")), element("small", " ms"));
    const bar = element("div", "", "bar");
    bar.setAttribute("aria-hidden", "true");
    const list = element("dl", "", "stages");
    let before = 0;
    reached.forEach(([name, words], index) => {
      const took = Math.max(0, stages[name] - before);
      before = Math.max(before, stages[name]);
      if (took < 0.5) return;
      const hue = `var(--stage-${(index % 6) + 1})`;
      for (const place of [bar, list]) {
        const patch = place.appendChild(element("i", ""));
        patch.style.setProperty("--hue", hue);
        if (place === bar) patch.style.flexGrow = took;
      }
      list.append(element("dt", words), element("dd", milliseconds(took)));
    });
    this.latest.replaceChildren(figure, bar, list);
    this.newest.textContent = milliseconds(total);
  }

  #file() {
    this.#turns += 1;
    if (!this.#newest) return;
    const line = element("li", "");
    line.append(element("span", `Turn ${this.#turns - 1}`), element("span", milliseconds(this.#newest.total)));
    this.turns.prepend(line);
    if (this.turns.children.length > MOST_TURNS) this.turns.lastChild.remove();
  }

  showTool({ id, name, state, ms }) {
    let line = this.#tools.get(id);
    if (!line) {
      line = element("li", "");
      this.#tools.set(id, line);
      this.tools.prepend(line);
      if (this.#tools.size > MOST_TOOLS) {
        const [oldest, gone] = this.#tools.entries().next().value;
        gone.remove();
        this.#tools.delete(oldest);
      }
    }
    line.className = state;
    const words = { running: "running…", done: "done", failed: "failed" }[state] ?? state;
    const told = ms == null ? words : `${words}, ${milliseconds(ms)}`;
    line.replaceChildren(element("span", name), element("span", told));
  }

  showCost({ usd }) {
    this.cost.hidden = false;
    this.usd.textContent = usd == null ? "price unknown" : `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
  }
}
