"""Whatever comes over the wire of any carrier: an event, or a counted fault."""

from __future__ import annotations

import gc
import json
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from anyio import create_task_group, sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    Input,
    Pipeline,
    Processor,
    TransportError,
    Turn,
)
from voxpipe.pipeline.frames import KEYS
from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.telephony.carrier import CarrierCall, WireError
from voxpipe.transports.telephony.carrier.codec import Codec
from voxpipe.transports.telephony.carrier.events import (
    Complaint,
    Digit,
    Marked,
    Paused,
    Started,
    Stopped,
    Unknown,
    Wanted,
)
from voxpipe.transports.telephony.exotel import ExotelCall
from voxpipe.transports.telephony.genesys import GenesysCall
from voxpipe.transports.telephony.vonage import VonageCall

from ..exotel import test_codec as exotel
from ..genesys import hook as genesys
from ..vonage import test_codec as vonage
from .wire import Agent, Message, Wire, said

PCM = AudioFormat("pcm16", 8_000)
ULAW = AudioFormat("ulaw", 8_000)


@dataclass(frozen=True)
class Kind:
    """A carrier, and what it says.

    Attributes:
        speech: the next 20 ms of the caller.
        real: messages of a stream that has begun.
    """

    name: str
    call: type[CarrierCall]
    opening: Message
    format: AudioFormat
    speech: Message
    real: tuple[Message, ...]

    def codec(self) -> Codec:
        """One whose stream has begun."""
        codec = self.call.codec()
        event = codec.parse(self.opening)
        if isinstance(event, Wanted):
            event.answer()
        return codec


def genesys_says(kind: str, **parameters: Any) -> str:
    # Their numbers are of no session: most of them come too late in it.
    return genesys.message(kind, 900_000, **parameters)


KINDS = [
    Kind(
        "vonage",
        VonageCall,
        vonage.connected(8_000),
        PCM,
        bytes([77]) * 320,
        (
            bytes([5]) * 320,
            b"\1" * 321,
            b"",
            '{"event":"websocket:dtmf","digit":"5","duration":260}',
            '{"event":"websocket:notify","payload":{"mark":"3"}}',
            '{"event":"websocket:cleared"}',
            vonage.connected(8_000),
        ),
    ),
    Kind(
        "exotel",
        ExotelCall,
        exotel.start(),
        PCM,
        exotel.speech(77),
        (
            exotel.CONNECTED,
            exotel.start(),
            *(exotel.speech(n) for n in range(6)),
            exotel.message("dtmf", dtmf={"digit": "5"}),
            exotel.message("mark", mark={"name": "3"}),
            exotel.STOP,
        ),
    ),
    Kind(
        "genesys",
        GenesysCall,
        genesys.opening(),
        ULAW,
        bytes([77]) * 160,
        (
            bytes([5]) * 160,
            genesys.opening(),
            genesys.message("ping", 2),
            genesys_says("dtmf", digit="5"),
            genesys_says("paused"),
            genesys_says("resumed", start="PT1S", discarded="PT2S"),
            genesys_says("discarded", start="PT1S", discarded="PT2S"),
            genesys_says("playback_started"),
            genesys_says("playback_completed"),
            genesys_says("error", code=429, message="x"),
            genesys_says("close", reason="end"),
        ),
    ),
]
BY_NAME = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
SALT = ["{", "}", "[" * 50, '"', ":", ",", "null", "NaN", "-1e999", "\\ud800", "\x00"]


def documented(error: TransportError) -> TransportError:
    assert str(error).startswith("expected ")
    assert len(str(error)) < 250
    return error


def check(codec: Codec, message: Message) -> object:
    """It is an event with what its type promises, or the one documented error."""
    try:
        event = codec.parse(message)
    except TransportError as error:  # of a stream that cannot be answered, too
        return documented(error)
    if isinstance(event, Wanted):
        json.loads(event.answer())
        event = event.then
    if isinstance(event, Complaint):
        assert event.why
        event = event.then
    if isinstance(event, tuple):
        payload, at = event
        assert isinstance(payload, str | bytes)
        assert at is None or at >= 0
    elif isinstance(event, Started):
        assert event.call_id.isascii()
        assert '"' not in event.call_id
        for name, each in event.parameters.items():
            assert (name + each).encode()
    elif isinstance(event, Digit):
        assert event.digit in KEYS
    elif isinstance(event, Marked):
        assert event.name.encode() is not None
    return event


