"""The fake carrier against the whole of what answers: server, endpoints, switchboard.

Over real sockets and in real time; on asyncio, which our server runs on.
"""

from __future__ import annotations

import gc
import logging
import math
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from anyio import create_task_group, fail_after, sleep

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.telephony.testing import CallRefused, FakeTwilio, Sids
from voxpipe.transports.telephony.twilio.endpoints import TwilioEndpoints

from .testing.agents import HUM, Parrot, parrot, speech, talk

PUBLIC, TOKEN = "https://voice.example", "secret"
CALLS, WARM = 1_000, 600  # the first ones fill all caches
LANES = 10  # callers who place one call after the other
WORD = speech(0.02)


@pytest.fixture
def anyio_backend() -> str:
    """The only one that our server runs on."""
    return "asyncio"


@asynccontextmanager
async def served(app: App, **options: Any) -> AsyncGenerator[tuple[Server, Any]]:
    # However busy the machine is on which tests run: test_load.py looks at that.
    board = Switchboard(app, apology=None, late_limit=math.inf, **options)
    endpoints = TwilioEndpoints(board, public_url=PUBLIC, auth_token=TOKEN)
    async with Server(endpoints) as server:
        yield server, board


def caller_of(server: Server, token: str = TOKEN) -> FakeTwilio:
    return FakeTwilio(server.url, auth_token=token, public_url=PUBLIC)


async def test_callers_who_hang_up_while_it_rings_leave_their_places() -> None:
    async with no_leaks(), served(parrot, limit=1) as (server, board):
        twilio = caller_of(server)
        for _ in range(5):
            sids = Sids.new()
            await twilio.ring(sids, "+15550107", "+15550199")
            assert board.state == "full"
            assert await twilio.give_up(sids, "+15550107", "+15550199") == 200
        async with twilio.call() as caller:
            await caller.say(speech(0.1))


async def test_a_signed_call_to_a_public_url_is_answered() -> None:
    calls: list[tuple[str, str, dict[str, str]]] = []

    async def app(call: Call) -> None:
        calls.append((call.caller, call.called, dict(call.parameters)))
        await parrot(call)

    async with no_leaks(), served(app) as (server, _):
        twilio = caller_of(server)
        async with twilio.call(
            caller="+15550123", called="+15550124", parameters={"table": "7"}
        ) as caller:
            await caller.say(speech(0.3))
            heard = await caller.listen(pause=0.05)
    assert heard.duration == pytest.approx(0.3)
    assert calls == [("+15550123", "+15550124", {"table": "7"})]
    assert caller.measured.violation_count == 0


async def test_who_signs_with_another_token_is_refused() -> None:
    async with served(parrot) as (server, _):
        with pytest.raises(CallRefused, match="HTTP 403") as caught:
            async with caller_of(server, "guessed").call():
                pass
    assert caught.value.status == 403


async def test_a_call_too_many_is_refused() -> None:
    async with served(parrot, limit=1) as (server, board):
        async with caller_of(server).call() as caller:
            await caller.say(WORD)
            with pytest.raises(CallRefused, match="HTTP 503"):
                async with caller_of(server).call():
                    pass
        await _empty(board)


async def _empty(board: Switchboard) -> None:
    with fail_after(10):
        while board.calls:  # noqa: ASYNC110  # nothing tells when the last one ends
            await sleep(0.01)


# --- a thousand calls


async def answers(call: Call) -> None:
    """Whatever the caller has in mind."""
    wish = call.parameters["wish"]
    if wish == "fail":
        raise TransportError("the model is away")
    if wish == "goodbye":
        call.hang_up()
    await talk(call, Parrot(HUM[:400]))


async def the_caller_hangs_up(twilio: FakeTwilio) -> str:
    async with twilio.call(parameters={"wish": "talk"}) as caller:
        await caller.say(WORD)
    return caller.ended


async def the_agent_hangs_up(twilio: FakeTwilio) -> str:
    async with twilio.call(parameters={"wish": "goodbye"}) as caller:
        await caller.wait_closed()
    return caller.ended


async def the_connection_drops(twilio: FakeTwilio) -> str:
    async with twilio.call(parameters={"wish": "talk"}) as caller:
        await caller.say(WORD)
        caller.drop()
    return caller.ended


async def the_app_fails(twilio: FakeTwilio) -> str:
    async with twilio.call(parameters={"wish": "fail"}) as caller:
        await caller.wait_closed()
    return caller.ended


ENDS: dict[Callable[[FakeTwilio], Awaitable[str]], str] = {
    the_caller_hangs_up: "caller",
    the_agent_hangs_up: "agent",
    the_connection_drops: "caller",
    the_app_fails: "agent",
}


async def place(calls: int, server: Server) -> None:
    """So many calls, in all their ways, some at the same time."""

    async def in_turn() -> None:
        for number in range(calls // LANES):
            way = list(ENDS)[number % len(ENDS)]
            assert await way(caller_of(server)) == ENDS[way], way.__name__

    async with create_task_group() as tasks:
        for _ in range(LANES):
            tasks.start_soon(in_turn)


def blocks() -> int:
    """What is allocated now, and is not garbage."""
    gc.collect()
    return sys.getallocatedblocks()


async def call_a_server(calls: int) -> int:
    """What is allocated after so many, before the server goes."""
    async with served(answers) as (server, board):
        await place(calls, server)
        await _empty(board)
        assert len(board.tickets) == 0
        return blocks()


@pytest.mark.slow
async def test_a_thousand_calls_leave_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Or pytest keeps every line.
    monkeypatch.setattr(logging.getLogger("voxpipe.calls"), "disabled", True)
    async with no_leaks():
        await call_a_server(WARM)
        before = blocks()
        lasting = await call_a_server(CALLS - WARM) - before
        left = blocks() - before
    # The switchboard knows the names of the latest ten thousand calls: a text and a
    # number each. A call takes thousands of blocks while it lasts.
    assert lasting < 5 * (CALLS - WARM), f"{lasting} blocks"
    assert left < CALLS - WARM, f"{left} blocks"
