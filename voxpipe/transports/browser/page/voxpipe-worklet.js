// The two ends of a call on the browser's audio thread: microphone and loudspeaker.
// A file of its own, because a page with a strict Content-Security-Policy loads worklets
// from files only. `sampleRate`, `currentFrame` are the audio context's; a block is 128.

const CHUNK = 0.02; // seconds of microphone in a message
const REPORT = 0.1; // seconds of a reply between two reports of what was played
const METER = 0.05; // seconds of loudspeaker in a level
const HELD = 0.2; // seconds that a jitter buffer holds, at most, unless the network is bad
// How long a loudspeaker with nothing to play waits for more, once something came: the
// line, and a page's main thread, have hiccups. So much that no wait is worth it:
const ENOUGH = 0.08; // seconds
const LEAD_LEAST = 0.01; // seconds
const LEAD_MOST = 0.04; // seconds: with a block, and what carries it, below 60 ms one way
const LEAD_STEP = 0.01; // seconds: more, each time that a reply ran dry

// Samples at one rate to samples at another: a windowed sinc, 16 zero crossings a side
// (0.7 ms of delay at 24,000 Hz), Kaiser's window with beta 8 (stop band at -80 dB).
class Resampler {
  static #PHASES = 64; // between them it is linear: an error of about -70 dB

