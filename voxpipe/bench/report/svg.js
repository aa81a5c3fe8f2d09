// The few SVG elements that the charts need. Words are set as text: nothing is parsed.
const SVG = "http://www.w3.org/2000/svg";
function el(parent, name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== "") made.textContent = text;
  if (parent) parent.append(made);
  return made;
}
function hint(parent, text) { el(parent, "title", {}, text); }
function canvas(place, width, height, label) {
  const box = { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label };
  place.replaceChildren();
  return el(place, "svg", box);
}
function html(parent, name, text = "", kind = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
}
// The width that there is: a phone gets a narrow drawing, not a small one.
function room(place) { return Math.max(320, Math.min(1072, place.clientWidth || 1072)); }
function colour(stage) { return `var(--${stage === "line" ? "line_" : stage})`; }
function ms(value) {
  if (value === undefined || value === null) return "–";
  return value >= 100 || value === 0 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
// Round numbers for an axis up to `most`, about `count` of them.
function ticks(most, count) {
  const rough = most / count, power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const found = [];
  for (let at = 0; at <= most + 1e-9; at += step) found.push(at);
  return found;
}
// For a narrow page.
const SHORT = {
  barge_in: "Barge-in", turn_detection: "End of speech", release: "Model's box",
  graph: "Written",
};
const NAMES = {
  total: "A turn", ours: "Ours", model: "The model's", barge_in: "Barge-in: loud to clear",
  greeting: "Greeting", inbound: "To the model", turn_detection: "End of speech decided",
  commit: "Committed", first_delta: "First delta", tools: "Tools",
  release: "Out of the model's box", graph: "Written to the line", line: "Heard",
};
