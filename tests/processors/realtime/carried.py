"""A call that the simulator carries, in memory and in virtual time: SIP without it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    create_memory_object_stream,
    create_task_group,
    current_time,
    sleep_forever,
)
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.errors import HowLost
from voxpipe.processors.realtime import Connection, Settings
from voxpipe.processors.realtime.connect import Address
from voxpipe.simulator import Script, ToneVoice
from voxpipe.simulator.calls.microphone import Microphone
from voxpipe.simulator.calls.pump import CallPump
from voxpipe.simulator.calls.session import CallSession
from voxpipe.simulator.net.session_requests import in_line
from voxpipe.simulator.service.machine import Machine
from voxpipe.simulator.voices.speech import CachedVoice


class Pair:
    """A WebSocket in memory: both of its ends.

    Attributes:
        sent: what the client has sent.
        ended: the code with which the service has closed it.
        how: it was.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.ended: int | None = None
        self.how: HowLost = "told"
        self._down: MemoryObjectSendStream[str]
        self._here: MemoryObjectReceiveStream[str]
        self._down, self._here = create_memory_object_stream[str](1_024)
        self._up, self._there = create_memory_object_stream[str](1_024)

    async def send(self, message: str, /) -> None:
        """The client's."""
        self.sent.append(message)
        try:
            await self._up.send(message)
        except (BrokenResourceError, ClosedResourceError):
            raise SessionLost("closed", code=self.ended, how=self.how) from None

    async def receive(self) -> str:
        """The client's."""
        try:
            return await self._here.receive()
        except (EndOfStream, ClosedResourceError):
            raise SessionLost("closed", code=self.ended, how=self.how) from None

    @property
    def service(self) -> Wire:
        """The other end."""
        return Wire(self)

    def close(self, code: int) -> None:
        """Either end has closed it."""
        self.ended = self.ended or code
        for stream in (self._down, self._there, self._up):
            stream.close()

    def done(self) -> None:
        """Nobody reads any more."""
        self.close(1000)
        self._here.close()

    async def put(self, message: str) -> None:
        """The service's."""
        try:
            await self._down.send(message)
        except (BrokenResourceError, ClosedResourceError):
            raise EndOfStream from None

    async def take(self) -> str:
        """The service's."""
        try:
            return await self._there.receive()
        except ClosedResourceError:
            raise EndOfStream from None


class Wire:
    """The service's end of a `Pair`."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    async def send(self, text: str) -> None:
        """To the client."""
        await self._pair.put(text)

    async def receive(self) -> str:
        """From the client."""
        return await self._pair.take()

    async def close(self, code: int, reason: str) -> None:
        """For good."""
        self._pair.close(code)

    async def gone(self) -> None:
        """Never: calls read what their clients send."""
        await sleep_forever()


class Carried:
    """A call that was accepted, and whose caller is in the test's hands.

    Attributes:
        pump: the caller's line.
        pairs: the clients that have joined.
        asked: for which addresses they did.
    """

    def __init__(self, pump: CallPump, tasks: TaskGroup) -> None:
        self.pump = pump
        self._tasks = tasks
        self.pairs: list[Pair] = []
        self.asked: list[str] = []

    @asynccontextmanager
    async def connect(self, address: Address) -> AsyncGenerator[Connection]:
        """Join it, as `open_session` does."""
        self.asked.append(address.url)
        pair = Pair()
        self.pairs.append(pair)
        self._tasks.start_soon(self.pump.join, pair.service)
        try:
            yield pair
        finally:
            pair.done()


@asynccontextmanager
async def carried(script: Script, settings: Settings) -> AsyncGenerator[Carried]:
    """Have a call accepted with ``settings``, until the block ends."""
    machine = Machine(
        "realtime",
        settings.model,
        script,
        now=current_time(),
        today=datetime.now(UTC).timestamp(),
        seed=1,
        session=settings.to_wire(),
    )
    speak: Any = in_line(CachedVoice(ToneVoice()))
    pump = CallPump(CallSession(machine, seed=1), speak, Microphone())
    async with create_task_group() as tasks:
        tasks.start_soon(pump.run)
        yield Carried(pump, tasks)
        pump.hang_up()


Talk = Callable[[Pair], Any]


@asynccontextmanager
async def scripted(talk: Talk) -> AsyncGenerator[tuple[Pair, Any]]:
    """A service that does what the test says, with ``connect`` for it."""
    pair = Pair()

    async with create_task_group() as tasks:

        @asynccontextmanager
        async def connect(address: Address) -> AsyncGenerator[Connection]:
            tasks.start_soon(talk, pair)
            yield pair

        try:
            yield pair, connect
        finally:
            pair.done()
            tasks.cancel_scope.cancel()