  constructor(from, to) {
    this.#step = from / to;
    const cutoff = 0.9 * Math.min(1, to / from); // of the input's Nyquist frequency
    this.half = Math.ceil(16 * Math.max(1, this.#step)); // input samples a side
    const bessel = (x) => {
      let sum = 1;
      for (let term = 1, k = 1; term > 1e-9 * sum; k++) sum += term *= (x / (2 * k)) ** 2;
      return sum;
    };
    for (let phase = 0; phase <= Resampler.#PHASES; phase++) {
      const row = new Float32Array(2 * this.half);
      for (let tap = 0; tap < row.length; tap++) {
        const x = tap - this.half + 1 - phase / Resampler.#PHASES;
        const edge = Math.min(1, Math.abs(x / this.half));
        const angle = Math.PI * cutoff * x;
        const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
        row[tap] = (cutoff * sinc * bessel(8 * Math.sqrt(1 - edge * edge))) / bessel(8);
      }
      const gain = row.reduce((sum, weight) => sum + weight); // 1 but for ripple
      this.#rows.push(row.map((weight) => weight / gain));
    }
    this.#held = new Float32Array(this.half - 1); // the silence before the beginning
  }

  #step;
  #rows = [];
  #held; // input that later output still needs
  #at = 0; // position of the next output sample: of its first tap in what is held

  feed(input) {
    if (this.#step === 1) return input;
    const all = new Float32Array(this.#held.length + input.length);
    all.set(this.#held);
    all.set(input, this.#held.length);
    const taps = 2 * this.half;
    const output = [];
    for (; Math.floor(this.#at) + taps <= all.length; this.#at += this.#step) {
      const first = Math.floor(this.#at);
      const phase = (this.#at - first) * Resampler.#PHASES;
      const row = Math.floor(phase);
      const [low, high] = [this.#rows[row], this.#rows[row + 1]];
      let below = 0;
      let above = 0;
      for (let tap = 0; tap < taps; tap++) {
        below += all[first + tap] * low[tap];
        above += all[first + tap] * high[tap];
      }
      output.push(below + (above - below) * (phase - row));
    }
    const used = Math.min(Math.floor(this.#at), all.length);
    this.#held = all.slice(used);
    this.#at -= used;
    return Float32Array.from(output);
  }
}

function loudness(samples, length = samples.length) {
  let power = 0;
  for (let i = 0; i < length; i++) power += samples[i] * samples[i];
  return Math.sqrt(power / length);
}

// What a reader of `Call.tap` is given: a block as it passes, and when.
function tapped(port, samples) {
  port.postMessage({ tap: samples.slice(), at: Date.now(), frame: currentFrame });
}

// Collects the microphone, and gives 20 ms at a time at the server's rate, as the
// protocol's message: uint32 samples before, then pcm16, little-endian.
class Microphone extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate } }) {
    super();
    this.rate = rate;
    this.resampler = new Resampler(sampleRate, rate);
    this.raw = new Float32Array(Math.ceil((sampleRate * CHUNK) / 128) * 128);
    this.filled = 0;
    this.sent = 0; // samples at the server's rate
    this.port.onmessage = ({ data }) => {
      if ("tap" in data) this.tap = data.tap;
      if ("stop" in data) this.stopped = true;
    };
  }

  process([[block]]) {
    // An unplugged device gives no block: time goes on, in silence.
    if (block) this.raw.set(block, this.filled);
    else this.raw.fill(0, this.filled, this.filled + 128);
    if (this.tap && block) tapped(this.port, block);
    this.filled += 128;
    if (this.filled === this.raw.length) this.#pass();
    return !this.stopped;
  }

  #pass() {
    const level = loudness(this.raw);
    const samples = this.resampler.feed(this.raw.slice());
    this.filled = 0;
    const message = new ArrayBuffer(4 + 2 * samples.length);
    new DataView(message).setUint32(0, this.sent, true);
    const pcm = new Int16Array(message, 4);
    for (let i = 0; i < samples.length; i++) {
      pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
    }
    this.sent += samples.length;
    this.port.postMessage({ message, level }, [message]);
  }
}

// Plays replies in the order in which they come, forgets at once, and tells how far it is.
class Loudspeaker extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate } }) {
    super();
    this.rate = rate;
    this.resampler = new Resampler(rate, sampleRate);
    this.queue = []; // {reply, ms of its first sample, samples, used}, or {reply, ended}
    this.now = null; // {reply, ms}: what sounds, and how far it is
    this.marks = []; // {reply, ms, due}: reports for when the ear has heard it
    this.nextMark = 0; // frame
    this.delay = 0; // frames from here to the ear
    this.lead = LEAD_LEAST;
    this.playFrom = 0; // frame
    this.dry = false; // nothing to play, within a reply
    this.last = null; // what was reported last
    this.underruns = 0;
    this.power = 0;
    this.metered = 0;
    this.port.onmessage = ({ data }) => this.#told(data);
  }

  #told({ audio, end, clear, delay, tap, stop }) {
    if (audio !== undefined) this.#take(audio);
    if (end !== undefined) this.#end(end);
    if (clear) this.#clear();
    if (delay !== undefined) this.delay = Math.round(delay * sampleRate);
    if (tap !== undefined) this.tap = tap;
    if (stop) this.stopped = true;
  }

  #take(message) {
    const head = new DataView(message);
    const reply = head.getUint32(0, true);
    const pcm = new Int16Array(message, 8, (message.byteLength - 8) >> 1);
    if (this.dry && this.now.reply === reply) this.#ranDry();
    if (!this.queue.length && (this.dry || !this.now)) {
      this.playFrom = currentFrame + this.lead * sampleRate;
    }
    this.dry = false;
    const ms = (head.getUint32(4, true) / this.rate) * 1000;
    this.#push(reply, ms, Float32Array.from(pcm, (each) => each / 32768));
  }

  #end(reply) {
    const known = this.now?.reply === reply || this.queue.some((each) => each.reply === reply);
    if (!known) return; // it was cut
    this.#push(reply, null, new Float32Array(this.resampler.half)); // the filter's tail
    this.queue.push({ reply, ended: true });
  }

