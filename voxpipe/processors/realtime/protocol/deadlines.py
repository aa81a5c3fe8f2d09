"""Replies whose end the service does not tell: asked about, and then given up.

An event can be lost: its end of a reply damaged on the way, or never sent. A reply that
is being made holds the floor, and somebody may wait for its outcome. So one of which
nothing has come for a while is cancelled by its id. The service then tells its end, or
refuses, as there is nothing to cancel: its end was lost. One that says neither in time
is given up all the same, and so is one that was cut or cancelled for another reason.
"""

from __future__ import annotations

from itertools import count
from math import inf
from uuid import uuid4

from voxpipe.processors.realtime import events as ev

from .outbox import Outbox
from .response import Response
from .responses import Responses

RESPONSE_TIMEOUT = 30.0  # seconds without a sign of life; a model may think for some
END_TIMEOUT = 10.0  # seconds to tell the end of what was cancelled

_UNTOLD = "its end was never told"


class Deadlines:
    """Watches the replies that are being made.

    Args:
        responses: knows them, and ends those that are given up.
        outbox: where cancellations and reports go.
        response_timeout: seconds without a sign of life of one; ``inf`` for ever.

    Attributes:
        due: when `advance` has something to do though nothing happens.
    """

    def __init__(
        self, responses: Responses, outbox: Outbox, response_timeout: float
    ) -> None:
        self.due: float | None = None
        self._responses = responses
        self._outbox = outbox
        self._timeout = response_timeout
        self._cancels: dict[str, Response] = {}  # by our name for the cancellation
        # Other clients may speak on the same session: names are ours alone.
        self._prefix = f"voxpipe_cancel_{uuid4().hex[:8]}_"
        self._numbers = count(1)

    def advance(self, now: float) -> list[Response]:
        """Cancel what is silent, give up what does not end; gives those given up."""
        lost: list[Response] = []
        earliest = inf
        making = self._responses.making
        for response in tuple(making):
            if response.phase != "making":
                making.remove(response)
                continue
            due = self._due(response, now)
            if due <= now:
                self._responses.lose(response, response.stalled or _UNTOLD, now)
                making.remove(response)
                lost.append(response)
            else:
                earliest = min(earliest, due)
        self.due = None if earliest == inf else earliest
        if self._cancels and not making:
            self._cancels.clear()
        return lost

    def lose(self) -> None:
        """The session is lost: nothing more is told of anything."""
        self._cancels.clear()
        self.due = None

    def refused(self, error: ev.ErrorDetail, now: float) -> bool:
        """An order was refused: whether it was a cancellation of what was silent."""
        response = self._cancels.pop(error.event_id or "", None)
        if response is None:
            return False
        response.stalled, response.ends_by = _UNTOLD, now
        return True

    def _due(self, response: Response, now: float) -> float:
        if response.ends_by is None and (response.cancelled or response.turn.is_cut):
            response.ends_by = now + END_TIMEOUT
        if response.ends_by is not None:
            return response.ends_by
        if response.due == inf or now >= response.due:
            # Only looked at here, so that a timer need not be set for every event.
            response.due = response.heard_at + self._timeout
        if now < response.due:
            return response.due
        response.stalled = f"nothing came of it for {self._timeout:g} s"
        response.ends_by = now + END_TIMEOUT
        self._outbox.report(f"a reply is cancelled: {response.stalled}")
        name = f"{self._prefix}{next(self._numbers)}"
        self._cancels[name] = response
        self._responses.cancel(response, event_id=name)
        return response.ends_by
