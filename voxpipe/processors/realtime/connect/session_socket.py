"""The socket under a session: a WebSocket that is sent to without waiting.

The caller's audio goes out fifty times a second. Here that is one function call which
frames a message and writes it, from whatever task has it: no task is woken, no lock is
taken, and nothing waits unless the socket is full. (The connections that websockets has
itself can only be sent to by waiting.) What comes in is put in a line, as little as a
reader can be behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from anyio import CancelScope, Event, move_on_after
from anyio.lowlevel import checkpoint
from websockets.frames import CloseCode

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.runtime.timer import Timer, timers
from voxpipe.websocket import Bytes, Listener, Wire

from .close import LOOKS, Timeouts, broken, closed, refused, unheard, unread
from .host import Address
from .upgrade import Upgrade

FULL = 16 * 2**10  # bytes that the system has not taken; more make a sender wait
_MOST = 64  # messages in the line; then the service has to wait
_FEW = 16  # messages, at which it may go on
_IN_TURN = 16  # messages that are taken before others of the loop have a turn


BeginWire = Callable[[Listener, int], Wire]
"""Makes a WebSocket of the bytes: its listener, the longest message."""


class SessionSocket:
    """A `Connection` that can also be sent to without waiting.

    Over bytes until the upgrade is made, and then the `Listener` of a `Wire`.

    Args:
        address: what is connected to.
        patience: with the other side.
        max_size: of a message, in bytes.

    Attributes:
        now: the clock by which it judges whether anybody is there.
    """

    def __init__(self, address: Address, patience: Timeouts, max_size: int) -> None:
        self._upgrade = Upgrade(address)
        self._patience = patience
        self._max_size = max_size
        self._transport: Bytes | None = None
        self._begin_wire: BeginWire
        self._wire: Wire
        self._is_open = False  # it is a WebSocket, and nobody has said goodbye
        self._messages: deque[str] = deque()  # bounded by `_MOST`, and one read
        self._at_once: Callable[[str], bool] | None = None
        self._read_at: float = 0.0  # of the last one that was taken at once
        self._in_turn = 0  # messages, since others had a turn
        self._arrival: Event | None = None  # somebody waits for a message
        self._room: Event | None = None  # the system takes no more
        self._changed = Event()  # the upgrade was answered, or never will be
        self._gone = Event()  # the TCP connection has ended
        self._reading = True
        self._why: SessionLost | None = None
        self._clock = timers()
        self.now = self._clock.now
        self._timer: Timer | None = None
        self._listens_since = 0.0  # what came before was nobody's to hear
        self._asked_at: float | None = None  # a ping is out, and nothing came since
        self._unsent = 0  # bytes, at the last look
        self._looks = 0  # since the system has last taken some of them

    # --- what a session does with it

    async def opened(self) -> None:
        """Wait for the upgrade; raises why there is none."""
        await self._changed.wait()
        self._upgrade.raise_why()
        self._listens_since = self.now()
        self._set_timer()

    def send_nowait(self, message: str) -> bool:
        """Send a message if that needs no waiting; says whether it was sent.

        Raises:
            SessionLost: the connection has ended.
        """
        if self._room is not None:
            return False
        if not self._is_open:
            raise self._lost()
        self._wire.send(message)
        return True

    async def send(self, message: str, /) -> None:
        """Send a message, waiting while the service does not read."""
        while not self.send_nowait(message):
            assert self._room is not None
            await self._room.wait()

    async def receive(self) -> str:
        """The next message."""
        while not self._messages:
            if not self._is_open:
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

    def take_at_once(self, function: Callable[[str], bool] | None) -> None:
        """Have messages given to ``function`` when they come, while `receive` waits.

        It is called outside of every task, says whether it has dealt with the message
        (else that is received as ever), and must not raise. ``None`` takes it back.
        """
        self._at_once = function

    async def close(self) -> None:
        """Say goodbye, and wait a little for the other side to say it, too."""
        if self._timer is not None:
            self._timer.cancel()
        transport = self._transport
        if transport is None:
            return
        with CancelScope(shield=True):
            with move_on_after(self._patience.farewell):
                if self._upgrade.is_done and not self._gone.is_set():
                    self._wire.close(CloseCode.NORMAL_CLOSURE)
                    if not self._reading:
                        self._read_on()
                    await self._gone.wait()
            self._is_open = False
            if not self._gone.is_set():  # asyncio's raise when that is twice
                transport.abort()
            await self._gone.wait()

    def _lost(self) -> SessionLost:
        # A new one each time: what is raised twice carries the first one's traceback.
        why = self._why or broken(None)
        return SessionLost(str(why), code=why.code, reason=why.reason, how=why.how)

    # --- until there is a WebSocket: what has the bytes calls these

    def begin(self, transport: Bytes, begin_wire: BeginWire) -> None:
        """There is a TCP connection: ask for the upgrade.

        Args:
            transport: over which.
            begin_wire: makes a WebSocket of it.
        """
        self._transport, self._begin_wire = transport, begin_wire
        transport.write(self._upgrade.request())

    def feed(self, data: bytes) -> None:
        """So much has come."""
        upgrade = self._upgrade
        upgrade.feed(data)
        if upgrade.is_done:
            self._is_open = True
            self._wire = self._begin_wire(self, self._max_size)
            if upgrade.rest:
                self._wire.feed(upgrade.rest)
        if upgrade.is_over:
            self._changed.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._upgrade.end()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is no more."""
        self.end()
        self._gone.set()

    # --- from then on: a `Listener`

    def on_message(self, message: str | bytes, /) -> None:
        """As `Listener.on_message`; the service sends text, and reads it as such."""
        if isinstance(message, bytes):
            try:
                message = message.decode()
            except UnicodeDecodeError:
                self._wire.fail(CloseCode.INVALID_DATA)
                return
        if self._arrival is not None and self._taken_at_once(message):
            return
        self._messages.append(message)
        self._wake()
        if len(self._messages) > _MOST and self._reading:
            assert self._transport is not None
            self._reading = False
            self._transport.pause_reading()

    def on_close(self, code: int, reason: str, /) -> None:
        """As `Listener.on_close`."""
        self._over(closed(code, reason))

    def on_fault(self, code: int, size: int, /) -> None:
        """As `Listener.on_fault`."""
        limit = self._max_size if size else 0
        self._over(refused(code, size, limit))

    def on_lost(self, error: Exception | None, /) -> None:
        """As `Listener.on_lost`."""
        self._over(broken(error))
        self._gone.set()
        self.resume_writing()

    def pause_writing(self) -> None:
        """As `Listener.pause_writing`."""
        if self._room is None and not self._gone.is_set():
            self._room = Event()
            self._unsent, self._looks = self._waiting, 0
            if self._timer is not None:
                self._set_timer()

    def resume_writing(self) -> None:
        """As `Listener.resume_writing`."""
        room, self._room = self._room, None
        if room is not None:
            room.set()

    # --- the inside

    def _taken_at_once(self, message: str) -> bool:
        # Of one read only some: who never stops has not the loop alone.
        heard_at: float = self._wire.heard_at
        if heard_at != self._read_at:
            self._read_at, self._in_turn = heard_at, 0
        self._in_turn += 1
        take = self._at_once
        return take is not None and self._in_turn < _IN_TURN and take(message)

    def _over(self, why: SessionLost) -> None:
        self._why = self._why or why
        self._is_open = False
        self._wake()

    def _read_on(self) -> None:
        assert self._transport is not None
        self._reading = True
        self._listens_since = self.now()
        self._transport.resume_reading()

    def _wake(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.set()

    # --- whether anybody is still there

    @property
    def _waiting(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def _heard_at(self) -> float:
        return max(self._wire.heard_at, self._listens_since)

    def _note_answer(self) -> None:
        if self._asked_at is not None and self._heard_at >= self._asked_at:
            self._asked_at = None

    def _set_timer(self) -> None:
        patience, now = self._patience, self.now()
        self._note_answer()
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
        if not self._is_open:
            return
        now, patience = self.now(), self._patience
        self._note_answer()
        # The sums of `_set_timer`: by a difference it could be too early for ever.
        if self._reading and now >= self._heard_at + patience.quiet:
            if self._asked_at is None:
                self._asked_at = now
                self._wire.ping()
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
