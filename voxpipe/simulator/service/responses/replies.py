"""All responses of a session: which may run, which one is talking to the caller."""

from __future__ import annotations

from typing import Any

from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.script.faults import RATE_LIMIT
from voxpipe.simulator.service.conversation.context import Contexts
from voxpipe.simulator.service.mcp.servers import McpServers
from voxpipe.simulator.service.session import Session

from .plan import Prompter
from .reply import Reason, Reply, Speech
from .request import read_request

_MOST_ASIDES = 32  # out-of-band responses at the same time; the simulator's own limit


class Replies:
    """Starts and stops responses.

    Attributes:
        active: the response to the default conversation that is running, if any.
        ended: how many default responses are over.
        spoken_ms: how much audio the last of them had.
    """

    def __init__(
        self, session: Session, prompter: Prompter, hosting: McpServers
    ) -> None:
        self._hosting = hosting
        self.active: Reply | None = None
        self.ended = 0
        self.spoken_ms = 0
        self._session = session
        self._prompter = prompter
        self._contexts = Contexts(session.config.model)
        self._asides: dict[str, Reply] = {}
        self._speeches: list[Speech] = []
        self._left = float(session.script.tokens_per_minute)
        self._left_at = 0.0

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
        request = read_request(session, params, self._hosting.offered)
        if self.active is not None and not request.aside:
            raise Refusal(
                "conversation_already_has_active_response",
                "Conversation already has an active response in progress: "
                f"{self.active.id}. Wait until the response is finished before "
                "creating a new one.",
            )
        if request.aside and len(self._asides) >= _MOST_ASIDES:
            raise Refusal(
                "too_many_responses",
                f"This simulator runs at most {_MOST_ASIDES} out-of-band responses at "
                "the same time.",
            )
        input = self._contexts.weigh(
            request.instructions,
            request.wish.tools,
            request.items,
            session.config.now["truncation"],
        )
        plan = self._prompter.plan(request.wish, request.items)
        reply = Reply(session, request, plan, input, self._over, self._hosting)
        if request.aside:
            self._asides[reply.id] = reply
        else:
            self.active = reply
        self._speeches += reply.speeches
        reply.start(now)

    def cancel(self, response_id: str | None, now: float) -> None:
        """Stop a response, that of the default conversation unless one is named.

        Raises:
            Refusal: it is not running.
        """
        reply = self.active
        if response_id is not None and (reply is None or reply.id != response_id):
            reply = self._asides.get(response_id)
        if reply is None:
            raise Refusal(
                "response_cancel_not_active",
                "Cancellation failed: no active response found",
            )
        self._stop(reply, "client_cancelled", now)

    def interrupt(self, now: float) -> None:
        """The caller speaks: stop talking."""
        if self.active is not None:
            self._stop(self.active, "turn_detected", now)

    def _stop(self, reply: Reply, reason: Reason, now: float) -> None:
        reply.cancel(reason, now)
        if reply.silent and not reply.request.aside:
            self._prompter.give_back(reply.plan)

    def speeches(self) -> list[Speech]:
        """What has to be spoken since the last time this was asked."""
        speeches, self._speeches = self._speeches, []
        return [speech for speech in speeches if speech.wanted]

    def _over(self, reply: Reply, now: float, tokens: int) -> None:
        if reply is self.active:
            self.active = None
            self.ended += 1
            self.spoken_ms = reply.spoken_ms
        else:
            self._asides.pop(reply.id, None)
        failure = reply.plan.failure
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
