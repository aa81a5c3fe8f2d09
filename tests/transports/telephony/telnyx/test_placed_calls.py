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
from anyio import fail_after
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import (
    CallFailed,
    LineBusy,
    NotAnswered,
    NotReached,
    PlacedCall,
    Switchboard,
)
from voxpipe.transports.telephony.asgi import respond
from voxpipe.transports.telephony.forms import read_body
from voxpipe.transports.telephony.outbound import (
    NotAuthorized,
    NumberRefused,
    PlacingError,
    TooManyRequests,
)
from voxpipe.transports.telephony.telnyx import TelnyxRest, open_telnyx
from voxpipe.transports.telephony.telnyx.placing import PLACED, heed
from voxpipe.transports.telephony.testing import Callee, FakeTelnyxRest, Refusing

from ..testing.agents import parrot

PUBLIC, KEY = "https://calls.example.com", "KEY-0123456789abcdef"
ANN, US = "+15550101", "+15550199"


@pytest.fixture
def anyio_backend() -> str:
    """The only one that our server runs on."""
    return "asyncio"


class Webhook:
    """Takes Telnyx' events, and no streams; as an endpoint does it."""

    def __init__(self, board: Switchboard) -> None:
        self.board = board
        self.heeded: list[bool] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = PLACED.fullmatch(scope["path"])
        placed = found and self.board.orders.find(found[1])
        body = await read_body(scope, receive)
        self.heeded.append(placed is not None and heed(placed, body))
        await respond(send, 200, "")


@dataclass
class Scene:
    """A switchboard, its webhook, Telnyx, and what places calls there."""

    board: Switchboard
    webhook: Webhook
    fake: FakeTelnyxRest
    rest: TelnyxRest


@asynccontextmanager
async def placing(key: str = KEY) -> AsyncGenerator[Scene]:
    board = Switchboard(parrot, limit=1)
    webhook = Webhook(board)
    with fail_after(30):
        async with (
            no_leaks(),
            Server(webhook) as server,
            FakeTelnyxRest(server.url, api_key=KEY, public_url=PUBLIC) as fake,
            open_telnyx(
                board,
                connection_id="1234567890",
                api_key=key,
                public_url=PUBLIC,
                base_url=fake.url,
            ) as rest,
        ):
            yield Scene(board, webhook, fake, rest)


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
        ("answers", CallFailed),  # and its stream never came
    ],
)
async def test_who_is_not_reached_is_told_as_by_twilio(
    does: Any, error: type[NotReached]
) -> None:
    async with placing() as at:
        at.fake.numbers[ANN] = Callee(does=does, who="machine")
        placed = await at.rest.place_call(ANN, from_=US, detect="answer")
        with pytest.raises(error):
            await placed.over()
        assert placed.answered_by == ("machine" if does == "answers" else "")
        assert len(at.board.orders) == 0
        (dialled,) = at.fake.placed.values()
        await dialled.over.wait()
        assert all(at.webhook.heeded)


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
    async with placing("KEY-wrong") as at:
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
