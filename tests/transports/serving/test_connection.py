"""What an event loop may do to a connection within one round."""

from __future__ import annotations

from typing import Any, cast

import anyio
import anyio.lowlevel

from voxpipe.pipeline.runtime.batch import batch
from voxpipe.transports.serving.connection import TcpConnection


class Transport:
    """As much of asyncio's as a wire asks for."""

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return name, 1

    def resume_reading(self) -> None:
        pass


def connected() -> tuple[TcpConnection, memoryview, list[bytes]]:
    """A wire, the buffer that it reads into, and all that its reader is told."""
    buffer, told = memoryview(bytearray(16)), list[bytes]()
    wire = TcpConnection(buffer, batch(), lambda _: None)
    wire.connection_made(cast("Any", Transport()))
    wire.hand_to(told.append)
    return wire, buffer, told


async def test_what_was_read_is_told_before_the_end_that_came_with_it() -> None:
    wire, buffer, told = connected()
    buffer[:2] = b"hi"
    wire.buffer_updated(2)
    wire.eof_received()
    wire.connection_lost(None)
    await anyio.lowlevel.checkpoint()
    assert told == [b"hi", b""]


async def test_who_has_taken_over_is_told_what_was_read_before() -> None:
    wire, buffer, told = connected()
    buffer[:2] = b"hi"
    wire.buffer_updated(2)
    buffer[:2] = b"xx"  # the next connection reads into it, too
    later = list[bytes]()
    wire.hand_to(later.append)
    await anyio.lowlevel.checkpoint()
    assert (told, later) == ([], [b"hi"])
