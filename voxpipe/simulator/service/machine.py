"""The simulated service, without the network: messages and time in, events out.

No await, no socket, no clock. A shell calls `Machine.receive` with what the client
sent and `Machine.advance` when `Machine.next_timer` is due, then sends
`Machine.outgoing`, has `Machine.speeches` spoken and `Machine.errands` run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from voxpipe.simulator.errors import (
    Refusal,
    invalid_type,
    invalid_value,
    missing,
    unknown,
)
from voxpipe.simulator.protocol.client_events import CLIENT_EVENTS, SHAPES
from voxpipe.simulator.protocol.dialogue import Dialogue
from voxpipe.simulator.protocol.ids import Ids
from voxpipe.simulator.protocol.outbox import Outbox, Timers
from voxpipe.simulator.protocol.session_config import LIFETIME, Kind, SessionConfig
from voxpipe.simulator.script.script import Script

from .conversation.conversation import Conversation
from .conversation.editing import Editing
from .input.listening import Listening
from .input.transcripts import Transcripts
from .mcp.definitions import Definition
from .mcp.requests import McpRequest, Outcome
from .mcp.servers import McpServers
from .responses.plan import Prompter
from .responses.replies import Replies
from .responses.reply import Speech
from .session import Session

_APPEND = {"type", "event_id", "audio"}


class Machine(Dialogue):
    """One session of the Realtime API.

    Args:
        kind: a voice conversation, or transcription only.
        model: as the client asked for it; known to be one of the service's.
        script: what to say.
        now: the time on the clock that ``receive`` and ``advance`` will be given.
        today: seconds since 1970, for ``expires_at``.
        seed: makes ids reproducible.
        lifetime: seconds after which the session is closed.
        session: what it begins with, as a client would update it. Raises `Refusal` when
            that cannot be; its model is not looked at.
    """

    def __init__(
        self,
        kind: Kind,
        model: str,
        script: Script,
        *,
        now: float,
        today: float,
        seed: int | None = None,
        lifetime: float = LIFETIME,
        session: Mapping[str, Any] | None = None,
    ) -> None:
        ids = Ids(Random(seed))
        config = SessionConfig(
            kind, model, ids.new("sess"), int(today) + round(lifetime)
        )
        super().__init__(Outbox(ids), Timers())
        self._session = Session(
            ids,
            self._outbox,
            self._timers,
            config,
            Conversation(ids.new("conv")),
            script,
        )
        prompter = Prompter(script)
        self._hosting = McpServers(self._session)
        self._replies = Replies(self._session, prompter, self._hosting)
        transcripts = Transcripts(self._session, prompter)
        self._listening = Listening(self._session, self._replies, transcripts)
        editing = Editing(self._session, self._hosting)
        self._follow: dict[str, Callable[[dict[str, Any], float], None]] = {
            "session.update": self._update,
            "input_audio_buffer.commit": lambda _, now: self._listening.commit(now),
            "input_audio_buffer.clear": lambda _, now: self._listening.clear(),
            "conversation.item.create": editing.create,
            "conversation.item.retrieve": lambda event, _: editing.retrieve(event),
            "conversation.item.truncate": lambda event, _: editing.truncate(event),
            "conversation.item.delete": lambda event, _: editing.delete(event),
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }
        self._timers.at(now + lifetime, self._expire)
        servers: list[Definition] = []
        if session is not None:
            asked = {k: v for k, v in session.items() if k != "model"}
            servers = self._configure(asked)
        self._outbox.emit("session.created", session=config.now)
        self._hosting.adopt(servers, now)

    # --- what a shell does

    def speeches(self) -> list[Speech]:
        """What has to be spoken since the last time this was asked."""
        return self._replies.speeches()

    def spoken(self, speech: Speech, pcm: bytes | None, now: float) -> None:
        """Take what a voice has made of ``speech``: 16-bit mono at 24 kHz.

        ``None`` when it failed; the response fails then.
        """
        speech.reply.spoken(speech, pcm, now)

    def errands(self) -> list[McpRequest]:
        """What MCP servers have to be asked since the last time this was asked."""
        return self._hosting.errands()

    def returned(self, errand: McpRequest, outcome: Outcome, now: float) -> None:
        """Take what came of ``errand``."""
        self._hosting.returned(errand, outcome, now)

    # --- client events

    def _dispatch(self, event: dict[str, Any], now: float) -> None:
        kind = event.get("type")
        if kind == "input_audio_buffer.append":
            # By far the most frequent; nothing more than needed.
            if "audio" not in event:
                raise missing("audio")
            if not event.keys() <= _APPEND:
                raise unknown(next(key for key in event if key not in _APPEND)[:60])
            self._listening.append(event["audio"], now)
            return
        if kind is None:
            raise missing("type")
        if type(kind) is not str:
            raise invalid_type("type", kind, "a string")
        shape = SHAPES.get(kind)
        if shape is None:
            raise invalid_value("type", kind, CLIENT_EVENTS)
        if kind.startswith("response.") and self._session.config.kind != "realtime":
            raise Refusal(
                "invalid_value",
                "Responses cannot be created in a transcription session.",
                "type",
            )
        self._follow[kind](shape(event, ""), now)

    def _update(self, event: dict[str, Any], now: float) -> None:
        servers = self._configure(event["session"])
        self._outbox.emit("session.updated", session=self._session.config.now)
        self._hosting.adopt(servers, now)

    def _configure(self, session: Any) -> list[Definition]:
        """Change the session; gives the MCP servers that it declares."""
        session, servers = self._hosting.declare(session, "session")
        self._session.config.update(
            session, spoken=self._session.spoken, replying=self._replies.busy
        )
        self._listening.configure()
        return servers

    def _create_response(self, event: dict[str, Any], now: float) -> None:
        asked, servers = self._hosting.declare(event.get("response") or {}, "response")
        self._replies.create(asked, now)
        self._hosting.adopt(servers, now)

    def _cancel_response(self, event: dict[str, Any], now: float) -> None:
        self._replies.cancel(event.get("response_id"), now)
