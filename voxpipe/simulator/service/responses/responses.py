"""All responses of a session: which may run, which one is talking to the caller."""

from __future__ import annotations

from typing import Any

from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.journal import counted
from voxpipe.simulator.script.faults import RATE_LIMIT
from voxpipe.simulator.service.conversation.context import ContextWindow
from voxpipe.simulator.service.mcp.servers import McpServers
from voxpipe.simulator.service.session.state import SessionState

from .request import read_request
from .response import Reason, Response
from .script_reader import Plan, ScriptReader

_MAX_ASIDES = 32  # out-of-band responses at the same time; the simulator's own limit


class Responses:
    """Starts and stops responses.

    Attributes:
        active: the response to the default conversation that is running, if any.
        ended: how many default responses are over.
        spoken_ms: how much audio the last of them had.
    """

    def __init__(
        self, session: SessionState, reader: ScriptReader, mcp: McpServers
    ) -> None:
        self._mcp = mcp
        self.active: Response | None = None
        self.ended = 0
        self.spoken_ms = 0
        self._session = session
        self._reader = reader
        self._context = ContextWindow(session.config.model)
        self._asides: dict[str, Response] = {}
        self._left = float(session.script.tokens_per_minute)
        self._left_at = 0.0
        self._begun = 0

    @property
    def busy(self) -> bool:
        """Whether any response is running."""
        return self.active is not None or bool(self._asides)

    def create(self, params: Any, now: float) -> None:
        """Start a response.

        Args:
            params: the ``response`` object of the client; empty for one by VAD.
            now: the time.

        Raises:
            Refusal: the request will not do, or a response is running already.
        """
        session = self._session
        request = read_request(session, params, self._mcp.offered)
        if self.active is not None and not request.aside:
            raise Refusal(
                "conversation_already_has_active_response",
                "Conversation already has an active response in progress: "
                f"{self.active.id}. Wait until the response is finished before "
                "creating a new one.",
            )
        if request.aside and len(self._asides) >= _MAX_ASIDES:
            raise Refusal(
                "too_many_responses",
                f"This simulator runs at most {_MAX_ASIDES} out-of-band responses at "
                "the same time.",
            )
        input = self._context.weigh(
            request.instructions,
            request.wish.tools,
            request.items,
            session.config.now["truncation"],
        )
        plan = self._reader.plan(request.wish, request.items)
        response = Response(session, request, plan, input, self._over, self._mcp)
        self._begun += 1
        kind = "out-of-band reply" if request.aside else "reply"
        response.name = f"{kind} {self._begun}"
        session.journal.note(f"{response.name}: {plan.why}{_content(plan)}")
        if request.aside:
            self._asides[response.id] = response
        else:
            self.active = response
        response.start(now)

    def cancel(self, response_id: str | None, now: float) -> None:
        """Stop a response, that of the default conversation unless one is named.

        Raises:
            Refusal: it is not running.
        """
        response = self.active
        if response_id is not None and (response is None or response.id != response_id):
            response = self._asides.get(response_id)
        if response is None:
            raise Refusal(
                "response_cancel_not_active",
                "Cancellation failed: no active response found",
            )
        self._stop(response, "client_cancelled", now)

    def interrupt(self, now: float) -> None:
        """The caller speaks: stop talking."""
        if self.active is not None:
            self._stop(self.active, "turn_detected", now)

    def _stop(self, response: Response, reason: Reason, now: float) -> None:
        response.cancel(reason, now)
        if response.silent and not response.request.aside:
            self._reader.give_back(response.plan)

    def _over(self, response: Response, now: float, tokens: int) -> None:
        if response is self.active:
            self.active = None
            self.ended += 1
            self.spoken_ms = response.spoken_ms
        else:
            self._asides.pop(response.id, None)
        failure = response.plan.failure
        if failure is not None and failure.code == RATE_LIMIT:
            tokens = self._session.script.tokens_per_minute  # all are used
        limits = self._rate_limits(tokens, now)
        wait = self._session.script.timing.rate_limits_ms / 1000
        self._session.timers.at(
            now + wait,
            lambda _: self._session.outbox.emit("rate_limits.updated", **limits),
        )

    def _rate_limits(self, tokens: int, now: float) -> dict[str, Any]:
        limit = self._session.script.tokens_per_minute
        refilled = self._left + (now - self._left_at) * limit / 60
        self._left = max(0.0, min(limit, refilled) - tokens)
        self._left_at = now
        tokens_left = {
            "name": "tokens",
            "limit": limit,
            "remaining": int(self._left),
            "reset_seconds": round((limit - self._left) * 60 / limit, 3),
        }
        return {"rate_limits": [tokens_left]}


def _content(plan: Plan) -> str:
    """What a reply will hold, without its words."""
    parts = [counted(len(text.split()), "word") for text in plan.messages]
    parts += [f"a call of {call.name}" for call in plan.calls]
    parts += ["a failure"] if plan.failure else []
    return f" ({', '.join(parts)})"
