"""The model's tool calls, from the item that calls to the reply that uses the result.

The service lets the conversation go on while a call is open, so a result may come late:
it is the call's output whenever it comes, and the model is asked to go on when the
floor is free.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from uuid import uuid4

from voxpipe.pipeline import Image, ToolResult, ToolUpdate, Transcript
from voxpipe.pipeline.runtime.recent import Recent
from voxpipe.processors.realtime import events as ev

from .client_events import item_of
from .fillers import Fillers
from .outbox import Outbox
from .pending import MAX_OPEN, PendingCalls
from .response import Response
from .responses import Responses

MAX_REMEMBERED = 1_024  # call ids; more than an hour's conversation has
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

_PICTURE = "tool_picture_"  # how the names of items begin that show one
_NOT_SAID = "the caller has not sent this: it is a picture from the tool"


class ToolCalls:
    """Hands calls out, and results in.

    Args:
        responses: knows who calls.
        pending: knows what is open, and what follows.
        fillers: say something while tools are at work.
        outbox: where outputs, calls and reports go.
    """

    def __init__(
        self,
        responses: Responses,
        pending: PendingCalls,
        fillers: Fillers,
        outbox: Outbox,
    ) -> None:
        self._responses = responses
        self._pending = pending
        self._outbox = outbox
        self._fillers = fillers
        self._open: set[str] = set()  # all that have no result, detached ones too
        self._detached: dict[str, Response | None] = {}  # and whose they are
        self._picture = f"{_PICTURE}{uuid4().hex[:8]}_"
        self._numbers = count(1)  # of the pictures that were shown
        self._known = Recent(MAX_REMEMBERED)
        self._caller_turns = 0  # how often the caller has said or written something
        self._caller_item = ""  # the last of it

    @property
    def any_open(self) -> bool:
        """Somebody waits for a tool."""
        return bool(self._open)

    def knows(self, call_id: str) -> bool:
        """The call was handed out, or answered here."""
        return call_id in self._known

    # --- what the service says

    def item_known(self, event: ev.ItemEvent, now: float) -> None:
        """Something has entered the conversation: a turn of the caller's, an output."""
        item = event.item
        if item.type == "function_call_output":
            self._pending.output_known(item.call_id or "")
        if item.id.startswith(_PICTURE):
            self._pending.output_known(item.id)
        elif item.belongs_to == "user":
            self._caller_turns += 1
            self._caller_item = item.id
            if item.written:
                transcript = Transcript(
                    speaker="user", text=item.written, item_id=item.id
                )
                self._outbox.tell("transcripts", transcript)

    def item_done(self, event: ev.OutputItemEvent, now: float) -> Response | None:
        """The model has written an item; a call is handed out."""
        done = self._responses.item_done(event)
        if done is None:
            return None
        response, call = done
        if not self._known.add(call.call_id):
            return None
        if response.turn.is_cut:
            self._answer(call.call_id, NOT_RUN)
        elif "calls" not in self._outbox.read:
            self._answer(call.call_id, NOBODY)  # or the model waits for ever
            self._outbox.report("a tool was called, and nobody takes calls")
            self._pending.open(call.call_id, response)
            return self._pending.ended(call.call_id)
        elif len(self._open) >= MAX_OPEN:
            self._answer(call.call_id, TOO_MANY)
            self._outbox.report("too many tool calls are open: one was refused")
        else:
            self._open.add(call.call_id)
            self._pending.open(call.call_id, response)
            turns, item = response.caller_turns, response.caller_item
            call = replace(call, caller_turns=turns, caller_item=item)
            self._outbox.tell("calls", call)
        return None

    def made(self, told: ev.Response, now: float) -> list[Response]:
        """A reply has been made, which tells its calls again, should one be lost."""
        wished: list[Response] = []
        for item in told.output or ():
            if item.type != "function_call" or (item.call_id or "") in self._known:
                continue
            event = ev.OutputItemEvent(
                type="response.output_item.done", response_id=told.id, item=item
            )
            following = self.item_done(event, now)
            if following is not None:
                wished.append(following)
        return wished

    def begun(self, response: Response) -> None:
        """A reply has begun: its calls know what the caller had said by then."""
        response.caller_turns = self._caller_turns
        response.caller_item = self._caller_item

    # --- what the tools say

    def add(self, told: ToolResult | ToolUpdate) -> Response | None:
        """A tool has answered, or tells of a call; gives the reply to ask for."""
        call_id = told.call_id
        if call_id not in self._open:
            what = "news" if isinstance(told, ToolUpdate) else "the result"
            self._outbox.report(f"expected {what} of an open call, got another")
            return None
        if isinstance(told, ToolUpdate):
            self._update(told)
            return None
        self._open.discard(call_id)
        if call_id in self._fillers.waits:
            self._fillers.drop(call_id)
        self._answer(call_id, told.output)
        for picture in told.pictures:
            self._show(picture, told.name)
        if call_id in self._detached:
            caller = self._detached.pop(call_id)
            return self._pending.ended_late(caller, told.reply)
        return self._pending.ended(call_id, told.reply)

    def _update(self, update: ToolUpdate) -> None:
        if update.kind == "detached":
            self._fillers.drop(update.call_id)
            self._detached[update.call_id] = self._pending.detach(update.call_id)
        else:
            self._fillers.add(update)

    def _answer(self, call_id: str, output: str) -> None:
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        self._outbox.send("conversation.item.create", item=item)
        self._pending.output_sent(call_id)

    def _show(self, picture: Image, tool: str) -> None:
        # The output of a call is text: a picture can only be shown as the caller would.
        item_id = f"{self._picture}{next(self._numbers)}"
        item = item_of(picture, f"[{_NOT_SAID} {tool}]") | {"id": item_id}
        self._outbox.send("conversation.item.create", item=item)
        self._pending.output_sent(item_id)
