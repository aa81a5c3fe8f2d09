// A call to OpenAI itself, by way of a server that passes the offer on and steers: what
// the service tells is put into the words of voxpipe's own protocol.

import { PeerSocket } from "./voxpipe-webrtc.js";

export class DirectSocket extends PeerSocket {
  #words = {}; // of items, so far

  constructor(address, media, options) {
    super(address, media, { ...options, channel: "oai-events" });
  }

  // What the page says; all else is the server's business, or the service's.
  send(data) {
    if (typeof data !== "string") return;
    const { type, text } = JSON.parse(data);
    if (type === "text") {
      const content = [{ type: "input_text", text }];
      this.#send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
      this.#send({ type: "response.create" });
    } else if (type === "interrupt") {
      this.#send({ type: "response.cancel" });
      this.#send({ type: "output_audio_buffer.clear" });
    } else if (type === "image") {
      this.#tell({ type: "error", what: "Pictures cannot be shown in a call to OpenAI itself." });
    }
  }

  receive(event) {
    const { type, item_id: item, item: made, delta, transcript } = event;
    if (type === "session.created") {
      const heard = event.session.audio?.input?.transcription ? ["user"] : [];
      this.#tell({ type: "ready", rate: 24_000, resumed: false });
      this.#tell({ type: "agent", captions: ["agent", ...heard], reads: true });
    } else if (type === "input_audio_buffer.speech_started") this.#state("hearing");
    else if (type === "input_audio_buffer.speech_stopped") this.#state("thinking");
    else if (type === "output_audio_buffer.started") this.#state("speaking");
    else if (type === "output_audio_buffer.stopped") this.#state("listening");
    else if (type === "output_audio_buffer.cleared") this.#state("listening");
    else if (type === "response.output_audio_transcript.delta") this.#caption("agent", item, delta);
    else if (type === "response.output_audio_transcript.done") this.#caption("agent", item, "", transcript);
    else if (type === "conversation.item.input_audio_transcription.delta") this.#caption("user", item, delta);
    else if (type === "conversation.item.input_audio_transcription.completed") this.#caption("user", item, "", transcript);
    else if (type === "conversation.item.added" && made.type === "function_call") this.#tool(made, "running");
    else if (type === "conversation.item.added" && made.type === "function_call_output") this.#tool(made, "done");
  }

  #send(event) {
    if (this.channel.readyState === "open") this.channel.send(JSON.stringify(event));
  }

  #state(state) {
    this.#tell({ type: "state", state });
  }

  #caption(speaker, item, delta, whole) {
    const text = (this.#words[item] = whole ?? (this.#words[item] ?? "") + delta);
    this.#tell({ type: "caption", speaker, item, text, final: whole !== undefined });
  }

  #tool({ call_id: id, name }, state) {
    if (name) this.#words[id] = name;
    this.#tell({ type: "tool", id, name: this.#words[id] ?? "", state });
  }

  #tell(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}
