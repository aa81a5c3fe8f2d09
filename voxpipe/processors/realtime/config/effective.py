"""Settings as the service tells them: those that `Realtime` itself acts on.

They are read from ``session.updated`` and not only from what was asked for: other
clients may change the same session, and ``extra=`` may say anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from voxpipe.processors.realtime.errors import ConfigurationError

from .settings import Modality, Settings
from .turn_detection import SemanticVad, ServerVad, TurnDetection

_MODALITIES: tuple[Modality, ...] = ("audio", "text")


def effective(settings: Settings, session: Mapping[str, Any]) -> Settings:
    """``settings`` with what the service says of turns, output and transcripts.

    What is missing there, or cannot be understood, stays as it is.
    """
    hears = _object(_object(session.get("audio")).get("input"))
    detected, transcription = settings.turn_detection, settings.transcription
    if "turn_detection" in hears:
        detected = _turn_detection(settings, hears["turn_detection"])
    if "transcription" in hears and hears["transcription"] is None:
        transcription = None
    output = settings.output
    for each in _MODALITIES:
        if session.get("output_modalities") == [each]:
            output = each
    if (detected, transcription, output) == (
        settings.turn_detection,
        settings.transcription,
        settings.output,
    ):
        return settings
    return replace(
        settings, turn_detection=detected, transcription=transcription, output=output
    )


def _turn_detection(settings: Settings, told: object) -> TurnDetection:
    if told is None:
        return "manual" if settings.detection is not None else settings.turn_detection
    try:
        detection = _detection(_object(told))
    except (ConfigurationError, TypeError):
        return settings.turn_detection
    if detection is None or detection == settings.detection:
        return settings.turn_detection
    return detection


def _detection(told: Mapping[str, Any]) -> ServerVad | SemanticVad | None:
    def field(name: str, default: Any) -> Any:
        value = told.get(name)
        return default if value is None else value

    replies = field("create_response", True) is not False
    interrupts = field("interrupt_response", True) is not False
    match told.get("type"):
        case "server_vad":
            return ServerVad(
                threshold=field("threshold", 0.5),
                prefix_padding_ms=field("prefix_padding_ms", 300),
                silence_ms=field("silence_duration_ms", 200),
                replies=replies,
                interrupts=interrupts,
                idle_ms=told.get("idle_timeout_ms"),
            )
        case "semantic_vad":
            eagerness = field("eagerness", "auto")
            return SemanticVad(
                eagerness=eagerness, replies=replies, interrupts=interrupts
            )
        case _:
            return None


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
