"""Calls that are placed by Telnyx' API: the order, and what its events amount to.

Over real sockets, with the fake of the API; on asyncio, which our server runs on.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from anyio import Event, fail_after
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, ConfigurationError, Pipeline
from voxpipe.pipeline.testing import Source, no_leaks
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import (
    App,
    Call,
    CallFailed,
    LineBusy,
    NotAnswered,
    NotReached,
    PlacedCall,
    Switchboard,
)
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.transports.telephony.outbound import (
    NotAuthorized,
    NumberRefused,
    PlacingError,
    TooManyRequests,
)
from voxpipe.transports.telephony.telnyx import Telnyx, TelnyxRest, open_telnyx
from voxpipe.transports.telephony.telnyx.placing import heed
from voxpipe.transports.telephony.testing import (
    Callee,
    Caller,
    CallRefused,
    FakeTelnyx,
    FakeTelnyxRest,
    Refusing,
    Stream,
    TelnyxWords,
    public_key,
)

from ..testing.agents import ULAW, parrot, speech

PUBLIC, KEY = "https://calls.example.com", "KEY-0123456789abcdef"
SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(1, 33))
ANN, US = "+15550101", "+15550199"
HUM = AudioFrame(data=b"\x10\x90" * 1_600, format=ULAW)  # 0.4 s


@pytest.fixture
def anyio_backend() -> str:
    """The only one that our server runs on."""
    return "asyncio"


async def announce(call: Call) -> None:
    await Pipeline(Source([HUM]).output >> call.speaks).run()


@dataclass
class Scene:
    """A served switchboard, Telnyx, and what places calls there."""

    board: Switchboard
    server: Server
    fake: FakeTelnyxRest
    rest: TelnyxRest


@asynccontextmanager
async def placing(
    app: App = announce, *, key: str = KEY, signs: bytes = SECRET
) -> AsyncGenerator[Scene]:
    board = Switchboard(app, apology=None, limit=1)
    telnyx = Telnyx(public_key(SECRET))
    endpoints = CarrierEndpoints(board, [telnyx], public_url=PUBLIC)
    with fail_after(30):
        async with (
            no_leaks(),
            Server(endpoints) as server,
            FakeTelnyxRest(
                server.url, api_key=KEY, secret=signs, public_url=PUBLIC
            ) as fake,
            open_telnyx(
                board,
                connection_id="1234567890",
                api_key=key,
                public_url=PUBLIC,
                base_url=fake.url,
            ) as rest,
        ):
            yield Scene(board, server, fake, rest)


async def test_the_app_speaks_to_whoever_picks_up() -> None:
    seen = list[tuple[str, str, str, dict[str, str]]]()
    heard = list[float]()

    async def app(call: Call) -> None:
        seen.append((call.id, call.caller, call.called, dict(call.parameters)))
        await announce(call)

    async def listen(caller: Caller) -> None:
        heard.append((await caller.listen()).duration)
        await caller.wait_closed()

    async with placing(app) as at:
        at.fake.numbers[ANN] = Callee(talks=listen)
        placed = await at.rest.place_call(ANN, from_=US, parameters={"name": "Ann"})
        assert await placed.over() == "agent"
        assert seen == [(placed.id, US, ANN, {"name": "Ann"})]
        assert at.board.state == "ready"
        (dialled,) = at.fake.placed.values()
        await dialled.over.wait()
        assert dialled.error is None
    assert heard == [pytest.approx(0.4)]


async def test_a_machine_gets_its_message_after_the_beep() -> None:
    heard, said = list[float](), list[str]()

    async def app(call: Call) -> None:
        assert call.placed is not None
        await call.placed.greeting_over()
        said.append(call.answered_by)
        await announce(call)

    async def record(caller: Caller) -> None:
        heard.append((await caller.listen()).duration)
        await caller.wait_closed()

    async with placing(app) as at:
        machine = Callee(who="machine", greeting=speech(0.3), talks=record)
        at.fake.numbers[ANN] = machine
        placed = await at.rest.place_call(ANN, from_=US, detect="greeting")
        assert await placed.over() == "agent"
        (dialled,) = at.fake.placed.values()
        await dialled.over.wait()
        assert dialled.caller is not None
        assert len(dialled.caller.measured.reply_after) == 1
    assert said == ["machine"]
    assert heard == [pytest.approx(0.4)]


async def test_a_call_under_way_is_hung_up_by_the_api_too() -> None:
    running = Event()

    async def app(call: Call) -> None:
        running.set()
        await Pipeline(Source([HUM] * 100).output >> call.speaks).run()

    async with placing(app) as at:
        placed = await at.rest.place_call(ANN, from_=US)
        await running.wait()
        await at.rest.hang_up(placed)
        assert await placed.over() == "caller"


async def test_events_that_somebody_else_has_signed_change_nothing() -> None:
    async with placing(signs=OTHER_SECRET) as at:
        at.fake.numbers[ANN] = Callee(does="busy")
        placed = await at.rest.place_call(ANN, from_=US)
        (dialled,) = at.fake.placed.values()
        await dialled.over.wait()
        assert placed.is_ringing
        placed.failed("canceled")


async def test_a_stream_is_taken_at_its_order_only_and_once() -> None:
    async with placing(parrot) as at:
        at.fake.numbers[ANN] = Callee(does="rings")
        placed = await at.rest.place_call(ANN, from_=US)
        telnyx = FakeTelnyx(at.server.url, public_url=PUBLIC)
        base = PUBLIC.replace("http", "ws") + "/telnyx/placed/"

        async def code(token: str, call_id: str) -> int | None:
            words = TelnyxWords()
            words.call_id = call_id
            stream = Stream(base + token, {})
            try:
                async with telnyx.connected(stream, words) as caller:
                    await caller.wait_closed()
            except CallRefused as refused:
                return refused.status
            return caller.close_code

        assert await code("x" * 43, placed.id) == 403
        assert await code(placed.token, "v3:another") == 1008
        assert placed.is_ringing
        words = TelnyxWords()
        words.call_id = placed.id
        stream = Stream(base + placed.token, {})
        async with telnyx.connected(stream, words) as caller:
            await caller.say(speech(0.1))
            assert await code(placed.token, placed.id) == 1008
        assert await placed.over() == "caller"
        assert await code(placed.token, placed.id) == 403
        await at.rest.hang_up(placed)


async def test_an_order_says_where_to_stream_and_what() -> None:
    async with placing() as at:
        at.fake.numbers[ANN] = Callee(does="rings")
        placed = await at.rest.place_call(ANN, from_=US, ring=20, detect="greeting")
        (dialled,) = at.fake.placed.values()
        order = dict(dialled.order)
        assert order.pop("webhook_url") == f"{PUBLIC}/telnyx/placed/{placed.token}"
        assert order.pop("stream_url").startswith("wss://calls.example.com/telnyx/")
        assert len(order.pop("command_id")) == 32
        assert order == {
            "connection_id": "1234567890",
            "to": ANN,
            "from": US,
            "timeout_secs": 20,
            "webhook_url_method": "POST",
            "stream_track": "inbound_track",
            "stream_codec": "PCMU",
            "stream_bidirectional_mode": "rtp",
            "stream_bidirectional_codec": "PCMU",
            "answering_machine_detection": "greeting_end",
        }
        await at.rest.hang_up(placed)
        with pytest.raises(CallFailed, match="cancelled"):
            await placed.over()


@pytest.mark.parametrize(
    ("does", "error"),
    [
        ("busy", LineBusy),
        ("no-answer", NotAnswered),
        ("failed", CallFailed),
    ],
)
async def test_who_is_not_reached_is_told_as_by_twilio(
    does: Any, error: type[NotReached]
) -> None:
    async with placing() as at:
        at.fake.numbers[ANN] = Callee(does=does)
        placed = await at.rest.place_call(ANN, from_=US, detect="answer")
        with pytest.raises(error):
            await placed.over()
        assert len(at.board.orders) == 0
        (dialled,) = at.fake.placed.values()
        await dialled.over.wait()


@pytest.mark.parametrize(
    ("refusing", "error"),
    [
        (Refusing(status=422, code=10016), NumberRefused),
        (Refusing(status=429, code=10011, retry_after=3), TooManyRequests),
        (Refusing(status=500, code=10007), PlacingError),
    ],
)
async def test_a_refusal_is_typed_and_frees_the_place(
    refusing: Refusing, error: type[PlacingError]
) -> None:
    async with placing() as at:
        at.fake.numbers[ANN] = refusing
        with pytest.raises(error) as told:
            await at.rest.place_call(ANN, from_=US)
        assert type(told.value) is error
        assert told.value.retry_after == refusing.retry_after
        assert len(at.board.orders) == 0


async def test_a_wrong_key_is_not_authorized_and_not_shown() -> None:
    async with placing(key="KEY-wrong") as at:
        with pytest.raises(NotAuthorized) as told:
            await at.rest.place_call(ANN, from_=US)
        assert "KEY-wrong" not in repr(told.value)


async def test_a_key_that_no_header_can_hold_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="api_key"):
        async with open_telnyx(
            Switchboard(parrot),
            connection_id="1",
            api_key="two words",
            public_url=PUBLIC,
        ):
            pass


# --- events


def order() -> PlacedCall:
    placed = PlacedCall(
        "t" * 43, answer=None, parameters={}, detect="greeting", seconds=60
    )
    assert placed.name("v3:1")
    return placed


def event(kind: str, **payload: str) -> bytes:
    payload = {"call_control_id": "v3:1"} | payload
    return json.dumps({"data": {"event_type": kind, "payload": payload}}).encode()


@pytest.mark.parametrize(
    ("result", "who"),
    [
        *[("human", "human"), ("human_business", "human"), ("machine", "machine")],
        *[("fax_detected", "fax"), ("not_sure", "unknown"), ("silence", "unknown")],
    ],
)
@pytest.mark.parametrize("kind", ["", "premium."])
async def test_what_telnyx_has_heard_is_told_in_our_words(
    result: str, who: str, kind: str
) -> None:
    placed = order()
    assert heed(placed, event(f"call.machine.{kind}detection.ended", result=result))
    assert placed.answered_by == who
    heed(placed, event(f"call.machine.{kind}greeting.ended", result="beep_detected"))
    with fail_after(1):
        await placed.greeting_over()


async def test_an_event_of_another_call_changes_nothing() -> None:
    placed = order()
    body = event("call.hangup", call_control_id="v3:2", hangup_cause="user_busy")
    assert not heed(placed, body)
    assert not placed.is_over


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["data", "event_type", "payload", "call_control_id"]),
                inner,
            )
        ),
    ).map(lambda each: json.dumps(each).encode())
)
def test_rubbish_is_no_event(body: bytes) -> None:
    import anyio

    async def scene() -> None:
        placed = order()
        heed(placed, body)
        assert not placed.is_over
        assert placed.answered_by == ""

    anyio.run(scene)