  #push(reply, ms, input) {
    const samples = this.resampler.feed(input);
    if (samples.length) this.queue.push({ reply, ms, samples, used: 0 });
  }

  // At once: the next block is the last, faded out so that it does not click.
  #clear() {
    const next = this.queue.find((each) => !each.ended);
    this.fading = next?.samples.slice(next.used, next.used + 128);
    this.queue = [];
    this.resampler = new Resampler(this.rate, sampleRate);
    this.dry = false;
    if (this.now) {
      this.marks = [];
      this.last = this.now;
    }
    this.now = null;
    if (this.last) this.port.postMessage({ played: this.last });
  }

  process(_, [[out]]) {
    let filled = 0;
    if (this.fading) {
      this.fading.forEach((sample, i) => (out[i] = sample * (1 - i / this.fading.length)));
      this.fading = null;
    } else if (this.#mayPlay()) {
      while (filled < out.length && this.queue.length) filled = this.#play(out, filled);
    }
    const dry = this.now !== null && this.queue.length === 0;
    if (dry && !this.dry) this.#mark(); // perhaps that was all of it
    this.dry = dry;
    if (filled && this.now && currentFrame >= this.nextMark) this.#mark();
    this.#report(out);
    if (this.tap) tapped(this.port, out);
    return !this.stopped;
  }

  #mayPlay() {
    if (currentFrame >= this.playFrom) return true;
    const gathered = this.queue.reduce((sum, each) => sum + (each.samples?.length ?? 0), 0);
    return gathered >= ENOUGH * sampleRate || this.queue.some((each) => each.ended);
  }

  #play(out, filled) {
    const first = this.queue[0];
    if (first.ended) {
      this.queue.shift();
      if (this.now?.reply === first.reply) {
        this.#mark();
        this.now = null;
        this.lead = Math.max(LEAD_LEAST, this.lead - LEAD_STEP / 4); // it went well
      }
      return filled;
    }
    if (this.now?.reply !== first.reply) {
      this.now = { reply: first.reply, ms: first.ms ?? 0 };
      this.nextMark = currentFrame;
    }
    const part = first.samples.subarray(first.used, first.used + out.length - filled);
    out.set(part, filled);
    first.used += part.length;
    const past = (first.used / sampleRate) * 1000;
    if (first.ms !== null) this.now = { reply: first.reply, ms: first.ms + past };
    if (first.used === first.samples.length) this.queue.shift();
    return filled + part.length;
  }

  // And goes on: better one pause of some length than many short ones.
  #ranDry() {
    this.underruns += 1;
    this.lead = Math.min(LEAD_MOST, this.lead + LEAD_STEP);
    this.port.postMessage({ underruns: this.underruns });
  }

  #mark() {
    this.marks.push({ played: this.now, due: currentFrame + this.delay });
    this.nextMark = currentFrame + REPORT * sampleRate;
  }

  #report(out) {
    while (this.marks.length && this.marks[0].due <= currentFrame) {
      this.last = this.marks.shift().played;
      this.port.postMessage({ played: this.last });
    }
    this.power += (loudness(out) ** 2 * out.length) / (METER * sampleRate);
    this.metered += out.length;
    if (this.metered < METER * sampleRate) return;
    const level = Math.sqrt(this.power);
    if (level || this.level) this.port.postMessage({ level });
    this.level = level;
    this.power = this.metered = 0;
  }
}

// What comes by WebRTC, passed on: after `clear` it is silent for as long as the jitter
// buffer may hold what the server would not say any more.
class Passage extends AudioWorkletProcessor {
  constructor() {
    super();
    this.silentUntil = 0; // frame
    this.power = 0;
    this.metered = 0;
    this.port.onmessage = ({ data }) => {
      if (data.clear) this.silentUntil = currentFrame + HELD * sampleRate;
      if (data.tap !== undefined) this.tap = data.tap;
      if (data.stop) this.stopped = true;
    };
  }

  process([[block]], [[out]]) {
    if (block && currentFrame >= this.silentUntil) out.set(block);
    if (this.tap) tapped(this.port, out);
    this.power += (loudness(out) ** 2 * out.length) / (METER * sampleRate);
    this.metered += out.length;
    if (this.metered >= METER * sampleRate) {
      this.port.postMessage({ level: Math.sqrt(this.power) });
      this.power = this.metered = 0;
    }
    return !this.stopped;
  }
}

registerProcessor("voxpipe-passage", Passage);
registerProcessor("voxpipe-microphone", Microphone);
registerProcessor("voxpipe-loudspeaker", Loudspeaker);
