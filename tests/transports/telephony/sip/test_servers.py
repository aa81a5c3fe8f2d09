"""The endpoint on servers that others have written, opened and closed by lifespan."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import hypercorn.asyncio
import hypercorn.config
import hypercorn.trio
import pytest
import uvicorn
from anyio import Event, create_task_group, fail_after

from voxpipe.pipeline.runtime.loop import in_trio
from voxpipe.transports.telephony.sip import IncomingCall, SipEndpoint, sign

SECRET = "whsec_c2VjcmV0"
BODY = b'{"type": "realtime.call.incoming", "data": {"call_id": "rtc_1"}}'
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


@pytest.fixture(params=[by_uvicorn, by_hypercorn])
def serve(request: pytest.FixtureRequest, anyio_backend: str) -> Serve:
    if request.param is by_uvicorn and anyio_backend == "trio":
        return by_hypercorn  # uvicorn knows asyncio only
    served: Serve = request.param
    return served


@asynccontextmanager
async def serving(app: SipEndpoint, serve: Serve) -> AsyncGenerator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    end = Event()
    async with create_task_group() as tasks:
        tasks.start_soon(serve, app, listener, end)
        yield f"http://127.0.0.1:{port}/openai/webhook"
        end.set()


async def test_a_call_goes_on_after_its_webhook_and_is_over_before_the_server_is(
    serve: Serve,
) -> None:
    begun, go_on = Event(), Event()
    over: list[str] = []

    async def answer(call: IncomingCall) -> None:
        begun.set()
        await go_on.wait()
        over.append(call.id)

    now = int(datetime.now(UTC).timestamp())
    headers = sign(BODY, SECRET, id="wh_1", sent_at=now)
    with fail_after(20):
        async with serving(SipEndpoint(answer, SECRET), serve) as url:
            async with httpx2.AsyncClient(trust_env=False) as client:
                for _ in range(2):  # delivered again
                    response = await client.post(url, content=BODY, headers=headers)
                    assert response.status_code == 200
                await begun.wait()
                forged = headers | {"webhook-id": "wh_2"}
                response = await client.post(url, content=BODY, headers=forged)
                assert response.status_code == 400
            assert over == []
            go_on.set()
    assert over == ["rtc_1"]
