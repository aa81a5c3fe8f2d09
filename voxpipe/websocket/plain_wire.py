"""A WebSocket whose frames are read and written here, over any bytes, on every loop.

websockets does it, but for one kind, which is nearly all that a call consists of: a
whole message in one frame. Read here, it costs 0.6 µs instead of 4.5, and in a server
with much else to do twice as much. Whatever else comes is handed to websockets, frame
by frame, so that it always stands between two of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from math import inf
from struct import Struct

from websockets.exceptions import PayloadTooBig
from websockets.extensions import Extension
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN, SERVER, Protocol
from websockets.typing import BytesLike

from voxpipe.pipeline.runtime.silent import SILENT

from .wire import Bytes, Listener, goodbye

TEXT, BINARY = 0x81, 0x82  # the first byte of a frame that is a whole message
PONG = 0x8A  # likewise, of a pong
MASKED = 0x80  # in the second byte of all that a client sends
_WHOLE = (TEXT, BINARY)
_pack = Struct(">BBH").pack
_KEYS = 4_096  # bytes of randomness asked for at once

mask: Callable[[BytesLike, bytes], bytes]
try:
    from websockets.speedups import apply_mask as mask
except ImportError:  # a platform that websockets has no binary for
    from websockets.utils import apply_mask as mask

READ = 64 * 2**10  # bytes at once; 250 ms of audio are 16,000 in base64
_LITTLE = 2 * 2**10  # bytes at once of tiny frames: 64 kB of pings would take 300 ms
_TINY = 64  # bytes of a frame; the service's events have 200 and more
_MANY = 16  # frames in one read
_CONTINUED = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class PlainWire:
    """A `Wire` over bytes; whoever has them feeds it.

    Args:
        transport: of the bytes.
        listener: told of what comes.
        is_client: which end this is.
        max_size: bytes of a message.
        write: the way out for messages, if that is another one than for all else.
        now: the clock for `heard_at`.
        extensions: that were agreed on. What is sent makes no use of them.
        on_read: called when something has come, and was looked at.
        hang_up: says that nothing more comes from here; by default, ends the transport.

    Attributes:
        read_size: bytes that are best read at once.
        heard_at: as `Wire.heard_at`; ``pong``, as `Wire.pong`.
    """

    def __init__(
        self,
        transport: Bytes,
        listener: Listener,
        *,
        is_client: bool,
        max_size: int,
        write: Callable[[bytes], None] | None = None,
        now: Callable[[], float] | None = None,
        extensions: Sequence[Extension] = (),
        on_read: Callable[[], None] | None = None,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        self._transport = transport
        self._listener = listener
        self._write = write or transport.write
        self._frame = Masking().frame if is_client else frame
        self._masked = 0 if is_client else MASKED  # what the other side has to be
        self._usual = self._masked | 126  # the second byte of nearly all that comes
        self._max_size = max_size
        self._protocol = Protocol(
            CLIENT if is_client else SERVER,
            state=OPEN,
            max_size=max_size,
            logger=SILENT,
        )
        self._protocol.extensions = list(extensions)
        self._is_open = True  # neither side has said goodbye
        self._is_over = False  # the listener has been told
        self._is_full = False
        self._rest = bytearray()  # the beginning of a frame, at most `max_size` long
        self._due = 0  # bytes of it that it takes to know more
        self._parts: bytearray | None = None  # of a message that came in several frames
        self._is_text = True
        self._pongs = bytearray()  # to be sent
        self._now = now
        self._on_read = on_read
        self._hang_up = hang_up or transport.close
        self.heard_at = -inf
        self.pong = b""
        self.read_size = READ

    # --- a `Wire`

    def send(self, message: str | bytes, /) -> None:
        """As `Wire.send`."""
        if not self._is_open:
            return
        if isinstance(message, str):
            self._write(self._frame(TEXT, message.encode()))
        else:
            self._write(self._frame(BINARY, message))

    @property
    def unfinished(self) -> int:
        """As `Wire.unfinished`."""
        return len(self._rest) + len(self._parts or b"")

    def ping(self, data: bytes = b"", /) -> None:
        """As `Wire.ping`."""
        if self._is_open:
            self._protocol.send_ping(data)
            self._flush()

    def close(self, code: int, reason: str = "") -> None:
        """As `Wire.close`."""
        if self._is_open:
            self._is_open = False
            said = goodbye(code, reason)
            self._protocol.send_close(said.code, said.reason)
            self._flush()

    def fail(self, code: int, reason: str = "") -> None:
        """As `Wire.fail`."""
        if self._is_open:
            self._is_open = False
            self._protocol.fail(code, reason)
            self._flush()
            self._end(code, "", fault=True)

    # --- what its transport calls

    def feed(self, data: bytes) -> None:
        """So much has come; nothing at the end."""
        if not data:
            self.end()
            return
        if self._now is not None:
            self.heard_at = self._now()
        if self._rest:
            self._rest += data
            if len(self._rest) < self._due:
                if self._on_read is not None:
                    self._on_read()
                return
            data = bytes(self._rest)
            self._rest.clear()
        at, size, frames = 0, len(data), 0
        while at < size and not self._is_over:
            begin, end = 0, size
            # Nearly all: a message of 126 to 65,535 bytes, in one frame.
            if size - at >= 4 and data[at] in _WHOLE and data[at + 1] == self._usual:
                begin = at + (8 if self._masked else 4)
                end = begin + (data[at + 2] << 8 | data[at + 3])
            if not begin or end - begin > self._max_size:
                begin, end = self._payload(data, at, size)
            if end > size:
                self._due = end - at
                self._rest += data[at:]
                break
            frames += 1
            if data[at] in _WHOLE and self._parts is None and begin:
                whole = data[begin:end]
                if self._masked:
                    whole = mask(whole, data[begin - 4 : begin])
                if self._is_open:  # else we have said goodbye: nobody listens
                    self._tell(whole, is_text=data[at] == TEXT)
            else:
                self._by_library(data[at:end])
            at = end
        if self._pongs:
            self._answer()
        if self._on_read is not None:
            self._on_read()
        are_tiny = frames > _MANY and frames * _TINY > size
        self.read_size = _LITTLE if are_tiny else READ

    def end(self) -> None:
        """Nothing more will come."""
        self._is_open = False
        # What waits to be sent is for nobody, but for an answer to a goodbye.
        if self._is_over:
            self._transport.close()
        else:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The bytes have ended."""
        self._is_open = False
        self._listener.on_lost(exc)

    def pause_writing(self) -> None:
        """The system takes no more."""
        self._is_full = True
        self._listener.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._is_full = False
        self._listener.resume_writing()

    # --- the inside

    def _payload(self, data: bytes, at: int, size: int) -> tuple[int, int]:
        """Where the payload of the frame at ``at`` begins and ends.

        An end behind ``size`` is where the frame's next part ends that is needed. No
        beginning: websockets must see all at once, to refuse it (masked or not as it
        must not be, or too long).
        """
        if size - at < 2:
            return 0, at + 2
        length = data[at + 1] - self._masked
        if not 0 <= length < MASKED:
            return 0, size
        begin = at + (6 if self._masked else 2)
        if length > 125:
            width = 2 if length == 126 else 8
            if size < at + 2 + width:
                return 0, at + 2 + width
            begin += width
            length = int.from_bytes(data[at + 2 : at + 2 + width], "big")
        if length > self._max_size:
            return 0, size
        return begin, begin + length

    def _by_library(self, data: bytes) -> None:
        protocol = self._protocol
        protocol.receive_data(data)
        close = None
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode is Opcode.CLOSE:
                close = protocol.close_rcvd
            elif event.opcode is Opcode.PONG:
                self.pong = bytes(event.data)
            elif event.opcode in _CONTINUED and close is None:
                self._piece(event)
        self._is_open = self._is_open and protocol.state is OPEN
        if protocol.writes:
            self._flush()
        if protocol.parser_exc is not None:
            sent = protocol.close_sent
            self._end(1002 if sent is None else sent.code, "", fault=True)
        elif close is not None:
            self._end(close.code, close.reason)

    def _piece(self, event: Frame) -> None:
        if self._parts is None:
            self._parts = bytearray()
            self._is_text = event.opcode is Opcode.TEXT
        self._parts += event.data
        if event.fin:
            message, self._parts = self._parts, None
            if self._is_open:
                self._tell(bytes(message), is_text=self._is_text)

    def _tell(self, message: bytes, *, is_text: bool) -> None:
        if not is_text:
            self._listener.on_message(message)
            return
        try:
            text = str(message, "utf-8")
        except UnicodeDecodeError:
            self.fail(1007)
        else:
            self._listener.on_message(text)

    def _end(self, code: int, reason: str, *, fault: bool = False) -> None:
        if self._is_over:
            return
        self._is_over, self._is_open = True, False
        if not fault:
            self._listener.on_close(code, reason)
            return
        why, size = self._protocol.parser_exc, 0
        if isinstance(why, PayloadTooBig):
            size = (why.size or 0) + (why.current_size or 0)
        self._listener.on_fault(code, size)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if not data:  # nothing more is to come from here
                self._hang_up()
            elif data[0] == PONG:
                self._pongs += data  # those of one read go out in one piece
            else:
                self._transport.write(data)

    def _answer(self) -> None:
        pongs, self._pongs = self._pongs, bytearray()
        # Who pings without reading is owed nothing that would have to be kept.
        if self._is_open and not self._is_full:
            self._transport.write(bytes(pongs))


