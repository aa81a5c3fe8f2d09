"""An interpreter on the line: two people on telephones, each in their own language.

One session translates in each direction; what is said is heard by the other one in
their language, and written down in both. With a key, `open_translation(language="en")`
is the real interpreter; the test below has a simulated one, in virtual time:
`pytest examples/live_translation.py`.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import anyio

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, Transcript
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.audio import Decode, Encode, Resample
from voxpipe.processors.realtime import (
    Translate,
    TranslationSession,
    open_translation,
)
from voxpipe.simulator import Line, Script, ToneVoice, simulated
from voxpipe.transports import MemoryPhone


async def interpret(
    ada: MemoryPhone,
    ben: MemoryPhone,
    english: TranslationSession,
    german: TranslationSession,
) -> list[str]:
    """Let Ada speak German and Ben English until one of them hangs up.

    Returns:
        What they said, in both languages.
    """
    to_english, to_german, minutes = Translate(english), Translate(german), Probe()
    pipeline = Pipeline(
        ada.heard >> Decode() >> Resample(24_000) >> to_english.hears,
        to_english.says >> Resample(8_000) >> Encode("ulaw") >> ben.speaks,
        ben.heard >> Decode() >> Resample(24_000) >> to_german.hears,
        to_german.says >> Resample(8_000) >> Encode("ulaw") >> ada.speaks,
        to_english.transcripts >> minutes.input,
        to_german.transcripts >> minutes.input,
    )
    await pipeline.run()
    told: list[Transcript] = minutes.frames
    return [each.text for each in told if each.final]


# --- its test

ULAW = AudioFormat("ulaw", 8_000)
VOICE = ToneVoice()
TO_ENGLISH = Script(
    replies=[Line(heard="Haben Sie einen Tisch frei?", say="Do you have a table?")]
)
TO_GERMAN = Script(replies=[Line(heard="Yes, at eight.", say="Ja, um acht.")])


def interpreter(
    language: str, script: Script
) -> AbstractAsyncContextManager[TranslationSession]:
    """An interpreter who knows what will be said."""
    return open_translation(
        language=language,
        transcription="gpt-realtime-whisper",
        connect=simulated(script, VOICE),
    )


def spoken(words: str) -> bytes:
    """What a telephone carries of somebody who says this."""
    pcm = VOICE.speak(words, "alloy", 1.0)
    frame = AudioFrame(data=pcm, format=AudioFormat("pcm16", 24_000))
    narrow = [*Resample(8_000).feed(frame)]
    return b"".join(out.data for each in narrow for out in Encode("ulaw").feed(each))


async def listen(phone: MemoryPhone, seconds: float) -> None:
    """Hear so much of what comes out of a telephone."""
    while seconds > 0:
        seconds -= (await phone.listen()).duration


async def conversation() -> list[str]:
    """Ada asks, Ben answers, Ada hangs up."""
    ada = MemoryPhone(ULAW, background="silence")
    ben = MemoryPhone(ULAW, background="silence")
    said: list[str] = []

    async def call() -> None:
        async with (
            interpreter("en", TO_ENGLISH) as english,
            interpreter("de", TO_GERMAN) as german,
        ):
            said.extend(await interpret(ada, ben, english, german))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await ada.play(spoken("Haben Sie einen Tisch frei?"))
        await listen(ben, 0.8)
        await ben.play(spoken("Yes, at eight."))
        await listen(ada, 0.5)
        ada.hang_up()
    return said


def test_each_hears_the_other_in_their_own_language() -> None:
    """And both are written down in both, sentence by sentence."""
    assert set(run_virtual(conversation)) == {
        "Haben Sie einen Tisch frei?",
        "Do you have a table?",
        "Yes, at eight.",
        "Ja, um acht.",
    }
