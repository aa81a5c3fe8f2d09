// Talk to a voxpipe app from a web page: one module, no dependencies.
//
//   import { Call } from "./voxpipe.js";
//   const call = new Call("browser");
//   call.addEventListener("caption", ({ detail }) => show(detail.speaker, detail.text));
//   button.onclick = () => call.connect(); // a click: browsers let sound begin with one
//
// voxpipe.d.ts has the types; docs/browser.md the protocol, and a page of one's own.

import { DirectSocket } from "./voxpipe-direct.js";
import { Link } from "./voxpipe-link.js";
import { PeerSocket } from "./voxpipe-webrtc.js";

export const VERSION = "1";

const MOST_PIXELS = 2048; // of a picture's longer side: the service reads no finer
const MOST_BYTES = 2_000_000; // of a picture, likewise
const PIECE = 48_000; // characters of base64 in a message
const WORDS = {
  denied: "The microphone is not allowed. Allow it beside the page's address, then press Talk again.",
  missing: "There is no microphone. Plug one in, or go on by typing.",
  busy: "Another program holds the microphone. Close it, then press Talk again.",
  insecure: "Browsers give the microphone only to pages by https, or of this machine itself.",
};
const OF_BROWSERS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
};

// A call that cannot be made; `message` is for people, `reason` for programs.
export class CallError extends Error {
  name = "CallError";

  constructor(reason, message = WORDS[reason], { retryAfter } = {}) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

export class Call extends EventTarget {
  #link;
  #capture = null; // worklet nodes, or null
  #playout = null;
  #source = null; // the microphone's stream, as a node
  #wanted;
  #carrier; // "websocket", "webrtc", "openai"
  #player = null; // of what comes by WebRTC
  #remote = null; // the same, as a node
  #taps = { microphone: new Set(), loudspeaker: new Set() };
  #listening = new AbortController(); // to the page's and the devices' events

  microphone = null; // the MediaStream, once it is open
  state = "new";
  muted = false;
  context = null;
  levels = { microphone: 0, loudspeaker: 0 };
  stats = { sent: 0, dropped: 0, underruns: 0, reconnects: 0 };

