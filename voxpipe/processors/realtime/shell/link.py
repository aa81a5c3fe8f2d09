"""What joins a protocol to its connection, its ports and the clock.

The same for every box that talks to the service: after each step of the protocol the
`Outbox` is taken out: reports and frames at once, messages by whoever can send them
without waiting, else by one task. That task also wakes when the protocol is due.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from math import inf
from typing import Any

from anyio import create_task_group, current_time, move_on_after
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    AudioFrame,
    CallerFrame,
    Frame,
    Input,
    Processor,
    SessionLost,
    SpeechStarted,
    SpeechStopped,
)
from voxpipe.pipeline.observer import Observer, observers
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.timer import Timer, Timers, timers
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.connect.handshake import OpenedSession
from voxpipe.processors.realtime.connect.reconnect import not_followed
from voxpipe.processors.realtime.protocol.outbox import PORTS
from voxpipe.processors.realtime.protocol.reconnected import Reconnected

from .ports import PortQueues
from .rolling_over import RollingOver, Successor
from .sessions import Sessions
from .steps import Recovery, SansIOProtocol

HEEDED = (AudioFrame, SpeechStarted, SpeechStopped)  # of what a caller is heard by
LAST_WORDS_TIMEOUT = 10.0  # seconds for what is open after the caller has gone
MAX_LATE = 1.0  # seconds that the caller is heard late, before it is a fault
QUIET = 1.0  # seconds without an event after which the service has nothing to say


class Link:
    """Takes a protocol's steps, and takes out what they leave.

    Args:
        box: whose ports are told, and which reports everything unusable.
        session: with the service; lent to the box while it runs.
        protocol: whose steps are taken.
        recovery: of the protocol, if it can go on in another session.

    Attributes:
        audio: set when there may be more audio to be played.
        ending: nothing more is needed: no end of the session is a loss.
        closing: the service was asked to close it: that it does so is none either.
        observers: who looks at the box while it runs.
    """

    def __init__(
        self,
        box: Processor,
        session: OpenedSession[Any],
        protocol: SansIOProtocol,
        recovery: Recovery | None = None,
    ) -> None:
        self._box = box
        self._loan = session.loan
        self._has_run = False
        self._protocol = protocol
        self._ports: PortQueues | None = None  # while it does not run
        self.observers: tuple[Observer, ...] = ()
        self._hears: Input[CallerFrame] | None = None  # while it is read
        self._messages = Wakeup()  # there is something to send, or something due
        self._due: float | None = None  # what the timer is set to
        self._timer = Timer(inf, self._messages.set)
        self._timers: Timers | None = None  # of the loop it runs in
        self._moves: list[Wakeup] = []
        self._late = 0.0  # seconds that the caller is heard late
        self._told_late = False
        self.audio = Wakeup()
        self.closing = self.ending = False
        self.now: Callable[[], float] = current_time
        self._sessions = Sessions(session, protocol, recovery, self)
        self._sender = self._sessions.sender
        self._rolling: RollingOver | None = None
        if self._sessions.reopening is not None and session.reconnect is not None:
            self._rolling = RollingOver(self._sessions, session.reconnect.ahead)
        self._loan.at_close(self._end)

    def check(self) -> Iterator[str]:
        """A session that cannot be had, or a box that has had its own."""
        name = self._box.name
        if self._has_run:
            yield (
                f"{name} has run, and its conversation is over: make a new one for "
                "each run"
            )
        elif self._loan.objection:
            yield f"{name}: {self._loan.objection}"

    @contextmanager
    def moves(self) -> Generator[Wakeup]:
        """For one task: set whenever the protocol moves in this block."""
        wakeup = Wakeup()
        self._moves.append(wakeup)
        try:
            yield wakeup
        finally:
            self._moves.remove(wakeup)

    def wake(self) -> None:
        """Have a task take out what there is: for who is not in a step of the box."""
        self._messages.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[TaskGroup]:
        """Converse as long as the block runs; its tasks end with it.

        What was told to the ports is delivered before the block is left.

        Raises:
            WiringError: the session is lent to another box, or closed.
            SessionLost: the session has ended, and nobody had asked for that.
            VoxpipeError: a reader of a port does not read.
        """
        # Kept: where audio is taken at once, outside of every task, anyio may not know
        # which loop runs. And its clock costs more than the loop's own.
        self._timers = timers()
        self.now = self._timers.now
        with self._loan.lent(self._box.name, self._end):
            async with self._conversing() as tasks:
                yield tasks

    @asynccontextmanager
    async def _conversing(self) -> AsyncGenerator[TaskGroup]:
        self._has_run, outbox = True, self._protocol.outbox
        async with tasks_until_done() as tasks:
            told = [port for port in self._box.outputs() if port.name in PORTS]
            self._ports = PortQueues(told)
            self.observers = looking = observers()
            outbox.read = self._ports.read
            outbox.told = outbox.read.union(*(each.wants for each in looking))
            for each in looking:
                each.begun(self._box)
            try:
                async with create_task_group() as deliveries:
                    self._ports.start(deliveries)
                    tasks.start_soon(self._sessions.run, tasks)
                    tasks.start_soon(self._send)
                    self.flush()
                    yield tasks
                    self._ports.close()
            finally:
                self._protocol.end("the conversation is over")
                outbox.read = outbox.told = frozenset()  # nobody is told any more
                self._ports = None
                self.observers = ()
                for each in looking:
                    each.ended(self._box)
                self._set_timer(None)

    def closes(self) -> None:
        """The service is asked to close the session: that it does so is no loss."""
        self.closing = True
        self._loan.use_up()

    async def roll_over(self, other: Successor) -> Reconnected:
        """Go on in another session as soon as nobody speaks; see `RollingOver.ask`."""
        if self._rolling is None:
            raise not_followed()
        return await self._rolling.ask(other)

    def _end(self, reason: str) -> None:
        self._protocol.end(reason)

    # --- to the service

    async def _send(self) -> None:
        while True:
            await self.send()
            await self._messages.wait()
            self._protocol.advance(self.now())
            self.flush()

    async def send(self) -> None:
        """Send all that is to be sent; returns when nothing is left.

        Raises:
            SessionLost: the session has ended.
        """
        try:
            await self._sender.send()
        except SessionLost as lost:
            if early := self._loan.closed_early:
                raise SessionLost(early) from lost
            raise

    def flush(self) -> None:
        """Take out what a step has left: report, tell, send, and wake who waits."""
        outbox, ports = self._protocol.outbox, self._ports
        while outbox.reports:
            self._box.report(outbox.reports.popleft())
        if ports is None:
            return  # the rest when it runs
        while outbox.frames:
            port, frame = outbox.frames.popleft()
            ports.add(port, frame)
            if self.observers:
                self.show(port, frame)
        if outbox.messages and not self._sender.send_nowait():
            self._messages.set()
        if self._protocol.due != self._due:
            self._set_timer(self._protocol.due)
        if outbox.stirred:
            outbox.stirred = False
            self.audio.set()
        for wakeup in self._moves:
            wakeup.set()
        for each in self.observers:
            each.moved(self._box)

    def show(self, port: str, frame: Frame) -> None:
        """Tell whoever looks at this box."""
        for each in self.observers:
            if port in each.wants:
                each.told(self._box, port, frame)

    def _set_timer(self, due: float | None) -> None:
        self._due = due
        self._timer.cancel()
        if due is not None:
            assert self._timers is not None  # it runs
            self._timer = self._timers.at(due, self._messages.set)

    # --- from the caller

    async def hear(self, hears: Input[CallerFrame]) -> None:
        """Take what comes until there is no more."""
        self._hears = hears
        hears.take_at_once(self._take_at_once)
        async for frame in hears:
            self._take(frame)
            spoken = frame.duration if isinstance(frame, AudioFrame) else 0.0
            if self._sender.send_nowait():
                self._note_wait(-spoken)
                continue
            began = self.now()
            await self._sender.send()
            self._note_wait(self.now() - began - spoken)
        self._hears = None

    def _note_wait(self, seconds: float) -> None:
        """The audio on its way here has waited so much longer than it lasts."""
        self._late = max(0.0, self._late + seconds)
        if self._late > MAX_LATE and not self._told_late:
            self._box.report(
                f"the service reads too slowly: the caller is heard {self._late:.1f} s "
                "late"
            )
        self._told_late = self._late > MAX_LATE or (self._told_late and self._late > 0)

    async def follow_marks(self, speech: Input[CallerFrame]) -> None:
        """Take the speech marks of another branch until there are no more."""
        # Its audio came by `hears` already; a task would be woken for each frame.
        speech.take_at_once(lambda frame: type(frame) is AudioFrame)
        async for frame in speech:
            if type(frame) is not AudioFrame:
                self._take(frame)

    def take_what_came(self) -> None:
        """Take all that was heard and not yet taken."""
        while self._hears is not None and (frame := self._hears.receive_nowait()):
            self._take(frame)

    def _take_at_once(self, frame: CallerFrame) -> bool:
        if type(frame) is not AudioFrame or not self._sender.is_free:
            return False
        if self._protocol.hear(frame, self.now()):
            self.flush()
        if not self._sender.send_nowait():
            self._messages.set()
        return True

    def _take(self, frame: CallerFrame) -> None:
        if isinstance(frame, AudioFrame):
            if self._protocol.hear(frame, self.now()):
                self.flush()
        elif isinstance(frame, SpeechStarted | SpeechStopped):
            self._protocol.mark(frame, self.now())
            self.flush()

    # --- the end

    async def settle(self) -> None:
        """Wait until what was begun is through, and the service has fallen quiet."""
        quiet = False
        with move_on_after(LAST_WORDS_TIMEOUT), self.moves() as moved:
            while not (quiet and self._protocol.is_idle(self.now())):
                with move_on_after(QUIET) as timeout:
                    await moved.wait()
                quiet = timeout.cancelled_caught
