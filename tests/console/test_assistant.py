"""The app that `voxpipe serve` runs if it is given none, on a call in virtual time."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

import pytest

from voxpipe.console import assistant
from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import open_session
from voxpipe.simulator import (
    CallTool,
    Line,
    Script,
    ToneVoice,
    simulated,
)
from voxpipe.transports.telephony.testing import (
    ExotelWords,
    Measurements,
    VonageWords,
    Words,
    answered,
)

VOICE = ToneVoice()
SCRIPT = Script(
    replies=[
        Line(heard="What day is it?", calls=[CallTool(name="date_and_time")]),
        Line(say="It is {result}."),
        Line(heard="Thank you, goodbye.", calls=[CallTool(name="hang_up")]),
        Line(say="Goodbye."),
    ]
)


def speech(words: str, rate: int) -> AudioFrame:
    pcm = VOICE.speak(words, "alloy", 1.0)
    wide = AudioFrame(data=pcm, format=AudioFormat("pcm16", 24_000))
    return AudioFrame(
        data=wide.samples[:: 24_000 // rate].tobytes(),
        format=AudioFormat("pcm16", rate),
    )


async def hold(carrier: Words | None) -> tuple[list[float], str, Measurements]:
    heard: list[float] = []
    async with answered(assistant.answer, carrier=carrier) as caller:
        heard.append((await caller.listen()).duration)
        for words in ("What day is it?", "Thank you, goodbye."):
            await caller.say(speech(words, caller.format.rate))
            heard.append((await caller.listen()).duration)
        await caller.wait_closed()
    return heard, caller.ended, caller.measured


@pytest.mark.parametrize(
    "carrier",
    [
        None,
        VonageWords(AudioFormat("pcm16", 24_000)),
        ExotelWords(AudioFormat("pcm16", 8_000)),
    ],
    ids=["mu-law", "as the model", "another rate"],
)
def test_it_greets_tells_the_day_and_hangs_up_after_its_goodbye(
    monkeypatch: pytest.MonkeyPatch, carrier: Words | None
) -> None:
    opened = functools.partial(open_session, connect=simulated(SCRIPT, VOICE))
    monkeypatch.setattr(assistant, "open_session", opened)
    heard, ended, measured = run_virtual(functools.partial(hold, carrier))
    assert len(heard) == 3
    assert min(heard) > 0.3
    assert heard[1] > 2  # a day, a date and a time take a while
    assert ended == "agent"
    assert measured.underruns == 0


async def test_it_tells_the_date_of_this_machine() -> None:
    told = await assistant.date_and_time()
    then = datetime.strptime(told, "%A, %d %B %Y, %H:%M (UTC%z)")
    assert abs(datetime.now(UTC) - then) < timedelta(hours=1)
