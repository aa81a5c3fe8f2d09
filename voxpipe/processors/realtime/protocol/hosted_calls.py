"""Tools that the service calls: what it tells of them, and what it has to be told.

Nothing passes through here on its way to a server. What is left to a client is to
approve, and to ask the model to go on when a reply is done and all its calls have
ended: the service never does that (OpenAI's guide "Realtime with tools"). A call of
which nothing is told any more is waited for no longer; what it gives then is told when
it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, cast, get_args

from voxpipe.pipeline import ToolResult, ToolUpdate
from voxpipe.pipeline.runtime.recent import Recent
from voxpipe.processors.realtime import events as ev

from .history import History
from .mcp_frames import McpApproval, McpCall, McpDecision, McpError, McpListed
from .outbox import Outbox
from .pending import MAX_OPEN, PendingCalls
from .response import Response
from .responses import Responses

NOBODY = "nobody is there to approve it"
CALL_TIMEOUT = 120.0  # seconds without a word of a call; a tool may take its time
ITEM_TIMEOUT = 10.0  # seconds for the item of a call that is said to have ended

Answers = ToolResult | ToolUpdate | McpDecision
"""What `Realtime.results` takes."""


@dataclass(slots=True, eq=False)
class _Call:
    """A call that the model has begun.

    Attributes:
        response: whose call it is, if that is part of the conversation.
        request_id: of the request for approval, once there is one.
        due: when the next of it should have been told; never while somebody decides.
        ended: nobody waits for it any longer.
        late: it was waited for too long.
        rejected: nothing more is told of it.
    """

    item_id: str
    server: str
    tool: str
    response: Response | None
    arguments: str = ""
    request_id: str = ""
    due: float = inf
    ended: bool = False
    late: bool = False
    rejected: bool = False


class HostedCalls:
    """All calls that the service makes, and requests for approval.

    Args:
        responses: knows who calls.
        pending: knows what is open, and what follows.
        history: keeps what was called and what came of it.
        outbox: where decisions, frames and reports go.

    Attributes:
        calls: those that have begun, by their item, until it tells all of them.
    """

    def __init__(
        self,
        responses: Responses,
        pending: PendingCalls,
        history: History,
        outbox: Outbox,
    ) -> None:
        self._responses = responses
        self._pending = pending
        self._history = history
        self._outbox = outbox
        self.calls: dict[str, _Call] = {}
        self._requests: dict[str, McpApproval] = {}
        self._unlisted = Recent(MAX_OPEN)  # listings that failed: their items follow

    @property
    def any_open(self) -> bool:
        """Some call is being made, or waits for approval."""
        return any(not call.ended for call in self.calls.values())

    @property
    def due(self) -> float | None:
        """When something should have been told of some call."""
        dues = [call.due for call in self.calls.values() if not call.ended]
        due = min(dues, default=inf)
        return None if due == inf else due

    def advance(self, now: float) -> list[Response]:
        """Wait no longer for calls that should have ended; gives what to ask for."""
        wished: list[Response] = []
        for call in self.calls.values():
            if not call.ended and now >= call.due:
                self._outbox.report("the end of a hosted call was never told")
                call.late = True
                following = self._end(call)
                if following is not None:
                    wished.append(following)
        return wished

    def lose(self) -> list[Response]:
        """The session that made the calls is lost; gives what to ask for."""
        wished: list[Response] = []
        for call in self.calls.values():
            if not call.ended:
                self._outbox.report("a hosted call was lost with its session")
                self._tell(call, status="failed", error="unknown")
                following = self._end(call)
                if following is not None:
                    wished.append(following)
        self.calls.clear()
        self._requests.clear()
        return wished

    # --- deciding

    def decide(self, decision: McpDecision, now: float) -> Response | None:
        """Somebody approves, or rejects; gives the reply to ask for, if any."""
        request = self._requests.pop(decision.request_id, None)
        if request is None:
            self._outbox.report("expected a decision on an open request, got another")
            return None
        item: dict[str, Any] = {
            "type": "mcp_approval_response",
            "approval_request_id": decision.request_id,
            "approve": decision.approve,
        }
        if decision.reason and not decision.approve:
            item["reason"] = decision.reason
        self._outbox.send("conversation.item.create", item=item)
        for call in self.calls.values():
            if call.request_id == decision.request_id:
                call.due = now + CALL_TIMEOUT
                if decision.approve:
                    return None
                self._tell(call, status="rejected")
                return self._end(call)
        return None

    # --- listing

    def list_failed(self, event: ev.McpListEvent, now: float) -> None:
        """A server could not be asked for its tools."""
        self._unlisted.add(event.item_id)
        self._outbox.report("the tools of an MCP server could not be listed")

    def _listed(self, item: ev.Item) -> None:
        failed = item.id in self._unlisted
        names = tuple(tool.name for tool in item.tools or ())
        frame = McpListed(server=item.server_label or "", tools=names, failed=failed)
        self._outbox.tell("mcp", frame)

    # --- calls

    def item_added(self, event: ev.OutputItemEvent, now: float) -> Response | None:
        """The model begins a call."""
        item = event.item
        if item.type != "mcp_call" or not item.id or item.id in self.calls:
            return None
        response = self._responses.find(event.response_id)
        if response is not None and response.is_aside:
            response = None
        self.calls[item.id] = _Call(
            item.id,
            item.server_label or "",
            item.name or "",
            response,
            due=now + CALL_TIMEOUT,
        )
        if response is not None:
            self._pending.open(item.id, response)
        return self._give_up_oldest() if len(self.calls) > MAX_OPEN else None

    def _give_up_oldest(self) -> Response | None:
        oldest = next(iter(self.calls.values()))
        if not oldest.ended:
            self._outbox.report(f"{MAX_OPEN} hosted calls are open: one is given up")
        del self.calls[oldest.item_id]
        return self._end(oldest)

    def arguments_done(self, event: ev.ArgumentsEvent, now: float) -> None:
        """The model has written what it calls with."""
        call = self.calls.get(event.item_id)
        if call is not None:
            call.arguments = event.arguments or ""
            self._wait_on(call, now)

    def running(self, event: ev.McpCallEvent, now: float) -> None:
        """The service calls."""
        call = self.calls.get(event.item_id)
        if call is not None:
            self._wait_on(call, now)
            self._tell(call, status="running")

    def completed(self, event: ev.McpCallEvent, now: float) -> None:
        """A call has ended well; what it gave is told by the item."""
        call = self.calls.get(event.item_id)
        if call is not None:
            call.due = now + ITEM_TIMEOUT

    def _wait_on(self, call: _Call, now: float) -> None:
        if call.request_id not in self._requests:
            call.due = now + CALL_TIMEOUT

    def failed(self, event: ev.McpCallEvent, now: float) -> Response | None:
        """A call has failed.

        Why is told by the item; should that not come, the model goes on all the same.
        """
        call = self.calls.get(event.item_id)
        return None if call is None else self._end(call)

    def output_done(self, event: ev.OutputItemEvent, now: float) -> Response | None:
        """A call has ended, or will not be made."""
        return self._finish(event.item) if event.item.type == "mcp_call" else None

    def item_done(self, event: ev.ItemEvent, now: float) -> Response | None:
        """Something of a server's has entered the conversation."""
        item = event.item
        match item.type:
            case "mcp_list_tools":
                self._listed(item)
            case "mcp_approval_request":
                return self._ask(item, now)
            case "mcp_call" if item.output is not None or item.error is not None:
                return self._finish(item)
            case _:
                pass
        return None

    def _ask(self, item: ev.Item, now: float) -> Response | None:
        if item.id in self._requests:
            return None
        request = McpApproval(
            request_id=item.id,
            server=item.server_label or "",
            tool=item.name or "",
            arguments=item.arguments or "",
        )
        for call in self.calls.values():
            asked = (call.server, call.tool, call.arguments or request.arguments)
            if not call.request_id and asked == (
                request.server,
                request.tool,
                request.arguments,
            ):
                call.request_id, call.due = item.id, inf
                break
        self._requests[item.id] = request
        if "mcp" not in self._outbox.read:  # answer, or the model waits for ever
            nobody = "a hosted tool needs approval, and nobody reads model.mcp"
            self._outbox.report(nobody)
            return self.decide(
                McpDecision(request_id=item.id, approve=False, reason=NOBODY), now
            )
        self._outbox.tell("mcp", request)
        if len(self._requests) <= MAX_OPEN:
            return None
        oldest = next(iter(self._requests))
        self._outbox.report(f"{MAX_OPEN} calls wait for approval: one is rejected")
        return self.decide(McpDecision(request_id=oldest, approve=False), now)

    def _finish(self, item: ev.Item) -> Response | None:
        call = self.calls.pop(item.id, None)
        if call is None:
            return None  # told already: two events tell of it
        call.arguments = item.arguments or call.arguments
        if call.response is not None:
            self._remember(call, item)
        if item.error is not None:
            kind = item.error.type
            error: McpError = "unknown"
            if kind in get_args(McpError):
                error = cast("McpError", kind)
            self._outbox.report(f"a hosted tool has failed: {error}")
            self._tell(call, status="failed", error=error)
            return self._end(call)
        if item.output is not None:
            self._tell(call, status="completed", output=item.output)
            return self._end(call)
        # The model was interrupted while it wrote the call.
        call.ended = True
        response = self._pending.let_go(call.item_id)
        return None if response is None else self._pending.follow_up(response)

    def _end(self, call: _Call) -> Response | None:
        if call.late and call.ended:
            return self._pending.go_on()  # the reply that followed knew nothing of it
        call.ended = True
        return self._pending.ended(call.item_id)

    def _tell(self, call: _Call, **how: Any) -> None:
        frame = McpCall(
            item_id=call.item_id,
            server=call.server,
            tool=call.tool,
            arguments=call.arguments,
            **how,
        )
        if not call.rejected:
            self._outbox.tell("mcp", frame)
        call.rejected = call.rejected or frame.status == "rejected"

    def _remember(self, call: _Call, item: ev.Item) -> None:
        entry = self._history.place(item.id, "tool", None)
        entry.kind, entry.tool = "mcp_call", call.tool
        entry.text, entry.result = call.arguments, item.output or ""
