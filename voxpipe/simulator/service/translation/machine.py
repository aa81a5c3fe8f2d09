"""The translation service, without the network: messages and time in, events out.

It is driven as `voxpipe.simulator.service.machine.Machine` is, but knows three client
events, no items and no responses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voxpipe.simulator.audio.sound import decode_audio
from voxpipe.simulator.errors import (
    Refusal,
    invalid_type,
    invalid_value,
    missing,
)
from voxpipe.simulator.protocol.client_events import TRANSLATION_SHAPES
from voxpipe.simulator.protocol.dialogue import Dialogue
from voxpipe.simulator.protocol.session_config import LIFETIME
from voxpipe.simulator.script.script import Script
from voxpipe.simulator.service.mcp.requests import McpOutcome, McpRequest
from voxpipe.simulator.service.session.speech_request import SpeechRequest

from .config import TranslationConfig
from .interpreter import PCM, Interpreter


class TranslationMachine(Dialogue):
    """One translation session.

    Args:
        model: known to be one of the service's.
        script: what is heard (``heard``), and what it is in the other language
            (``say``), phrase by phrase.
        now: the time on the clock that ``receive`` and ``advance`` will be given.
        today: seconds since 1970, for ``expires_at``.
        seed: makes ids reproducible.
        lifetime: seconds after which the session is closed.
        session: what it begins with, as a client would update it. Raises `Refusal` when
            that cannot be; its model is not looked at.
    """

    def __init__(
        self,
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
        expires_at = int(today) + round(lifetime)
        self._config = TranslationConfig(model, self._ids.new("sess"), expires_at)
        self._interpreter = Interpreter(
            script, self._config, self._outbox, self._timers, self._drained
        )
        self._follow: dict[str, Callable[[dict[str, Any], float], None]] = {
            "session.update": self._update,
            "session.input_audio_buffer.append": self._append,
            "session.close": self._close,
        }
        if session is not None:
            self._config.update({k: v for k, v in session.items() if k != "model"})
        self._outbox.emit("session.created", session=self._config.now)

    def speech_requests(self) -> list[SpeechRequest]:
        """What has to be spoken since the last time this was asked."""
        return self._interpreter.speech_requests()

    def spoken(self, request: SpeechRequest, pcm: bytes | None, now: float) -> None:
        """Take what a voice made: 16-bit mono at 24 kHz; ``None`` when it failed."""
        self._interpreter.spoken(request, pcm, now)

    def mcp_requests(self) -> Sequence[McpRequest]:
        """Nothing: nobody calls tools here."""
        return ()

    def mcp_answered(
        self, request: McpRequest, outcome: McpOutcome, now: float
    ) -> None:
        """Nothing comes, as nothing was asked."""

    # --- client events

    def _dispatch(self, event: dict[str, Any], now: float) -> None:
        kind = event.get("type")
        if kind is None:
            raise missing("type")
        if type(kind) is not str:
            raise invalid_type("type", kind, "a string")
        shape = TRANSLATION_SHAPES.get(kind)
        if shape is None:
            raise invalid_value("type", kind, tuple(TRANSLATION_SHAPES))
        self._follow[kind](shape(event, ""), now)

    def _update(self, event: dict[str, Any], _now: float) -> None:
        self._config.update(event["session"])
        self._outbox.emit("session.updated", session=self._config.now)

    def _append(self, event: dict[str, Any], now: float) -> None:
        pcm = decode_audio(event["audio"], "audio", PCM)
        if self._interpreter.closing:
            raise Refusal(
                "session_closing",
                "The session is being closed: no more audio can be appended.",
            )
        self._interpreter.append(pcm, now)

    def _close(self, _event: dict[str, Any], now: float) -> None:
        if not self._interpreter.closing:
            self._interpreter.close(now)

    def _drained(self) -> None:
        self._outbox.emit("session.closed")
        self._outbox.close(1000, "")
