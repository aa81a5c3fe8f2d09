// What was said, as it is said: one line for each item of the conversation.

const NAMES = { user: "You", agent: "Agent" };
const MOST_LINES = 500; // older ones leave the page

export class Captions {
  #log;
  #lines = new Map(); // item -> element
  #follows = true; // unless the person has scrolled up to read

  constructor(log) {
    this.#log = log;
    log.addEventListener("scroll", () => {
      this.#follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    });
    new ResizeObserver(() => this.#follow()).observe(log);
  }

  show({ speaker, item, text, final, heard }) {
    const line = this.#lines.get(item) ?? this.#add(speaker, item);
    if (final && !text) {
      line.remove(); // its place was kept, and nothing could be written down
      return;
    }
    line.classList.toggle("partial", !final);
    // A screen reader waits until the words are complete.
    line.setAttribute("aria-busy", String(!final));
    const words = line.querySelector(".words");
    const cut = final && heard !== undefined && heard !== null && heard !== text;
    if (!cut) words.textContent = text;
    else words.replaceChildren(heard, ...unheard(remainder(text, heard)));
    this.#follow();
  }

  // What the person has shown: words come back from the server, pictures do not.
  showPicture(picture) {
    const image = document.createElement("img");
    image.alt = "The picture that you have shown";
    image.src = URL.createObjectURL(picture);
    image.onload = () => {
      URL.revokeObjectURL(image.src);
      this.#follow();
    };
    this.#add("user", Symbol("picture")).append(image);
    this.#follow();
  }

  remark(text) {
    const remark = document.createElement("p");
    remark.className = "aside";
    remark.textContent = text;
    this.#log.append(remark);
    this.#follow();
  }

  clear() {
    this.#log.replaceChildren();
    this.#lines.clear();
  }

  #add(speaker, item) {
    const line = document.createElement("p");
    line.className = `line ${speaker}`;
    const who = document.createElement("span");
    who.className = "who";
    who.textContent = NAMES[speaker] ?? speaker;
    const words = document.createElement("span");
    words.className = "words";
    line.append(who, words);
    this.#log.append(line);
    this.#lines.set(item, line);
    if (this.#lines.size > MOST_LINES) {
      const [oldest, gone] = this.#lines.entries().next().value;
      gone.remove();
      this.#lines.delete(oldest);
    }
    return line;
  }

  #follow() {
    if (this.#follows) this.#log.scrollTop = this.#log.scrollHeight;
  }
}

function remainder(text, heard) {
  return text.startsWith(heard) ? text.slice(heard.length) : text;
}

function unheard(rest) {
  const words = rest.trim();
  if (!words) return [];
  const told = document.createElement("span");
  told.className = "unseen";
  told.textContent = "(not heard:) ";
  const struck = document.createElement("s");
  struck.textContent = words;
  return [" ", told, struck];
}
