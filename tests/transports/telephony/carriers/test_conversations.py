"""One agent, unchanged, on the phones of all carriers: in memory and virtual time."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable
from itertools import cycle, product
from typing import Any

import pytest

from voxpipe import Resample
from voxpipe.console.demo.caller import guest_speech
from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, ReplyEnd, Turn
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.exotel import ExotelCall
from voxpipe.transports.telephony.genesys import GenesysCall
from voxpipe.transports.telephony.testing import Caller, Speech, Words, answered

from ....matrix import mostly_slow
from ....processors.realtime.loops import BACKENDS, Backend, run_virtually
from ..testing.agents import Parrot, talk
from .table import WIRES

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


# One loop for each wire, which in turn is the one and the other.
IN_TURN = list(zip(cycle(BACKENDS), WIRES, strict=False))
ALL = mostly_slow(product(BACKENDS, WIRES), IN_TURN.__contains__)


@pytest.fixture(params=ALL, ids="-".join)
def on(request: pytest.FixtureRequest) -> tuple[Backend, str]:
    backend, wire = request.param
    return backend, wire


@pytest.fixture
def run(on: tuple[Backend, str]) -> Run:
    return lambda scene: run_virtually(on[0], scene)


@pytest.fixture
def words(on: tuple[Backend, str]) -> Words:
    return WIRES[on[1]]()


def question(format: AudioFormat, seconds: float = 1.0) -> Speech:
    """A person, as recorded, as this carrier has them."""
    spoken = guest_speech()[0]
    wide = AudioFrame(data=spoken.audio, format=spoken.format)
    frames = [wide]
    if format.rate != wide.format.rate:
        resample = Resample(format.rate)
        frames = [*resample.feed(wide)]
    data = b"".join(frame.data for frame in frames)
    pcm = AudioFormat("pcm16", format.rate)
    loud = AudioFrame(data=data, format=pcm).after(0.2).before(seconds)
    return Speech.of(loud, format)


def hum(format: AudioFormat, seconds: float) -> list[AudioFrame]:
    """A reply of so long, in pieces as a model sends them."""
    data = (b"\x10\x31" * format.bytes_in(seconds))[: format.bytes_in(seconds)]
    turn, size = Turn(), format.bytes_in(0.3)
    return [
        AudioFrame(
            data=data[at : at + size],
            format=format,
            start=at / format.bytes_per_second,
            turn=turn,
        )
        for at in range(0, len(data), size)
    ]


async def parrot(call: Call) -> None:
    await talk(call, Parrot())


def test_what_a_person_says_comes_back_as_it_was_said(run: Run, words: Words) -> None:
    async def scene() -> tuple[Caller, AudioFrame]:
        async with answered(parrot, carrier=words) as caller:
            await caller.say(question(words.format))
            await caller.say(Speech.silence(0.6, words.format))
            return caller, await caller.listen()

    caller, heard = run(scene)
    assert heard.format == words.format
    assert heard.duration > 0.5
    assert caller.measured.violation_count == caller.measured.underruns == 0
    assert caller.measured.marks_returned == caller.measured.marks
    assert caller.measured.marks > 1 or words.call is GenesysCall  # has none
    said = b"".join(map(b64decode, question(words.format).frames))
    assert heard.data in said or heard.data[:4_000] in said  # but for pauses


def test_an_interruption_is_cleared_within_a_frame_and_nothing_stale_follows(
    run: Run, words: Words
) -> None:
    async def scene() -> Caller:
        async with answered(parrot, carrier=words) as caller:
            await caller.say(question(words.format, 3.0))
            await caller.interrupt(question(words.format), after=0.5)
        return caller

    measured = run(scene).measured
    assert list(measured.clear_after) == [pytest.approx(0.0, abs=0.021)]
    assert (measured.stale, measured.violation_count) == (0, 0)


def test_keys_are_heard(run: Run, words: Words) -> None:
    keys = Probe()

    async def app(call: Call) -> None:
        await Pipeline(call.pressed >> keys.input).run()

    async def scene() -> None:
        async with answered(app, carrier=words) as caller:
            caller.press("42#A")
            await caller.say(Speech.silence(0.1, words.format))

    run(scene)
    assert "".join(frame.digit for frame in keys.frames) == "42#A"


def test_the_agent_hangs_up_after_its_last_word_was_heard(
    run: Run, words: Words
) -> None:
    played = Probe()

    async def app(call: Call) -> None:
        says = hum(call.format, 1.0)
        end = ReplyEnd(turn=says[0].turn) if says[0].turn else None
        assert end is not None
        await Pipeline(
            Source([*says, end]).output >> call.speaks, call.played >> played.input
        ).run()

    async def scene() -> tuple[Caller, AudioFrame]:
        async with answered(app, carrier=words) as caller:
            heard = await caller.listen()
            await caller.wait_closed()
        return caller, heard

    caller, heard = run(scene)
    whole = b"".join(frame.data for frame in hum(words.format, 1.0))
    assert heard.data.startswith(whole)
    assert not heard.data[len(whole) :].strip(b"\0")  # a message of Exotel's is full
    assert caller.ended == "agent"
    filling = 0.1 if words.call is ExotelCall else 0.0  # of silence, as above
    assert caller.measured.unheard <= filling + 1e-6
    assert sum(frame.duration for frame in played.frames) == pytest.approx(1.0)


def test_the_caller_hangs_up(run: Run, words: Words) -> None:
    ends: list[str] = []

    async def app(call: Call) -> None:
        await talk(call, Parrot())
        ends.append(call.ended)

    async def scene() -> None:
        async with answered(app, carrier=words) as caller:
            await caller.say(Speech.silence(0.1, words.format))

    run(scene)
    assert ends == ["caller"]


def test_a_reader_that_is_slow_loses_nothing(run: Run, words: Words) -> None:
    async def app(call: Call) -> None:
        await Pipeline(Source(hum(call.format, 5.0)).output >> call.speaks).run()

    async def scene() -> Caller:
        async with answered(app, carrier=words) as caller:
            caller.stop_reading(2.0)
            await caller.wait_closed()
        return caller

    measured = run(scene).measured
    assert measured.media_bytes == words.format.bytes_in(5.0)
    assert measured.violation_count == 0


def test_what_comes_twice_or_never_was_sent_harms_nobody(
    run: Run, words: Words
) -> None:
    faults = Probe()

    async def app(call: Call) -> None:
        agent = Parrot()
        await Pipeline(
            call.heard >> agent.hears,
            agent.says >> call.speaks,
            call.faults >> faults.input,
        ).run()

    async def scene() -> AudioFrame:
        async with answered(app, carrier=words) as caller:
            for _ in range(2):
                for message in (*words.opening({}), words.mark("1"), words.mark("x")):
                    caller.send_raw(message)
            await caller.say(question(words.format))
            return await caller.listen()

    assert run(scene).duration > 0.5
    told = " ".join(each.message for each in faults.frames)
    assert "another" in told or "again" in told
