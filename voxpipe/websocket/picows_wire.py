"""A WebSocket by picows: frames in Cython, straight from the socket.

Its masking keys come from the C library's `rand`, and can be foretold: without TLS a
proxy on the way is not as safe as RFC 6455, section 10.3, wants it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ProtocolError
from websockets.frames import Close

from voxpipe.pipeline.runtime.silent import SILENT

from .picows_handshake import feed, shake_hands
from .plain_wire import PONG, Masking, frame
from .wire import Listener, goodbye

try:
    from picows import (
        WSAutoPingStrategy,
        WSFrame,
        WSListener,
        WSMsgType,
        WSProtocolError,
        WSTransport,
    )
except ImportError as error:
    raise ImportError("picows: pip install 'voxpipe[fast]'") from error

if TYPE_CHECKING:

    class WSProtocol(asyncio.BufferedProtocol):
        """As much of it as is used: picows does not declare it."""

        def __init__(self, *arguments: object) -> None: ...
        def get_buffer(self, sizehint: int) -> memoryview:
            """Where to put what comes."""
            ...

else:
    from picows.picows import WSProtocol

_BUFFER = 4_096  # bytes that a connection begins with; it grows to its largest message
_READ = 8_192  # bytes at once; 6 MB of empty messages took seconds
_TEXT, _BINARY = WSMsgType.TEXT, WSMsgType.BINARY


class FastWire(WSListener):
    """A `Wire` over a transport of asyncio's or uvloop's; made by `begin`.

    Args:
        listener: told of what comes.
        is_client: which end this is.
        max_size: bytes of a message.

    Attributes:
        unfinished: as `Wire.unfinished`, where that is looked at.
    """

    def __init__(self, listener: Listener, *, is_client: bool, max_size: int) -> None:
        self._listener = listener
        self._on_message = listener.on_message
        self._is_client = is_client
        self._max_size = max_size
        self._is_open = True  # neither side has said goodbye
        self._is_over = False  # the listener has been told
        self._is_full = False
        self._parts: bytearray | None = None  # of a message that came in several frames
        self._is_text = True
        self._frame = Masking().frame if is_client else frame
        self._pongs = bytearray()  # to be sent
        self.heard_at = -inf
        self.pong = b""
        self.unfinished = 0
        self.error: Exception | None = None  # with which the bytes have ended

    # --- a `Wire`

    def send(self, message: str | bytes, /) -> None:
        """As `Wire.send`."""
        if self._is_open:
            self._send(_TEXT if type(message) is str else _BINARY, message)

    def feed(self, data: bytes, /) -> None:
        """As `Wire.feed`."""
        feed(self._bytes.get_protocol(), data)

    def ping(self, data: bytes = b"", /) -> None:
        """As `Wire.ping`."""
        if self._is_open:
            self._transport.send_ping(data)

    def close(self, code: int, reason: str = "") -> None:
        """As `Wire.close`."""
        if self._is_open:
            self._is_open = False
            said = goodbye(code, reason)
            self._say_goodbye(said.code, said.reason.encode())

    def fail(self, code: int, reason: str = "") -> None:
        """As `Wire.fail`."""
        if self._is_open:
            self.close(code, reason)
            self._end(code, fault=True)

    # --- what picows tells

    def on_ws_connected(self, transport: WSTransport) -> None:
        """It takes the handshake for made."""
        self._transport = transport
        self._bytes: Any = transport.underlying_transport
        self._send = transport.send
        self._say_goodbye: Callable[[Any, bytes], None] = transport.send_close

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame has come."""
        try:
            if (
                frame.msg_type is _TEXT
                and frame.fin
                and not transport.is_close_frame_sent
                and self._parts is None
                and not (frame.rsv1 or frame.rsv2 or frame.rsv3)
            ):
                self.unfinished = 0
                self._on_message(frame.get_payload_as_utf8_text())
            else:
                self._take(frame)
                self.unfinished = len(self._parts or b"")
        except UnicodeDecodeError:
            self.fail(1007)
        except ProtocolError:  # in a close
            self.fail(1002)
        except Exception as error:  # noqa: BLE001  # picows would tell nobody
            self._on_message = _unheard  # what came behind it, too
            self._is_open = False
            transport.disconnect(graceful=False)
            told = {"message": "the listener of a WebSocket failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(told)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The bytes have ended."""
        self._stop()
        if self._is_client:  # where picows wants its error, if any, to be looked at
            self._looks = asyncio.ensure_future(_look(transport))
        self._listener.on_lost(self.error)

    def end(self) -> None:
        """Nothing more will come."""
        self._stop()
        # What waits to be sent is for nobody, but for an answer to a goodbye.
        self._transport.disconnect(graceful=self._is_over)

    def pause_writing(self) -> None:
        """The system takes no more."""
        self._is_full = True
        self._listener.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._is_full = False
        self._listener.resume_writing()

    # --- the inside

    def _take(self, frame: WSFrame) -> None:
        """All that is not one whole message of text, or comes after a goodbye."""
        if self._is_open and self._transport.is_close_frame_sent:
            self._end_by_picows()
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.fail(1002)  # no extension was agreed on
        elif frame.msg_type is WSMsgType.PING:
            self._note_ping(frame)
        elif frame.msg_type is WSMsgType.CLOSE:
            self._part(frame)
        elif frame.msg_type is WSMsgType.PONG:
            self.pong = frame.get_payload_as_bytes()
        elif self._is_open:
            self._piece(frame)

    def _note_ping(self, frame: WSFrame) -> None:
        """The pings of one read are answered in one piece."""
        if not self._pongs and not frame.last_in_buffer:
            asyncio.get_running_loop().call_soon(self._answer)
        self._pongs += self._frame(PONG, frame.get_payload_as_bytes())
        if frame.last_in_buffer:
            self._answer()

    def _answer(self) -> None:
        pongs, self._pongs = self._pongs, bytearray()
        # Who pings without reading is owed nothing that would have to be kept.
        if pongs and self._is_open and not self._is_full:
            self._bytes.write(bytes(pongs))

    def _piece(self, frame: WSFrame) -> None:
        is_first = frame.msg_type is not WSMsgType.CONTINUATION
        if is_first == (self._parts is not None):
            self.fail(1002)  # goes on with nothing, or begins within another
            return
        if self._parts is None:
            self._parts, self._is_text = bytearray(), frame.msg_type is _TEXT
        self._parts += frame.get_payload_as_memoryview()
        if len(self._parts) > self._max_size:
            self.close(1009)
            self._end(1009, fault=True, size=len(self._parts))
        elif frame.fin:
            message, self._parts = self._parts, None
            self._on_message(str(message, "utf-8") if self._is_text else bytes(message))

    def _part(self, frame: WSFrame) -> None:
        """They have said goodbye: so do we, and who has listened hangs up."""
        close = Close.parse(frame.get_payload_as_bytes())
        if self._is_open:
            self._is_open = False
            code = 1000 if close.code == 1005 else close.code  # picows always says one
            self._say_goodbye(code, close.reason.encode())
        if not self._is_over:
            self._end(close.code, reason=close.reason)
        if not self._is_client:
            self._transport.disconnect()

    def _stop(self) -> None:
        if self._is_open and self._transport.is_close_frame_sent:
            self._end_by_picows()
        self._is_open = False

    def _end_by_picows(self) -> None:
        """It has found a fault, and says goodbye by itself."""
        sent = self._transport.close_handshake.sent
        assert sent is not None
        self._end(sent.code.value, fault=True)

    def _end(
        self, code: int, *, reason: str = "", fault: bool = False, size: int = 0
    ) -> None:
        if self._is_over:
            return
        self._is_over, self._is_open = True, False
        if fault:
            if code == 1009:
                size = max(size, self._max_size + 1)  # picows does not tell
            if not self._is_client:
                self._transport.disconnect()
            self._listener.on_fault(code, size)
        else:
            self._listener.on_close(code, reason)


def _unheard(message: str | bytes, /) -> None:
    pass


async def _look(transport: WSTransport) -> None:
    with suppress(WSProtocolError):
        await transport.wait_disconnected()


class _Protocol(WSProtocol):
    """picows', which reads a little at a time, and says how it has ended.

    By itself it doubles its buffer whenever a read fills it, up to all that the system
    keeps; and who has sent that would have the loop alone for seconds.
    """

    wire: FastWire

    def get_buffer(self, sizehint: int) -> memoryview:
        return super().get_buffer(sizehint)[:_READ]

    def eof_received(self) -> bool:
        self.wire.end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.wire.error = exc
        super().connection_lost(exc)


class _WatchedProtocol(_Protocol):
    """And when something has come, though it is no whole frame."""

    now: Callable[[], float] = staticmethod(lambda: -inf)
    on_read: Callable[[], None] | None = None

    def buffer_updated(self, nbytes: int) -> None:
        self.wire.heard_at = self.now()
        self.wire.unfinished += nbytes
        super().buffer_updated(nbytes)
        if self.on_read is not None:
            self.on_read()


def begin(
    transport: asyncio.Transport,
    listener: Listener,
    *,
    is_client: bool,
    max_size: int,
    now: Callable[[], float] | None = None,
    on_read: Callable[[], None] | None = None,
) -> FastWire:
    """Let picows have a connection that has become a WebSocket.

    Args:
        transport: of the connection.
        listener: told of what comes from now on.
        is_client: which end this is.
        max_size: bytes of a message.
        now: the clock for `Wire.heard_at`.
        on_read: called when something has come, and was looked at.
    """
    wire = FastWire(listener, is_client=is_client, max_size=max_size)
    is_watched = now is not None or on_read is not None
    protocol = (_WatchedProtocol if is_watched else _Protocol)(
        "here",
        "/",
        is_client,
        _always(wire),
        SILENT,
        False,  # disconnects when the listener raises, which it does not
        None,  # seconds for the handshake
        False,  # pings by itself
        1.0,
        1.0,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # pongs by itself
        max_size,
        None,
        _BUFFER,
    )
    protocol.wire = wire
    if isinstance(protocol, _WatchedProtocol) and now is not None:
        protocol.now = now
    shake_hands(protocol, transport, is_client=is_client)
    if isinstance(protocol, _WatchedProtocol):
        protocol.on_read = on_read
    return wire


def _always(wire: FastWire) -> Callable[..., FastWire]:
    return lambda *_: wire
