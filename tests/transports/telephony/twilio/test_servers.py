"""The endpoints on servers that others have written, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import hypercorn.trio
import pytest
import uvicorn
from anyio import Event, create_task_group, sleep
from starlette.applications import Starlette
from starlette.routing import Mount

from voxpipe.pipeline.runtime.loop import in_trio
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.telephony.testing import CallRefused, FakeTwilio
from voxpipe.transports.telephony.testing.dial import dialled
from voxpipe.transports.telephony.twilio import TwilioEndpoints
from voxpipe.transports.telephony.twilio.answer import TICKET

from ..testing.agents import greeter, parrot, speech  # no package

TOKEN = "0123456789abcdef-the-auth-token"
Serve = Callable[[Any, socket.socket, Event], Coroutine[Any, Any, object]]


async def by_uvicorn(app: Any, listener: socket.socket, end: Event) -> None:
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)

    async def stop() -> None:
        await end.wait()
        server.should_exit = True

    async with create_task_group() as tasks:
        tasks.start_soon(stop)
        await server.serve([listener])


async def by_hypercorn(app: Any, listener: socket.socket, end: Event) -> None:
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = 1
    config.errorlog = None
    library: Any = hypercorn.trio if in_trio() else hypercorn.asyncio
    await library.serve(app, config, shutdown_trigger=end.wait)


class _Twilio(FakeTwilio):
    def __init__(self, url: str) -> None:
        super().__init__(url, auth_token=TOKEN, answer="/phone/twilio/answer")
        self.url = url


@asynccontextmanager
async def served(serve: Serve, app: App, **more: Any) -> AsyncGenerator[_Twilio]:
    """A server with the endpoints, and who calls it."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    board = Switchboard(app, **more)
    inner = TwilioEndpoints(board, public_url=url, auth_token=TOKEN)
    end = Event()
    async with create_task_group() as tasks:
        tasks.start_soon(
            serve, Starlette(routes=[Mount("/phone", inner)]), listener, end
        )
        yield _Twilio(url)
        while board.calls:  # noqa: ASYNC110  # no call says when it is over
            await sleep(0.01)
        end.set()
    assert board.calls == 0


SERVERS = [
    pytest.param("asyncio", by_uvicorn, id="uvicorn"),
    pytest.param("asyncio", by_hypercorn, id="hypercorn on asyncio"),
    pytest.param("trio", by_hypercorn, id="hypercorn on trio"),
]
everywhere = pytest.mark.parametrize(("anyio_backend", "serve"), SERVERS)


@everywhere
async def test_a_call_is_answered_and_the_caller_hangs_up(serve: Serve) -> None:
    async with served(serve, parrot) as twilio, twilio.call() as caller:
        await caller.say(speech(0.2))
        assert (await caller.listen(pause=0.1)).duration == pytest.approx(0.2, abs=0.03)
    assert caller.measured.violation_count == 0


@everywhere
async def test_the_agent_hangs_up(serve: Serve) -> None:
    async def brief(call: Call) -> None:
        call.hang_up()
        await parrot(call)

    async with served(serve, brief) as twilio, twilio.call() as caller:
        await caller.wait_closed()
        assert (caller.ended, caller.close_code) == ("agent", 1000)


@everywhere
async def test_a_connection_that_breaks_does_no_harm_to_the_next(serve: Serve) -> None:
    async with served(serve, greeter) as twilio:
        for _ in range(3):
            async with twilio.call() as caller:
                await caller.interrupt(speech(0.02), after=0.1)
                caller.drop()
        async with twilio.call() as caller:
            await caller.interrupt(speech(0.2), after=0.1)


@everywhere
async def test_what_is_not_wanted_is_refused(serve: Serve) -> None:
    async with served(serve, parrot, limit=2) as twilio, twilio.call() as first:
        await first.say(speech(0.02))
        async with twilio.call(parameters={TICKET: "wrong"}) as caller:
            await caller.wait_closed()
            assert caller.close_code == 1008
        with pytest.raises(CallRefused, match="503"):  # its ticket is still out
            async with twilio.call():
                pass
        url = "ws" + twilio.url.removeprefix("http") + "/phone/twilio"
        with pytest.raises(CallRefused, match="403"):
            async with dialled(url, {}):
                pass
