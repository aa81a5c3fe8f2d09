"""A call that was placed: whether somebody answered, who, and how it ended."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal

from anyio import CancelScope, Event, current_time, move_on_after

from .not_reached import Unreached, not_reached

if TYPE_CHECKING:
    from .call import Call
    from .line import Ending

AnsweredBy = Literal["", "human", "machine", "fax", "unknown"]
"""Who has answered, as the carrier heard it; empty while it has not said so."""

Detect = Literal["answer", "greeting"]
"""What a carrier is asked to listen for: who it is, or also a machine's last word."""

DETECTION_TIMEOUT = 60.0  # seconds from the stream's start; carriers give up after 30

logger = logging.getLogger("voxpipe.calls")


class PlacedCall:
    """One call that was ordered from a carrier; made by ``place_call``.

    It keeps a place at the switchboard from the order to the call's end. The order is
    known by a token of its own, which goes to the carrier only: a stream that does not
    come by it is never taken for this call, and one does so once.

    Attributes:
        id: the carrier's name for the call; empty until it has said so.
        answered_by: who has answered, so far.
        parameters: for the app, as `Call.parameters`; the carrier never sees them.
        answer: the app for this call; ``None`` for the switchboard's own.
        token: by which the carrier's requests and the stream are known; 256 random
            bits, as text. Show it nobody.
    """

    def __init__(
        self,
        token: str,
        *,
        answer: Callable[[Call], Awaitable[object]] | None,
        parameters: Mapping[str, str],
        detect: Detect | None,
        seconds: float,
    ) -> None:
        self.id = ""
        self.answered_by: AnsweredBy = ""
        self.parameters = dict(parameters)
        self.answer = answer
        self.token = token
        self._detect = detect
        self._expires_at = current_time() + seconds
        self._rings = True  # its place is kept here, and not by a ticket
        self._connected_at: float | None = None
        self._why: Unreached | None = None
        self._ending: Ending | None = None
        self._settled = Event()  # connected, or over
        self._over = Event()
        self._found = Event()
        self._greeted = Event()

    # --- for the program

    async def detected(self) -> AnsweredBy:
        """Wait until the carrier has said who it is; ``unknown`` if it will not.

        It listens while the app already runs: some 4 s for a human. ``unknown`` also
        comes at once if it was not asked to, and after 60 s in which it said nothing.
        """
        await self._wait_for(self._found, self._detect is not None)
        return self.answered_by or "unknown"

    async def greeting_over(self) -> None:
        """Wait until a machine has ended its greeting, mostly with a beep.

        Returns at once for anybody else, where nobody listens for it (``detect=`` was
        not ``"greeting"``), and when the call is over.
        """
        if await self.detected() == "machine":
            await self._wait_for(self._greeted, self._detect == "greeting")

    async def over(self) -> Ending:
        """Wait for the end of the call; the app has returned by then.

        Returns:
            Why it was over, as in the log.

        Raises:
            LineBusy: they were on the phone.
            NotAnswered: nobody picked up.
            CallFailed: it could not be connected, or was hung up on before the stream.
        """
        with CancelScope(deadline=self._expires_at):
            await self._settled.wait()
        if not self.is_over:
            await self._over.wait()
        if self._ending is not None:
            return self._ending
        raise not_reached(self._why or "lost")

    # --- for the carrier's endpoint

    @property
    def is_ringing(self) -> bool:
        """Whether a place is kept for it here: nobody has answered, it is not over."""
        return self._rings and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it; also when nothing was heard for long."""
        if not self._settled.is_set() and current_time() >= self._expires_at:
            self.failed("lost")
        return self._over.is_set()

    def name(self, call_id: str) -> bool:
        """Learn the carrier's name for it; ``False`` if it has another."""
        self.id = self.id or call_id
        return self.id == call_id

    def answered(self, call_id: str) -> bool:
        """Somebody has picked up: a ticket keeps its place now.

        Returns:
            ``False`` if it is not this call, or it is over, or has its stream.
        """
        if self.is_over or self._settled.is_set() or not self.name(call_id):
            return False
        self._rings = False
        return True

    def connect(self, call: Call) -> bool:
        """Tie a stream's call to this order, once; ``False`` as for `answered`."""
        if not self.answered(call.id):
            return False
        self._connected_at = current_time()
        self._settled.set()
        call.placed = self
        call.parameters = {**call.parameters, **self.parameters}
        return True

    def detect(self, answered_by: AnsweredBy, *, greeting_over: bool = False) -> None:
        """The carrier says who has answered, and whether a machine waits to record."""
        self.answered_by = answered_by
        self._found.set()
        if greeting_over:
            self._greeted.set()

    def failed(self, why: Unreached) -> None:
        """The carrier says that it is over.

        If its stream has come, that tells the end; but an app that waits to hear who
        has answered, and does not listen to the stream yet, waits no more.
        """
        if self._settled.is_set():
            self._found.set()
            self._greeted.set()
            return
        logger.info("call=%s end=unreached why=%s", self.id[-8:] or "?", why)
        self._why = why
        self._end()

    def finished(self, ending: Ending) -> None:
        """The call that came of it is over, and so is its app."""
        self._ending = self._ending or ending
        self._end()

    def _end(self) -> None:
        for event in (self._settled, self._over, self._found, self._greeted):
            event.set()

    async def _wait_for(self, event: Event, was_asked: bool) -> None:
        began = self._connected_at
        if not was_asked or event.is_set():
            return
        left = DETECTION_TIMEOUT
        if began is not None:
            left = max(0.0, began + DETECTION_TIMEOUT - current_time())
        with move_on_after(left):
            await event.wait()
        if not event.is_set():
            logger.warning(
                "call=%s the carrier has not said who answered: does its callback "
                "reach this server?",
                self.id[-8:],
            )
            event.set()
