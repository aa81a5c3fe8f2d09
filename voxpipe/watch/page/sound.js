// Sound as the protocol carries it: base64 of 16-bit samples, or of G.711.

const MOST = 600; // seconds that a track keeps
export const PEAKS = 50; // of a second of it

export function rateOf(format) {
  return format === "audio/pcmu" || format === "audio/pcma" ? 8000 : 24000;
}

export function decode(base64, format) {
  let text;
  try {
    text = atob(base64);
  } catch {
    return new Int16Array(0); // the log says what is wrong with it
  }
  const law = { "audio/pcmu": fromUlaw, "audio/pcma": fromAlaw }[format];
  if (law) return Int16Array.from(text, (each) => law(each.charCodeAt(0)));
  const samples = new Int16Array(text.length >> 1);
  for (let at = 0; at < samples.length; at++) {
    samples[at] = text.charCodeAt(2 * at) | (text.charCodeAt(2 * at + 1) << 8);
  }
  return samples;
}

// ITU-T G.711
function fromUlaw(code) {
  const bits = ~code & 0xff, step = ((bits & 0x0f) << 3) + 0x84;
  const value = (step << ((bits & 0x70) >> 4)) - 0x84;
  return bits & 0x80 ? -value : value;
}

function fromAlaw(code) {
  const bits = code ^ 0x55, part = (bits & 0x70) >> 4;
  let value = ((bits & 0x0f) << 4) + 8;
  if (part) value = (value + 0x100) << (part - 1);
  return bits & 0x80 ? value : -value;
}

// One side of a conversation: pieces of sound, each at its time.
export class Track {
  pieces = [];
  end = 0; // seconds, of what has come so far

  // Behind what is there, when that has not been played at `at`; else at `at`.
  add(at, samples, rate) {
    if (!samples.length) return null;
    const start = Math.max(at, this.end), length = samples.length / rate;
    const piece = { start, length, samples, rate };
    this.pieces.push(piece);
    this.end = start + length;
    while (this.end - this.pieces[0].start > MOST) this.pieces.shift();
    return piece;
  }

  // The samples between two times, silence where nothing came.
  cut(from, to) {
    const rate = this.pieces.at(-1)?.rate ?? 24000;
    const out = new Float32Array(Math.max(1, Math.ceil((to - from) * rate)));
    for (const { start, length, samples } of this.pieces) {
      if (start + length <= from || start >= to) continue;
      const shift = Math.round((start - from) * rate);
      const first = Math.max(0, -shift), last = Math.min(samples.length, out.length - shift);
      for (let at = first; at < last; at++) out[at + shift] = samples[at] / 32768;
    }
    return { samples: out, rate };
  }
}

// The loudest sample of each stretch, 0 to 1.
export function peaks({ samples, rate }, perSecond = PEAKS) {
  const step = Math.max(1, Math.round(rate / perSecond));
  const found = [];
  for (let at = 0; at < samples.length; at += step) {
    let most = 0;
    for (let each = at; each < Math.min(samples.length, at + step); each++) most = Math.max(most, Math.abs(samples[each]));
    found.push(most > 1 ? most / 32768 : most);
  }
  return found;
}

// A path of strokes, one for each peak.
export function wave(found, x, middle, width, height) {
  const step = width / Math.max(1, found.length);
  return found.map((peak, index) => {
    const half = Math.max(0.5, (peak * height) / 2);
    return `M${(x + (index + 0.5) * step).toFixed(1)} ${(middle - half).toFixed(1)}v${(2 * half).toFixed(1)}`;
  }).join("");
}

let context = null, source = null;

// Plays it; `done` is called at its end, or when something else is played.
export function play({ samples, rate }, done) {
  stop();
  context ??= new AudioContext();
  const buffer = context.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(samples instanceof Float32Array ? samples : Float32Array.from(samples, (each) => each / 32768), 0);
  source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.onended = done;
  source.start();
}

export function stop() {
  source?.stop();
  source = null;
}