  constructor(url, { token, microphone = true, over = "websocket", iceServers } = {}) {
    super();
    this.#wanted = microphone;
    this.#carrier = over;
    // Who comes back has used its token up: its seat says who it is.
    const dial = (protocol, seat) => this.#dial(url, protocol, { token: seat ?? token, iceServers });
    this.#link = new Link(dial, { token, page: VERSION }, {
      ready: (message) => this.#ready(message),
      message: (message) => this.#heard(message),
      audio: (audio) => this.#playout?.port.postMessage({ audio }, [audio]),
      lost: () => this.#lost(),
      over: (by, why) => this.#over(by, why),
    });
  }

  #dial(url, protocol, options) {
    const address = new URL(url, document.baseURI);
    if (this.#carrier === "websocket") {
      address.protocol = address.protocol.replace("http", "ws");
      return new WebSocket(address, protocol);
    }
    const [track] = this.#source?.mediaStream.getAudioTracks() ?? [];
    const media = { track, play: (stream) => this.#play(stream) };
    return new (this.#carrier === "openai" ? DirectSocket : PeerSocket)(address, media, options);
  }

  // What comes by WebRTC: through a worklet, too, which can be silent at once.
  #play(stream) {
    this.#player ??= new Audio();
    this.#player.muted = true; // Chromium gives sound to a context only if it plays, too
    this.#player.srcObject = stream;
    this.#remote?.disconnect();
    this.#remote = this.context.createMediaStreamSource(stream);
    if (this.#playout) this.#remote.connect(this.#playout);
  }

  // Resolves when the app has taken the call. Raises CallError.
  async connect() {
    if (this.state !== "new") throw new CallError("used", "A Call is for one call: make another.");
    this.#turnTo("connecting");
    try {
      // At once, within the click: later a browser may not let it sound.
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.context.resume().catch(() => {});
      await this.context.audioWorklet.addModule(new URL("voxpipe-worklet.js", import.meta.url));
      if (this.#wanted) await this.#openMicrophone();
      await this.#link.open();
    } catch (error) {
      this.#over("failed", error.message);
      if (error instanceof CallError) throw error;
      throw new CallError(error.reason ?? "unreachable", error.message, error);
    }
  }

  mute() {
    this.#mute(true);
  }

  unmute() {
    this.#mute(false);
  }

  interrupt() {
    this.#link.send({ type: "interrupt" });
  }

  sendText(text) {
    this.#link.send({ type: "text", text });
  }

  sendKey(digit) {
    this.#link.send({ type: "key", digit });
  }

  // A Blob, a File, a canvas, a video: whatever createImageBitmap takes. Gives what was sent.
  async sendImage(source, text) {
    const picture = await scaled(source);
    const data = await base64(picture);
    const about = { type: "image", media_type: picture.type };
    for (let at = 0; at < data.length; at += PIECE) {
      const more = at + PIECE < data.length;
      const last = more ? { more } : { ...(text && { text }) };
      await this.#link.room(); // sound goes in between
      this.#link.send({ ...about, data: data.slice(at, at + PIECE), ...last });
    }
    return picture;
  }

  hangUp() {
    this.#link.send({ type: "bye" });
    this.#link.close();
    this.#over("caller");
  }

  // Every block of sound as it passes: {tap: Float32Array, at: Date.now(), frame}, at the
  // context's rate. For a recorder, a visualisation, a test. Returns what ends it.
  tap(side, reader) {
    this.#taps[side].add(reader);
    this.#listen(side);
    return () => {
      this.#taps[side].delete(reader);
      this.#listen(side);
    };
  }

  #listen(side) {
    const node = side === "microphone" ? this.#capture : this.#playout;
    node?.port.postMessage({ tap: this.#taps[side].size > 0 });
  }

  async #openMicrophone() {
    const devices = navigator.mediaDevices;
    if (!devices) throw new CallError("insecure");
    let stream;
    try {
      stream = await devices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (error) {
      throw new CallError(OF_BROWSERS[error.name] ?? "missing");
    }
    if (this.state === "ended") return stop(stream); // hung up meanwhile
    this.#source?.disconnect();
    this.microphone = stream;
    this.#source = this.context.createMediaStreamSource(stream);
    if (this.#capture) this.#source.connect(this.#capture);
    const [track] = stream.getAudioTracks();
    track.enabled = !this.muted;
    this.#link.use(track);
    track.addEventListener("ended", () => this.#unplugged());
  }

  async #unplugged() {
    if (this.state === "ended") return;
    this.#tellMuted(true);
    this.#emit("notice", { what: "The microphone was unplugged. Plug one in: the call goes on." });
    const events = { once: true, signal: this.#listening.signal };
    navigator.mediaDevices.addEventListener("devicechange", () => this.#replug(), events);
    await this.#replug(); // another one may be there
  }

  async #replug() {
    try {
      await this.#openMicrophone();
    } catch {
      return; // the next change of devices may bring one
    }
    this.#emit("notice", { what: "The microphone is there again." });
    this.#tellMuted(this.muted);
  }

  #ready({ rate, resumed }) {
    if (!this.#playout) this.#build(rate);
    if (resumed) this.stats.reconnects += 1;
    if (this.muted) this.#tellMuted(true);
    this.#turnTo("listening");
  }

  // What was queued comes again, from where the server knows that it was heard.
  #lost() {
    this.#playout?.port.postMessage({ clear: true });
    this.#turnTo("reconnecting");
  }

  #build(rate) {
    const node = (name, options) => {
      const processorOptions = { rate };
      return new AudioWorkletNode(this.context, name, { ...options, processorOptions });
    };
    const inputs = this.#carrier === "websocket" ? 0 : 1;
    const name = inputs ? "voxpipe-passage" : "voxpipe-loudspeaker";
    this.#playout = node(name, { numberOfInputs: inputs, outputChannelCount: [1] });
    this.#playout.connect(this.context.destination);
    this.#remote?.connect(this.#playout);
    this.#playout.port.onmessage = ({ data }) => this.#fromLoudspeaker(data);
    this.#tellDelay();
    if (this.#wanted) {
      const mono = { channelCount: 1, channelCountMode: "explicit" };
      this.#capture = node("voxpipe-microphone", mono);
      this.#capture.connect(this.context.destination); // silence: some pull only what sounds
      this.#capture.port.onmessage = ({ data }) => this.#fromMicrophone(data);
      this.#source.connect(this.#capture);
    }
    Object.keys(this.#taps).forEach((side) => this.#listen(side));
    const events = { signal: this.#listening.signal };
    const wake = () => this.context.state !== "running" && this.context.resume().catch(() => {});
    for (const each of ["pointerdown", "keydown"]) addEventListener(each, wake, events);
    document.addEventListener("visibilitychange", wake, events);
    addEventListener("pagehide", () => this.hangUp(), events);
    this.context.addEventListener("statechange", () => this.#tellPaused(), events);
    setTimeout(() => this.#tellPaused(), 1000); // by then a click has taken effect
  }

  #tellPaused() {
    if (this.context.state === "running" || this.state === "ended") return;
    this.#emit("notice", { what: "The browser has paused the sound. Touch the page to go on." });
  }

  // From the worklet to the ear: what was played is what was heard.
  #tellDelay() {
    const delay = (this.context.outputLatency || 0) + (this.context.baseLatency || 0);
    this.#playout.port.postMessage({ delay });
  }

  #fromMicrophone(data) {
    if (data.tap) return this.#taps.microphone.forEach((reader) => reader(data));
    this.levels.microphone = this.muted ? 0 : data.level;
    if (this.muted) return;
    if (this.#link.sendAudio(data.message)) this.stats.sent += 1;
    else this.stats.dropped += 1;
  }

  #fromLoudspeaker(data) {
    if (data.tap) return this.#taps.loudspeaker.forEach((reader) => reader(data));
    if ("level" in data) this.levels.loudspeaker = data.level;
    if ("underruns" in data) this.stats.underruns = data.underruns;
    if (!data.played) return;
    const { reply, ms } = data.played;
    if (reply) this.#link.send({ type: "played", reply, ms: Math.round(ms) });
    this.#tellDelay();
  }

  #heard({ type, ...detail }) {
    if (type === "clear") this.#playout?.port.postMessage({ clear: true });
    else if (type === "end_of_reply") this.#playout?.port.postMessage({ end: detail.reply });
    else if (type === "state") this.#turnTo(detail.state);
    else if (type === "error") this.#emit("notice", detail);
    else if (["agent", "caption", "turn", "tool", "cost"].includes(type)) this.#emit(type, detail);
  }

  #mute(muted) {
    if (this.muted === muted) return;
    this.muted = muted;
    this.microphone?.getAudioTracks().forEach((track) => (track.enabled = !muted));
    this.#tellMuted(muted);
    this.#emit("muted", { muted });
  }

  #tellMuted(muted) {
    this.#link.send({ type: "muted", muted });
  }

  #turnTo(state, more = {}) {
    if (this.state === state || this.state === "ended") return;
    this.state = state;
    this.#emit("state", { state, ...more });
  }

  #over(by, why) {
    if (this.state === "ended") return;
    this.#listening.abort();
    for (const node of [this.#capture, this.#playout]) node?.port.postMessage({ stop: true });
    if (this.microphone) stop(this.microphone);
    this.levels = { microphone: 0, loudspeaker: 0 };
    this.#turnTo("ended", { by, why });
    this.context?.close();
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function stop(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

// What the service reads anyhow, in fewer bytes: a photograph of a phone has ten million.
async function scaled(source) {
  const bitmap = await createImageBitmap(source).catch(() => {
    throw new CallError("picture", "This is no picture that a browser can read.");
  });
  const scale = Math.min(1, MOST_PIXELS / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const paper = canvas.getContext("2d");
  paper.fillStyle = "white"; // under what is transparent: JPEG has no such thing
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  for (const quality of [0.85, 0.6, 0.3]) {
    const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (picture.size <= MOST_BYTES) return picture;
  }
  throw new CallError("picture", "This picture is too large.");
}

async function base64(blob) {
  const reader = new FileReader();
  await new Promise((resolve) => {
    reader.onload = resolve;
    reader.readAsDataURL(blob);
  });
  return reader.result.slice(reader.result.indexOf(",") + 1);
}
