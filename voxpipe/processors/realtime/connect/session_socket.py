"""The socket under a session: websockets' protocol in a thin shell, for both loops.

The caller's audio goes out fifty times a second. Here that is one function call which
frames a message and writes it, from whatever task has it: no task is woken, no lock is
taken, and nothing waits unless the socket is full. (The connections that websockets has
itself can only be sent to by waiting.) What comes in is put in a line, as little as a
reader can be behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from anyio import CancelScope, Event, move_on_after
from anyio.lowlevel import checkpoint
from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import BytesLike
from websockets.uri import parse_uri

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.runtime.silent import SILENT
from voxpipe.pipeline.runtime.timer import Timer, timers

from .close import LOOKS, Timeouts, broken, closed, refused, unheard, unread
from .host import Address
from .masking import Masking

READ = 64 * 2**10  # bytes at once; 250 ms of audio are 16,000 in base64
FULL = 16 * 2**10  # bytes that the system has not taken; more make a sender wait
_MOST = 64  # messages in the line; then the service has to wait
_FEW = 16  # messages, at which it may go on
_TINY = 64  # bytes of a frame; the service's events have 200 and more
_LITTLE = 2 * 2**10  # bytes at once of tiny frames: 64 kB of pings would take 300 ms
_IN_TURN = 16  # messages that are taken before others of the loop have a turn
_PONG = 0x80 | Opcode.PONG  # the first byte of one


class Transport(Protocol):
    """Bytes both ways, as asyncio has them; a loop's own part of the socket."""

    def write(self, data: bytes, /) -> None:
        """Send, as soon as the system takes it."""
        ...

    def close(self) -> None:
        """End it when all is sent."""
        ...

    def abort(self) -> None:
        """End it now."""
        ...

    def pause_reading(self) -> None:
        """Let what comes wait."""
        ...

    def resume_reading(self) -> None:
        """Do so no longer."""
        ...

    def get_write_buffer_size(self) -> int:
        """Bytes that the system has not taken."""
        ...


