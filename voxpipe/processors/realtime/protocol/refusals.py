"""What the service refuses: whoever ordered it is told, or it is tried again."""

from __future__ import annotations

from voxpipe.processors.realtime import events as ev

from .arbiter import Arbiter
from .deadlines import Deadlines
from .item_edits import ItemEdits
from .outbox import Outbox
from .response import Response
from .responses import Responses
from .updates import SessionSettings

_BUSY = "conversation_already_has_active_response"
# Crossed with what it was to prevent: a reply that ended by itself, an item that the
# service had not made yet or the program has edited, audio that it had committed first.
_BENIGN = {
    "response_cancel_not_active",
    "item_delete_invalid_item_id",
    "item_truncate_invalid_item_id",
    "item_already_truncated",
    "input_audio_buffer_commit_empty",
}


class Refusals:
    """Finds out whose order was refused.

    Args:
        in_force: updates that are on their way, and who answers the caller.
        arbiter: replies that were asked for.
        responses: makes one to answer the caller.
        deadlines: cancellations.
        edits: of items.
        outbox: where reports go.
    """

    def __init__(
        self,
        in_force: SessionSettings,
        arbiter: Arbiter,
        responses: Responses,
        deadlines: Deadlines,
        edits: ItemEdits,
        outbox: Outbox,
    ) -> None:
        self._in_force = in_force
        self._arbiter = arbiter
        self._responses = responses
        self._deadlines = deadlines
        self._edits = edits
        self._outbox = outbox

    def refused(self, event: ev.ErrorEvent, now: float) -> Response | None:
        """An order was refused, or the service failed; gives what is to be asked for.

        Args:
            event: says which, if the order had a name.
            now: the time.
        """
        error = event.error
        if self._edits.refused(error) or self._deadlines.refused(error, now):
            return None
        busy = error.code == _BUSY
        if busy and error.event_id is None and self._arbiter.asked is None:
            # It wanted to answer the caller while another reply was being made.
            answers = self._in_force.settings.service_answers
            return self._responses.new({}, follow_up=True) if answers else None
        self._in_force.refused(error)
        response = self._arbiter.refused(error.event_id, busy=busy, now=now)
        if response is not None:
            response.drop("rejected", error.name)
            self._outbox.reply_failed(f"the service refused: {error.name}")
        elif error.code not in _BENIGN and not busy:
            self._outbox.report(f"the service refused: {error.name}")
        return None
