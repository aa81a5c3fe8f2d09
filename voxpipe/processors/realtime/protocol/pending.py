"""The tool calls that wait for their results: each is answered once."""

from __future__ import annotations

from voxpipe.pipeline import ToolCall
from voxpipe.pipeline.runtime.recent import Recent

from .reply import Reply

OPEN = 128  # calls at once; half of what fits into `Realtime.results`
REMEMBERED = 1_024  # call ids; more than an hour's conversation has
# As a tool's own failure looks, so that the model knows what became of its call.
NOT_RUN = (
    '{"error": {"type": "cancelled", "message": "the caller interrupted; it was not '
    'run"}}'
)
TOO_MANY = (
    '{"error": {"type": "busy", "message": "too many calls are open; it was not run"}}'
)
NOBODY = (
    '{"error": {"type": "unknown_tool", "message": "there are no tools in this '
    'conversation"}}'
)


class ToolCalls:
    """Knows which calls are open, and of which reply.

    Attributes:
        caller_turns: how often the caller has said or written something.
    """

    def __init__(self) -> None:
        self.caller_turns = 0
        self._detached: set[str] = set()
        self._open: dict[str, Reply] = {}
        self._known = Recent(REMEMBERED)

    @property
    def any_open(self) -> bool:
        """Somebody waits for a tool."""
        return bool(self._open)

    @property
    def is_full(self) -> bool:
        """More calls are open than any conversation has a use for."""
        return len(self._open) >= OPEN

    def is_new(self, call_id: str) -> bool:
        """This call has not come before."""
        return self._known.add(call_id)

    def open(self, reply: Reply, call: ToolCall) -> None:
        """A tool is asked to run."""
        self._open[call.call_id] = reply
        reply.open_calls.add(call.call_id)
        reply.called = True

    def answer(self, call_id: str) -> Reply | None:
        """A tool has answered: the reply that called it, or ``None`` if none waits."""
        self._detached.discard(call_id)
        reply = self._open.pop(call_id, None)
        if reply is not None:
            reply.open_calls.discard(call_id)
        return reply

    def is_open(self, call_id: str) -> bool:
        """A tool works on it."""
        return call_id in self._open

    def is_detached(self, call_id: str) -> bool:
        """The conversation goes on without it."""
        return call_id in self._detached

    def detach(self, call_id: str) -> None:
        """Let the conversation go on without an open call, until its result comes.

        That is so when the caller interrupts: the reply to what they say uses all other
        results that are there.
        """
        reply = self._open[call_id]
        self._detached.add(call_id)
        reply.open_calls.discard(call_id)
        if not reply.open_calls:
            reply.called = False

    def overtake(self) -> None:
        """A reply to the caller begins, and what is open comes too late for it."""
        for reply in self._open.values():
            reply.overtaken = reply.turn.is_cut


def is_due(reply: Reply) -> bool:
    """The reply is through and all its calls are answered: the model may go on."""
    return reply.called and reply.done and not reply.open_calls
