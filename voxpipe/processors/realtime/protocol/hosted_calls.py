"""Tools that the service calls: what it tells of them, and what it has to be told.

Nothing passes through here on its way to a server. What is left to a client is to
approve, and to ask the model to go on when a reply is done and all its calls have
ended: the service never does that (OpenAI's guide "Realtime with tools").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast, get_args

from voxpipe.processors.realtime import events as ev

from .arbiter import Arbiter
from .mcp_frames import McpApproval, McpCall, McpDecision, McpError, McpListed
from .outbox import Outbox
from .reply import Reply
from .responses import Responses
from .tool_calls import Calling, FromTools
from .transcripts import Transcripts

OPEN = 128  # calls at once, and requests; as many as for tools of our own
NOBODY = "nobody is there to approve it"

Handler = Callable[[Any, float], object]
Answers = FromTools | McpDecision
"""What `Realtime.results` takes."""


@dataclass(slots=True, eq=False)
class _Call:
    """A call that the model has begun.

    Attributes:
        reply: whose call it is, if that is part of the conversation.
        request_id: of the request for approval, once there is one.
        ended: the reply waits for it no longer.
        rejected: nothing more is told of it.
    """

    item_id: str
    server: str
    tool: str
    arguments: str
    reply: Reply | None
    request_id: str = ""
    ended: bool = False
    rejected: bool = False


class HostedCalls:
    """All calls that the service makes, and requests for approval.

    Args:
        speaking: knows the replies.
        calling: asks the model to go on.
        arbiter: knows which reply is being made.
        words: keeps the history.
        effects: where orders, frames and complaints go.
    """

    def __init__(
        self,
        speaking: Responses,
        calling: Calling,
        arbiter: Arbiter,
        words: Transcripts,
        effects: Outbox,
    ) -> None:
        self._speaking = speaking
        self._calling = calling
        self._arbiter = arbiter
        self._words = words
        self._effects = effects
        self._calls: dict[str, _Call] = {}
        self._requests: dict[str, McpApproval] = {}
        self._listings: dict[str, str] = {}  # how they ended, before the item says what

    @property
    def any_open(self) -> bool:
        """Some call is being made, or waits for approval."""
        return any(not call.ended for call in self._calls.values())

    def wrap(self, handlers: dict[str, Handler]) -> None:
        """Take part in what ``handlers`` do, by type of event."""
        parts: dict[str, Handler] = {
            "response.output_item.added": self._added,
            "response.output_item.done": self._output_done,
            "response.created": self._created,
            "conversation.item.done": self._item_done,
            "response.mcp_call_arguments.done": self._written,
            "response.mcp_call.in_progress": self._running,
            "response.mcp_call.failed": self._failed,
            "mcp_list_tools.failed": self._list_failed,
        }
        for kind, part in parts.items():
            handlers[kind] = _both(handlers.get(kind), part)

    # --- deciding

    def decide(self, decision: McpDecision, now: float) -> None:
        """Somebody approves, or rejects."""
        request = self._requests.pop(decision.request_id, None)
        if request is None:
            self._effects.report("expected a decision on an open request, got another")
            return
        item: dict[str, Any] = {
            "type": "mcp_approval_response",
            "approval_request_id": decision.request_id,
            "approve": decision.approve,
        }
        if decision.reason and not decision.approve:
            item["reason"] = decision.reason
        self._effects.order("conversation.item.create", item=item)
        if decision.approve:
            return
        for call in tuple(self._calls.values()):
            if call.request_id == decision.request_id:
                self._tell(call, status="rejected")
                self._end(call, now)

    def refuse(self, request: McpApproval, now: float) -> None:
        """Nobody reads the requests: answer, or the model waits for ever."""
        self._effects.report("a hosted tool needs approval, and nobody reads model.mcp")
        decision = McpDecision(
            request_id=request.request_id, approve=False, reason=NOBODY
        )
        self.decide(decision, now)

    # --- listing

    def _list_failed(self, event: ev.McpListEvent, now: float) -> None:
        self._listings[event.item_id] = "failed"
        while len(self._listings) > OPEN:
            del self._listings[next(iter(self._listings))]
        self._effects.report("the tools of an MCP server could not be listed")

    def _listed(self, item: ev.Item) -> None:
        failed = self._listings.pop(item.id, "") == "failed"
        names = tuple(tool.name for tool in item.tools or ())
        frame = McpListed(server=item.server_label or "", tools=names, failed=failed)
        self._effects.tell("mcp", frame)

    # --- calls

    def _added(self, event: ev.OutputItemEvent, now: float) -> None:
        item = event.item
        if item.type != "mcp_call" or not item.id or item.id in self._calls:
            return
        reply = self._speaking.find(event.response_id)
        if reply is not None and reply.is_aside:
            reply = None
        self._calls[item.id] = _Call(
            item.id, item.server_label or "", item.name or "", "", reply
        )
        if reply is not None:
            reply.open_calls.add(item.id)
        if len(self._calls) > OPEN:
            oldest = next(iter(self._calls.values()))
            if not oldest.ended:
                self._effects.report(f"{OPEN} hosted calls are open: one is given up")
            self._end(oldest, now)
            del self._calls[oldest.item_id]

    def _written(self, event: ev.ArgumentsEvent, now: float) -> None:
        call = self._calls.get(event.item_id)
        if call is not None:
            call.arguments = event.arguments or ""

    def _created(self, event: ev.ResponseEvent, now: float) -> None:
        # What is open now comes too late for a reply to the caller that begins.
        begun = self._arbiter.active
        if begun is None or not begun.answers:
            return
        for call in self._calls.values():
            if call.reply is not None and call.reply is not begun:
                call.reply.overtaken = call.reply.turn.is_cut

    def _running(self, event: ev.McpCallEvent, now: float) -> None:
        call = self._calls.get(event.item_id)
        if call is not None:
            self._tell(call, status="running")

    def _failed(self, event: ev.McpCallEvent, now: float) -> None:
        # Why is told by the item; should that not come, the model goes on all the same.
        call = self._calls.get(event.item_id)
        if call is not None:
            self._end(call, now)

    def _output_done(self, event: ev.OutputItemEvent, now: float) -> None:
        if event.item.type == "mcp_call":
            self._finish(event.item, now)

    def _item_done(self, event: ev.ItemEvent, now: float) -> None:
        item = event.item
        match item.type:
            case "mcp_list_tools":
                self._listed(item)
            case "mcp_approval_request":
                self._ask(item, now)
            case "mcp_call" if item.output is not None or item.error is not None:
                self._finish(item, now)
            case _:
                pass

    def _ask(self, item: ev.Item, now: float) -> None:
        if item.id in self._requests:
            return
        request = McpApproval(
            request_id=item.id,
            server=item.server_label or "",
            tool=item.name or "",
            arguments=item.arguments or "",
        )
        for call in self._calls.values():
            asked = (call.server, call.tool, call.arguments or request.arguments)
            if not call.request_id and asked == (
                request.server,
                request.tool,
                request.arguments,
            ):
                call.request_id = item.id
                break
        self._requests[item.id] = request
        self._effects.tell("mcp", request)
        if len(self._requests) > OPEN:
            oldest = next(iter(self._requests))
            self._effects.report(f"{OPEN} calls wait for approval: one is rejected")
            self.decide(McpDecision(request_id=oldest, approve=False), now)

    def _finish(self, item: ev.Item, now: float) -> None:
        call = self._calls.pop(item.id, None)
        if call is None:
            return  # told already: two events tell of it
        call.arguments = item.arguments or call.arguments
        if call.reply is not None:
            self._remember(call, item)
        if item.error is not None:
            kind = item.error.type
            error: McpError = "unknown"
            if kind in get_args(McpError):
                error = cast("McpError", kind)
            self._effects.report(f"a hosted tool has failed: {error}")
            self._tell(call, status="failed", error=error)
            self._end(call, now)
        elif item.output is not None:
            self._tell(call, status="completed", output=item.output)
            self._end(call, now)
        else:  # the model was interrupted while it wrote the call
            self._let_go(call, now)

    def _end(self, call: _Call, now: float) -> None:
        if not call.ended and call.reply is not None:
            call.reply.called = True
        self._let_go(call, now)

    def _let_go(self, call: _Call, now: float) -> None:
        if call.ended:
            return
        call.ended = True
        if call.reply is not None:
            call.reply.open_calls.discard(call.item_id)
            self._calling.follow_up(call.reply, now)

    def _tell(self, call: _Call, **how: Any) -> None:
        frame = McpCall(
            item_id=call.item_id,
            server=call.server,
            tool=call.tool,
            arguments=call.arguments,
            **how,
        )
        if not call.rejected:
            self._effects.tell("mcp", frame)
        call.rejected = call.rejected or frame.status == "rejected"

    def _remember(self, call: _Call, item: ev.Item) -> None:
        entry = self._words.history.place(item.id, "tool", None)
        entry.kind, entry.tool = "mcp_call", call.tool
        entry.text, entry.result = call.arguments, item.output or ""


def _both(first: Handler | None, second: Handler) -> Handler:
    if first is None:
        return second

    def handle(event: Any, now: float) -> None:
        first(event, now)
        second(event, now)

    return handle
