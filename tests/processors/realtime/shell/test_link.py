"""The link of a box to the service: what it tells of a service that is slow."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from anyio import sleep

from voxpipe.processors.realtime import Connection, Realtime, Service, open_session
from voxpipe.processors.realtime.connect import Address
from voxpipe.simulator import Line, Script

from ..call import QUICK, Call, simulated
from ..loops import BACKENDS, Backend, run_virtually

SCRIPT = Script(replies=(Line(say="Yes."),), timing=QUICK)


class SlowToRead:
    """Takes each message in its time.

    Args:
        connection: to the service.
        seconds: that a message of audio takes.
    """

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    async def send(self, message: str, /) -> None:
        if "append" in message:
            await sleep(self._seconds)
        await self._connection.send(message)

    async def receive(self) -> str:
        return await self._connection.receive()


async def faults(seconds: float, script: Script = SCRIPT) -> list[str]:
    """What is reported of a call in which the service takes so long for a frame."""
    inner = simulated(script)

    @asynccontextmanager
    async def connect(address: Address) -> AsyncGenerator[Connection]:
        async with inner(address) as connection:
            yield SlowToRead(connection, seconds)

    service = Service(api_key="sk-simulated")
    async with open_session(service=service, connect=connect) as session:
        conversation = Call(Realtime(session))

        async def plot(_: Call) -> None:
            await conversation.speak(6.0)
            conversation.phone.hang_up()

        await conversation.hold(plot)
        return conversation.faults


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("seconds", "told"), [(0.0, 0), (0.015, 0), (0.05, 1)])
def test_that_a_caller_is_heard_late_is_told_once(
    backend: Backend, seconds: float, told: int
) -> None:
    late = "the service reads too slowly: the caller is heard 1.0 s late"
    assert run_virtually(backend, faults, seconds) == [late] * told
