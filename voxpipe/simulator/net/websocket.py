"""The server's side of a WebSocket, over a `voxpipe.websocket.Wire`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from secrets import token_bytes
from typing import Any

import h11
from anyio import EndOfStream, Event, move_on_after, sleep, sleep_forever
from anyio.lowlevel import checkpoint
from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
from websockets.frames import CloseCode
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from voxpipe.pipeline.runtime.silent import SILENT
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.simulator.errors import NO_FRAME
from voxpipe.websocket import Wire
from voxpipe.websocket.tcp import TcpConnection
from voxpipe.websocket.upgrade import answer_to

from .admission import SUBPROTOCOL
from .limits import NoRoom, PortLimits, Room

_MOST = 65_536  # bytes to be received before the client has to wait; 1 s of audio
_IN_TURN = 16  # messages that are sent before others of the loop have a turn
_ENTRY = 64  # bytes that a message takes besides its text, so that empty ones count


class ServerWebSocket:
    """One of them: a `ClientConnection`, and the `Listener` of a wire.

    Its methods raise ``EndOfStream`` when the client has gone.

    Args:
        tcp: what it runs over; whoever opened it closes it.
        limits: of the port.
        room: for messages that have not come whole.
    """

    def __init__(self, tcp: TcpConnection, limits: PortLimits, room: Room) -> None:
        self._tcp = tcp
        self._limits = limits
        self._room = room
        self._held = 0  # bytes in the room
        self._wire: Wire  # once it is open
        self._is_over = False  # the client has said goodbye, or has gone
        self._inbox: deque[str | bytes] = deque()
        self._waiting = 0  # bytes that were in it since it was empty
        self._news = Wakeup()
        self._sent = 0  # messages
        self._ping = b""
        self._pong = Event()

    def open(self, head: h11.Request, rest: bytes) -> bool:
        """Answer the upgrade; whether it has become a WebSocket.

        Args:
            head: the request.
            rest: what came behind it.
        """
        protocol = ServerProtocol(
            extensions=enable_server_permessage_deflate(None),
            select_subprotocol=_subprotocol,
            logger=SILENT,
        )
        answer = answer_to(head, protocol)
        self._tcp.write(answer.serialize())
        rest += self._tcp.take()
        if answer.status_code != 101 or self._tcp.is_at_end:
            return False
        self._wire = self._tcp.upgrade(
            self,
            self._limits.message,
            extensions=protocol.extensions,
            on_read=self.on_read,
        )
        if rest:
            self._wire.feed(rest)
        return True

    async def send(self, text: str) -> None:
        """Send a text frame; waits while the client does not read."""
        if self._is_over or self._tcp.is_closing:
            raise EndOfStream
        self._wire.send(text)
        self._sent += 1
        if self._sent % _IN_TURN == 0:
            await checkpoint()
        if self._tcp.is_full and not await self._tcp.flushed():
            raise EndOfStream

    async def receive(self) -> str | bytes:
        """The next message of the client: text, or the bytes of a binary one."""
        while not self._inbox:
            if self._is_over:
                raise EndOfStream
            await self._news.wait()
        message = self._inbox.popleft()
        if not self._inbox:
            if self._waiting > _MOST:
                self._tcp.listen()
            self._waiting = 0
        return message

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, and wait a moment for the answer; with 1006 say nothing."""
        if code == NO_FRAME:
            self._tcp.abort()
            raise EndOfStream
        self._wire.close(code, reason)
        await self.finish()

    async def reset(self) -> None:
        """Break the connection: the other side's system is told that it is no more."""
        self._tcp.reset()

    async def gone(self) -> None:
        """Wait without reading: nothing tells then that the client has gone."""
        self._tcp.hold()
        await sleep_forever()

    async def finish(self) -> None:
        """Wait a moment until the client has hung up too."""
        self._is_over = True
        self._inbox.clear()
        self._tcp.listen()
        with move_on_after(self._limits.close_timeout):
            await self._tcp.lost()

    def let_go(self) -> None:
        """Nothing more will be made of what has come."""
        self._held = self._room.hold(self._held, 0)

    async def keep_pinging(self) -> None:
        """Ping as the service does; returns when the client counts as gone."""
        while True:
            await sleep(self._limits.ping_interval)
            self._ping, self._pong = token_bytes(4), Event()
            self._wire.ping(self._ping)
            with move_on_after(self._limits.pong_timeout) as waiting:
                await self._pong.wait()
            if waiting.cancelled_caught:
                await self.close(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
                return

    # --- a `Listener`

    def on_message(self, message: str | bytes, /) -> None:
        """As `Listener.on_message`."""
        if self._is_over:
            return  # we have hung up
        self._inbox.append(message)
        self._waiting += len(message) + _ENTRY
        if self._waiting > _MOST:
            self._tcp.hold()
        self._news.set()

    def on_read(self) -> None:
        """Something has come, and was looked at."""
        if self._wire.pong == self._ping:
            self._pong.set()
        try:
            self._held = self._room.hold(self._held, self._wire.unfinished)
        except NoRoom:
            self._wire.fail(CloseCode.TRY_AGAIN_LATER, "too much at once")

    def on_close(self, code: int, reason: str, /) -> None:
        """As `Listener.on_close`."""
        self._is_over = True
        self._news.set()

    def on_fault(self, code: int, size: int, /) -> None:
        """As `Listener.on_fault`."""
        self.on_close(code, "")

    def on_lost(self, error: Exception | None, /) -> None:
        """As `Listener.on_lost`."""
        self._tcp.note_end()
        self.on_close(CloseCode.ABNORMAL_CLOSURE, "")

    def pause_writing(self) -> None:
        """As `Listener.pause_writing`."""
        self._tcp.note_full(True)

    def resume_writing(self) -> None:
        """As `Listener.resume_writing`."""
        self._tcp.note_full(False)


def _subprotocol(_protocol: Any, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None