def mutated(random: Random, message: Message) -> Message:
    if isinstance(message, bytes):
        return (
            message
            if random.random() < 0.7
            else random.randbytes(random.randrange(400))
        )
    text = message
    for _ in range(random.choice([0, 0, 1, 2])):
        at, to = sorted(random.choices(range(len(text) + 1), k=2))
        dice = random.randrange(4)
        if dice == 0:
            text = text[:at] + text[to:]
        elif dice == 1:
            text = text[:at] + random.choice(SALT) + text[at:]
        elif dice == 2:
            text = text[:at] + random.choice('09azAZ+/="{}[]:,é€') + text[at + 1 :]
        else:
            text = text.replace(str(random.randrange(10)), random.choice(SALT), 1)
    return text if random.random() < 0.9 else text.encode()


@BY_NAME
@given(data=st.data())
def test_any_text_and_any_bytes_are_an_event_or_an_error(
    kind: Kind, data: st.DataObject
) -> None:
    texts = st.text(max_size=300) | st.binary(max_size=300)
    for codec in (kind.codec(), kind.call.codec()):
        check(codec, data.draw(texts))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text(st.characters(categories=["Cs"]), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The way to each field of a message."""
    found = [path]
    if isinstance(value, dict):
        parts: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  # JSON
        for name, inner in parts.items():
            found += places(inner, (*path, name))
    return found


@BY_NAME
@given(data=st.data())
def test_a_message_with_anything_in_any_field_is_an_event_or_an_error(
    kind: Kind, data: st.DataObject
) -> None:
    texts = [each for each in (kind.opening, *kind.real) if isinstance(each, str)]
    value = json.loads(data.draw(st.sampled_from(texts)))
    for _ in range(data.draw(st.integers(1, 3))):
        path: tuple[str, ...] = data.draw(st.sampled_from(places(value)))
        is_changed: bool = data.draw(st.booleans())
        inside = value
        for name in path[:-1]:
            inside = inside[name]
        if path and is_changed:
            inside[path[-1]] = data.draw(ANYTHING)
        elif path:
            del inside[path[-1]]
    for codec in (kind.codec(), kind.call.codec()):
        check(codec, json.dumps(value))


class Gauge(Processor):
    """Takes all that comes, and keeps none of it."""

    heard = Input[AudioFrame]()
    pressed = Input[Dtmf]()

    def __init__(self) -> None:
        self.frames = self.keys = 0
        self.last = b""

    async def run(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(self._take_keys)
            async for frame in self.heard:
                self.last = frame.data
                assert len(self.last) == frame.size > 0
                self.frames += 1

    async def _take_keys(self) -> None:
        async for key in self.pressed:
            assert key.digit in KEYS
            self.keys += 1


def does_not_end(codec: Codec, message: Message) -> bool:
    """Nor pauses for ever."""
    event = check(codec, message)
    return not isinstance(event, Stopped | Paused)


async def be_fuzzed(kind: Kind, gauge: Gauge, turn: Turn, count: int) -> CarrierCall:
    random, wire, sizes = Random(3), Wire(), list[int]()
    says = said(turn, 30.0, kind.format)

    async def rave() -> None:
        sent = 0
        while sent < count:
            batch = [mutated(random, random.choice(kind.real)) for _ in range(500)]
            wire.post(*(each for each in batch if does_not_end(kind.codec(), each)))
            sent += len(batch)
            await sleep(0.1)
            if sent > count / 2 and not sizes:
                sizes.append(objects())
        sizes.append(objects())
        wire.post(kind.speech)

    def return_marks(message: Message) -> None:
        # Or it would count as deaf, and be asked whether it still hears.
        if isinstance(message, str) and '"event":"mark"' in message:
            wire.post(message)
        elif isinstance(message, str) and '"action":"notify"' in message:
            wire.post(
                message.replace('"action":"notify"', '"event":"websocket:notify"')
            )

    wire.obeys = return_marks
    wire.post(kind.opening)
    async with kind.call.accept(wire) as call, create_task_group() as tasks:
        tasks.start_soon(rave)
        await Pipeline(
            Agent(says).output >> call.speaks,
            call.heard >> gauge.heard,
            call.pressed >> gauge.pressed,
        ).run()
        tasks.cancel_scope.cancel()
    assert sizes[1] - sizes[0] < 5_000  # only the test's own lists have grown
    return call


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


@BY_NAME
@pytest.mark.parametrize(
    "count", [10_000, pytest.param(100_000, marks=pytest.mark.slow)]
)
def test_a_call_survives_any_messages_and_grows_by_none(kind: Kind, count: int) -> None:
    gauge, turn = Gauge(), Turn()
    call = run_virtual(be_fuzzed, kind, gauge, turn, count)
    assert call.ended == "agent"
    assert turn.state == "played"
    assert gauge.last.endswith(bytes([77]) * 150)  # heard to the end
    assert gauge.frames > 0.05 * count
    assert call.fault_count > 0.1 * count
    assert isinstance(check(kind.codec(), '{"event":"x"}'), Unknown | WireError)
