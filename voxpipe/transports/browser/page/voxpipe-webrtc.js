// A call's connection over WebRTC, with the manners of a WebSocket: sound goes as Opus by
// RTP, messages by a data channel. docs/webrtc.md has what differs.

const GATHERING = 2; // seconds for addresses, when servers are asked for them
const REPORT = 0.1; // seconds between two reports of what was played
const NTP = 2_208_988_800_000; // milliseconds from 1900 to 1970
const OLD = 64; // pieces of replies that are remembered

// A lookalike of WebSocket for Link: readyState, bufferedAmount, send, close, on….
export class PeerSocket {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  #location = null; // of the call, at the server
  #playout = null;

  // media: {track: the microphone's or null, play(stream), channel?: its name}
  constructor(address, media, { iceServers = [], token, channel = "voxpipe" } = {}) {
    this.address = address;
    this.media = media;
    this.token = token;
    this.peer = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.channel = this.peer.createDataChannel(channel);
    this.channel.onopen = () => this.#opened();
    this.channel.onmessage = ({ data }) => this.receive(JSON.parse(data));
    this.channel.onclose = () => this.#over(1006);
    this.peer.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.peer.connectionState)) this.#over(1006);
    };
    this.peer.ontrack = ({ streams, track, receiver }) => {
      this.#playout = new Playout(receiver, (message) => this.send(JSON.stringify(message)));
      media.play(streams[0] ?? new MediaStream([track]));
    };
    this.#begin().catch((error) => this.#over(1006, error.message));
  }

  get bufferedAmount() {
    return this.channel.bufferedAmount;
  }

  // The microphone goes by its track: what a WebSocket would carry of it is dropped.
  send(data) {
    if (typeof data === "string" && this.channel.readyState === "open") this.channel.send(data);
  }

  // With a code the call is over; without one its seat is kept, to come back.
  close(code) {
    if (this.readyState > 1) return;
    this.readyState = 3;
    this.#playout?.stop();
    this.peer.close();
    if (code && this.#location) fetch(this.#location, { method: "DELETE", keepalive: true, headers: this.#head() }).catch(() => {});
  }

  // Another microphone.
  use(track) {
    this.peer.getSenders()[0]?.replaceTrack(track);
  }

  receive(message) {
    if (message.type === "playing") return this.#playout?.leaves(message);
    if (message.type === "clear") this.#playout?.clear();
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  async #begin() {
    const { track } = this.media;
    if (track) this.peer.addTrack(track);
    else this.peer.addTransceiver("audio", { direction: "recvonly" });
    await this.peer.setLocalDescription();
    await this.#gathered();
    const body = this.peer.localDescription.sdp;
    const headers = { "content-type": "application/sdp", ...this.#head() };
    const answer = await fetch(this.address, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`The server refuses the call: ${await answer.text()}`);
    this.#location = new URL(answer.headers.get("location"), this.address);
    if (this.readyState > 1) return this.close(1000);
    await this.peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }

  #head() {
    return this.token ? { authorization: `Bearer ${this.token}` } : {};
  }

  #gathered() {
    return new Promise((resolve) => {
      const look = () => this.peer.iceGatheringState === "complete" && resolve();
      this.peer.onicegatheringstatechange = look;
      setTimeout(resolve, GATHERING * 1000);
      look();
    });
  }

  #opened() {
    this.readyState = 1;
    this.onopen?.();
  }

  #over(code, reason) {
    if (this.readyState > 1) return;
    this.close();
    this.onclose?.({ code, reason });
  }
}

// What was heard of a reply: the server tells when each piece left, on its clock, and the
// browser what it plays, on the same one (by RTCP). Until two reports have come, and in
// browsers that do not tell, it is reckoned with the jitter buffer's mean delay.
class Playout {
  #left = []; // {at, reply, ms}: from then on this left; reply 0 is silence
  #last = null; // what was told last
  #skew = Infinity; // of our clock against the server's, with the shortest way
  #timer;

  constructor(receiver, tell) {
    this.receiver = receiver;
    this.tell = tell;
    this.#timer = setInterval(() => this.#report(), REPORT * 1000);
  }

  leaves({ at, reply, ms }) {
    this.#skew = Math.min(this.#skew, Date.now() - at);
    this.#left = [...this.#left, { at, reply, ms }].slice(-OLD);
  }

  // What was to be heard next never is.
  async clear() {
    await this.#report();
    this.#left = [];
    if (this.#last) this.tell(this.#last);
  }

  stop() {
    clearInterval(this.#timer);
  }

  async #report() {
    if (!this.#left.length) return;
    const now = await this.#now();
    const left = this.#left;
    while (left.length > 1 && left[1].at <= now) {
      const { at, reply, ms } = left.shift();
      if (reply) this.#tell(reply, ms + left[0].at - at);
    }
    if (left.length && left[0].reply && left[0].at <= now) this.#tell(left[0].reply, left[0].ms + now - left[0].at);
  }

  #tell(reply, ms) {
    this.#last = { type: "played", reply, ms: Math.round(ms) };
    this.tell(this.#last);
  }

  // The moment, on the server's clock, at which what sounds now has left.
  async #now() {
    let told = null;
    for (const each of (await this.receiver.getStats()).values()) if (each.type === "inbound-rtp") told = each;
    const playout = told?.estimatedPlayoutTimestamp;
    if (playout) return playout < NTP ? playout + NTP : playout;
    const delay = told?.jitterBufferEmittedCount ? (told.jitterBufferDelay / told.jitterBufferEmittedCount) * 1000 : 0;
    return Date.now() - this.#skew - delay;
  }
}
