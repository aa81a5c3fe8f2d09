"""Calls that are placed by Twilio's API: the order, what rings, and who is spoken to.

Over real sockets, with the fake of the API; on asyncio, which our server runs on.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from anyio import EndOfStream, Event, fail_after, sleep_forever

from voxpipe.pipeline import AudioFrame, ConfigurationError, Pipeline
from voxpipe.pipeline.testing import Source, no_leaks
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import App, Call, CallNotTaken, Switchboard
from voxpipe.transports.telephony.not_reached import (
    CallFailed,
    LineBusy,
    NotAnswered,
    NotReached,
)
from voxpipe.transports.telephony.outbound import (
    NotAuthorized,
    NumberRefused,
    PlacingError,
    TooManyRequests,
)
from voxpipe.transports.telephony.testing import (
    Callee,
    Caller,
    FakeTwilio,
    FakeTwilioRest,
    Refusing,
    Sids,
)
from voxpipe.transports.telephony.twilio import TwilioEndpoints
from voxpipe.transports.telephony.twilio.rest import TwilioRest, open_twilio

from ..testing.agents import ULAW, speech

PUBLIC, TOKEN = "https://calls.example.com", "0123456789abcdef-the-auth-token"
ANN, US = "+15550101", "+15550199"
SILENT = ULAW.silence(1 / ULAW.rate)
HUM = AudioFrame(data=b"\x10\x90" * 1_600, format=ULAW)  # 0.4 s


@pytest.fixture
def anyio_backend() -> str:
    """The only one that our server runs on."""
    return "asyncio"


async def announce(call: Call) -> None:
    await Pipeline(Source([HUM]).output >> call.speaks).run()


async def heard_until_the_end(caller: Caller) -> float:
    """Seconds of sound: on a busy machine there is silence in between."""
    data = b""
    with suppress(EndOfStream):
        while True:
            data += (await caller.listen()).data
    return len(data.replace(SILENT, b"")) / ULAW.bytes_per_second


def state(board: Switchboard) -> str:
    return board.state  # which is another the next time it is asked


@dataclass
class Scene:
    """A served switchboard, Twilio, and what places calls there."""

    board: Switchboard
    server: Server
    fake: FakeTwilioRest
    rest: TwilioRest


@asynccontextmanager
async def placing(
    app: App = announce, *, token: str = TOKEN, **options: Any
) -> AsyncGenerator[Scene]:
    board = Switchboard(app, apology=None, **options)
    endpoints = TwilioEndpoints(board, public_url=PUBLIC, auth_token=TOKEN)
    with fail_after(30):
        async with (
            no_leaks(),
            Server(endpoints) as server,
            FakeTwilioRest(server.url, auth_token=TOKEN, public_url=PUBLIC) as fake,
            open_twilio(
                board,
                account_sid=fake.account_sid,
                auth_token=token,
                public_url=PUBLIC,
                base_url=fake.url,
            ) as rest,
        ):
            yield Scene(board, server, fake, rest)


async def test_the_app_speaks_to_whoever_picks_up() -> None:
    seen: list[Call] = []
    heard: list[float] = []

    async def app(call: Call) -> None:
        seen.append(call)
        await announce(call)

    async def listen(caller: Caller) -> None:
        heard.append(await heard_until_the_end(caller))

    async with placing(app) as at:
        at.fake.numbers[ANN] = Callee(talks=listen)
        placed = await at.rest.place_call(
            ANN, from_=US, parameters={"name": "Ann"}, ring=20
        )
        assert await placed.over() == "agent"
        (call,) = seen
        assert call.placed is placed
        assert call.parameters == {"name": "Ann"}
        assert (call.caller, call.called) == (US, ANN)
        assert call.id == placed.id
        assert state(at.board) == "ready"
        assert at.board.calls == 0
        (dialled,) = at.fake.placed.values()
        assert dialled.order["Timeout"] == "20"
        assert "Ann" not in str(dialled.order)  # what is for the app stays here
        await dialled.over.wait()
    assert heard == [pytest.approx(0.4)]


async def test_a_call_may_have_an_app_of_its_own() -> None:
    came = list[str]()

    async def other(call: Call) -> None:
        came.append(call.id)
        await announce(call)

    async with placing() as at:
        placed = await at.rest.place_call(ANN, from_=US, answer=other)
        await placed.over()
        assert came == [placed.id]


@pytest.mark.parametrize(
    ("does", "error", "words"),
    [
        ("busy", LineBusy, "busy"),
        ("no-answer", NotAnswered, "nobody has answered"),
        ("failed", CallFailed, "could not connect"),
    ],
)
async def test_who_is_not_reached_is_told_by_a_typed_error_and_leaves_the_place(
    does: Any, error: type[NotReached], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with placing(limit=1) as at:
        at.fake.numbers[ANN] = Callee(does=does)
        placed = await at.rest.place_call(ANN, from_=US)
        with pytest.raises(error, match=words) as told:
            await placed.over()
        assert told.value.why == does
        assert state(at.board) == "ready"
        with pytest.raises(error):  # whoever asks again is told the same
            await placed.over()
    assert f"end=unreached why={does}" in caplog.text
    assert ANN not in caplog.text
    assert placed.token not in caplog.text


async def test_the_place_is_kept_while_it_rings_and_is_free_when_it_is_cancelled() -> (
    None
):
    async with placing(limit=1) as at:
        at.fake.numbers[ANN] = Callee(does="rings")
        placed = await at.rest.place_call(ANN, from_=US)
        assert state(at.board) == "full"
        with pytest.raises(CallNotTaken):
            await at.rest.place_call(ANN, from_=US)
        assert at.fake.asked == 1
        await at.rest.hang_up(placed)
        with pytest.raises(CallFailed, match="cancelled"):
            await placed.over()
        assert state(at.board) == "ready"


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


# --- who answers


async def test_the_carrier_says_who_has_answered_while_the_app_already_runs() -> None:
    found = list[str]()

    async def app(call: Call) -> None:
        assert call.placed is not None
        found.append(await call.placed.detected())
        found.append(call.answered_by)
        await call.placed.greeting_over()  # there is none
        await announce(call)

    async with placing(app) as at:
        placed = await at.rest.place_call(ANN, from_=US, detect="answer")
        await placed.over()
        (dialled,) = at.fake.placed.values()
        assert dialled.order["MachineDetection"] == "Enable"
        assert dialled.order["AsyncAmd"] == "true"
    assert found == ["human", "human"]


async def test_a_machine_gets_its_message_after_the_beep() -> None:
    heard = list[float]()
    said = list[bool]()

    async def app(call: Call) -> None:
        assert call.placed is not None
        await call.placed.greeting_over()
        said.append(call.answered_by == "machine")
        await announce(call)

    async def record(caller: Caller) -> None:
        heard.append(await heard_until_the_end(caller))

    async with placing(app) as at:
        machine = Callee(who="machine", greeting=speech(0.3), talks=record)
        at.fake.numbers[ANN] = machine
        placed = await at.rest.place_call(ANN, from_=US, detect="greeting")
        assert await placed.over() == "agent"
        (dialled,) = at.fake.placed.values()
        await dialled.over.wait()
        assert dialled.caller is not None
        # A word into the greeting would be an answer before it, and not counted.
        assert len(dialled.caller.measured.reply_after) == 1
    assert said == [True]
    assert heard == [pytest.approx(0.4)]


async def test_where_nobody_listens_for_it_nobody_waits() -> None:
    found = list[str]()

    async def app(call: Call) -> None:
        assert call.placed is not None
        found.append(await call.placed.detected())
        await announce(call)

    async with placing(app) as at:
        at.fake.numbers[ANN] = Callee(who="machine")
        await (await at.rest.place_call(ANN, from_=US)).over()
        (dialled,) = at.fake.placed.values()
        assert "MachineDetection" not in dialled.order
    assert found == ["unknown"]


# --- what the API refuses


@pytest.mark.parametrize(
    ("refusing", "error", "words"),
    [
        (Refusing(status=400, code=21211), NumberRefused, "does not call that number"),
        (Refusing(status=403, code=21215), NumberRefused, "countries"),
        (Refusing(status=429, code=20429, retry_after=7), TooManyRequests, "wait"),
        (Refusing(status=403, code=20003), NotAuthorized, "check the account"),
        (Refusing(status=500, code=20500), PlacingError, "HTTP 500"),
    ],
)
async def test_a_refusal_is_typed_says_the_cure_and_frees_the_place(
    refusing: Refusing, error: type[PlacingError], words: str
) -> None:
    async with placing(limit=1) as at:
        at.fake.numbers[ANN] = refusing
        with pytest.raises(error, match=words) as told:
            await at.rest.place_call(ANN, from_=US)
        assert type(told.value) is error
        assert (told.value.status, told.value.code) == (
            refusing.status,
            str(refusing.code),
        )
        assert told.value.retry_after == refusing.retry_after
        assert ANN not in str(told.value)
        assert state(at.board) == "ready"


async def test_after_the_time_that_it_names_it_may_be_asked_again() -> None:
    async with placing() as at:
        at.fake.numbers[ANN] = Refusing(status=429, code=20429, retry_after=1, times=1)
        with pytest.raises(TooManyRequests):
            await at.rest.place_call(ANN, from_=US)
        placed = await at.rest.place_call(ANN, from_=US)
        assert await placed.over() == "agent"


async def test_a_wrong_token_is_not_authorized_and_not_shown() -> None:
    async with placing(token="wrong-and-secret") as at:
        with pytest.raises(NotAuthorized) as told:
            await at.rest.place_call(ANN, from_=US)
        error: BaseException | None = told.value
        while error is not None:
            assert "secret" not in repr(error)
            error = error.__cause__ or error.__context__


async def test_an_api_that_is_not_there_is_said_to_be_so() -> None:
    board = Switchboard(announce)
    async with open_twilio(
        board,
        account_sid="AC" + "0" * 32,
        auth_token=TOKEN,
        public_url=PUBLIC,
        base_url="http://127.0.0.1:1",
    ) as rest:
        with pytest.raises(PlacingError, match="unknown") as told:
            await rest.place_call(ANN, from_=US)
        assert told.value.status == 0
    assert len(board.orders) == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"to": "555-0101"}, "to= is a number"),
        ({"to": "+1555 0101"}, "to= is a number"),
        ({"to": "+15550101\n"}, "to= is a number"),
        ({"from_": "sip:me@example.com"}, "from_= is a number"),
        ({"ring": 3}, "5 to 120"),
        ({"ring": float("nan")}, "5 to 120"),
    ],
)
async def test_what_cannot_be_called_is_refused_before_anybody_is_asked(
    wrong: dict[str, Any], words: str
) -> None:
    right: dict[str, Any] = {"to": ANN, "from_": US}
    async with placing() as at:
        with pytest.raises(ConfigurationError, match=words):
            await at.rest.place_call(**(right | wrong))
        assert at.fake.asked == 0
        assert len(at.board.orders) == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"account_sid": "SK" + "0" * 32}, "account_sid is AC"),
        ({"auth_token": ""}, "auth_token"),
        ({"public_url": "http://calls.example.com"}, "public_url must be https"),
        ({"base_url": "http://api.twilio.com"}, "base_url must be https"),
        ({"public_url": "https://a:b@calls.example.com"}, "public_url must be"),
    ],
)
async def test_what_would_send_the_key_in_the_clear_is_refused(
    wrong: dict[str, Any], words: str
) -> None:
    right: dict[str, Any] = {
        "account_sid": "AC" + "0" * 32,
        "auth_token": TOKEN,
        "public_url": PUBLIC,
    }
    with pytest.raises(ConfigurationError, match=words):
        async with open_twilio(Switchboard(announce), **(right | wrong)):
            pass


# --- strangers, and those who are late


async def test_a_stranger_has_no_call_by_guessing_an_order() -> None:
    async with placing(limit=3) as at:
        at.fake.numbers[ANN] = Callee(does="rings")
        placed = await at.rest.place_call(ANN, from_=US)
        forger = FakeTwilio(
            at.server.url,
            auth_token="not it",
            public_url=PUBLIC,
            answer=f"/twilio/placed/{placed.token}",
        )
        # Who has the token, and not the signature.
        status, _ = await forger.tell({"CallSid": placed.id, "CallStatus": "busy"})
        assert status == 403
        assert not placed.is_over
        # Who has the signature (of an older request, say), and not the token.
        other = FakeTwilio(
            at.server.url,
            auth_token=TOKEN,
            public_url=PUBLIC,
            answer="/twilio/placed/" + "x" * 43,
        )
        status, twiml = await other.tell(
            {"CallSid": placed.id, "CallStatus": "in-progress"}
        )
        assert (status, b"<Hangup" in twiml) == (200, True)
        # And another call than was named.
        right = FakeTwilio(
            at.server.url,
            auth_token=TOKEN,
            public_url=PUBLIC,
            answer=f"/twilio/placed/{placed.token}",
        )
        status, twiml = await right.tell(
            {"CallSid": Sids.new().call, "CallStatus": "in-progress"}
        )
        assert (status, b"<Hangup" in twiml) == (200, True)
        assert placed.is_ringing
        await at.rest.hang_up(placed)
        with pytest.raises(CallFailed):
            await placed.over()


async def test_who_hangs_up_before_the_stream_comes_frees_the_place() -> None:
    async with placing(limit=1) as at:
        at.fake.numbers[ANN] = Callee(does="rings")
        placed = await at.rest.place_call(ANN, from_=US)
        twilio = FakeTwilio(
            at.server.url,
            auth_token=TOKEN,
            public_url=PUBLIC,
            answer=f"/twilio/placed/{placed.token}",
        )
        picked_up = {"CallSid": placed.id, "CallStatus": "in-progress"}
        status, twiml = await twilio.tell(picked_up)
        assert (status, b"<Stream" in twiml) == (200, True)
        assert state(at.board) == "full"  # one place, now by the ticket
        assert len(at.board.tickets) == 1
        assert len(at.board.orders) == 0
        await twilio.tell({"CallSid": placed.id, "CallStatus": "completed"})
        with pytest.raises(CallFailed, match="before its stream came"):
            await placed.over()
        assert state(at.board) == "ready"
        # The webhook again, which somebody has overheard: there is no such order now.
        status, twiml = await twilio.tell(picked_up)
        assert b"<Hangup" in twiml
        assert state(at.board) == "ready"
        await at.rest.hang_up(placed)


async def test_when_all_is_to_end_a_call_that_rings_is_waited_for() -> None:
    async with placing(sleep_forever_in) as at:
        at.fake.numbers[ANN] = Callee(does="rings")
        placed = await at.rest.place_call(ANN, from_=US)
        assert await at.board.drain(0.01) == 0
        with pytest.raises(CallNotTaken):
            await at.rest.place_call(ANN, from_=US)
        await at.rest.hang_up(placed)
        with pytest.raises(CallFailed):
            await placed.over()


async def sleep_forever_in(call: Call) -> None:
    await sleep_forever()
