"""What a session is asked for, and the JSON that asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from voxpipe.pipeline import AudioFormat, FormatError

from .errors import ConfigurationError

PCM_24K = AudioFormat("pcm16", 24_000)
DEFAULT_MODEL = "gpt-realtime-2.1"  # gpt-realtime itself retires on 2027-01-20

# The only audio that the service speaks (Realtime API reference, session.audio).
_WIRE_FORMATS: dict[AudioFormat, dict[str, Any]] = {
    PCM_24K: {"type": "audio/pcm", "rate": 24_000},
    AudioFormat("ulaw", 8_000): {"type": "audio/pcmu"},
    AudioFormat("alaw", 8_000): {"type": "audio/pcma"},
}

Modality = Literal["audio", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """The service hears by loudness when the caller speaks.

    Attributes:
        threshold: 0 to 1; higher needs louder speech.
        prefix_padding_ms: audio kept from before the speech.
        silence_ms: silence that ends a turn. The live default is 200, not the 500 of
            the documentation; callers who pause to think want 500 or more.
        replies: the service answers each turn by itself.
        interrupts: the service stops its reply when the caller speaks.
    """

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_ms: int = 500
    replies: bool = True
    interrupts: bool = True

    def to_wire(self) -> dict[str, Any]:
        """The ``turn_detection`` of a session."""
        return {
            "type": "server_vad",
            "threshold": self.threshold,
            "prefix_padding_ms": self.prefix_padding_ms,
            "silence_duration_ms": self.silence_ms,
            "create_response": self.replies,
            "interrupt_response": self.interrupts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVad:
    """The service judges by the words whether the caller has finished.

    Attributes:
        eagerness: waits at most 8 s (``low``), 4 s (``medium``, ``auto``) or 2 s
            (``high``) for more.
        replies: the service answers each turn by itself.
        interrupts: the service stops its reply when the caller speaks.
    """

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    replies: bool = True
    interrupts: bool = True

    def to_wire(self) -> dict[str, Any]:
        """The ``turn_detection`` of a session."""
        return {
            "type": "semantic_vad",
            "eagerness": self.eagerness,
            "create_response": self.replies,
            "interrupt_response": self.interrupts,
        }


_OWNERS = ("server", "semantic", "local", "manual")
Turns = Literal["server", "semantic", "local", "manual"] | ServerVad | SemanticVad
"""Who decides when the caller has finished: the service (``server``, ``semantic``), a
`Vad` in the pipeline (``local``), or the program, by `Realtime.end_turn` (``manual``).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a session is opened with; `open_session` explains it."""

    model: str = DEFAULT_MODEL
    instructions: str | None = field(default=None, repr=False)
    tools: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    audio: AudioFormat = PCM_24K
    turns: Turns = "server"
    voice: str | None = None
    output: Modality = "audio"
    transcription: str | None = "gpt-transcribe"
    extra: Mapping[str, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.turns, str) and self.turns not in _OWNERS:
            raise ConfigurationError(
                f"turns are {', '.join(_OWNERS)}, a ServerVad or a SemanticVad, not "
                f"{self.turns!r}"
            )
        if self.output not in ("audio", "text"):
            raise ConfigurationError(f"output is audio or text, not {self.output!r}")

    @property
    def detection(self) -> ServerVad | SemanticVad | None:
        """The service's turn detection, or ``None`` when turns are made here."""
        if self.turns == "server":
            return ServerVad()
        if self.turns == "semantic":
            return SemanticVad()
        return None if isinstance(self.turns, str) else self.turns

    @property
    def owner_of_turns(self) -> str:
        """Who decides when the caller has finished, in words."""
        if self.turns == "manual":
            return 'the program (turns="manual")'
        return "here" if self.detection is None else "the service"

    @property
    def declares_tools(self) -> bool:
        """The model has something to call."""
        return bool(self.tools or (self.extra or {}).get("tools"))

    def to_wire(self) -> dict[str, Any]:
        """The ``session`` of a ``session.update``.

        Raises:
            FormatError: audio that the service does not speak, with the cure.
        """
        wire_format = _WIRE_FORMATS.get(self.audio)
        if wire_format is None:
            raise FormatError(
                f"a session speaks pcm16 24000 Hz, or ulaw or alaw 8000 Hz, not "
                f"{self.audio}: leave audio= out and put Resample(24000) in front of "
                "model.hears"
            )
        detection = self.detection
        transcription = self.transcription
        session: dict[str, Any] = {
            "type": "realtime",
            "output_modalities": [self.output],
            "tools": [dict(tool) for tool in self.tools],
            "audio": {
                "input": {
                    "format": wire_format,
                    "turn_detection": detection.to_wire() if detection else None,
                    "transcription": {"model": transcription}
                    if transcription
                    else None,
                },
                "output": {"format": wire_format},
            },
        }
        if self.instructions is not None:
            session["instructions"] = self.instructions
        if self.voice is not None:
            session["audio"]["output"]["voice"] = self.voice
        return _merged(session, self.extra or {})


def _merged(base: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with what ``extra`` says beside or instead, level by level."""
    result = dict(base)
    for key, value in extra.items():
        known = result.get(key)
        if isinstance(value, Mapping) and isinstance(known, dict):
            value = _merged(
                cast("dict[str, Any]", known), cast("Mapping[str, Any]", value)
            )
        result[key] = value
    return result
