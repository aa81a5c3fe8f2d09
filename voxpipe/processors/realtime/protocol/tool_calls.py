"""The model's tool calls, from the item that calls to the reply that uses the result.

The service lets the conversation go on while a call is open, so a result may come late:
it is the call's output whenever it comes, and the model is asked to go on when the
floor is free (realtime-api.md, 3.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from voxpipe.pipeline import ToolCall, ToolResult, ToolUpdate
from voxpipe.processors.realtime import events as ev

from .fillers import Fillers
from .outbox import Outbox
from .pending import NOBODY, NOT_RUN, OPEN, TOO_MANY, ToolCalls, is_due
from .reply import Reply
from .responses import Responses

FromTools = ToolResult | ToolUpdate
UNCONFIRMED = 256  # outputs that the service has not confirmed; all that can be open


class Calling:
    """Hands calls out, and results in.

    Args:
        speaking: knows the replies.
        effects: where orders, frames and complaints go.
        ask: asks for a reply: options, now, and whether it is a follow-up.
        is_silent: whether nobody has the floor, and nothing is to be heard.
    """

    def __init__(
        self,
        speaking: Responses,
        effects: Outbox,
        ask: Callable[[dict[str, Any], float, bool], Reply],
        is_silent: Callable[[], bool],
    ) -> None:
        self._speaking = speaking
        self._effects = effects
        self._ask = ask
        self._calls = ToolCalls()
        self._waiting = Fillers(is_silent)
        self._unconfirmed: dict[str, None] = {}  # outputs that are on their way
        # Replies that are wished for because of results, and the outputs they are for.
        self._following: list[tuple[Reply, set[str]]] = []

    @property
    def any_open(self) -> bool:
        """Somebody waits for a tool."""
        return self._calls.any_open

    @property
    def due(self) -> float | None:
        """When there may be something to say though nothing happens."""
        return self._waiting.due

    # --- what the service says

    def item_known(self, event: ev.ItemEvent) -> None:
        """Something has entered the conversation: a turn of the caller's, an output."""
        item = event.item
        if item.type == "function_call_output":
            self._unconfirmed.pop(item.call_id or "", None)
        if item.belongs_to == "user":
            self._calls.caller_turns += 1

    def item_done(self, event: ev.OutputItemEvent, now: float) -> None:
        """The model has written an item; a call is handed out."""
        call = self._speaking.item_done(event)
        if call is None or not self._calls.is_new(call.call_id):
            return
        reply = self._speaking.find(event.response_id)
        if reply is None:
            self._answer(call.call_id, NOT_RUN)
        elif self._calls.is_full:
            self._answer(call.call_id, TOO_MANY)
            self._effects.report("too many tool calls are open: one was refused")
        else:
            self._calls.open(reply, call)
            turns = reply.caller_turns
            self._effects.tell("calls", replace(call, caller_turns=turns))

    def begun(self, reply: Reply) -> None:
        """A reply has begun: what the service has confirmed by now it uses."""
        reply.caller_turns = self._calls.caller_turns
        if not reply.answers:
            return
        self._calls.overtake()
        for following, outputs in self._following:
            if not following.response_id and not outputs & self._unconfirmed.keys():
                following.turn.cut()  # it would say the same again
        self._following = [(f, o) for f, o in self._following if not f.turn.is_over]

    def follow_up(self, reply: Reply, now: float) -> None:
        """Ask the model to go on: once, when a reply's calls are all answered."""
        if not is_due(reply):
            return
        reply.called = False
        if reply.turn.is_cut and not reply.overtaken:
            return  # the reply to what the caller says uses the results anyway
        following = self._go_on(now).turn.timings
        if not reply.turn.generated:  # it is this one that answers the caller
            following.user_stopped = reply.turn.timings.user_stopped
            following.committed = reply.turn.timings.committed

    # --- what the tools say

    def add(self, told: FromTools, now: float) -> None:
        """A tool has answered, or tells of a call that it works on."""
        if isinstance(told, ToolUpdate):
            self._update(told)
            return
        detached = self._calls.is_detached(told.call_id)
        reply = self._calls.answer(told.call_id)
        if reply is None:
            self._effects.report("expected the result of an open call, got another")
            return
        self._waiting.drop(told.call_id)
        self._answer(told.call_id, told.output)
        if detached:
            self._go_on(now)
        else:
            self.follow_up(reply, now)

    def refuse(self, call: ToolCall, now: float) -> None:
        """Nobody takes the calls: answer, or the model waits for ever."""
        self._effects.report("a tool was called, and nobody takes calls")
        self.add(ToolResult(call_id=call.call_id, output=NOBODY), now)

    def fill(self, now: float) -> None:
        """Say what is due while tools are at work."""
        self._waiting.say(now, lambda options: self._ask(options, now, False))

    def hang_up(self) -> None:
        """The caller has gone: nobody need be kept company."""
        self._waiting.clear()

    def _update(self, update: ToolUpdate) -> None:
        if not self._calls.is_open(update.call_id):
            self._effects.report("expected news of an open call, got another's")
        elif update.kind == "detached":
            self._waiting.drop(update.call_id)
            self._calls.detach(update.call_id)
        else:
            self._waiting.add(update)

    def _go_on(self, now: float) -> Reply:
        reply = self._ask({}, now, True)
        kept = [each for each in self._following if not each[0].response_id]
        self._following = [*kept[-OPEN:], (reply, set(self._unconfirmed))]
        return reply

    def _answer(self, call_id: str, output: str) -> None:
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        self._effects.order("conversation.item.create", item=item)
        self._unconfirmed[call_id] = None
        while len(self._unconfirmed) > UNCONFIRMED:
            del self._unconfirmed[next(iter(self._unconfirmed))]
