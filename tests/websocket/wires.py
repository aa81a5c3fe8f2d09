"""A wire with no network behind it: what comes and what is written are the test's."""

from __future__ import annotations

from typing import Any, cast

from voxpipe.pipeline.runtime.batch import batch
from voxpipe.websocket.tcp import TcpConnection


class Transport:
    """As much of asyncio's as a wire asks for."""

    def __init__(self) -> None:
        self.written = b""

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return name, 1

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.written += data


class Wired:
    """One of them, connected.

    Attributes:
        wire: it.
        buffer: what it reads into.
    """

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(1_024))
        self._transport = Transport()
        self.wire = TcpConnection(self.buffer, batch())
        self.wire.connection_made(cast("Any", self._transport))

    @property
    def written(self) -> bytes:
        """All that was."""
        return self._transport.written

    def come(self, data: bytes) -> None:
        """As an event loop has it."""
        self.buffer[: len(data)] = data
        self.wire.buffer_updated(len(data))
