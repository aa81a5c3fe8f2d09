"""A story that its listener interrupts again and again; it goes on from what was HEARD.

The model makes speech faster than it is played, and would go on from what it has made.
Each interruption cuts its memory to what was heard. The service drops the transcript of
what it cuts, so a bookmark tells the model the last words that the listener has heard.

Serve it, and give Twilio the address that is printed:

    voxpipe serve examples.interactive_story:tell --public-url https://calls.example.com

Run as a program, it is called by a simulated listener, in virtual time.
"""

from __future__ import annotations

import functools
from typing import Any

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Pipeline,
    Processor,
    Transcript,
)
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import (
    Realtime,
    ServerVad,
    open_session,
)
from voxpipe.simulator import Line, Script, ToneVoice, simulated
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.testing import answered

INSTRUCTIONS = """
You tell one long story to a child, slowly, with suspense. The child may interrupt you:
answer in one sentence, and go on with the story from the last words that were heard.
"""
WORDS_KEPT = 12  # enough to find the place again


class Bookmark(Processor):
    """Tells the model where its listener is, whenever they interrupt the story."""

    transcripts = Input[Transcript]()

    def __init__(self, model: Realtime) -> None:
        self._model = model

    async def run(self) -> None:
        """Put a line into the conversation for each reply that was cut."""
        async for said in self.transcripts:
            if said.speaker == "agent" and said.played:
                last_words = " ".join(said.played.split()[-WORDS_KEPT:])
                # An item, not other instructions: what stands before it stays cached.
                text = f'Interrupted. The last words that were heard: "{last_words}"'
                content = [{"type": "input_text", "text": text}]
                item = {"type": "message", "role": "system", "content": content}
                await self._model.items.create(item)


async def tell(call: Call, **session_options: Any) -> None:
    """Tell a story to whoever calls, until they hang up."""
    async with open_session(
        instructions=INSTRUCTIONS,
        audio=call.format,
        voice="ballad",
        speed=0.9,
        turn_detection=ServerVad(silence_ms=700),  # children think while they speak
        **session_options,
    ) as session:
        model = Realtime(session)
        bookmark = Bookmark(model)
        pipeline = Pipeline(
            call.heard >> model.hears,
            model.says >> call.speaks,
            model.transcripts >> bookmark.transcripts,
        )
        model.ask("Begin the story.")
        await pipeline.run()
        for entry in model.history:
            words = entry.text if entry.played is None else entry.played
            print(f"{entry.role:>6}  {words}")


# --- a listener: what they say is in the script, and sounds like speech

VOICE = ToneVoice()
SCRIPT = Script(
    replies=[
        Line(
            say="Once upon a time, at the very end of the land, there stood a "
            "lighthouse, and in the lighthouse lived a girl whose name was Ada, who "
            "was afraid of nothing but the dark, and one night the lamp went out."
        ),
        Line(
            heard="Why was she afraid?",
            say="Nobody knew, not even Ada. So the lamp went out, and she took a "
            "candle and went up the stairs, one hundred and eleven of them, and half "
            "way up something was breathing, and it was not the wind.",
        ),
        Line(
            heard="Was it a dog?",
            say="It was a dog, and a wet one. And Ada was not afraid any more.",
        ),
    ]
)


def speech(words: str) -> AudioFrame:
    """What a caller says, as a telephone carries it."""
    pcm = AudioFrame(
        data=VOICE.speak(words, "alloy", 1.0), format=AudioFormat("pcm16", 24_000)
    )
    return AudioFrame(
        data=pcm.samples[::3].tobytes(), format=AudioFormat("pcm16", 8_000)
    )


async def listen_and_interrupt() -> list[float]:
    """Seconds that the listener has heard of each part."""
    app = functools.partial(tell, connect=simulated(SCRIPT, VOICE))
    async with answered(app) as child:
        parts = [
            await child.interrupt(speech("Why was she afraid?"), after=4.0),
            await child.interrupt(speech("Was it a dog?"), after=6.0),
            await child.listen(),
        ]
        child.hang_up()
        await child.wait_closed()
    return [part.duration for part in parts]


if __name__ == "__main__":
    print(
        "heard", *(f"{seconds:.1f} s" for seconds in run_virtual(listen_and_interrupt))
    )
