"""A call that is written down while it is spoken: no reply, no agent.

The telephone's G.711 goes to the model as it is; a branch of it tells a local VAD where
turns end, so that a model can write that streams. With a key, `open_transcription` is
the real one; the test below has it simulated: `pytest examples/transcription_only.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Pipeline,
    Processor,
    Transcript,
)
from voxpipe.pipeline.testing import Source, run_virtual
from voxpipe.processors.audio import Decode, Encode, Resample
from voxpipe.processors.realtime import (
    Transcribe,
    TranscriptionSession,
    open_transcription,
)
from voxpipe.processors.vad import Vad
from voxpipe.simulator import Line, Script, ToneVoice, simulated

ULAW = AudioFormat("ulaw", 8_000)


class Captions(Processor):
    """Shows words as they come, and keeps those that are final."""

    words = Input[Transcript]()

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.kept: list[str] = []

    async def run(self) -> None:
        """A screen would show `shown`, its newest line in place of the last."""
        async for transcript in self.words:
            self.shown.append(transcript.text)
            if transcript.final:
                self.kept.append(transcript.text)


async def write_down(
    phone: Source, session: TranscriptionSession
) -> tuple[list[str], float]:
    """Follow a call to its end; what was said, turn by turn, and what that has cost."""
    transcribe, captions = Transcribe(session), Captions()
    pipeline = Pipeline(
        phone.output >> transcribe.hears,
        phone.output >> Decode() >> Vad() >> transcribe.speech,
        transcribe.transcripts >> captions.words,
    )
    await pipeline.run()
    return captions.kept, transcribe.bill.usd


# --- its test

VOICE = ToneVoice()
SAID = ["Good evening.", "Two tickets to Verona, please.", "Thank you."]


def telephone(turns: Iterable[str]) -> Source:
    """Somebody who says all this, and pauses."""
    pcm = AudioFormat("pcm16", 24_000)
    audio = b"".join(
        VOICE.speak(words, "alloy", 1.0) + pcm.silence(2.0) for words in turns
    )
    whole = AudioFrame(data=audio, format=pcm)
    narrow = b"".join(
        out.data
        for each in Resample(8_000).feed(whole)
        for out in Encode("ulaw").feed(each)
    )
    source = Source(
        (
            AudioFrame(data=narrow[at : at + 160], start=at / 8_000, format=ULAW)
            for at in range(0, len(narrow), 160)  # 20 ms
        ),
        pace="real time",
    )
    source.output.format = ULAW
    return source


async def conversation() -> tuple[list[str], float]:
    """Three turns."""
    script = Script(replies=[Line(heard=words) for words in SAID])
    async with open_transcription(
        model="gpt-realtime-whisper",
        language="en",
        delay="low",
        turn_detection="local",
        audio=ULAW,
        connect=simulated(script),
    ) as session:
        return await write_down(telephone(SAID), session)


def test_every_turn_is_written_down_and_paid_for() -> None:
    """Ten seconds of telephone at once."""
    said, dollars = run_virtual(conversation)
    assert said == SAID
    assert 0 < dollars < 0.01