class SessionSocket:
    """A `Connection` that can also be sent to without waiting.

    Args:
        address: what is connected to.
        patience: with the other side.
        max_size: of a message, in bytes.

    Attributes:
        read_size: bytes that may be read at once.
    """

    def __init__(self, address: Address, patience: Timeouts, max_size: int) -> None:
        self._protocol = ClientProtocol(
            parse_uri(address.url), max_size=max_size, logger=SILENT
        )
        self._address = address
        self._patience = patience
        self.read_size = READ
        self._transport: Transport | None = None
        self._send: Callable[[bytes], None]
        self._masking = Masking()
        self._messages: deque[str] = deque()  # bounded by `_MOST`, and one read
        self._parts: bytearray | None = None  # of a message that is sent in several
        self._in_turn = 0  # messages, since others had a turn
        self._arrival: Event | None = None  # somebody waits for a message
        self._room: Event | None = None  # the system takes no more
        self._changed = Event()  # the upgrade was answered, or never will be
        self._upgraded = False
        self._gone = Event()  # the TCP connection has ended
        self._reading = True
        self._closing = False
        self._why: SessionLost | None = None
        self._clock = timers()
        self._timer: Timer | None = None
        self._heard_at = 0.0  # when the last byte came
        self._asked_at: float | None = None  # a ping is out, and nothing came since
        self._unsent = 0  # bytes, at the last look
        self._looks = 0  # since the system has last taken some of them

    # --- what a session does with it

    async def opened(self) -> None:
        """Wait for the upgrade; raises why there is none."""
        await self._changed.wait()
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc
        if not self._upgraded:
            raise EOFError("the connection ended before it was opened")
        self._heard_at = self._clock.now()
        self._set_timer()

    def send_nowait(self, message: str) -> bool:
        """Send a message if that needs no waiting; says whether it was sent.

        Raises:
            SessionLost: the connection has ended.
        """
        if self._room is not None:
            return False
        if self._protocol.state is not State.OPEN:
            raise self._lost()
        self._send(self._masking.text(message))
        return True

    async def send(self, message: str, /) -> None:
        """Send a message, waiting while the service does not read."""
        while not self.send_nowait(message):
            assert self._room is not None
            await self._room.wait()

    async def receive(self) -> str:
        """The next message."""
        while not self._messages:
            if self._gone.is_set() or self._protocol.state is not State.OPEN:
                raise self._lost()
            self._arrival, self._in_turn = Event(), 0
            await self._arrival.wait()
        if self._in_turn >= _IN_TURN:  # who never stops has not the loop alone
            self._in_turn = 0
            await checkpoint()
        self._in_turn += 1
        message = self._messages.popleft()
        if not self._reading and len(self._messages) <= _FEW:
            self._read_on()
        return message

    async def close(self) -> None:
        """Say goodbye, and wait a little for the other side to say it, too."""
        if self._timer is not None:
            self._timer.cancel()
        transport = self._transport
        if transport is None:
            return
        self._closing = True
        with CancelScope(shield=True):
            with move_on_after(self._patience.farewell):
                if self._protocol.state is State.OPEN:
                    self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
                    self._write()
                # The answer to a goodbye may still be on its way when both have ended.
                if self._protocol.state is State.CLOSING or self._waiting:
                    if not self._reading:
                        self._read_on()
                    await self._gone.wait()
            transport.abort()
            await self._gone.wait()

    def _lost(self) -> SessionLost:
        # A new one each time: what is raised twice carries the first one's traceback.
        why = self._why or broken(None)
        return SessionLost(str(why), code=why.code, reason=why.reason, how=why.how)

    # --- what its transport calls

    def begin(self, transport: Transport, send: Callable[[bytes], None]) -> None:
        """There is a TCP connection: ask for the upgrade.

        Args:
            transport: over which.
            send: the way in for messages, if that is another one than for all else.
        """
        self._transport, self._send = transport, send
        request = self._protocol.connect()
        request.headers.update(self._address.headers())
        self._protocol.send_request(request)
        self._write()

    def feed(self, data: bytes | bytearray) -> None:
        """So much has come."""
        self._heard_at, self._asked_at = self._clock.now(), None
        self._protocol.receive_data(data)
        frames = len(self._protocol.events)
        are_tiny = frames > _IN_TURN and frames * _TINY > len(data)
        self.read_size = _LITTLE if are_tiny else READ
        self._take_events()

    def end(self, error: Exception | None) -> None:
        """Nothing more will come.

        Args:
            error: with which the connection has broken, if it has.
        """
        self._why = self._why or self._ended_by() or broken(error)
        if not self._protocol.reader.eof:
            self._protocol.receive_eof()
        self._take_events()

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is no more."""
        self.end(exc)
        self._gone.set()
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The system takes no more."""
        if self._room is None and not self._gone.is_set():
            self._room = Event()
            self._unsent, self._looks = self._waiting, 0
            if self._timer is not None:
                self._set_timer()

    def resume_writing(self) -> None:
        """It does again."""
        room, self._room = self._room, None
        if room is not None:
            room.set()

    # --- the inside

    def _take_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._upgraded = self._protocol.handshake_exc is None
                self._changed.set()
            elif isinstance(event, Frame):
                self._take(event)
        if self._protocol.handshake_exc is not None:
            self._changed.set()
        over = self._protocol.state in _OVER  # and not while it is only half upgraded
        if over:
            self._why = self._why or self._ended_by()
        self._write()
        if self._messages or over:
            self._wake()
        if len(self._messages) > _MOST and self._reading and not self._closing:
            assert self._transport is not None
            self._reading = False
            self._transport.pause_reading()

    def _take(self, frame: Frame) -> None:
        if self._closing or frame.opcode not in _DATA:
            return
        data: BytesLike = frame.data
        if not frame.fin or self._parts is not None:
            parts = bytearray() if self._parts is None else self._parts
            parts += data
            self._parts = None if frame.fin else parts
            if not frame.fin:
                return
            data = parts
        if self._why is not None:
            return
        try:
            self._messages.append(str(data, "utf-8"))
        except UnicodeDecodeError:
            if self._protocol.state is State.OPEN:
                self._protocol.fail(CloseCode.INVALID_DATA)
            self._why = refused(CloseCode.INVALID_DATA)

    def _ended_by(self) -> SessionLost | None:
        """What the protocol knows of it: who has closed, and why."""
        protocol = self._protocol
        if protocol.close_rcvd is not None and protocol.parser_exc is None:
            return closed(protocol.close_rcvd.code, protocol.close_rcvd.reason)
        sent, fault = protocol.close_sent, protocol.parser_exc
        if fault is None or isinstance(fault, EOFError) or sent is None:
            return None
        if isinstance(fault, PayloadTooBig):
            size = (fault.size or 0) + (fault.current_size or 0)
            return refused(sent.code, size, protocol.max_message_size or 0)
        return refused(sent.code)

    def _write(self) -> None:
        transport = self._transport
        assert transport is not None  # nothing is to be written before
        for data in self._protocol.data_to_send():
            if not data:  # nothing more is to come from either side
                transport.close()
            elif self._room is None or data[0] != _PONG:
                # Who pings without reading is owed nothing that would have to be kept.
                transport.write(data)

    def _read_on(self) -> None:
        assert self._transport is not None
        self._reading = True
        self._heard_at = self._clock.now()  # before, nobody was listening
        self._transport.resume_reading()

    def _wake(self) -> None:
        self._changed.set()
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.set()

    # --- whether anybody is still there

    @property
    def _waiting(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _set_timer(self) -> None:
        patience, now = self._patience, self._clock.now()
        if not self._reading:
            due = now + patience.look
        elif self._asked_at is not None:
            due = self._asked_at + patience.answer
        else:
            due = self._heard_at + patience.quiet
        if self._room is not None:
            due = min(due, now + patience.look)
        timer = self._timer
        if timer is not None and timer.is_pending:
            if timer.moment <= due:
                return  # it will look then, and set the next one
            timer.cancel()
        self._timer = self._clock.at(due, self._check)

    def _check(self) -> None:
        # Whatever comes is a sign of life: a pong can be behind a minute of audio. But
        # who speaks may still read nothing: then what waits for it gets no less.
        if self._protocol.state is not State.OPEN:
            return
        now, patience = self._clock.now(), self._patience
        # The sums of `_set_timer`: by a difference it could be too early for ever.
        if self._reading and now >= self._heard_at + patience.quiet:
            if self._asked_at is None:
                self._asked_at = now
                self._protocol.send_ping(b"")
                self._write()
            elif now >= self._asked_at + patience.answer:
                self._give_up(unheard(patience))
                return
        if self._room is not None:
            unsent, self._unsent = self._unsent, self._waiting
            self._looks = self._looks + 1 if self._unsent >= unsent else 0
            if self._looks >= LOOKS:
                self._give_up(unread(patience))
                return
        self._set_timer()

    def _give_up(self, why: SessionLost) -> None:
        assert self._transport is not None
        self._why = self._why or why
        self._transport.abort()


_OVER = (State.CLOSING, State.CLOSED)
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
