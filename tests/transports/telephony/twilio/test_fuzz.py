"""Whatever comes over the wire: an event, a documented error, or a counted fault."""

from __future__ import annotations

import gc
import json
from random import Random
from typing import Any

import pytest
from anyio import create_task_group, sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
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
from voxpipe.transports.telephony.carrier import (
    Digit,
    Marked,
    Started,
    Stopped,
    WireError,
)
from voxpipe.transports.telephony.carrier.codec import Parsed
from voxpipe.transports.telephony.twilio import TwilioCall
from voxpipe.transports.telephony.twilio.codec import TwilioCodec

from .carrier import CONNECTED, STOP, Agent, Carrier, digit, message, said, speech
from .carrier import start as started

REAL = [
    CONNECTED,
    started(),
    *(speech(n) for n in range(8)),
    digit("5"),
    message("mark", mark={"name": "3"}),
    STOP,
]

# --- structured: real messages in which anything may stand anywhere

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text(st.characters(categories=["Cs"]), max_size=3)
)
ANYTHING = st.recursive(
    SCALARS,
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
        fields: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  # JSON
        for name, inner in fields.items():
            found += places(inner, (*path, name))
    return found


@st.composite
def disturbed(draw: st.DrawFn) -> str:
    """A real message of which up to three fields were exchanged or taken away."""
    value = json.loads(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)))
        if not path:
            continue
        inside = value
        for name in path[:-1]:
            inside = inside[name]
        if draw(st.booleans()):
            inside[path[-1]] = draw(ANYTHING)
        else:
            del inside[path[-1]]
    return json.dumps(value)


STREAMING = TwilioCodec()
STREAMING.parse(started())


def outcome(text: str | bytes, codec: TwilioCodec = STREAMING) -> Parsed | WireError:
    try:
        return codec.parse(text)
    except WireError as error:
        return error
    except TransportError as error:  # of a stream in a format that is not Twilio's
        return WireError(str(error))


def check(text: str | bytes) -> None:
    """It is an event with what its type promises, or the one documented error."""
    for event in (outcome(text), outcome(text, TwilioCodec())):
        if isinstance(event, WireError):
            assert str(event).startswith("expected ")
            assert len(str(event)) < 200
        elif isinstance(event, tuple):
            payload, at = event
            assert type(payload) is str
            assert at is None or 0 <= at < 10**12
        elif isinstance(event, Started):
            assert event.call_id.isascii()
            assert '"' not in event.call_id
            for name, each in event.parameters.items():
                assert (name + each).encode()
        elif isinstance(event, Digit):
            assert event.digit in KEYS
        elif isinstance(event, Marked):
            assert event.name.encode() is not None


@given(disturbed())
def test_a_message_with_anything_in_any_field_is_an_event_or_a_wire_error(
    text: str,
) -> None:
    check(text)


@given(ANYTHING)
def test_json_of_any_kind_is_an_event_or_a_wire_error(value: Any) -> None:
    check(json.dumps(value))


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_any_text_and_any_bytes_are_an_event_or_a_wire_error(text: str | bytes) -> None:
    check(text)


# --- fast: many messages into one call

SALT = ["{", "}", "[" * 50, '"', ":", ",", "null", "NaN", "-1e999", "\\ud800", "\x00"]


def mutated(random: Random) -> str | bytes:
    text = random.choice(REAL)
    for _ in range(random.choice([0, 0, 1, 2])):
        at, to = sorted(random.choices(range(len(text) + 1), k=2))
        kind = random.randrange(5)
        if kind == 0:
            text = text[:at] + text[to:]
        elif kind == 1:
            text = text[:to] + text[at:]
        elif kind == 2:
            text = text[:at] + random.choice(SALT) + text[at:]
        elif kind == 3:
            text = text[:at] + random.choice('09azAZ+/="{}[]:,é€') + text[at + 1 :]
        else:
            text = text.replace(str(random.randrange(10)), random.choice(SALT), 1)
    return text if random.random() < 0.8 else text.encode()


def assembled(random: Random, depth: int = 0) -> Any:
    """Random JSON of the words that Twilio uses."""
    if depth == 3 or random.random() < 0.3:
        return random.choice([None, True, 0, 8_000, 1e308, "", "inbound", "AAAA", "7"])
    if random.random() < 0.2:
        return [assembled(random, depth + 1) for _ in range(random.randrange(4))]
    names = random.sample(WORDS + MORE, random.randrange(5))
    made = {name: assembled(random, depth + 1) for name in names}
    if depth == 0:
        made["event"] = random.choice(["media", "mark", "dtmf", "start", "stop", "x"])
    return made


WORDS = ["event", "streamSid", "media", "mark", "dtmf", "start", "stop", "payload"]
MORE = ["track", "name", "digit", "callSid", "mediaFormat", "customParameters"]


def message_of(random: Random) -> str | bytes:
    dice = random.random()
    if dice < 0.6:
        return mutated(random)
    if dice < 0.8:
        return json.dumps(assembled(random))
    if dice < 0.9999:
        return random.randbytes(random.randrange(200))
    return random.choice(['{"event":' * 7_000, "9" * 70_000, '{"a":' + "9" * 5_000])


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


def messages_of(random: Random, count: int) -> list[str | bytes]:
    """Some that do not end the call."""
    made = [message_of(random) for _ in range(count)]
    return [each for each in made if not isinstance(outcome(each), Stopped)]


async def be_fuzzed(
    gauge: Gauge, turn: Turn, count: int
) -> tuple[TwilioCall, list[int]]:
    random, carrier, sizes = Random(3), Carrier(), list[int]()
    agent = Agent(said(turn, 30.0))

    async def rave() -> None:
        sent = 0
        while sent < count:
            batch = messages_of(random, 500)
            carrier.post(*batch)
            sent += len(batch)
            await sleep(0.1)
            if sent > count / 2 and len(sizes) < 1:
                sizes.append(objects())
        sizes.append(objects())
        carrier.post(speech(77))

    carrier.post(CONNECTED, started())
    async with (
        TwilioCall.accept(carrier) as call,
        create_task_group() as tasks,
    ):
        carrier.answering(tasks)
        tasks.start_soon(rave)
        await Pipeline(
            agent.output >> call.speaks,
            call.heard >> gauge.heard,
            call.pressed >> gauge.pressed,
        ).run()
        tasks.cancel_scope.cancel()
    return call, sizes


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize(
    "count", [10_000, pytest.param(100_000, marks=pytest.mark.slow)]
)
def test_a_call_survives_any_messages_and_grows_by_none(count: int) -> None:
    gauge, turn = Gauge(), Turn()
    call, sizes = run_virtual(be_fuzzed, gauge, turn, count)
    assert call.ended == "agent"
    assert (turn.state, turn.basis) == ("played", "measured")
    assert gauge.last == bytes([77]) * 160  # what was right was heard to the end
    assert gauge.frames > 0.2 * count
    assert gauge.keys > 0.01 * count
    assert call.fault_count > 0.3 * count
    assert call.unknown > 0.01 * count
    # In the second half only the carrier's and the test's own lists have grown.
    assert sizes[1] - sizes[0] < 2_000
