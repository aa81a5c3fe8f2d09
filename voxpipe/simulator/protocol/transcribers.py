"""The models that write down what is said, and what each of them can be asked.

Source: the guides to realtime transcription and speech to text, and the SDK's
``AudioTranscription`` (November 2026). Which models count seconds and which tokens is
known of whisper-1 and the gpt-4o family; of the others it follows from their price.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from voxpipe.simulator.errors import Refusal, invalid_value


class Transcriber(NamedTuple):
    """What a model can do.

    Attributes:
        streams: it writes while it hears; turn detection is not for it.
        counts: what its usage counts.
        takes: the options that not every model has.
        speakers: it tells who spoke, in segments.
        pieces: whether its deltas are words, or all of it at once.
    """

    streams: bool = False
    counts: str = "tokens"
    takes: frozenset[str] = frozenset({"prompt"})
    speakers: bool = False
    pieces: str = "words"


_CHOOSES = frozenset({"prompt", "languages", "keywords"})
_OPTIONS = ("prompt", "languages", "keywords", "delay")
_DELAYS = {"minimal": 100, "low": 300, "medium": 700, "high": 1500, "xhigh": 3000}

TRANSCRIBERS: Mapping[str, Transcriber] = {
    "gpt-realtime-whisper": Transcriber(
        streams=True, counts="seconds", takes=frozenset({"delay"})
    ),
    "gpt-transcribe": Transcriber(counts="seconds", takes=_CHOOSES),
    "gpt-live-transcribe": Transcriber(streams=True, counts="seconds", takes=_CHOOSES),
    "gpt-4o-transcribe": Transcriber(),
    "gpt-4o-mini-transcribe": Transcriber(),
    "gpt-4o-mini-transcribe-2025-12-15": Transcriber(),
    "gpt-4o-transcribe-diarize": Transcriber(takes=frozenset(), speakers=True),
    "whisper-1": Transcriber(counts="seconds", pieces="all"),
}


def delay_ms(settings: Mapping[str, Any]) -> int:
    """How far behind the speaker a model that streams writes; made up, but in order."""
    return _DELAYS[settings.get("delay") or "medium"]


def check_transcription(settings: Mapping[str, Any], path: str) -> None:
    """Refuse what a model cannot be asked.

    Args:
        settings: a session's whole ``transcription``.
        path: of it, dotted.

    Raises:
        Refusal: naming the field.
    """
    if settings["language"] is not None and settings.get("languages") is not None:
        raise Refusal(
            "invalid_value",
            f"Send '{path}.language' or '{path}.languages', not both.",
            f"{path}.languages",
        )
    model = TRANSCRIBERS.get(settings["model"])
    if model is None:
        raise invalid_value(f"{path}.model", settings["model"], tuple(TRANSCRIBERS))
    for name in _OPTIONS:
        if settings.get(name) is not None and name not in model.takes:
            raise Refusal(
                "unsupported_parameter",
                f"Unsupported parameter: '{path}.{name}' is not supported with the "
                f"model '{settings['model']}'.",
                f"{path}.{name}",
            )
