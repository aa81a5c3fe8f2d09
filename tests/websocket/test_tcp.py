"""What an event loop may do to a connection within one round."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from .wires import Wired


@pytest.fixture
def anyio_backend() -> str:
    """Only asyncio tells in rounds."""
    return "asyncio"


def connected() -> tuple[Wired, list[bytes]]:
    """A wire, and all that its reader is told."""
    wired, told = Wired(), list[bytes]()
    wired.wire.hand_to(told.append)
    return wired, told


async def test_what_was_read_is_told_before_the_end_that_came_with_it() -> None:
    wired, told = connected()
    wired.come(b"hi")
    wired.wire.eof_received()
    wired.wire.connection_lost(None)
    await anyio.lowlevel.checkpoint()
    assert told == [b"hi", b""]


async def test_who_has_taken_over_is_told_what_was_read_before() -> None:
    wired, told = connected()
    wired.come(b"hi")
    wired.buffer[:2] = b"xx"  # the next connection reads into it, too
    later = list[bytes]()
    wired.wire.hand_to(later.append)
    await anyio.lowlevel.checkpoint()
    assert (told, later) == ([], [b"hi"])
