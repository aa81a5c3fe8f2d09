// The few elements that the page makes. Words are set as text: nothing is parsed.

const SVG = "http://www.w3.org/2000/svg";

export function svg(parent, name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== "") made.textContent = text;
  parent?.append(made);
  return made;
}

export function html(parent, name, kind = "", text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text !== "") made.textContent = text;
  parent?.append(made);
  return made;
}

export function canvas(width, height, label) {
  return svg(null, "svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
}

export function seconds(value) {
  return value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(1)} s`;
}

export function clock(value) {
  const minutes = Math.floor(value / 60);
  return `${minutes}:${(value - 60 * minutes).toFixed(2).padStart(5, "0")}`;
}

export function size(bytes) {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}

export function dollars(value) {
  return `$${value.toFixed(value < 1 ? 4 : 2)}`;
}
