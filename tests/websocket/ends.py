"""Both ends of a WebSocket on real sockets, whichever library has one of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol, State

from voxpipe.websocket import PlainWire, Wire

MAX = 2**18  # bytes of a message
Library = Literal["websockets", "picows"]
LIBRARIES: tuple[Library, ...] = ("websockets", "picows")
Message = str | bytes


class Heard:
    """A `Listener` that notes everything.

    Attributes:
        messages: in order.
        ends: who has said goodbye or has broken the protocol, with the code and the
            reason or the size.
        lost: set when the connection has ended.
        is_full: the system takes no more.
        fails: messages have it raise, which it must not.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.ends: list[tuple[str, int, object]] = []
        self.lost = asyncio.Event()
        self.is_full = False
        self.fails = False

    def on_message(self, message: Message, /) -> None:
        self.messages.append(message)
        if self.fails:
            raise RuntimeError("the listener has failed")

    def on_close(self, code: int, reason: str, /) -> None:
        self.ends.append(("closed", int(code), reason))

    def on_fault(self, code: int, size: int, /) -> None:
        self.ends.append(("fault", int(code), size))

    def on_lost(self, error: Exception | None, /) -> None:
        assert not self.lost.is_set()
        self.lost.set()

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False


class _Bytes(asyncio.BufferedProtocol):
    """Feeds a `PlainWire`."""

    wire: PlainWire

    def connection_made(self, transport: Any) -> None:
        self.buffer = bytearray(MAX)

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self.buffer)

    def buffer_updated(self, nbytes: int) -> None:
        self.wire.feed(bytes(self.buffer[:nbytes]))

    def eof_received(self) -> None:
        self.wire.end()

    def connection_lost(self, exc: Exception | None) -> None:
        self.wire.connection_lost(exc)

    def pause_writing(self) -> None:
        self.wire.pause_writing()

    def resume_writing(self) -> None:
        self.wire.resume_writing()


class Ends:
    """Our end, and a raw socket for the other one.

    Attributes:
        wire: ours.
        heard: what it has told.
        far: the other end.
    """

    def __init__(self, transport: asyncio.Transport, far: socket.socket) -> None:
        self.wire: Wire
        self.heard = Heard()
        self.far = far
        self._transport = transport

    def begin(self, library: Library, *, is_client: bool) -> None:
        if library == "picows":
            from voxpipe.websocket import picows_wire

            self.wire = picows_wire.begin(
                self._transport, self.heard, is_client=is_client, max_size=MAX
            )
            return
        protocol: Any = self._transport.get_protocol()
        self.wire = protocol.wire = PlainWire(
            self._transport, self.heard, is_client=is_client, max_size=MAX
        )

    def feed(self, data: bytes) -> None:
        """Bring this as if it came in one read, or as few as there is room for."""
        protocol: Any = self._transport.get_protocol()
        while data:
            room = protocol.get_buffer(-1)
            size = min(len(room), len(data))
            room[:size] = data[:size]
            data = data[size:]
            protocol.buffer_updated(size)

    def room(self) -> int:
        """Bytes that are read at once."""
        protocol: Any = self._transport.get_protocol()
        return len(protocol.get_buffer(-1))

    def sent(self) -> bytes:
        """What has arrived at the far end by now."""
        self.far.setblocking(False)
        data = b""
        try:
            while piece := self.far.recv(2**20):
                data += piece
        except BlockingIOError:
            pass
        return data

    def unsent(self) -> int:
        """Bytes that the system has not taken."""
        return self._transport.get_write_buffer_size()

    async def over(self) -> None:
        """Wait until the connection has ended."""
        await self.heard.lost.wait()


@contextmanager
def _pair() -> Generator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = socket.create_connection(listener.getsockname())
        near, _ = listener.accept()
    with far:
        near.setblocking(False)
        yield near, far


async def _ends(library: Library, scene: Any, *, is_client: bool) -> None:
    with _pair() as (near, far):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(_Bytes, sock=near)
        ends = Ends(transport, far)
        ends.begin(library, is_client=is_client)
        try:
            going_on = scene(ends)
            if going_on is not None:
                await going_on
            transport.abort()
            await ends.over()
        finally:
            transport.abort()


def on_a_wire(library: Library, scene: Any, *, is_client: bool = False) -> None:
    """Play ``scene``, a function of `Ends`, perhaps `async`; then it all ends."""
    asyncio.run(_ends(library, scene, is_client=is_client))


def sent(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    """A frame as the other end sends it."""
    return Frame(opcode, data, fin).serialize(mask=mask)


def said(text: str, *, mask: bool = True) -> bytes:
    """A whole text message."""
    return sent(Opcode.TEXT, text.encode(), mask=mask)


def received(data: bytes, *, by_client: bool = True) -> list[Frame]:
    """What the other end reads in it, by websockets."""
    judge = Protocol(CLIENT if by_client else SERVER, state=State.OPEN, max_size=None)
    judge.receive_data(data)
    assert judge.parser_exc is None
    return [each for each in judge.events_received() if isinstance(each, Frame)]
