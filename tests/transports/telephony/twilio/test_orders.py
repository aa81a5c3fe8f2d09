"""What becomes of an order when its answer is late, lost, or not waited for.

The server is in memory, and so is Twilio's API; time is virtual.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from anyio import (
    Event,
    create_task_group,
    current_time,
    sleep,
    sleep_forever,
)

from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony.outbound import PlacingError
from voxpipe.transports.telephony.testing import Caller, Leg, Sids
from voxpipe.transports.telephony.testing.webhook import stream_of
from voxpipe.transports.telephony.twilio import TwilioRest, open_twilio
from voxpipe.transports.telephony.twilio.answer import HANG_UP, TICKET

from ..asgi_driver import Asgi, Response
from ..testing.agents import speech
from .ringing import (
    CALLED,
    CALLER,
    PUBLIC,
    TOKEN,
    Apps,
    Run,
    endpoints,
    ring,
    upgrading,
)

Answering = Callable[[dict[str, str]], Awaitable[httpx2.Response]]


class Api(httpx2.AsyncBaseTransport):
    """Twilio's side of an order: keeps it, and answers as it is told."""

    def __init__(self, answering: Answering) -> None:
        self.orders: list[dict[str, str]] = []
        self._answering = answering

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.orders.append(dict(parse_qsl((await request.aread()).decode())))
        return await self._answering(self.orders[-1])


@asynccontextmanager
async def placing(app: Any, api: Api) -> AsyncGenerator[TwilioRest]:
    async with open_twilio(
        app.switchboard,
        account_sid="AC" + "0" * 32,
        auth_token=TOKEN,
        public_url=PUBLIC,
        transport=api,
    ) as rest:
        yield rest


async def picked_up(app: Asgi, order: dict[str, str], sids: Sids) -> Response:
    """Twilio asks what to do with a call that was answered."""
    path = urlsplit(order["Url"]).path
    return await ring(app, sids, path=path, status="in-progress")


def test_a_stream_may_come_before_the_answer_to_its_order(in_time: Run) -> None:
    sids = Sids.new()
    heard = list[float]()
    answer = Apps()
    app = endpoints(answer)

    async def slowly(order: dict[str, str]) -> httpx2.Response:
        response = await picked_up(app, order, sids)
        stream = stream_of(response.status, response.body)
        ticket = stream.parameters[TICKET]
        async with upgrading(app, ticket) as upgrade:
            leg = Leg(current_time(), parameters=stream.parameters, sids=sids)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                heard.append((await caller.listen()).duration)
        return httpx2.Response(201, json={"sid": sids.call})

    async def scene() -> str:
        async with no_leaks(), placing(app, Api(slowly)) as rest:
            placed = await rest.place_call(CALLED, from_=CALLER)
            return await placed.over()

    assert in_time(scene) == "caller"
    assert heard == [pytest.approx(1.0)]
    (call,) = answer.calls
    assert call.placed is not None


def test_an_answer_that_names_another_call_is_not_believed(in_time: Run) -> None:
    sids = Sids.new()
    app = endpoints()

    async def wrongly(order: dict[str, str]) -> httpx2.Response:
        await picked_up(app, order, sids)
        return httpx2.Response(201, json={"sid": Sids.new().call})

    async def scene() -> None:
        async with placing(app, Api(wrongly)) as rest:
            with pytest.raises(PlacingError, match="not named it"):
                await rest.place_call(CALLED, from_=CALLER)

    in_time(scene)


@pytest.mark.parametrize("cancelled", [False, True])
def test_who_picks_up_a_call_that_nobody_knows_of_is_hung_up_on(
    in_time: Run, cancelled: bool
) -> None:
    app = endpoints()
    asked = Event()

    async def never(order: dict[str, str]) -> httpx2.Response:
        asked.set()
        await sleep_forever()
        raise AssertionError

    async def scene() -> None:
        api = Api(never)
        async with no_leaks(), placing(app, api) as rest:
            if cancelled:
                async with create_task_group() as tasks:

                    async def place() -> None:
                        await rest.place_call(CALLED, from_=CALLER)

                    tasks.start_soon(place)
                    await sleep(1)
                    assert len(app.switchboard.orders) == 1
                    tasks.cancel_scope.cancel()
            else:
                with pytest.raises(PlacingError, match="no answer within 10 s"):
                    await rest.place_call(CALLED, from_=CALLER)
            assert len(app.switchboard.orders) == 0
            response = await picked_up(app, api.orders[0], Sids.new())
            assert (response.status, response.text) == (200, HANG_UP)
            assert len(app.switchboard.tickets) == 0

    in_time(scene)


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "<html>"},
        {"json": []},
        {"json": {"sid": 7}},
        {"json": {"sid": "CA 1"}},
        {"content": b"[" * 60_000},
        {"content": b" " * 100_000},
    ],
)
def test_an_answer_that_is_none_leaves_no_order(
    in_time: Run, answer: dict[str, Any]
) -> None:
    app = endpoints()

    async def oddly(order: dict[str, str]) -> httpx2.Response:
        return httpx2.Response(201, **answer)

    async def scene() -> None:
        async with no_leaks(), placing(app, Api(oddly)) as rest:
            with pytest.raises(PlacingError):
                await rest.place_call(CALLED, from_=CALLER)
            assert len(app.switchboard.orders) == 0

    in_time(scene)


def test_the_webhook_asked_twice_gives_one_place_and_a_new_ticket(
    in_time: Run,
) -> None:
    sids = Sids.new()
    app = endpoints()

    async def at_once(order: dict[str, str]) -> httpx2.Response:
        return httpx2.Response(201, json={"sid": sids.call})

    async def scene() -> None:
        api = Api(at_once)
        async with placing(app, api) as rest:
            placed = await rest.place_call(CALLED, from_=CALLER)
            # As Twilio does when the first answer is lost.
            await picked_up(app, api.orders[0], sids)
            response = await picked_up(app, api.orders[0], sids)
            stream = stream_of(response.status, response.body)
            board = app.switchboard
            assert len(board.orders) + len(board.tickets) == 1
            async with upgrading(app, stream.parameters[TICKET]) as upgrade:
                leg = Leg(current_time(), parameters=stream.parameters, sids=sids)
                async with Caller(leg, upgrade) as caller:
                    await caller.say(speech(0.5))
                    # Nobody else has this call now, with whatever was overheard.
                    response = await picked_up(app, api.orders[0], sids)
                    assert response.status == 403
            assert await placed.over() == "caller"

    in_time(scene)
