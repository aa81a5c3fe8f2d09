"""The simulated service, without the network: messages and time in, events out.

No await, no socket, no clock. A shell calls `Machine.receive` with what the client
sent and `Machine.advance` when `Machine.next_timer` is due, then sends
`Machine.outgoing`, and has done what `Machine.requests` asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from voxpipe.simulator.errors import Refusal, missing, unknown
from voxpipe.simulator.protocol.client_events import CLIENT_EVENTS, SHAPES
from voxpipe.simulator.protocol.dialogue import Dialogue
from voxpipe.simulator.protocol.journal import counted
from voxpipe.simulator.protocol.session_config import LIFETIME, Kind, SessionConfig
from voxpipe.simulator.script.script import Script

from .conversation.conversation import DefaultConversation
from .input.input_audio_buffer import InputAudioBuffer
from .input.transcription import InputTranscription
from .item_events import ItemEvents
from .mcp.definitions import ServerDefinition
from .mcp.servers import McpServers
from .responses.responses import Responses
from .responses.script_reader import ScriptReader
from .session.state import SessionState

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

    _shapes = SHAPES
    _types = CLIENT_EVENTS

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
        super().__init__(now=now, seed=seed, lifetime=lifetime)
        ids = self._ids
        config = SessionConfig(
            kind, model, ids.new("sess"), int(today) + round(lifetime)
        )
        self._session = SessionState(
            ids,
            self._outbox,
            self._timers,
            self._requests,
            config,
            DefaultConversation(ids.new("conv")),
            script,
            self.journal,
            dice=Random(seed),
        )
        reader = ScriptReader(script)
        self._mcp = McpServers(self._session)
        self._responses = Responses(self._session, reader, self._mcp)
        self._input_audio = InputAudioBuffer(
            self._session, self._responses, InputTranscription(self._session, reader)
        )
        items = ItemEvents(self._session, self._mcp, reader)
        self._follow = {
            "session.update": self._update,
            "input_audio_buffer.commit": lambda _, now: self._input_audio.commit(now),
            "input_audio_buffer.clear": lambda _, now: self._input_audio.clear(),
            "conversation.item.create": items.create,
            "conversation.item.retrieve": lambda event, _: items.retrieve(event),
            "conversation.item.truncate": lambda event, _: items.truncate(event),
            "conversation.item.delete": lambda event, _: items.delete(event),
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }
        servers: list[ServerDefinition] = []
        if session is not None:
            asked = {k: v for k, v in session.items() if k != "model"}
            servers = self._configure(asked)
        self.journal.open(config.now["id"], model or kind)
        self._outbox.emit("session.created", session=config.now)
        self._mcp.adopt(servers, now)

    def _dispatch(self, event: dict[str, Any], now: float) -> None:
        kind = event.get("type")
        if kind == "input_audio_buffer.append":
            # By far the most frequent; nothing more than needed.
            if "audio" not in event:
                raise missing("audio")
            if not event.keys() <= _APPEND:
                raise unknown(next(key for key in event if key not in _APPEND)[:60])
            self._input_audio.append(event["audio"], now)
            return
        asks_for_response = kind in ("response.create", "response.cancel")
        if asks_for_response and self._session.config.kind != "realtime":
            raise Refusal(
                "invalid_value",
                "Responses cannot be created in a transcription session.",
                "type",
            )
        super()._dispatch(event, now)

    def _update(self, event: dict[str, Any], now: float) -> None:
        servers = self._configure(event["session"])
        self._outbox.emit("session.updated", session=self._session.config.now)
        self._mcp.adopt(servers, now)

    def _configure(self, session: Any) -> list[ServerDefinition]:
        """Change the session; gives the MCP servers that it declares."""
        session, servers = self._mcp.declare(session, "session")
        self._session.config.update(
            session, spoken=self._session.spoken, replying=self._responses.busy
        )
        self._input_audio.configure()
        self.journal.note(_asked_for(self._session.config.now))
        return servers

    def _create_response(self, event: dict[str, Any], now: float) -> None:
        asked, servers = self._mcp.declare(event.get("response") or {}, "response")
        self._responses.create(asked, now)
        self._mcp.adopt(servers, now)

    def _cancel_response(self, event: dict[str, Any], now: float) -> None:
        self._responses.cancel(event.get("response_id"), now)


def _asked_for(session: Mapping[str, Any]) -> str:
    """What a client has set up, in a line."""
    audio = session["audio"]
    detection = audio["input"]["turn_detection"]
    parts = [f"turns by {detection['type'] if detection else 'the client'}"]
    if "output" in audio:  # a conversation
        parts.append(f"voice {audio['output']['voice']}")
        parts.append(counted(len(session["tools"]), "tool"))
    return f"set up: {', '.join(parts)}"
