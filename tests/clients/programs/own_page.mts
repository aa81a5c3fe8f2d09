// Every name of voxpipe.d.ts, used as a page in TypeScript does; it is not run.

import {
  Call,
  CallError,
  VERSION,
  type Agent,
  type Caption,
  type State,
  type ToolCall,
} from "../../../voxpipe/transports/browser/page/voxpipe.js";

const version: string = VERSION;
const call = new Call("browser", { token: "secret", microphone: false });

call.addEventListener("caption", ({ detail }) => {
  const caption: Caption = detail;
  console.log(caption.speaker, caption.text, caption.heard?.length);
});
call.addEventListener("state", ({ detail }) => {
  const state: State = detail.state;
  if (state === "ended") console.log(detail.by, detail.why);
});
call.addEventListener("agent", ({ detail }: CustomEvent<Agent>) => console.log(detail.reads));
call.addEventListener("tool", ({ detail }: CustomEvent<ToolCall>) => console.log(detail.ms));
call.addEventListener("cost", ({ detail }) => detail.usd?.toFixed(2));
call.addEventListener("turn", ({ detail }) => detail.stages.first_played ?? 0);
call.addEventListener("notice", ({ detail }) => detail.what.trim(), { once: true });

try {
  await call.connect();
} catch (error) {
  if (error instanceof CallError) console.log(error.reason, error.retryAfter, error.message);
}
const untap: () => void = call.tap("loudspeaker", ({ tap, at, frame }) => tap.length + at + frame);
const picture: Blob = await call.sendImage(new Blob(), "What is this?");
call.sendText("Good evening.");
call.sendKey("#");
call.mute();
call.unmute();
call.interrupt();
call.hangUp();
untap();
console.log(version, picture.size, call.levels.microphone, call.stats.underruns, call.muted);

// @ts-expect-error it is for reading
call.state = "ended";
// @ts-expect-error there are two sides
call.tap("somebody", () => {});
// @ts-expect-error a caption has no such thing
call.addEventListener("caption", ({ detail }) => detail.sound);
