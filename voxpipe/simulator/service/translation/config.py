"""The configuration of a translation session, and how an update changes it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.schema import Shape, fields, nullable, one_of, text
from voxpipe.simulator.protocol.session_config import merge_noise_reduction
from voxpipe.simulator.protocol.session_schema import LANGUAGE, NOISE_REDUCTION
from voxpipe.simulator.protocol.transcribers import TRANSCRIBERS

_LANGUAGE = "en"  # before the client says which; the service's own is not known
_SESSION: Shape = fields(
    {
        "type": one_of("translation"),
        "model": text(128),
        "audio": fields(
            {
                "input": fields(
                    {
                        "transcription": nullable(
                            fields({"model": one_of(*TRANSCRIBERS)}, "model")
                        ),
                        "noise_reduction": nullable(NOISE_REDUCTION),
                    }
                ),
                "output": fields({"language": LANGUAGE}),
            }
        ),
    }
)


class TranslationConfig:
    """What a translation session was asked for.

    Attributes:
        now: the effective session object. Replaced as a whole by an update.
    """

    def __init__(self, model: str, id: str, expires_at: int) -> None:
        self.now: dict[str, Any] = {
            "id": id,
            "type": "translation",
            "model": model,
            "expires_at": expires_at,
            "audio": {
                "input": {"transcription": None, "noise_reduction": None},
                "output": {"language": _LANGUAGE},
            },
        }

    @property
    def transcribes(self) -> bool:
        """The words that are heard are written down too."""
        return self.now["audio"]["input"]["transcription"] is not None

    def update(self, asked: Any) -> None:
        """Apply a ``session.update`` as a whole, or not at all.

        Raises:
            Refusal: naming the first field that will not do; nothing has changed.
        """
        changes = _SESSION(asked, "session")
        if changes.get("model", self.now["model"]) != self.now["model"]:
            raise Refusal(
                "invalid_value",
                f"Cannot change 'session.model' of a session; it is "
                f"'{self.now['model']}'.",
                "session.model",
            )
        merged = deepcopy(self.now)
        audio = changes.get("audio", {})
        merged["audio"]["output"].update(audio.get("output", {}))
        have = merged["audio"]["input"]
        for name, value in audio.get("input", {}).items():
            if name == "noise_reduction" and value is not None:
                value = merge_noise_reduction(have[name], value)
            have[name] = value
        self.now = merged
