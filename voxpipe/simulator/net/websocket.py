"""A WebSocket on one connection: websockets' protocol over a stream of anyio."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from secrets import token_bytes
from typing import Any

import h11
from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    Event,
    Lock,
    aclose_forcefully,
    move_on_after,
    sleep,
    sleep_forever,
)
from anyio.abc import ByteStream
from websockets.exceptions import InvalidState
from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from voxpipe.pipeline.runtime.silent import SILENT
from voxpipe.simulator.errors import NO_FRAME, Refusal

from .admission import SUBPROTOCOL
from .limits import NoRoom, PortLimits, Room
from .messages import HttpError
from .tls import half_close

GONE = (BrokenResourceError, ClosedResourceError, EndOfStream, OSError)


class ServerWebSocket:
    """The server's side of a WebSocket; a `ClientConnection`.

    Its methods raise ``EndOfStream`` when the client has gone.

    Args:
        stream: what it runs over; whoever opened it closes it.
        limits: of the port.
        room: for messages that have not come whole.
    """

    def __init__(self, stream: ByteStream, limits: PortLimits, room: Room) -> None:
        self._room = room
        self._held = 0  # bytes in the room
        self._stream = stream
        self._limits = limits
        self._protocol = ServerProtocol(
            extensions=enable_server_permessage_deflate(None),
            select_subprotocol=_subprotocol,
            max_size=limits.message,
            logger=SILENT,
        )
        self._reading, self._writing = Lock(), Lock()
        self._inbox: deque[str | bytes] = deque()  # no more than one read brings
        self._parts = bytearray()  # of a message in fragments; bounded by the protocol
        self._text = True  # whether they are text
        self._gone = False  # the client's side of the connection is closed
        self._ping = b""
        self._pong = Event()

    async def open(self, head: h11.Request, rest: bytes) -> bool:
        """Answer the upgrade; whether it has become a WebSocket.

        Args:
            head: the request.
            rest: what came behind it.

        Raises:
            HttpError: it cannot be read.
        """
        self._protocol.receive_data(_written(head))
        asked = self._protocol.events_received()
        if not asked or not isinstance(asked[0], Request):
            raise HttpError(400, Refusal(None, "This upgrade is not understood."))
        self._protocol.send_response(self._protocol.accept(asked[0]))
        opened = self._protocol.state is OPEN
        if opened and rest:
            self._take(rest)
        await self._flush()
        return opened

    async def send(self, text: str) -> None:
        """Send a text frame; waits while the client does not read."""
        try:
            self._protocol.send_text(text.encode())
        except InvalidState:
            raise EndOfStream from None
        await self._flush()

    async def receive(self) -> str | bytes:
        """The next message of the client: text, or the bytes of a binary one."""
        while not self._inbox:
            # The protocol sends its EOF when either side has said goodbye.
            if self._gone or self._protocol.eof_sent:
                raise EndOfStream
            async with self._reading:
                await self._read()
        return self._inbox.popleft()

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, and wait a moment for the answer; with 1006 say nothing."""
        if code == NO_FRAME:
            await aclose_forcefully(self._stream)
            raise EndOfStream
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
        with move_on_after(self._limits.close_timeout):
            with suppress(EndOfStream):
                await self._flush()
            await self.finish()

    def let_go(self) -> None:
        """Nothing more will be made of what has come."""
        self._held = self._room.hold(self._held, 0)

    async def gone(self) -> None:
        """Wait without reading: nothing tells then that the client has gone."""
        await sleep_forever()

    async def finish(self) -> None:
        """Wait a moment until the client has hung up too.

        To close a socket while there is something to be read takes back what was sent.
        """
        with move_on_after(self._limits.close_timeout), suppress(EndOfStream):
            while not self._gone:
                async with self._reading:
                    if not self._gone:
                        await self._read()
                self._inbox.clear()

    async def keep_pinging(self) -> None:
        """Ping as the service does; returns when the client counts as gone."""
        while True:
            await sleep(self._limits.ping_interval)
            self._ping, self._pong = token_bytes(4), Event()
            try:
                self._protocol.send_ping(self._ping)
            except InvalidState:
                await sleep_forever()  # it is being closed, which is bounded
            with (
                move_on_after(self._limits.pong_timeout) as waiting,
                suppress(EndOfStream),
            ):
                await self._flush()
                await self._pong.wait()
            if waiting.cancelled_caught:
                await self.close(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
                return

    async def _read(self) -> None:
        try:
            data = await self._stream.receive()
        except GONE:
            self._gone = True
            self._protocol.receive_eof()
            return
        self._take(data)
        await self._flush()

    def _take(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        frames = [
            each for each in self._protocol.events_received() if isinstance(each, Frame)
        ]
        for frame in frames:
            self._follow(frame)
        # What is left of a frame that has not come whole is in no more than one read.
        size = len(self._parts) if frames else self._held + len(data)
        try:
            self._held = self._room.hold(self._held, size)
        except NoRoom:
            self._protocol.fail(CloseCode.TRY_AGAIN_LATER, "too much at once")

    def _follow(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG and bytes(frame.data) == self._ping:
            self._pong.set()
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._text = frame.opcode is Opcode.TEXT
            self._parts += frame.data
            if frame.fin:
                self._complete()

    def _complete(self) -> None:
        message, self._parts = bytes(self._parts), bytearray()
        if not self._text:
            self._inbox.append(message)
            return
        try:
            self._inbox.append(message.decode())
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "this is not UTF-8")

    async def _flush(self) -> None:
        # What is taken is sent before more is taken: the order stays.
        async with self._writing:
            for data in self._protocol.data_to_send():
                try:
                    if data:
                        await self._stream.send(data)
                    else:
                        await half_close(self._stream)
                except GONE:
                    self._gone = True
                    raise EndOfStream from None


def _written(head: h11.Request) -> bytes:
    """A head as it came, for the protocol to read it itself."""
    lines = [b"GET " + head.target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in head.headers]
    return b"\r\n".join([*lines, b"", b""])


def _subprotocol(_protocol: Any, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None
