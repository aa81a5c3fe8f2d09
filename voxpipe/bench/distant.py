"""A caller's line with a network in between."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from anyio import CancelScope, EndOfStream, Event, create_task_group, move_on_after

from voxpipe.transports.telephony.testing.lines import CallerLine

from .carriage import Carriage
from .network import Network, Road

GOODBYE = 1.0  # seconds for what is still on its way when the line is closed


class DistantLine:
    """A carrier's end of a connection, further away than it is."""

    def __init__(
        self, line: CallerLine, up: Carriage[str | bytes], down: Carriage[str | bytes]
    ) -> None:
        self._line, self._up, self._down = line, up, down
        self._all_sent = Event()
        self._reading, self._read = CancelScope(), Event()

    @property
    def close_code(self) -> int | None:
        """As `CallerLine.close_code`."""
        return self._line.close_code

    async def collect(self) -> None:
        """Take what comes, until it is closed: then whoever closes reads the rest."""
        try:
            with self._reading:
                await self._down.collect(self._line.receive)
        finally:
            self._read.set()

    async def deliver(self) -> None:
        """Give on what was sent, until the last of it."""
        try:
            await self._up.deliver(self._line.send)
        except Exception:  # noqa: BLE001  # the line has ended; `receive` tells how
            pass
        finally:
            self._all_sent.set()

    async def send(self, message: str | bytes, /) -> None:
        """Send one message."""
        await self._up.send(message)

    async def receive(self) -> str | bytes:
        """Wait for the next message."""
        return await self._down.receive()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, when all has arrived."""
        await self._up.end(EndOfStream())
        with move_on_after(GOODBYE):
            await self._all_sent.wait()
        await self._stop_reading()
        await self._line.close(code, reason)

    async def abort(self) -> None:
        """Break it."""
        await self._stop_reading()
        await self._line.abort()

    async def _stop_reading(self) -> None:
        self._reading.cancel()
        await self._read.wait()


@asynccontextmanager
async def distant(
    line: CallerLine, network: Network, seed: int
) -> AsyncGenerator[CallerLine]:
    """Put a network in between; without one, the line is as it was."""
    if not network:
        yield line
        return
    up = Carriage["str | bytes"](Road(network, 2 * seed))
    down = Carriage["str | bytes"](Road(network, 2 * seed + 1))
    far = DistantLine(line, up, down)
    async with create_task_group() as tasks:
        tasks.start_soon(far.collect)
        tasks.start_soon(far.deliver)
        try:
            yield far
        finally:
            tasks.cancel_scope.cancel()
            up.close()
            down.close()
