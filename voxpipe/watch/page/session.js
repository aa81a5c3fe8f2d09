// What the events of a session come to: turns, tools, money, sound.

import { Track, decode, rateOf } from "./sound.js";

const APPENDS = new Set(["input_audio_buffer.append", "session.input_audio_buffer.append"]);
const AUDIO = new Set(["response.output_audio.delta", "session.output_audio.delta"]);
const MOST = 20000; // events that are kept

export class Session {
  events = [];
  caller = new Track();
  agent = new Track();
  speech = []; // { start, end, words }
  replies = []; // { id, asked, created, first, start, length, done, status, heard, words, usd, waited }
  tools = []; // { id, name, start, end }
  wrongs = [];
  usd = 0;
  bills = 0;
  end = 0;
  closed = null;
  #began = null;
  #formats = { input: "audio/pcm", output: "audio/pcm" };
  #items = new Map(); // replies by their items
  #spoken = new Map(); // what was said, by items
  #quiet = null; // since when the caller waits

  constructor(number, title) {
    this.number = number;
    this.title = title;
  }

  take(told) {
    this.#began ??= told.at;
    const record = { ...told, at: told.at - this.#began };
    this.events.push(record);
    if (this.events.length > MOST) this.events.shift();
    this.end = Math.max(this.end, record.at);
    if (record.wrong.length) this.wrongs.push(record);
    if (record.close) this.closed = record;
    if (record.usd != null) {
      this.usd += record.usd;
      this.bills += 1;
    }
    const event = record.event;
    if (event && typeof event.type === "string") {
      try {
        this.#note(event, record);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // an event that is none: the log says so
      }
    } else if (record.audio_bytes) this.#mute(record);
    return record;
  }

  // A recording: nothing but sound.
  record({ rate, channels }) {
    [this.caller, this.agent].forEach((track, side) => {
      if (channels[side]) track.add(0, decode(channels[side], "audio/pcm"), rate);
    });
    this.end = Math.max(this.caller.end, this.agent.end);
    this.speech = channels[0] ? [{ start: 0, end: this.caller.end }] : [];
    this.replies = channels[1] ? [{ start: 0, length: this.agent.end, status: "" }] : [];
  }

  soundOf(event) {
    if (!event) return null;
    const [text, side] = APPENDS.has(event.type) ? [event.audio, "input"] : AUDIO.has(event.type) ? [event.delta, "output"] : [null, ""];
    if (typeof text !== "string") return null;
    const samples = decode(text, this.#formats[side]);
    return samples.length ? { samples, rate: rateOf(this.#formats[side]), side } : null;
  }

  #note(event, { at, from }) {
    const type = event.type;
    if (APPENDS.has(type)) return this.#heard(event, at);
    if (AUDIO.has(type)) return this.#said(event, at);
    if (from === "client") return this.#asked(event, at);
    if (type === "session.created" || type === "session.updated") this.#configure(event.session);
    else if (type === "input_audio_buffer.speech_started") this.speech.push({ start: at, end: null, item: event.item_id });
    else if (type === "input_audio_buffer.speech_stopped") this.#stopped(at);
    else if (type === "input_audio_buffer.committed") this.#quiet ??= at;
    else if (type === "conversation.item.input_audio_transcription.completed") {
      const turn = this.speech.find((each) => each.item === event.item_id) ?? this.speech.at(-1);
      if (turn) turn.words = event.transcript;
    } else if (type === "response.created") this.#created(event.response.id, at);
    else if (type === "response.output_item.added") this.#items.set(event.item.id, this.#reply(event.response_id));
    else if (type === "response.output_audio_transcript.delta" || type === "response.output_text.delta") {
      const reply = this.#reply(event.response_id);
      if (reply) reply.words += event.delta;
    } else if (type === "response.output_item.done" && event.item.type === "function_call") {
      this.tools.push({ id: event.item.call_id, name: event.item.name, start: at, end: null });
    } else if (type === "response.done") this.#done(event.response, at);
  }

  #asked(event, at) {
    if (event.type === "session.update") this.#configure(event.session);
    else if (event.type === "input_audio_buffer.commit") this.#stopped(at);
    else if (event.type === "conversation.item.create" && event.item.type === "function_call_output") {
      const call = this.tools.find((each) => each.id === event.item.call_id);
      if (call) call.end = at;
      this.#quiet = at;
    } else if (event.type === "conversation.item.create" && event.item.role === "user") this.#quiet = at;
    else if (event.type === "conversation.item.truncate") {
      const reply = this.#items.get(event.item_id);
      if (reply) reply.heard = event.audio_end_ms / 1000;
    }
  }

  #configure(session) {
    for (const side of ["input", "output"]) {
      const format = session?.audio?.[side]?.format?.type;
      if (format) this.#formats[side] = format;
    }
  }

  #heard(event, at) {
    const samples = decode(event.audio, this.#formats.input), rate = rateOf(this.#formats.input);
    // It comes when it has been spoken: its end is now.
    const drift = at - this.caller.end;
    this.caller.add(drift > 0.5 ? at - samples.length / rate : this.caller.end, samples, rate);
  }

  // Sound that was not kept, but for how much it was.
  #mute({ at, audio_bytes: bytes }) {
    this.caller.end = at;
    this.silent = (this.silent ?? 0) + bytes;
  }

  #said(event, at) {
    const samples = decode(event.delta, this.#formats.output);
    const reply = this.#reply(event.response_id ?? "") ?? this.#created(event.response_id ?? "", at);
    if (reply.first == null) {
      reply.first = at;
      if (reply.asked != null) reply.waited = at - reply.asked;
    }
    let piece = null;
    const rate = rateOf(this.#formats.output);
    if (samples.length) piece = this.agent.add(at, samples, rate);
    const bytes = event.delta?.audio_bytes; // of a cassette that has kept no sound
    const length = piece ? piece.length : bytes ? bytes / (rate === 8000 ? 8000 : 48000) : 0;
    reply.start ??= piece ? piece.start : Math.max(at, this.agent.end);
    if (!piece && length) this.agent.end = Math.max(at, this.agent.end) + length;
    reply.length += length;
    this.end = Math.max(this.end, reply.start + reply.length);
  }

  #stopped(at) {
    const turn = this.speech.at(-1);
    if (turn && turn.end == null) turn.end = at;
    this.#quiet = at;
  }

  #created(id, at) {
    const reply = { id, asked: this.#quiet, created: at, first: null, start: null, length: 0, done: null, status: "being made", heard: null, words: "", usd: null, waited: null };
    this.#quiet = null;
    this.replies.push(reply);
    return reply;
  }

  #reply(id) {
    return this.replies.findLast((each) => each.id === id);
  }

  #done(response, at) {
    const reply = this.#reply(response.id);
    if (!reply) return;
    reply.done = at;
    reply.status = response.status;
    const usd = this.events.at(-1).usd;
    if (usd != null) reply.usd = usd;
  }
}
