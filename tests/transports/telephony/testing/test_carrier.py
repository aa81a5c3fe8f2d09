"""Calls over real sockets, to the least server that can take them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
from anyio import (
    BrokenResourceError,
    EndOfStream,
    Event,
    create_task_group,
    fail_after,
    move_on_after,
    sleep,
)

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.loop import in_trio
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony import App, Call
from voxpipe.transports.telephony.testing import CallRefused, FakeTwilio, Sids
from voxpipe.transports.telephony.testing.dial import dialled
from voxpipe.transports.telephony.twilio import TwilioCall

from .agents import HUM, Parrot, greeter, parrot, speech, talk
from .test_webhook import twiml, webhook

PARAMETER = b'><Parameter name="a" value="1"/></Stream></C'


class ServerSocket:
    """A `Socket` over a connection of websockets' server."""

    def __init__(self, connection: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        self._connection = connection
        self._closed = ConnectionClosed

    async def receive(self) -> str | bytes:
        try:
            message: str | bytes = await self._connection.recv()
        except self._closed:
            raise EndOfStream from None
        return message

    async def send(self, message: str | bytes, /) -> None:
        try:
            await self._connection.send(message)
        except self._closed:
            raise BrokenResourceError from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        close = self._connection.aclose if in_trio() else self._connection.close
        await close(code, reason)


@asynccontextmanager
async def streams(handler: Callable[[Any], Any], **options: Any) -> AsyncGenerator[str]:
    """A WebSocket server; its url."""
    if in_trio():
        from websockets.trio.server import serve

        async with create_task_group() as tasks:
            server: Any = await tasks.start(partial(serve, handler, 0, **options))
            yield f"ws://127.0.0.1:{server.listeners[0].socket.getsockname()[1]}/x"
            tasks.cancel_scope.cancel()
    else:
        from websockets.asyncio.server import serve as serve_asyncio

        async with serve_asyncio(handler, "127.0.0.1", 0, **options) as each:
            yield f"ws://127.0.0.1:{next(iter(each.sockets)).getsockname()[1]}/x"


@asynccontextmanager
async def served(app: App) -> AsyncGenerator[FakeTwilio]:
    """A server for calls, and who calls it."""

    async def handle(connection: Any) -> None:
        with suppress(TransportError):
            async with TwilioCall.accept(ServerSocket(connection)) as call:
                await app(call)

    async with streams(handle) as url:
        with webhook(200, twiml(url)) as (base, _):
            yield FakeTwilio(base, auth_token="secret")


async def test_a_call_goes_from_the_webhook_to_the_last_word() -> None:
    async with no_leaks(), served(parrot) as twilio:
        async with twilio.call() as caller:
            await caller.say(speech(0.3))
            heard = await caller.listen(pause=0.05)
        assert heard.duration == pytest.approx(0.3)
        assert (caller.ended, caller.close_code) == ("caller", 1000)
        assert len(caller.measured.reply_after) == 1
        assert caller.measured.violation_count == 0


async def test_an_agent_that_hangs_up_has_been_heard() -> None:
    async def app(call: Call) -> None:
        call.hang_up()
        await talk(call, Parrot(HUM[:3_000]))

    async with no_leaks(), served(app) as twilio:
        async with twilio.call() as caller:
            heard = await caller.listen()
            await caller.wait_closed()
        assert heard.duration == pytest.approx(0.375)
        assert (caller.ended, caller.close_code) == ("agent", 1000)


async def test_a_call_that_nobody_ends_is_not_waited_for_longer_than_was_said() -> None:
    async with (
        no_leaks(),
        served(parrot) as twilio,
        twilio.call(patience=0.1) as caller,
    ):
        with pytest.raises(TimeoutError, match=r"said anything for 0\.1 s: have the"):
            await caller.wait_closed()


async def test_a_dropped_call_is_lost_to_the_server() -> None:
    ends: list[str] = []
    begun, over = Event(), Event()

    async def app(call: Call) -> None:
        begun.set()
        await greeter(call)
        ends.append(call.ended)
        over.set()

    async with no_leaks(), served(app) as twilio:
        async with twilio.call() as caller:
            await begun.wait()
            caller.drop()
            await caller.wait_closed()
        with fail_after(10):
            await over.wait()
        assert ends == ["lost"]
        assert (caller.ended, caller.close_code) == ("caller", None)


async def test_a_call_that_is_cancelled_leaves_nothing_behind() -> None:
    async with no_leaks(), served(greeter) as twilio:
        with move_on_after(0.3) as scope:
            async with twilio.call() as caller:
                await caller.listen()
        assert scope.cancelled_caught


async def test_a_caller_who_stops_reading_can_still_hang_up() -> None:
    async with no_leaks(), served(greeter) as twilio:
        async with twilio.call() as caller:
            caller.stop_reading(60)
            await sleep(0.1)
        assert caller.ended == "caller"


async def test_the_parameters_of_the_webhook_and_of_the_test_are_passed_on() -> None:
    passed: list[Any] = []

    async def app(call: Call) -> None:
        passed.append(dict(call.parameters))

    async def handle(connection: Any) -> None:
        async with TwilioCall.accept(ServerSocket(connection)) as call:
            await app(call)

    async with streams(handle) as url:
        body = twiml(url).replace(b"/></C", PARAMETER)
        with webhook(200, body) as (base, told):
            async with FakeTwilio(base).call(parameters={"b": "2"}) as caller:
                await caller.wait_closed()
    assert passed == [{"a": "1", "b": "2"}]
    assert told[:2] == ["/twilio/answer", None]


async def test_a_webhook_that_refuses_is_told_apart_from_one_that_is_not_there() -> (
    None
):
    with webhook(503, b"busy") as (base, _):
        twilio = FakeTwilio(base)
        with pytest.raises(CallRefused, match="HTTP 503"):
            await twilio.ring(Sids.new(), "+1", "+2")
    with pytest.raises(TransportError, match="no answer from"):
        async with twilio.call():
            pass


async def test_a_stream_that_is_refused_says_with_what() -> None:
    async def handle(connection: Any) -> None:
        raise AssertionError

    def refuse(connection: Any, request: Any) -> Any:
        return connection.respond(403, "no")

    async with no_leaks(), streams(handle, process_request=refuse) as url:
        with pytest.raises(CallRefused, match="HTTP 403") as caught:
            async with dialled(url, {}):
                pass
    assert caught.value.status == 403


async def test_a_stream_to_nowhere_is_a_transport_error() -> None:
    with webhook(200, b"") as (base, _):
        url = base.replace("http", "ws")
    with pytest.raises(TransportError, match=r"no stream to 127\.0\.0\.1:\d+: "):
        async with dialled(url, {}):
            pass


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://"])
def test_a_server_needs_a_url(url: str) -> None:
    with pytest.raises(ValueError, match="expected http://host:port"):
        FakeTwilio(url)
