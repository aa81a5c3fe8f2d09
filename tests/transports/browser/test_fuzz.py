"""Whatever a page sends: an event, or the documented error, and the call goes on."""

from __future__ import annotations

import gc
import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from anyio import EndOfStream, sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, Input, Pipeline, Processor
from voxpipe.pipeline.frames import KEYS
from voxpipe.pipeline.observer import observed
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.simulator import Script, simulated
from voxpipe.transports.browser import BrowserCall
from voxpipe.transports.browser.messages import (
    MAX_PIECE,
    MAX_TEXT,
    Hello,
    PicturePiece,
    PlayedTo,
    Unusable,
    Written,
    parse,
    parse_hello,
)
from voxpipe.transports.browser.seat import Seat
from voxpipe.transports.telephony.carrier import Digit, Stopped, WireError

from ...fuzz.mutation import Mutator
from .page import FORMAT

Run = Callable[[Callable[[], Any]], Any]
RATE = FORMAT.rate
SEEDS: list[dict[str, Any]] = [
    {"type": "hello", "token": "t", "seat": "s"},
    {"type": "played", "reply": 1, "ms": 120.5},
    {"type": "muted", "muted": True},
    {"type": "muted", "muted": False},
    {"type": "interrupt"},
    {"type": "text", "text": "Hello?"},
    {"type": "image", "data": "AAAA", "more": True},
    {"type": "image", "data": "AAAA", "text": "What is it?"},
    {"type": "key", "digit": "5"},
    {"type": "bye"},
]


def outcome(message: str | bytes) -> list[Any]:
    """What a message is, as the first and as another, with what its type promises."""
    both = [_read(parse_hello, message), _read(_parse, message)]
    for found in both:
        match found:
            case WireError():
                assert str(found).startswith("expected ")
                assert len(str(found)) < 200
            case (bytes() as data, int() as at):
                assert data
                assert at >= 0
            case PlayedTo():
                assert 0 <= found.reply < 2**32
                assert 0 <= found.seconds <= 1e6
            case Written():
                assert 0 < len(found.text.encode()) <= 4 * MAX_TEXT
            case PicturePiece():
                assert len(found.data) <= MAX_PIECE
            case Digit():
                assert found.digit in KEYS
            case Hello():
                assert (found.token + found.seat).isascii()
            case Unusable():
                assert len(found.why) < 200
            case _:
                pass
    return both


def _parse(message: str | bytes) -> Any:
    return parse(message, RATE)


def _read(read: Callable[[str | bytes], Any], message: str | bytes) -> Any:
    try:
        return read(message)
    except WireError as error:
        return error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.text(max_size=300) | st.binary(max_size=300) | JSON.map(json.dumps))
def test_anything_is_an_event_or_a_wire_error(message: str | bytes) -> None:
    outcome(message)


@given(
    st.sampled_from(SEEDS),
    st.sampled_from(["type", "reply", "ms", "muted", "text", "data", "more", "digit"]),
    JSON,
)
def test_a_message_with_anything_in_a_field_is_an_event_or_a_wire_error(
    seed: dict[str, Any], field: str, value: Any
) -> None:
    outcome(json.dumps(seed | {field: value}))


def messages(random: Random) -> Callable[[], str | bytes]:
    """Makes one message after the other that does not end the call."""
    mutator = Mutator(SEEDS, random)

    def make() -> str | bytes:
        while True:
            dice = random.random()
            if dice < 0.2:
                message: str | bytes = random.randbytes(random.randrange(3_000))
            elif dice < 0.25:
                count = random.choice([0, 1, 48_000, 2**32 - 1])
                message = struct.pack("<I", count) + random.randbytes(1_920)
            else:
                message = mutator.message()
            if not any(isinstance(each, Stopped) for each in outcome(message)):
                return message

    return make


class Stream:
    """A socket from which so many messages come, and to which anything may be sent."""

    def __init__(self, make: Callable[[], str | bytes], count: int) -> None:
        self._make = make
        self.left = count
        self.sent = 0

    async def receive(self) -> str | bytes:
        if self.left == 0:
            await sleep(1.0)  # for what is still to be told
            raise EndOfStream
        self.left -= 1
        if self.left % 50 == 0:
            await sleep(0.02)
        return self._make()

    async def send(self, message: str | bytes, /) -> None:
        assert message
        self.sent += 1

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.left = 0


async def hold(count: int) -> tuple[BrowserCall, int]:
    """A call with a model, on which most that comes is broken."""
    stream = Stream(messages(Random(1)), count)
    call = BrowserCall(Seat(stream, "browser-0123456789abcdef"), format=FORMAT)
    async with open_session(connect=simulated(Script(), seed=1)) as session:
        model = Realtime(session)
        model.say("Hello there.")
        with observed(call.shown):
            await Pipeline(call.heard >> model.hears, model.says >> call.speaks).run()
    return call, len(call.shown.news)


@pytest.mark.parametrize(
    "messages", [1_000, pytest.param(10_000, marks=pytest.mark.slow)]
)
def test_thousands_of_broken_messages_are_one_call_that_goes_on(
    in_time: Run, messages: int
) -> None:
    call, waiting = in_time(lambda: hold(messages))
    assert call.ended == "lost"
    assert call.fault_count > messages / 10
    assert waiting <= 256


class Ear(Processor):
    """Keeps nothing."""

    hears = Input[AudioFrame]()

    async def run(self) -> None:
        async for frame in self.hears:
            assert frame.size


async def bare(count: int) -> BrowserCall:
    """A call without a model, likewise."""
    stream = Stream(messages(Random(2)), count)
    call = BrowserCall(Seat(stream, "browser-0123456789abcdef"), format=FORMAT)
    with observed(call.shown):
        await Pipeline(call.heard >> Ear().hears).run()
    return call


@pytest.mark.slow
def test_a_hundred_thousand_leave_no_more_behind_than_half_of_them(
    in_time: Run,
) -> None:
    def kept(count: int) -> int:
        call = in_time(lambda: bare(count))
        gc.collect()
        ours = [str(type(each).__module__) for each in gc.get_objects()]
        assert call.fault_count > count // 10
        return sum(each.startswith("voxpipe.") for each in ours)

    kept(1_000)
    half, whole = kept(50_000), kept(100_000)
    assert whole <= half + 50
