"""Calls without a result, and the one reply that follows when all have theirs.

It is the same for tools that run here and for those that the service calls: a reply
that has called is followed once, when it has been made and none of its calls is open.
After an interruption it is the reply to what the caller says that uses the results; one
that comes too late for that is followed all the same.

Each result says whether the model is to speak because of it. Where the calls of one
reply disagree, the one that wants most is followed: ``always`` before ``if_silent``
before ``never``. What the service has called itself always wants a reply.
"""

from __future__ import annotations

from voxpipe.pipeline import ReplyWanted

from .response import Response
from .responses import Responses

MAX_OPEN = 128  # calls at once of each kind; half of what fits into `Realtime.results`
MAX_UNCONFIRMED = (
    256  # outputs that the service has not confirmed; all that can be open
)
_MORE: tuple[ReplyWanted, ...] = ("never", "if_silent", "always")


class PendingCalls:
    """Knows which calls are open, of which reply, and what is to follow.

    Args:
        responses: makes those that follow.
    """

    def __init__(self, responses: Responses) -> None:
        self._responses = responses
        self._open: dict[str, Response] = {}  # by the call
        self._unconfirmed: dict[str, None] = {}  # outputs that are on their way
        # Replies that are asked for because of results, and the outputs they are for.
        self._following: list[tuple[Response, set[str]]] = []

    @property
    def any_open(self) -> bool:
        """Somebody waits for a result."""
        return bool(self._open)

    def is_open(self, call_id: str) -> bool:
        """Its reply waits for its result."""
        return call_id in self._open

    def open(self, call_id: str, response: Response) -> None:
        """A reply has called."""
        self._open[call_id] = response
        response.pending.add(call_id)
        response.has_called = True

    def end(self, call_id: str, reply: ReplyWanted = "always") -> Response | None:
        """A call has its result: gives the reply that may be followed now."""
        response = self._open.pop(call_id, None)
        if response is not None:
            response.pending.discard(call_id)
            response.owes = _MORE[max(map(_MORE.index, (response.owes, reply)))]
        return response

    def ended(self, call_id: str, reply: ReplyWanted = "always") -> Response | None:
        """A call has its result: gives what is to be asked for now."""
        response = self.end(call_id, reply)
        return None if response is None else self.follow_up(response)

    def let_go(self, call_id: str) -> Response | None:
        """A call will have no result: gives the reply that may be followed now."""
        response = self._open.pop(call_id, None)
        if response is not None:
            response.pending.discard(call_id)
        return response

    def detach(self, call_id: str) -> Response | None:
        """Go on without a call, until its result comes; gives whose it is.

        That is so when the caller interrupts: the reply to what they say uses all other
        results that are there.
        """
        response = self.let_go(call_id)
        if response is not None and not response.pending:
            response.owes = "never"
        return response

    def ended_late(
        self, response: Response | None, reply: ReplyWanted
    ) -> Response | None:
        """A detached call has its result: gives what is to be asked for now."""
        return self.go_on() if _is_wanted(reply, response) else None

    def begun(self, response: Response) -> None:
        """A reply to the caller begins: it uses what the service has confirmed by now.

        What is open comes too late for it.
        """
        for caller in self._open.values():
            caller.overtaken = caller.turn.is_cut
        for following, outputs in self._following:
            if not following.id and not outputs & self._unconfirmed.keys():
                following.turn.cut()  # it would say the same again
        self._following = [(f, o) for f, o in self._following if not f.turn.is_over]

    def follow_up(self, response: Response) -> Response | None:
        """What is to be asked for once a reply is made and its calls are answered."""
        owes = response.owes
        if owes == "never" or response.pending or response.phase != "made":
            return None
        response.owes = "never"
        if response.turn.is_cut and not response.overtaken:
            return None  # the reply to what the caller says uses the results anyway
        if not _is_wanted(owes, response):
            return None
        following = self.go_on()
        if not response.turn.generated:  # it is this one that answers the caller
            timings, before = following.turn.timings, response.turn.timings
            timings.user_stopped = before.user_stopped
            timings.committed = before.committed
        return following

    def go_on(self) -> Response:
        """A reply that uses the results there are."""
        following = self._responses.new({}, follow_up=True)
        kept = [each for each in self._following if not each[0].id]
        self._following = [*kept[-MAX_OPEN:], (following, set(self._unconfirmed))]
        return following

    # --- outputs on their way to the service

    def output_sent(self, call_id: str) -> None:
        """The service is told a result."""
        self._unconfirmed[call_id] = None
        while len(self._unconfirmed) > MAX_UNCONFIRMED:
            del self._unconfirmed[next(iter(self._unconfirmed))]

    def output_known(self, call_id: str) -> None:
        """The service has it in the conversation."""
        self._unconfirmed.pop(call_id, None)


def _is_wanted(reply: ReplyWanted, response: Response | None) -> bool:
    if reply == "if_silent":
        return response is None or not _has_spoken(response)
    return reply == "always"


def _has_spoken(response: Response) -> bool:
    """Whether the caller has heard something of it, or will; or could read it."""
    is_lost = response.turn.is_cut and response.is_spoken
    heard = response.turn.played if is_lost else response.turn.generated
    return heard > 0 or (not is_lost and bool(response.text.strip()))
