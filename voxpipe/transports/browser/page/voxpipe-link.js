// The connection of a call: the protocol's handshake, and coming back when it is lost.
// It knows nothing of sound. The protocol is described in docs/browser.md.

const PROTOCOL = "voxpipe.1";
const READY = 10; // seconds for the socket and the server's answer together
const SEAT = 30; // seconds that the server keeps the seat of who was lost
const PAUSES = [0, 0.25, 0.5, 1, 2, 4]; // seconds between attempts, each ± a quarter
const MOST_WAITING = 64_000; // bytes: more than a second of microphone that did not leave
const STALLED = 5; // seconds in which nothing leaves: the line is dead
const MOST_KEPT = 64; // messages while there is no connection

class Refused extends Error {
  constructor({ why, what = `The server refuses the call: ${why}.`, retry_after }) {
    super(what);
    this.reason = why;
    this.retryAfter = retry_after;
  }
}

export class Link {
  #socket = null; // once it is ready
  #opening = null; // until then
  #seat = null;
  #closed = false;
  #kept = [];
  #stalledSince = null;
  #wake = () => {}; // ends a pause between attempts

  // on: ready(message), message(message), audio(buffer), lost(), over(by, why)
  // dial(): a WebSocket, or what has its manners
  constructor(dial, hello, on) {
    Object.assign(this, { dial, hello, on });
    const back = () => this.#wake();
    this.events = new AbortController();
    addEventListener("online", back, { signal: this.events.signal });
    document.addEventListener("visibilitychange", back, { signal: this.events.signal });
  }

  // Resolves when the server is ready. Raises an error for people to read.
  async open() {
    if (this.#closed) throw new Error("The call was hung up.");
    try {
      await this.#connect();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  // Keeps the message while there is no connection, and for the last of its kind only
  // where a later one says it all.
  send(message) {
    if (this.#closed) return;
    if (this.#isOpen()) return this.#socket.send(JSON.stringify(message));
    if (["played", "muted"].includes(message.type)) {
      this.#kept = this.#kept.filter((each) => each.type !== message.type);
    }
    this.#kept = [...this.#kept, message].slice(-MOST_KEPT);
  }

  // False if it was dropped: there is no line, or a slow one, and old sound is no use.
  sendAudio(buffer) {
    if (!this.#isOpen()) return false;
    if (this.#socket.bufferedAmount < MOST_WAITING) {
      this.#stalledSince = null;
      this.#socket.send(buffer);
      return true;
    }
    this.#stalledSince ??= performance.now();
    if (performance.now() - this.#stalledSince > STALLED * 1000) this.#lose();
    return false;
  }

  // Another microphone, where it is not sent from here.
  use(track) {
    this.#socket?.use?.(track);
  }

  #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN; // a closing one complains
  }

  // Waits until little is on its way: a WebSocket has no event for that.
  async room() {
    while (this.#isOpen() && this.#socket.bufferedAmount > MOST_WAITING / 4) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  close() {
    this.#closed = true;
    this.events.abort();
    this.#wake();
    for (const socket of [this.#socket, this.#opening]) socket?.close(1000);
    this.#socket = this.#opening = null;
  }

  #connect() {
    return new Promise((resolve, reject) => {
      const socket = (this.#opening = this.dial(PROTOCOL, this.#seat));
      socket.binaryType = "arraybuffer";
      const fail = (error) => {
        clearTimeout(timer);
        socket.onmessage = socket.onclose = null;
        socket.close();
        reject(error);
      };
      const unreachable = () => fail(new Error("The server does not answer."));
      const timer = setTimeout(unreachable, READY * 1000);
      socket.onopen = () => {
        socket.send(JSON.stringify({ type: "hello", ...this.hello, ...(this.#seat && { seat: this.#seat }) }));
      };
      socket.onclose = unreachable;
      socket.onmessage = ({ data }) => {
        const message = parsed(data);
        if (message?.type === "refused") fail(new Refused(message));
        if (message?.type !== "ready") return;
        clearTimeout(timer);
        this.#begin(socket, message);
        resolve();
      };
    });
  }

  #begin(socket, message) {
    this.#opening = null;
    this.#socket = socket;
    this.#seat = message.seat;
    this.#stalledSince = null;
    let ended = null;
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) {
        if (data.byteLength > 8) this.on.audio(data);
        return;
      }
      const message = parsed(data);
      if (message?.type === "ended") ended = message.by;
      else if (message) this.on.message(message);
    };
    socket.onclose = ({ code, reason }) => {
      if (ended || code === 1000) this.#end(ended ?? "agent");
      else if ([1002, 1007, 1008, 1009].includes(code)) this.#end("failed", reason);
      else this.#lose();
    };
    this.on.ready(message);
    for (const each of this.#kept.splice(0)) this.send(each);
  }

  #end(by, why) {
    this.close();
    this.on.over(by, why);
  }

  async #lose() {
    const socket = this.#socket;
    if (!socket) return; // not there yet, or already being looked for
    this.#socket = null;
    socket.onmessage = socket.onclose = null;
    socket.close();
    this.on.lost();
    const until = performance.now() + SEAT * 1000;
    for (let attempt = 0; performance.now() < until; attempt++) {
      await this.#pause(PAUSES[Math.min(attempt, PAUSES.length - 1)]);
      if (this.#closed) return;
      try {
        return await this.#connect();
      } catch (error) {
        if (this.#closed) return;
        if (error instanceof Refused && !error.retryAfter) return this.#end("lost", error.message);
      }
    }
    this.#end("lost", "The connection did not come back.");
  }

  #pause(seconds) {
    const ms = seconds * (0.75 + Math.random() / 2) * 1000;
    return new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms);
    });
  }
}

// What cannot be read is skipped: a newer server may know more.
function parsed(data) {
  if (typeof data !== "string") return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