# --- how frames are written


def frame(first: int, data: bytes) -> bytes:
    """As a server sends it."""
    size = len(data)
    if 125 < size < 65_536:
        return _pack(first, 126, size) + data
    return _head(first, size, 0) + data


class Masking:
    """Makes a client's frames, each with a key that nobody can foretell.

    websockets asks the operating system for each: a system call, which costs as much as
    all the rest of a frame, 9 % of a call's CPU. Here a thousand are asked for at once;
    they are as strong.
    """

    __slots__ = ("_at", "_keys")

    def __init__(self) -> None:
        self._keys = b""
        self._at = 0

    def frame(self, first: int, data: bytes) -> bytes:
        """As a client sends it."""
        at = self._at
        if at >= len(self._keys):
            self._keys, at = os.urandom(_KEYS), 0
        key = self._keys[at : at + 4]
        self._at = at + 4
        size = len(data)
        if 125 < size < 65_536:
            return _pack(first, MASKED | 126, size) + key + mask(data, key)
        return _head(first, size, MASKED) + key + mask(data, key)


def _head(first: int, size: int, masked: int) -> bytes:
    if size < 126:
        return bytes((first, masked | size))
    if size < 65_536:
        return _pack(first, masked | 126, size)
    return bytes((first, masked | 127)) + size.to_bytes(8, "big")
