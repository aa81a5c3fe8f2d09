// Types of voxpipe.js: talk to a voxpipe app from a web page.

/** Of the protocol that it speaks, `voxpipe.1`. */
export declare const VERSION: string;

/**
 * What the call is at. `hearing`: the person speaks; `reconnecting`: the connection is
 * lost, and the server keeps the seat for 30 seconds.
 */
export type State =
  | "new"
  | "connecting"
  | "listening"
  | "hearing"
  | "thinking"
  | "speaking"
  | "reconnecting"
  | "ended";

/** Who or what has ended a call. */
export type Ended = "caller" | "agent" | "lost" | "failed" | "idle" | "drained" | "timeout";

export interface CallOptions {
  /** Where the server asks for one; the app mints it. */
  token?: string;
  /** False to type only: then nobody is asked for a microphone. Default: true. */
  microphone?: boolean;
  /**
   * What carries the call: a WebSocket (the default, to `browser`), WebRTC to the same app
   * (to `webrtc`), or WebRTC to OpenAI itself, steered by the app (to `direct`).
   */
  over?: "websocket" | "webrtc" | "openai";
  /** STUN and TURN servers, for WebRTC; none by default. */
  iceServers?: RTCIceServer[];
}

/** The words of one item of the conversation so far. */
export interface Caption {
  speaker: "user" | "agent";
  /** The same for all captions of one item: the later one replaces the earlier. */
  item: string;
  reply?: number;
  text: string;
  /** Nothing will be added. */
  final: boolean;
  /** Of an agent that was cut off: the part of `text` that was heard. */
  heard?: string;
}

/** The latency of one turn; told again when later stages are known. */
export interface TurnLatency {
  reply: number;
  /** Milestone to milliseconds since the person's last sound, or since it was asked for. */
  stages: Partial<
    Record<
      | "decided"
      | "committed"
      | "requested"
      | "created"
      | "first_delta"
      | "first_sent"
      | "first_written"
      | "first_played",
      number
    >
  >;
}

/** A tool call of the agent's; never its arguments or results. */
export interface ToolCall {
  id: string;
  name: string;
  state: "running" | "done" | "failed";
  ms?: number;
}

/** What the agent at the other end can do. */
export interface Agent {
  /** Whose words will come as captions. */
  captions: ("user" | "agent")[];
  /** Whether it takes text and pictures. */
  reads: boolean;
}

export interface CallEventMap {
  state: CustomEvent<{ state: State; by?: Ended; why?: string }>;
  muted: CustomEvent<{ muted: boolean }>;
  caption: CustomEvent<Caption>;
  agent: CustomEvent<Agent>;
  turn: CustomEvent<TurnLatency>;
  tool: CustomEvent<ToolCall>;
  /** `usd` is null while a price is unknown. */
  cost: CustomEvent<{ usd: number | null }>;
  /** Something that the person should know: a sentence to show. The call goes on. */
  notice: CustomEvent<{ what: string }>;
}

/**
 * A call that cannot be made, or a picture that cannot be sent. `message` is a sentence
 * for people.
 */
export declare class CallError extends Error {
  readonly reason:
    | "denied" // the microphone, by the person or the browser
    | "missing" // there is no microphone
    | "busy" // another program has it
    | "insecure" // neither https nor this machine: browsers give it to no such page
    | "unreachable"
    | "full"
    | "draining"
    | "token"
    | "seat"
    | "hello"
    | "picture"
    | "used"
    | (string & {});
  /** Seconds after which to try again. */
  readonly retryAfter?: number;
}

/** A block of sound as it passes. */
export interface Block {
  /** 128 samples in ±1, at `call.context.sampleRate`. */
  tap: Float32Array;
  /** `Date.now()` on the audio thread. */
  at: number;
  /** Of the audio context, at the block's first sample. */
  frame: number;
}

/** One conversation. For the next one make another. */
export declare class Call extends EventTarget {
  /** @param url of the server's socket, relative to the page: `"browser"`. */
  constructor(url: string | URL, options?: CallOptions);

  readonly state: State;
  readonly muted: boolean;
  /** Null before `connect`. */
  readonly context: AudioContext | null;
  /** The person's, with echo cancellation and noise suppression; null without one. */
  readonly microphone: MediaStream | null;
  /** Loudness now, as root mean square: 1 is full scale. */
  readonly levels: { readonly microphone: number; readonly loudspeaker: number };
  readonly stats: {
    /** Messages of microphone that were sent, and that were dropped on a bad line. */
    readonly sent: number;
    readonly dropped: number;
    /** How often a reply ran dry, and was gathered anew. */
    readonly underruns: number;
    readonly reconnects: number;
  };

  /**
   * Opens the microphone, then the call. From a click, as browsers let sound begin with
   * one. Rejects with a `CallError`.
   */
  connect(): Promise<void>;
  mute(): void;
  unmute(): void;
  /** Silence the agent now. */
  interrupt(): void;
  sendText(text: string): void;
  /**
   * Show a picture: scaled to 2,048 pixels, as JPEG. Resolves with what was sent; rejects
   * with a `CallError` if it is none.
   */
  sendImage(source: ImageBitmapSource, text?: string): Promise<Blob>;
  /** One of 0123456789*#ABCD. */
  sendKey(digit: string): void;
  hangUp(): void;
  /**
   * Every block of one side from now on, for a recorder or a visualisation. Returns what
   * ends it.
   */
  tap(side: "microphone" | "loudspeaker", reader: (block: Block) => void): () => void;

  addEventListener<K extends keyof CallEventMap>(
    type: K,
    listener: (event: CallEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    callback: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof CallEventMap>(
    type: K,
    listener: (event: CallEventMap[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    callback: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}
