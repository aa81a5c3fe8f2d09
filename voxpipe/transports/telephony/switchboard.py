"""The switchboard: takes calls up to a limit, runs the app for each, sees to its end.

One look a second at all calls, by the loop's timer, takes the place of timers in
each of them: it ends those in which nothing happens any more. It needs no task, and so
neither the lifespan of a server nor any call that would have to outlive the others.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from os import PathLike
from typing import Literal

from anyio import current_time, move_on_after

from voxpipe.pipeline import AudioFrame, VoxpipeError
from voxpipe.pipeline.runtime.call_record import recorded
from voxpipe.pipeline.runtime.exits import exits_as_failures, orders
from voxpipe.pipeline.runtime.timer import Timer, Timers, timers
from voxpipe.pipeline.runtime.wakeup import Wakeup

from . import failures
from .apology import SORRY, apologise, read_clip
from .attendant import name_of
from .call import Call
from .line import Ending, Line
from .load import LATE_LIMIT, Load
from .orders import Orders
from .placed import Detect, PlacedCall
from .refusals import Refusals
from .tickets import Replayed, Ticket, Tickets
from .watching import CallWatcher

App = Callable[[Call], Awaitable[object]]
"""What answers a call: opens what it needs, runs its pipeline, and returns."""

SWEEP_INTERVAL = 1.0  # seconds between two looks at all calls
CLOSE_TIMEOUT = 5.0  # seconds that calls which are cut have to end

logger = logging.getLogger("voxpipe.calls")


class CallNotTaken(VoxpipeError):
    """No call can be taken now.

    Attributes:
        why: there are as many as there may be, or no more are to come.
    """

    def __init__(self, why: Literal["full", "draining"], more: str = "") -> None:
        super().__init__(f"no call is taken: {why}{more}")
        self.why = why


class Switchboard:
    """Runs an app for each call, and lets nothing that goes wrong in one harm another.

    A caller whose app fails is told so, and the call ends. For every call that was
    taken the logger ``voxpipe.calls`` gets one line, without what was said, numbers or
    keys; with ``failed_replies``, ``tool_errors`` and ``faults`` if there were any.

    Args:
        answer: the app.
        limit: calls at once; those that were promised count.
        late_limit: seconds by which the event loop may be late (the 95th percentile of
            five seconds) until no further call is taken; those that were promised are.
            ``math.inf`` for calls to be counted only.
        idle_limit: seconds until a call is ended in which nobody speaks: the caller is
            not louder than a quiet line, nothing is played, and no tool is at work.
            Before and after its pipeline an app has as many.
        apology: what a caller hears when the app has failed, a WAV file with one
            channel, best in the carrier's format (for Twilio, mu-law at 8,000 Hz), or
            ``None`` for nothing; by default a sentence that comes with voxpipe.
        watcher: looks at each call, such as `voxpipe.monitoring.Monitor`.

    Attributes:
        limit: as it was given.
        tickets: for the calls that were promised.
        orders: those for calls that are placed from here.
        refusals: of whoever came to one of its doors.
        load: what the calls are to the event loop.

    Raises:
        WavError: the apology cannot be read.
        OSError: it cannot be opened.
        ValueError: no app, no call, or no time for one.
    """

    def __init__(
        self,
        answer: App,
        *,
        limit: int = 100,
        idle_limit: float = 300.0,
        late_limit: float = LATE_LIMIT,
        apology: str | PathLike[str] | None = "",
        watcher: CallWatcher | None = None,
    ) -> None:
        if limit < 1 or not idle_limit > 0 or not late_limit > 0:
            raise ValueError(
                f"expected a limit of 1 call or more and of some seconds, got {limit!r}"
                f", {idle_limit!r} and {late_limit!r}"
            )
        given: object = answer
        if not callable(given):
            kind = type(given).__name__
            raise ValueError(
                f"answer is an async function that takes a call, not {kind}"
            )
        self.limit = limit
        self.tickets = Tickets()
        self.orders = Orders()
        self.refusals = Refusals()
        self.load = Load(late_limit)
        self._answer = answer
        self._watcher = watcher
        self._idle_limit = idle_limit
        self._apology = None if apology is None else read_clip(apology or SORRY)
        self._lines: set[Line] = set()
        self._closes_at = math.inf  # then promised calls are not taken either
        self._timer: Timer | None = None
        self._ended = Wakeup()  # one of the calls has

    @property
    def calls(self) -> int:
        """How many there are."""
        return len(self._lines)

    @property
    def state(self) -> Literal["ready", "full", "draining"]:
        """Whether a new call would be taken, and why not."""
        if self._closes_at < math.inf:
            return "draining"
        taken = len(self._lines) + self.tickets.kept + len(self.orders)
        return "full" if taken >= self.limit or self.load.is_too_much else "ready"

    @property
    def has_stuck(self) -> bool:
        """Whether an app that was cut half a minute ago has not ended.

        It may keep a core busy as long as the process lives. Calls are taken still.
        """
        return any(line.overstays(current_time()) for line in self._lines)

    def admit(self) -> None:
        """Take a call that was not promised; to be followed by `run` at once.

        Raises:
            CallNotTaken: it cannot be taken.
        """
        state = self.state
        if state == "full" and self.load.is_too_much:
            self.load.tell(current_time(), self.calls)
            raise CallNotTaken(state, ", the machine is busy")
        if state != "ready":
            raise CallNotTaken(state)

    def order(
        self,
        *,
        answer: App | None = None,
        parameters: Mapping[str, str] | None = None,
        detect: Detect | None = None,
        seconds: float,
    ) -> PlacedCall:
        """Keep a place for a call that is about to be placed.

        Args:
            answer: the app for it, in place of the one for all.
            parameters: for the app.
            detect: what the carrier is asked to listen for.
            seconds: in which its stream must have come.

        Raises:
            CallNotTaken: there is no place.
        """
        self.admit()
        return self.orders.open(
            answer=answer, parameters=parameters, detect=detect, seconds=seconds
        )

    def promise(
        self,
        call_id: str,
        *,
        caller: str = "",
        called: str = "",
        placed: PlacedCall | None = None,
    ) -> str:
        """Keep a place for a call whose stream will come in a moment, for 3 s.

        Args:
            call_id: the carrier's name for it, from somebody who is known to be it.
            caller: who is calling.
            called: the number that they called.
            placed: the order that it came of, if it was placed from here.

        Returns:
            The ticket that the stream must bring.

        Raises:
            Replayed: this call has been answered.
            CallNotTaken: it cannot be taken.
        """
        self.tickets.see(call_id)
        if placed is not None and placed.is_ringing:
            if not placed.answered(call_id):
                raise Replayed
        elif call_id not in self.tickets:
            self.admit()
        return self.tickets.mint(call_id, caller=caller, called=called, placed=placed)

    def redeem(self, token: str, call_id: str) -> Ticket | None:
        """Take back the ticket of a call that comes; ``None`` if this is not it.

        To be followed by `run` at once.

        Raises:
            CallNotTaken: it comes late, and others have taken its place.
        """
        ticket = self.tickets.redeem(token, call_id)
        if ticket is not None and ticket.kept_until <= current_time():
            state = self.state
            if state == "full":
                raise CallNotTaken(state)
        return ticket

    def standing(self) -> dict[str, str]:
        """The apps of the calls that there are, and where they stand: for the log.

        May be asked from any thread, also when an app keeps the event loop busy.
        """
        found = dict[str, str]()
        for line in self._lines.copy():
            found |= line.attendant.standing()
        return found

    async def run(self, call: Call) -> Ending:
        """Have a call answered; returns when it is over and the app has returned.

        An app that was cut and does not end is named in the log after two seconds, and
        its caller let go; it keeps its place.

        Raises:
            CallNotTaken: it was promised, but by now everything is to end.
        """
        placed = call.placed
        if current_time() >= self._closes_at:
            if placed is not None:
                placed.finished("drained")
            raise CallNotTaken("draining")
        answer = (placed and placed.answer) or self._answer
        app = name_of(answer)
        line = Line(call, f"the app {app}")
        watcher = self._watcher
        watch = None if watcher is None else watcher.watch(call, app)
        self._lines.add(line)
        loop = timers()
        self.load.watch(loop)
        if self._timer is None or not self._timer.is_pending:
            self._watch(loop)
        with nullcontext() if watch is None else watch.around():
            try:
                try:
                    with line.scope, recorded(f"call={line.name}") as line.record:
                        await line.attendant.run(partial(self._serve, line, answer))
                except* Exception as errors:  # noqa: BLE001  # of an app that was being
                    line.failed(errors)  # cancelled: some of its tasks ended, some not
            except BaseException:
                line.end = line.end or call.ended or "drained"  # from outside
                raise
            finally:
                self._leave(line)
                end = line.tell()
                if watch is not None:
                    watch.over(end, line.record.counts)
                if placed is not None:
                    placed.finished(end)
        return end

    async def drain(self, deadline: float) -> int:
        """Take no new calls, and wait for those that there are.

        A call whose caller was told to connect is still taken. A second drain can
        only shorten the first: ``drain(0)`` ends all calls now.

        Args:
            deadline: seconds; what is not over by then is cut.

        Returns:
            How many were cut.
        """
        self._closes_at = min(self._closes_at, current_time() + deadline)
        while self._lines or len(self.tickets) or len(self.orders):
            left = self._closes_at - current_time()
            if left <= 0:
                break
            with move_on_after(min(left, SWEEP_INTERVAL)):
                await self._ended.wait()
        rest = tuple(self._lines)
        for line in rest:
            line.cut("drained", current_time())
        with move_on_after(CLOSE_TIMEOUT):
            while self._lines:
                await self._ended.wait()
        return len(rest)

    # --- one call

    async def _serve(self, line: Line, answer: App) -> None:
        call = line.call
        try:
            with exits_as_failures(orders()):
                await answer(call)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
            line.failed(error)
            clip = self._apology
            if clip is not None and not call.ended and not line.scope.cancel_called:
                await self._apologise(line, clip)

    async def _apologise(self, line: Line, clip: AudioFrame) -> None:
        try:
            await apologise(line.call, clip)
        except Exception as error:  # noqa: BLE001  # as above
            logger.warning(
                "call=%s no apology: %s", line.name, failures.in_short(error)
            )

    def _leave(self, line: Line) -> None:
        self._lines.discard(line)
        if not self._lines and self._timer is not None:
            self._timer.cancel()
            self.load.rest()
        self._ended.set()

    # --- all calls

    def _watch(self, loop: Timers) -> None:
        self._timer = loop.at(loop.now() + SWEEP_INTERVAL, partial(self._sweep, loop))

    def _sweep(self, loop: Timers) -> None:
        # In no task: anyio knows neither the loop nor its time there.
        now = loop.now()
        for line in self._lines:
            line.check(now, self._idle_limit)
        self._watch(loop)
