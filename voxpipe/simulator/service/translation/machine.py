"""The translation service, without the network: messages and time in, events out.

It is driven as `voxpipe.simulator.service.machine.Machine` is, but knows three client
events, no items and no responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voxpipe.simulator.audio.sound import decode_audio
from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.client_events import TRANSLATION_SHAPES
from voxpipe.simulator.protocol.dialogue import Dialogue
from voxpipe.simulator.protocol.session_config import LIFETIME
from voxpipe.simulator.script.script import Script

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

    _shapes = TRANSLATION_SHAPES
    _types = tuple(TRANSLATION_SHAPES)

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
            script, self._config, self._outbox, self._timers, self._requests
        )
        self._follow = {
            "session.update": self._update,
            "session.input_audio_buffer.append": self._append,
            "session.close": self._close,
        }
        if session is not None:
            self._config.update({k: v for k, v in session.items() if k != "model"})
        self.journal.open(self._config.now["id"], f"{model} translates")
        self._outbox.emit("session.created", session=self._config.now)

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
